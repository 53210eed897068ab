import BoxModel

extension BoxClient {
    /// Sends a call that is answered with a box.
    func act(_ call: APICall) async throws -> BoxAction {
        let json = try await send(call)
        guard let id = json["id"]?.string ?? json["box"]?["id"]?.string, !id.isEmpty else {
            throw unexpectedShape("it has no box id")
        }
        return BoxAction(json: json, id: id)
    }
}
