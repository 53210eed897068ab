/// Formats the progress of a copy, with its rate and the remaining time.
struct CopyMeter {
    /// Times, and the bytes that had been copied by then, oldest first.
    private var samples: [(moment: ContinuousClock.Instant, bytes: Int64)] = []

    /// The time over which the rate is measured.
    private static let span = Duration.seconds(5)

    /// The progress text, such as `a.tar: 1.2 MB of 5.0 MB (24%), 2.0 MB/s, 1s left; 12 files, 80.3 MB`.
    ///
    /// When the total size is known, it comes first, because a terminal's line is short: `80.3 MB of 200.0 MB (40%),
    /// 2.0 MB/s, 59s left; 12 files; a.tar: 1.2 MB of 5.0 MB (24%), 1s left`.
    mutating func text(_ step: CopyStep, at now: ContinuousClock.Instant = .now) -> String {
        if samples.last.map({ now - $0.moment > .milliseconds(100) }) ?? true { samples.append((now, step.allBytes)) }
        while samples.count > 2, now - samples[0].moment > Self.span { samples.removeFirst() }
        let rate = rate(step.allBytes, now) ?? 0
        let speed = rate > 0 ? ", \(Text.size(rate))/s" : ""
        let file = "\(Text.clean(step.file)): \(Self.share(step.bytes, of: step.size))"
        let fileLeft = Self.left(step.bytes, of: step.size, rate)
        let files = step.files > 0 ? "; \(Text.count(step.files, "file"))" : ""
        guard let size = step.allSize else {
            return file + speed + fileLeft + (files.isEmpty ? "" : "\(files), \(Text.size(step.allBytes))")
        }
        let all = Self.share(step.allBytes, of: size) + speed + Self.left(step.allBytes, of: size, rate)
        return "\(all)\(files); \(file)\(fileLeft)"
    }

    /// The bytes and their share of the size. Some sizes are unknown or turn out to be wrong.
    private static func share(_ bytes: Int64, of size: Int64) -> String {
        guard size > 0, bytes <= size else { return Text.size(bytes) }
        return "\(Text.size(bytes)) of \(Text.size(size)) (\(Int(Double(bytes) / Double(size) * 100))%)"
    }

    private static func left(_ bytes: Int64, of size: Int64, _ rate: Int64) -> String {
        rate > 0 && bytes < size ? ", \(Text.duration(Int((size - bytes) / rate))) left" : ""
    }

    /// In bytes per second; nil in the first half of a second, when it isn't meaningful.
    private func rate(_ bytes: Int64, _ now: ContinuousClock.Instant) -> Int64? {
        guard let first = samples.first else { return nil }
        let seconds = (now - first.moment) / .seconds(1)
        return seconds >= 0.5 ? Int64(Double(bytes - first.bytes) / seconds) : nil
    }
}
