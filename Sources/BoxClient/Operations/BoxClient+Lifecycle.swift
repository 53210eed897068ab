import BoxModel

/// An accepted change of a box's life.
public struct BoxAction: APIAnswer {
    public let json: JSON
    /// For a creation or fork, the new box's.
    public let id: String
    /// For example `provisioning` or `archiving`.
    public var status: String { json["status"]?.string ?? "" }
    /// The box as it was then.
    public var box: Box? { json["box"].flatMap(Box.init(json:)) }
    /// How long a new box will live, in seconds; nil for ever, and when the server doesn't say.
    public var ttlSeconds: Int? { json["ttlSeconds"]?.int }
}

extension BoxClient {
    /// Makes a box. `POST /boxes`. It isn't ready yet: see ``waitUntilReady(_:from:timeout:onState:)``.
    ///
    /// - Parameters:
    ///   - request: a box with the server's defaults when not given.
    ///   - idempotencyKey: the same key and request within 24 hours give the same box. At most 255 characters.
    /// - Throws: ``BoxError/api(_:)`` with `limit_reached`, `daily_limit_reached`, `rate_limited`, `billing_required`,
    ///   `invalid_env`, `invalid_ttl`, `invalid_name` or `idempotency_key_reused`.
    public func create(
        _ request: CreateBoxRequest = CreateBoxRequest(), idempotencyKey: String = IdempotencyKey.random()
    ) async throws -> BoxAction {
        try await act(
            APICall(
                method: .post, path: APIPath.boxes(), body: request.body,
                headers: [HTTPHeader("Idempotency-Key", idempotencyKey)]))
    }

    /// Copies a box with its disk as it is now. `POST /boxes/{id}/fork`. The action's id is the copy's, which isn't ready
    /// yet.
    ///
    /// - Parameter idempotencyKey: as for ``create(_:idempotencyKey:)``.
    /// - Throws: ``BoxError/api(_:)`` with `not_found` or `fork_failed`, and what ``create(_:idempotencyKey:)`` throws.
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

    /// Stops a box and keeps its disk. `POST /boxes/{id}/stop`. Harmless when it is stopped. It takes a while: see
    /// ``waitUntilStopped(_:from:timeout:onState:)``.
    ///
    /// - Parameters:
    ///   - force: without giving its processes time to end.
    ///   - timeoutSeconds: how long its processes may take to end, from 0 to 600; boxd's own default is 10.
    /// - Throws: ``BoxError/api(_:)`` with `not_found` or `stop_failed`.
    public func stop(_ id: String, force: Bool = false, timeoutSeconds: Int? = nil) async throws -> BoxAction {
        var fields = JSONObject()
        if force { fields["force"] = true }
        if let timeoutSeconds { fields["timeoutSeconds"] = JSON(timeoutSeconds) }
        let body: JSON? = force || timeoutSeconds != nil ? .object(fields) : nil
        return try await act(APICall(method: .post, path: APIPath.box(id, "stop"), body: body))
    }

    /// Starts a stopped box again. `POST /boxes/{id}/resume`. Harmless when it runs. It isn't ready yet: see
    /// ``waitUntilReady(_:from:timeout:onState:)``.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `not_found`, `resume_failed` or `limit_reached`.
    public func resume(_ id: String, _ request: ResumeBoxRequest = ResumeBoxRequest()) async throws -> BoxAction {
        try await act(APICall(method: .post, path: APIPath.box(id, "resume"), body: request.body))
    }

    /// Ends the work of the box's agent. `POST /boxes/{id}/interrupt`.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `not_found` or `machine_not_running`.
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
public struct SSHAccess: APIAnswer {
    public let json: JSON
    /// An IPv4 address, port 22.
    public let machineIP: String
    /// The name to log in with.
    public let user: String
    /// Whether the key was added.
    public var success: Bool { json["success"]?.bool ?? true }
}

extension BoxClient {
    /// Lets the holder of a key into a running box. `POST /boxes/{id}/sshkey`. Harmless when it is known.
    ///
    /// - Parameter publicKey: one line in OpenSSH's format.
    /// - Throws: ``BoxError/api(_:)`` with `invalid_ssh_key`, `machine_not_running` or `box_starting`.
    public func addSSHKey(_ id: String, publicKey: String) async throws -> SSHAccess {
        let call = APICall(method: .post, path: APIPath.box(id, "sshkey"), body: ["key": .string(publicKey)])
        let json = try await send(call)
        guard let machineIP = json["machineIp"]?.string, !machineIP.isEmpty else {
            throw unexpectedShape("it has no machineIp")
        }
        return SSHAccess(json: json, machineIP: machineIP, user: json["sshUser"]?.string ?? "user")
    }

    /// The same as ``addSSHKey(_:publicKey:)``, under the name of the other SDKs.
    public func sshKey(_ id: String, key: String) async throws -> SSHAccess {
        try await addSSHKey(id, publicKey: key)
    }
}
