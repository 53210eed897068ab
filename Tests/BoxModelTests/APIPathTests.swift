import Testing

@testable import BoxModel

struct APIPathTests {
    @Test func pathsOfTheOperations() {
        #expect(APIPath.prefix == "/api/box/v1")
        #expect(APIPath.boxes() == "/boxes")
        #expect(APIPath.box("bx_8pqt6dup") == "/boxes/bx_8pqt6dup")
        #expect(APIPath.box("bx_8pqt6dup", "stop") == "/boxes/bx_8pqt6dup/stop")
    }

    @Test(arguments: [
        ("../me", "..%2Fme"), ("a/b", "a%2Fb"), ("a%2Fb", "a%252Fb"), ("a?b#c", "a%3Fb%23c"), ("a b+c", "a%20b%2Bc"),
        ("é", "%C3%A9"),
        ("😀", "%F0%9F%98%80"), ("a\r\nb", "a%0D%0Ab"), ("\0", "%00"), ("\\", "%5C"),
        ("a:b@c;d=e&f", "a%3Ab%40c%3Bd%3De%26f"),
        ("AZaz09-._~", "AZaz09-._~"), ("", ""),
    ])
    func whatCouldChangeThePathIsEscaped(_ text: String, _ escaped: String) {
        #expect(APIPath.escape(text) == escaped)
        #expect(APIPath.box(text) == "/boxes/\(escaped)")
    }

    @Test func everyByteOutsideTheUnreservedIsEscaped() {
        for scalar in (0..<128).map({ Unicode.Scalar(UInt8($0)) }) {
            let escaped = APIPath.escape(String(Character(scalar)))
            let isUnreserved =
                scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-._~".unicodeScalars.contains(scalar)
            #expect(isUnreserved == (escaped == String(Character(scalar))), "\(scalar.value)")
        }
    }
}

struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func theVectorsOfRFC4648(_ plain: String, _ encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        let unpadded = encoded.filter { $0 != "=" }
        #expect(Base64.encodeURL(Array(plain.utf8)) == unpadded)
        #expect(Base64.decodeURL(unpadded) == Array(plain.utf8))
    }

    @Test(arguments: ["Zg=", "Zg", "Z===", "====", "Zg==\n", " Zg==", "Zh==", "Zm9=", "Z-__", "Zé==", "Zg==Zg=="])
    func onlyOneTextIsAcceptedForAValue(_ text: String) { #expect(Base64.decode(text) == nil) }

    @Test func everyByteComesBackInBothAlphabets() {
        for length in 0..<260 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Base64.decodeURL(Base64.encodeURL(bytes)) == bytes)
        }
        #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
        #expect(Base64.encodeURL([0xFB, 0xFF]) == "-_8")
        #expect(Base64.decodeURL("-_8=") == nil)
    }
}
