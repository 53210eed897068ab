import HTTPTypes
import Hummingbird

extension BoxdContext {
    /// The origin by which the client reaches this server, such as `https://boxes.example.com`. It is the request's own
    /// authority, with the scheme that a proxy in front reports.
    func origin(of request: Request) -> String {
        let scheme = request.headers[.init("X-Forwarded-Proto")!]?.lowercased() == "https" ? "https" : "http"
        let authority = request.head.authority ?? ""
        // Only host names, addresses and ports. Other characters that a client sends must not get into a URL.
        let isPlain = authority.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"): true
            default: false
            }
        }
        return "\(scheme)://\(isPlain && !authority.isEmpty && authority.utf8.count <= 255 ? authority : "localhost")"
    }
}
