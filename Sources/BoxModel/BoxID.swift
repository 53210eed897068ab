/// The form of a box's id: `bx_` and eight characters that can't be mistaken for one another.
public enum BoxID {
    public static let alphabet = Array("23456789abcdefghjkmnpqrstuvwxyz")
    public static let length = 8

    public static func generate() -> String {
        "bx_" + String((0..<length).map { _ in alphabet.randomElement()! })
    }

    public static func isValid(_ text: String) -> Bool {
        text.hasPrefix("bx_") && text.count == 3 + length && text.dropFirst(3).allSatisfy(alphabet.contains)
    }
}
