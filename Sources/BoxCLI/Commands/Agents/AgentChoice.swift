import BoxArguments
import BoxModel

/// The agent, model and effort from the command line. Nil leaves the choice to the server.
struct AgentChoice: Sendable, Equatable {
    var provider: String?
    var model: String?
    var reasoningEffort: String?

    /// The same choice with canonical names. A wrong choice is an error of the run and not of the command line, as
    /// scripts expect.
    func checked() throws(CommandError) -> AgentChoice {
        let providers = try candidates()
        let models = try candidates(among: providers)
        if let reasoningEffort {
            let efforts = models.flatMap(\.reasoningEfforts)
            guard efforts.contains(reasoningEffort) else {
                let place = models.count == 1 ? " for \(models[0].name)" : ""
                let use = efforts.isEmpty ? "It has no reasoning effort to choose" : Self.use(efforts)
                throw CommandError("invalid reasoning effort \"\(Text.clean(reasoningEffort))\"\(place). \(use).")
            }
        }
        return AgentChoice(
            provider: provider == nil ? nil : providers.first?.name, model: model, reasoningEffort: reasoningEffort)
    }

    private func candidates() throws(CommandError) -> [AgentCatalog.Provider] {
        guard let provider else { return AgentCatalog.providers }
        guard let found = AgentCatalog.provider(provider) else {
            let names = AgentCatalog.providers.map { $0.alias ?? $0.name }
            throw CommandError("invalid provider \"\(Text.clean(provider))\". \(Self.use(names)).")
        }
        return [found]
    }

    private func candidates(among providers: [AgentCatalog.Provider]) throws(CommandError) -> [AgentCatalog.Model] {
        let models = providers.flatMap(\.models)
        guard let model else { return models }
        let found = models.filter { $0.name == model }
        guard found.isEmpty else { return found }
        let place = providers.count == 1 ? " for \(providers[0].name)" : ""
        throw CommandError("invalid model \"\(Text.clean(model))\"\(place). \(Self.use(models.map(\.name))).")
    }

    private static func use(_ words: [String]) -> String { "Use \(English.list(unique(words), "or"))" }

    fileprivate static func unique(_ words: [String]) -> [String] {
        var unique: [String] = []
        for word in words where !unique.contains(word) { unique.append(word) }
        return unique
    }
}

extension ValueKind {
    /// For completion only; `AgentChoice` checks the values.
    static let provider = ValueKind.suggestion(AgentCatalog.providers.map(\.name))
    static let model = ValueKind.suggestion(AgentCatalog.providers.flatMap(\.models).map(\.name))
    static let reasoningEffort = ValueKind.suggestion(
        AgentChoice.unique(AgentCatalog.providers.flatMap(\.models).flatMap(\.reasoningEfforts)))
}
