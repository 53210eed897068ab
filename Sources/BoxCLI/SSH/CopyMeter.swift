/// Says where a copy stands, with its rate and the time that its file still needs.
struct CopyMeter {
    /// Moments and the bytes that the copy had moved by then, the oldest first.
    private var samples: [(moment: ContinuousClock.Instant, bytes: Int64)] = []

    /// How far back the rate looks.
    private static let span = Duration.seconds(5)

    /// Such as `a.tar: 1.2 MB of 5.0 MB (24%), 2.0 MB/s, 1s left; 12 files, 80.3 MB`.
    mutating func text(_ step: CopyStep, at now: ContinuousClock.Instant = .now) -> String {
        if samples.last.map({ now - $0.moment > .milliseconds(100) }) ?? true { samples.append((now, step.allBytes)) }
        while samples.count > 2, now - samples[0].moment > Self.span { samples.removeFirst() }
        var text = "\(Text.clean(step.file)): \(Text.size(step.bytes))"
        let isKnown = step.size > 0 && step.bytes <= step.size
        if isKnown {
            text += " of \(Text.size(step.size)) (\(Int(Double(step.bytes) / Double(step.size) * 100))%)"
        }
        if let rate = rate(step.allBytes, now), rate > 0 {
            text += ", \(Text.size(rate))/s"
            if isKnown, step.bytes < step.size {
                text += ", \(Text.duration(Int((step.size - step.bytes) / rate))) left"
            }
        }
        if step.files > 0 { text += "; \(Text.count(step.files, "file")), \(Text.size(step.allBytes))" }
        return text
    }

    /// In bytes per second; nil in the first half of a second, when nothing is known.
    private func rate(_ bytes: Int64, _ now: ContinuousClock.Instant) -> Int64? {
        guard let first = samples.first else { return nil }
        let seconds = (now - first.moment) / .seconds(1)
        return seconds >= 0.5 ? Int64(Double(bytes - first.bytes) / seconds) : nil
    }
}
