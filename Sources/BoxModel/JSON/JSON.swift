/// A JSON value that loses nothing: object keys keep their order, and numbers keep their digits.
///
/// Objects from a server are output to users' scripts, including unknown fields. So it isn't enough to decode into
/// fixed structs and encode again. Typed views such as ``Box`` wrap a JSON value instead.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number as its source text, for example `1.50` or `12345678901234567890`.
    case number(String)
    case string(String)
    /// A string that Swift's `String` can't represent because it has unpaired surrogates. It is the text between its
    /// quotes, including escapes.
    case escapedString(String)
    case array([JSON])
    case object(JSONObject)
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// `nil` is JSON's null.
    public init(nilLiteral: ()) { self = .null }
    /// `true` and `false`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .number(String(value)) }
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An array.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// An object with its members in the given order.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(JSONObject(elements))
    }

    /// A whole number.
    public init(_ value: Int) { self = .number(String(value)) }
    /// A whole number.
    public init(_ value: Int64) { self = .number(String(value)) }
    /// A string, or null for nil.
    public init(_ value: String?) { self = value.map { .string($0) } ?? .null }
    /// A whole number, or null for nil.
    public init(_ value: Int?) { self = value.map { .number(String($0)) } ?? .null }
}

extension JSON {
    /// The member with that name. Nil when this isn't an object, or has no such member. An explicit null is `.null`.
    public subscript(key: String) -> JSON? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    /// The string; nil for other values. See ``text`` for strings that aren't valid Unicode.
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    /// True or false; nil for other values.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The elements; nil for other values.
    public var array: [JSON]? { if case .array(let value) = self { value } else { nil } }
    /// The members; nil for other values.
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    /// Whether it is an explicit null.
    public var isNull: Bool { self == .null }

    /// The number as an integer, or nil when it isn't a number or has a fraction. `3600.0` and `36e2` are 3600.
    public var int: Int? {
        guard case .number(let digits) = self else { return nil }
        if let exact = Int(digits) { return exact }
        guard let value = Double(digits) else { return nil }
        return Int(exactly: value)
    }
}

/// The members of a JSON object in their written order, including duplicates.
///
/// The last value of a duplicate counts, as in every common parser. Look-ups are linear, because this API's objects
/// have tens of members. Names are compared by their bytes, as in JSON. By Swift's rules a composed and a decomposed
/// "é" would be equal.
public struct JSONObject: Sendable, Equatable {
    /// The members in their written order, including duplicates.
    public private(set) var members: [(key: String, value: JSON)]
    /// The indices in ``members`` of names that a `String` can't represent because they have unpaired surrogates. Such
    /// a name is the text between its quotes, including escapes. No look-up finds it.
    private(set) var escapedNames: Set<Int> = []

    /// Creates an object without members.
    public init() { members = [] }

    /// Creates one member for each name. A later duplicate wins, at the position of the first one.
    public init(_ members: some Sequence<(String, JSON)>) {
        self.init()
        var indices: [[UInt8]: Int] = [:]
        for (key, value) in members {
            if let index = indices.updateValue(self.members.count, forKey: Array(key.utf8)) {
                indices[Array(key.utf8)] = index
                self.members[index].value = value
            } else {
                self.members.append((key, value))
            }
        }
    }

    /// Creates the members as they were written, including duplicates.
    init(written members: [(key: String, value: JSON)], escapedNames: Set<Int>) {
        self.members = members
        self.escapedNames = escapedNames
    }

    /// The value that counts. Setting it doesn't change the earlier duplicates; setting nil removes all of them.
    public subscript(key: String) -> JSON? {
        get { lastIndex(of: key).map { members[$0].value } }
        set {
            switch (lastIndex(of: key), newValue) {
            case (let index?, let value?): members[index].value = value
            case (.some, nil): remove(key)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }

    private mutating func remove(_ key: String) {
        let kept = members.indices.filter { !isNamed(key, at: $0) }
        escapedNames = Set(kept.indices.filter { escapedNames.contains(kept[$0]) })
        members = kept.map { members[$0] }
    }

    private func lastIndex(of key: String) -> Int? { members.indices.last { isNamed(key, at: $0) } }

    private func isNamed(_ key: String, at index: Int) -> Bool {
        members[index].key.utf8.elementsEqual(key.utf8) && !escapedNames.contains(index)
    }

    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.escapedNames == right.escapedNames
            && left.members.elementsEqual(right.members) {
                $0.key.utf8.elementsEqual($1.key.utf8) && $0.value == $1.value
            }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
