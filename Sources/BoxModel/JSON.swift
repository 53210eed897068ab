/// A JSON value that loses nothing: object keys keep their order, numbers keep their digits.
///
/// Objects that came from a server are passed on to people's scripts, unknown fields included, so
/// decoding into fixed structs and encoding again is not good enough. Typed views such as ``Box``
/// wrap one of these instead.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number as its source text, for example `1.50` or `12345678901234567890`.
    case number(String)
    case string(String)
    /// A string that Swift's `String` can't hold because it has unpaired surrogates:
    /// the text between its quotes, escapes included.
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
    /// An object with its members in that order.
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
    /// The member of that name, or nil when this isn't an object or has none. An explicit null is `.null`.
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

/// The members of a JSON object in the order in which they were written, duplicates too.
///
/// A duplicate's last value counts, as in every common parser. Look-ups are linear: the objects on this wire have tens of
/// members. Names are compared by their bytes, as JSON does, and not by Swift's rules, which call a composed and a
/// decomposed "é" equal.
public struct JSONObject: Sendable, Equatable {
    /// In the order in which they were written, duplicates too.
    public private(set) var members: [(key: String, value: JSON)]
    /// Where in ``members`` names stand that a `String` can't hold because they have unpaired surrogates: as the text
    /// between their quotes, escapes included. No look-up finds them.
    private(set) var escapedNames: Set<Int> = []

    /// Without members.
    public init() { members = [] }

    /// One member for each name: later duplicates win, and stand where the first one stood.
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

    /// Members as they were written, duplicates too.
    init(written members: [(key: String, value: JSON)], escapedNames: Set<Int>) {
        self.members = members
        self.escapedNames = escapedNames
    }

    /// The value that counts. Setting it leaves what stands before a duplicate alone; setting nil removes them all.
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
