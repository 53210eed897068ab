import BoxModel

/// An accepted change of a box's life.
public struct BoxAction: Sendable, Equatable {
    public let json: JSON
    /// For a creation or fork, the new box's.
    public let id: String
    /// For example `provisioning` or `stopping`.
    public var status: String { json["status"]?.string ?? "" }
    /// The box as it was then.
    public var box: Box? { json["box"].flatMap(Box.init(json:)) }
}

extension BoxClient {
    /// Makes a box. `POST /boxes`. It isn't ready yet: see ``waitUntilReady(_:from:timeout:onState:)``.
    ///
    /// - Parameter idempotencyKey: the same key and request within 24 hours give the same box.
    public func create(
        _ request: CreateBoxRequest = CreateBoxRequest(), idempotencyKey: String = IdempotencyKey.random()
    ) async throws -> BoxAction {
        try await act(
            APICall(
                method: .post, path: APIPath.boxes(), body: request.body,
                headers: [HTTPHeader("Idempotency-Key", idempotencyKey)]))
    }

    /// Copies a box with its disk as it is now. `POST /boxes/{id}/fork`. The action's id is the copy's.
    public func fork(
        _ id: String, _ machine: MachineOptions = MachineOptions(),
        idempotencyKey: String = IdempotencyKey.random()
    ) async throws -> BoxAction {
        var body = JSONObject()
        machine.write(to: &body)
        return try await act(
            APICall(
                method: .post, path: APIPath.box(id, "fork"), body: .object(body),
                headers: [HTTPHeader("Idempotency-Key", idempotencyKey)]))
    }

    /// Stops a box and keeps its disk. `POST /boxes/{id}/stop`. Harmless when it is stopped.
    public func stop(_ id: String, force: Bool = false) async throws -> BoxAction {
        let body: JSON? = force ? ["force": true] : nil
        return try await act(APICall(method: .post, path: APIPath.box(id, "stop"), body: body))
    }

    /// Starts a stopped box again. `POST /boxes/{id}/resume`. Harmless when it runs.
    public func resume(_ id: String, _ request: ResumeBoxRequest = ResumeBoxRequest()) async throws -> BoxAction {
        try await act(APICall(method: .post, path: APIPath.box(id, "resume"), body: request.body))
    }

    /// Ends the work of the box's agent. `POST /boxes/{id}/interrupt`.
    public func interrupt(_ id: String) async throws -> BoxAction {
        try await act(APICall(method: .post, path: APIPath.box(id, "interrupt")))
    }

    private func act(_ call: APICall) async throws -> BoxAction {
        let json = try await send(call)
        guard let id = json["id"]?.string ?? json["box"]?["id"]?.string, !id.isEmpty else {
            throw unexpectedShape("it has no box id")
        }
        return BoxAction(json: json, id: id)
    }
}

/// Where a box takes SSH connections.
public struct SSHAccess: Sendable, Equatable {
    public let json: JSON
    /// An IPv4 address, port 22.
    public let machineIP: String
    public let user: String
}

extension BoxClient {
    /// Lets the holder of a key into a running box. `POST /boxes/{id}/sshkey`. Harmless when it is known.
    ///
    /// - Parameter publicKey: one line in OpenSSH's format.
    public func addSSHKey(_ id: String, publicKey: String) async throws -> SSHAccess {
        let call = APICall(method: .post, path: APIPath.box(id, "sshkey"), body: ["key": .string(publicKey)])
        let json = try await send(call)
        guard let machineIP = json["machineIp"]?.string, !machineIP.isEmpty else {
            throw unexpectedShape("it has no machineIp")
        }
        return SSHAccess(json: json, machineIP: machineIP, user: json["sshUser"]?.string ?? "user")
    }
}
