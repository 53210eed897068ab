import BoxControl
import HTTPTypes
import Hummingbird

extension Request {
    private static let longestWait = 30

    /// How long the client would wait for news, in seconds (`Prefer: wait=SECONDS`, RFC 7240); nil when it wouldn't.
    var secondsToWait: Int? {
        for preference in (headers[.init("Prefer")!] ?? "").split(separator: ",") {
            let parts = preference.split(separator: "=").map { String($0).trimmed }
            guard parts.count == 2, parts[0].lowercased() == "wait", let seconds = Int(parts[1]) else { continue }
            return min(max(seconds, 0), Self.longestWait)
        }
        return nil
    }
}
