import BoxModel

/// A change of an account's settings for a provider.
package struct ProviderChange: Sendable {
    /// A change of a value that can be left unchanged.
    package enum Value: Sendable {
        case keep
        case set(String?)

        package func apply(to value: inout String?) { if case .set(let new) = self { value = new } }
    }

    /// nil keeps the key.
    package let apiKey: String?
    package let baseURL: Value
    package let model: Value
    package let reasoningEffort: Value
    package let isDefault: Bool

    package init(apiKey: String?, baseURL: Value, model: Value, reasoningEffort: Value, isDefault: Bool) {
        (self.apiKey, self.baseURL, self.model, self.reasoningEffort) = (apiKey, baseURL, model, reasoningEffort)
        self.isDefault = isDefault
    }
}
