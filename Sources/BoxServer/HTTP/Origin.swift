import HTTPTypes
import Hummingbird

extension BoxdContext {
    /// Where the client reaches this server, such as `https://boxes.example.com`: the request's own authority, and the scheme
    /// that a proxy in front says it was.
    func origin(of request: Request) -> String {
        let scheme = request.headers[.init("X-Forwarded-Proto")!]?.lowercased() == "https" ? "https" : "http"
        let authority = request.head.authority ?? ""
        // A host name or address and a port; whatever else a client sends doesn't get into an address.
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
