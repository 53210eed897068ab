import BoxModel

/// A typed view of JSON that a server sent. Fields without an accessor are in ``json``.
public protocol JSONView: Sendable, Equatable {
    /// The value as the server sent it.
    var json: JSON { get }
}

/// The whole answer to a call.
public protocol APIAnswer: JSONView {}

extension APIAnswer {
    /// The type of the answer, such as `box.list`; nil when the server doesn't send it.
    public var type: String? { json["type"]?.string }
}

extension JSON {
    /// The text of a member, with unpaired surrogates replaced; nil when it isn't a string.
    func text(_ name: String) -> String? { self[name]?.text }

    /// The time of a member in ISO 8601.
    func time(_ name: String) -> Timestamp? { self[name]?.string.flatMap(Timestamp.init(iso8601:)) }

    /// The value of a numeric member, with its fraction.
    func number(_ name: String) -> Double? {
        guard case .number(let digits)? = self[name] else { return nil }
        return Double(digits)
    }

    /// The elements of a member, without those for which `make` returns nil.
    func list<Element>(_ name: String, _ make: (JSON) -> Element?) -> [Element] {
        (self[name]?.array ?? []).compactMap(make)
    }

    /// A member by its name in `snake_case` or in `camelCase`.
    func either(_ name: String) -> JSON? { self[name] ?? self[Self.camelCase(name)] }

    private static func camelCase(_ name: String) -> String {
        let words = name.split(separator: "_")
        let rest = words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }
        return (words.prefix(1).map(String.init) + rest).joined()
    }
}
