import BoxSystem
internal import CSSH2
import Glibc

/// errno's text, in lower case to fit inside a message.
func errorText(_ code: Int32) -> String {
    let text = errnoText(code)
    return text.prefix(1).lowercased() + text.dropFirst()
}

/// Bytes from a disk or a server as text to show. Control characters are escaped, so that a file name can't control the
/// reader's terminal. Invalid UTF-8 is replaced.
func displayText(_ bytes: some Collection<UInt8>) -> String {
    var text = ""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
        switch scalar.value {
        case 10: text += "\\n"
        case 9: text += "\\t"
        case 0..<32, 127..<160:
            text += "\\x" + String(scalar.value >> 4, radix: 16) + String(scalar.value & 15, radix: 16)
        default: text.unicodeScalars.append(scalar)
        }
    }
    return text
}

/// A clock that only moves forward, in seconds (CLOCK_MONOTONIC).
func monotonicSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
