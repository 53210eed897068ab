import BoxModel
import BoxStore

/// The members of a JSON request body, read one by one with errors that name the member.
package struct JSONBody: Sendable {
    private let object: JSONObject

    /// - Parameter bytes: empty, or a JSON object.
    package init(_ bytes: [UInt8]) throws {
        if bytes.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) {
            object = JSONObject()
            return
        }
        let json: JSON
        do { json = try JSON.parse(bytes) } catch {
            throw APIError(.invalidJSON, "the request body is not valid JSON: \(error)")
        }
        guard case .object(let object) = json else {
            throw APIError(.invalidJSON, "the request body has to be a JSON object")
        }
        self.object = object
    }

    private init(_ object: JSONObject) { self.object = object }

    /// The objects of a list. The list is empty when the member is absent or null.
    func objects(_ key: String, code: ErrorCode) throws -> [JSONBody] {
        guard let value = object[key], !value.isNull else { return [] }
        guard let objects = value.array?.map(\.object), !objects.contains(nil) else {
            throw APIError(code, "\(key) has to be a list of objects")
        }
        return objects.compactMap { $0 }.map(JSONBody.init)
    }

    func isAbsent(_ key: String) -> Bool { object[key] == nil }

    /// The member, or nil when it is absent or null.
    package func string(_ key: String, code: ErrorCode = .invalidRequest) throws -> String? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let text = value.string else { throw APIError(code, "\(key) has to be a string") }
        return text
    }

    package func bool(_ key: String) throws -> Bool? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let bool = value.bool else {
            throw APIError(.invalidRequest, "\(key) has to be true or false")
        }
        return bool
    }

    /// The whole number, or nil when it is absent or null.
    package func integer(_ key: String, _ range: ClosedRange<Int>, code: ErrorCode) throws -> Int? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let number = value.int, range.contains(number) else {
            throw APIError(
                code,
                "\(key) has to be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The value of `ttlSeconds`.
    package enum TTL: Equatable { case absent, never, seconds(Int) }

    package func timeToLive() throws -> TTL {
        guard let value = object["ttlSeconds"] else { return .absent }
        if value.isNull || value == "infinite" { return .never }
        // Capped also where the number fits no integer type.
        if case .number(let digits) = value, let number = Double(digits), number >= Double(TimeToLive.maximum) {
            return .seconds(TimeToLive.maximum)
        }
        guard let seconds = value.int, seconds >= 1 else {
            throw APIError(
                .invalidTTL,
                "ttlSeconds has to be a whole number of seconds from 1 to \(TimeToLive.maximum), or null for no automatic stop"
            )
        }
        return .seconds(seconds)
    }

    /// The name, cut to the longest valid length, or nil when absent or null.
    package func name() throws -> String? {
        guard let text = try string("name", code: .invalidName) else { return nil }
        let name = text.trimmed
        guard !name.isEmpty else {
            throw APIError(.invalidName, "name is empty: give 1 to \(BoxName.maximumLength) characters")
        }
        guard !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw APIError(.invalidName, "name has a control character")
        }
        return BoxName.cut(name)
    }

    func machineType() throws -> MachineType? {
        guard let text = try string("type", code: .invalidType) else { return nil }
        guard let type = MachineType(rawValue: text) else {
            let valid = MachineType.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIError(.invalidType, "type \"\(text.prefix(64))\" is not valid: use one of \(valid)")
        }
        return type
    }

    /// The environment in the order of the request, or nil when absent or null.
    func environment() throws -> [(name: String, value: String)]? {
        guard let value = object["env"], !value.isNull else { return nil }
        guard let object = value.object else {
            throw APIError(.invalidEnvironment, "env has to be an object of names and string values")
        }
        // When a name occurs twice, its last value counts.
        let environment = try JSONObject(object.members.map { ($0.key, $0.value) }).members.map { member in
            guard let text = member.value.string else {
                throw APIError(
                    .invalidEnvironment, "env value of \"\(member.key.prefix(140))\" has to be a string")
            }
            return (name: member.key, value: text)
        }
        if let problem = EnvironmentRules.problem(in: environment) {
            throw APIError(.invalidEnvironment, problem)
        }
        return environment
    }
}

extension String {
    /// The text without white space at its ends.
    package var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
