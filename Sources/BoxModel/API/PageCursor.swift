/// The position where a page of a list ended: base64url without padding of `<milliseconds>:<id>`. Clients compute it
/// themselves from the last event that they saw, so this form is part of the API.
public struct PageCursor: Sendable, Equatable {
    /// Milliseconds since the epoch.
    public var moment: Int64
    /// The id of the last entry.
    public var id: String

    /// The position after an entry.
    public init(moment: Int64, id: String) {
        self.moment = moment
        self.id = id
    }

    /// - Returns: nil when the text isn't a cursor.
    public init?(text: some StringProtocol) {
        guard let bytes = Base64.decodeURL(text) else { return nil }
        let parts = String(decoding: bytes, as: UTF8.self).split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let moment = Int64(parts[0]) else { return nil }
        self.init(moment: moment, id: String(parts[1]))
    }

    /// The cursor as the API sends it.
    public var text: String { Base64.encodeURL(Array("\(moment):\(id)".utf8)) }
}
