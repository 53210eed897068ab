import BoxModel

/// A typed view over JSON that a server sent. Nothing of that is lost: fields without an accessor are in ``json``.
public protocol JSONView: Sendable, Equatable {
    /// The value as it was sent.
    var json: JSON { get }
}

/// The whole answer to a call.
public protocol APIAnswer: JSONView {}

extension APIAnswer {
    /// What kind of answer it is, such as `box.list`; nil where a server doesn't say.
    public var type: String? { json["type"]?.string }
}

extension JSON {
    /// The text of a member, in which half surrogates are replaced; nil when it isn't a string.
    func text(_ name: String) -> String? { self[name]?.text }

    /// The moment that a member names in ISO 8601.
    func time(_ name: String) -> Timestamp? { self[name]?.string.flatMap(Timestamp.init(iso8601:)) }

    /// A member that is a number, with its fraction.
    func number(_ name: String) -> Double? {
        guard case .number(let digits)? = self[name] else { return nil }
        return Double(digits)
    }

    /// The elements of a member, without those that `make` can't read.
    func list<Element>(_ name: String, _ make: (JSON) -> Element?) -> [Element] {
        (self[name]?.array ?? []).compactMap(make)
    }

    /// A member by its name in `snake_case`, which may also be written in `camelCase`.
    func either(_ name: String) -> JSON? { self[name] ?? self[Self.camelCase(name)] }

    private static func camelCase(_ name: String) -> String {
        let words = name.split(separator: "_")
        let rest = words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }
        return (words.prefix(1).map(String.init) + rest).joined()
    }
}
