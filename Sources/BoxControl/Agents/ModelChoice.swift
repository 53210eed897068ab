import BoxModel
import BoxStore

/// The rules for names of providers, models and reasoning efforts in requests.
package enum ModelChoice {
    package static func provider(_ name: String) throws -> AgentCatalog.Provider {
        guard let provider = AgentCatalog.provider(name) else {
            throw APIError(
                .invalidProvider, "provider \"\(name.prefix(64))\" is not valid: use \(validProviders)",
                details: ["providers": .array(AgentCatalog.providers.map { .string($0.name) })])
        }
        return provider
    }

    static var validProviders: String { list(AgentCatalog.providers.map(\.name)) }

    /// The models that a body's `model` allows: the named one, or all without one. An unknown model is passed on,
    /// because providers release models before this catalog has them.
    package static func models(_ body: JSONBody, of provider: AgentCatalog.Provider) throws -> [AgentCatalog.Model] {
        guard let name = try body.string("model", code: .invalidModel) else { return provider.models }
        guard (1...128).contains(name.utf8.count), !name.hasPrefix("-"), name.utf8.allSatisfy(isModelByte) else {
            throw APIError(
                .invalidModel,
                "model \"\(name.prefix(64))\" is not a name that a model can have: use one such as "
                    + list(provider.models.map(\.name)))
        }
        let named = provider.models.filter { $0.name == name }
        return named.isEmpty ? provider.models : named
    }

    /// - Throws: ``APIError`` when none of the models supports the body's `reasoningEffort`.
    static func checkEffort(_ body: JSONBody, among models: [AgentCatalog.Model]) throws {
        guard let effort = try body.string("reasoningEffort", code: .invalidReasoningEffort) else { return }
        let efforts = models.flatMap(\.reasoningEfforts)
        guard efforts.contains(effort) else {
            let use = efforts.isEmpty ? "\(models[0].name) has none to choose" : "use \(list(efforts))"
            throw APIError(
                .invalidReasoningEffort, "reasoningEffort \"\(effort.prefix(64))\" is not valid: \(use)")
        }
    }

    private static func isModelByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || "-._/:@[]".utf8.contains(byte)
    }

    private static func list(_ words: [String]) -> String {
        var unique: [String] = []
        for word in words where !unique.contains(word) { unique.append(word) }
        return unique.joined(separator: ", ")
    }
}
