import BoxEngine
import BoxModel
import BoxStore

/// The prompt and its agent's settings, read before the run starts.
struct RunPlan: Sendable {
    let provider: AgentCatalog.Provider
    let model: String
    /// Whether the agent wasn't started yet.
    let isQueued: Bool
    /// The provider's API key; nil for a run whose provider was removed after its start.
    let key: String?
    /// The session to resume.
    let session: String?
    private let text: String
    private let reasoningEffort: String?
    private let baseURL: String?
    private let directories: [String]

    /// - Throws: ``APIError`` when the prompt can't be run any more.
    init(_ event: EventRow, _ box: BoxRow, _ services: AgentServices) async throws {
        let data = try JSON.parse(event.data)
        text = data["prompt"]?.string ?? ""
        isQueued = data["status"]?.string != "running"
        provider = try ModelChoice.provider(data["provider"]?.string ?? "")
        let row = try await services.providers.find(provider.name, of: box.accountID)
        guard row != nil || !isQueued else {
            throw APIError(.providerNotConfigured, "\(provider.name) is not set up any more")
        }
        key = try row.map { try services.providers.key(of: $0) }
        baseURL = row?.baseURL
        let model = data["model"]?.string ?? row?.model ?? provider.defaultModel
        self.model = model
        // A saved effort applies only to models that support it.
        let known = provider.models.first { $0.name == model }?.reasoningEfforts
        let saved = row?.reasoningEffort.flatMap { known?.contains($0) == false ? nil : $0 }
        reasoningEffort = data["reasoning_effort"]?.string ?? saved
        session = try await services.prompts.session(of: box.id, provider: provider.name)
        directories = box.noEnv ? [] : try await services.repositories.selected(by: box.accountID).map(\.row.name)
    }

    /// Builds the machine's job.
    ///
    /// - Parameter silence: in seconds, how long the agent may be silent.
    func job(_ id: String, session: String?, silence: Int) throws -> MachineJob {
        let launch = provider.launch
        let options = AgentOptions(model: model, reasoningEffort: reasoningEffort, baseURL: baseURL, session: session)
        return MachineJob(
            // The PATH of boxes from older images lacks this directory.
            id: id, script: "PATH=$PATH:\(AgentDirectory.programs)\n\(launch.script)",
            arguments: ["agent"] + launch.arguments(options),
            environment: launch.environment(options) + [("BOX_PROVIDER_KEY", key ?? "")],
            secrets: ["BOX_PROVIDER_KEY"], directories: directories, input: Array(launch.input(text).utf8),
            silence: silence)
    }
}
