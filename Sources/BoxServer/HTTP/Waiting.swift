import BoxControl
import HTTPTypes
import Hummingbird

extension Request {
    private static let longestWait = 30

    /// How long a long poll waits for a change, in seconds (`Prefer: wait=SECONDS`, RFC 7240). Nil for a request that
    /// doesn't wait.
    var secondsToWait: Int? {
        for preference in (headers[.init("Prefer")!] ?? "").split(separator: ",") {
            let parts = preference.split(separator: "=").map { String($0).trimmed }
            guard parts.count == 2, parts[0].lowercased() == "wait", let seconds = Int(parts[1]) else { continue }
            return min(max(seconds, 0), Self.longestWait)
        }
        return nil
    }
}
