import BoxModel
import BoxStore
import HTTPTypes
import Hummingbird

extension Request {
    var idempotencyKey: String? { headers[.init("Idempotency-Key")!] }

    /// A query parameter, or nil when it is absent. If there are several, the first is used. It is decoded like an HTML
    /// form, because clients send a space as `%20` or as `+`.
    ///
    /// - Throws: ``APIError`` that names the parameter, when it isn't validly encoded.
    func query(_ name: String, code: ErrorCode) throws -> String? {
        for part in (uri.query ?? "").split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair[0] == name else { continue }
            guard pair.count == 2 else { return "" }
            guard let text = FormEncoding.decode(pair[1]) else {
                throw APIError(
                    code,
                    "query parameter \(name) is not encoded as it has to be: write a byte as % and two hexadecimal digits, and text as UTF-8"
                )
            }
            return text
        }
        return nil
    }
}

/// Decodes one value of `application/x-www-form-urlencoded`.
enum FormEncoding {
    /// - Returns: nil when a `%` isn't followed by two hexadecimal digits, or the bytes aren't UTF-8.
    static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                // Not UInt8(_:radix:), which accepts a sign.
                guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit.
    fileprivate var hexValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
