import BoxModel

/// A file that was written.
public struct WrittenFile: APIAnswer {
    public let json: JSON
    /// The path, as the server names it.
    public var path: String { json.text("path") ?? "" }
    /// The encoding in which the contents were sent.
    public var encoding: FileEncoding? { json["encoding"]?.string.flatMap(FileEncoding.init(rawValue:)) }
    /// The size in bytes.
    public var size: Int? { json["size"]?.int }
}

/// The encoding of a file's bytes in JSON.
public enum FileEncoding: String, Sendable, CaseIterable { case utf8, base64 }

/// A file that was read.
public struct FileContents: APIAnswer {
    public let json: JSON
    /// The contents, decoded.
    public let bytes: [UInt8]

    /// The path, as the server names it.
    public var path: String { json.text("path") ?? "" }
    /// The encoding of ``content``.
    public var encoding: FileEncoding? { json["encoding"]?.string.flatMap(FileEncoding.init(rawValue:)) }
    /// The size in bytes.
    public var size: Int? { json["size"]?.int }
    /// The contents as the server sent them: text, or base64 of the bytes.
    public var content: String { json.text("content") ?? "" }
    /// The contents as text; nil when they aren't UTF-8.
    public var text: String? { String(validating: bytes, as: UTF8.self) }

    init?(json: JSON) {
        guard let content = json["content"] else { return nil }
        self.json = json
        if json["encoding"]?.string == FileEncoding.base64.rawValue {
            guard let bytes = content.string.flatMap({ Base64.decode($0) }) else { return nil }
            self.bytes = bytes
        } else {
            guard let text = content.text else { return nil }
            bytes = Array(text.utf8)
        }
    }
}
