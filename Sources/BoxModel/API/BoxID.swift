/// The form of a box's id: `bx_` and eight characters that aren't easily confused.
public enum BoxID {
    public static let alphabet = Array("23456789abcdefghjkmnpqrstuvwxyz")
    public static let length = 8
    private static let bytes = alphabet.compactMap(\.asciiValue)

    public static func generate() -> String {
        "bx_" + String((0..<length).map { _ in alphabet.randomElement()! })
    }

    public static func isValid(_ text: String) -> Bool {
        // Compares bytes, because servers call this for every request.
        text.utf8.count == 3 + length && text.utf8.starts(with: "bx_".utf8)
            && text.utf8.dropFirst(3).allSatisfy(bytes.contains)
    }
}
