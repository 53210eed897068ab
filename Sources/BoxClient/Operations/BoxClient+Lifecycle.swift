import BoxModel

/// An accepted change of a box's state.
public struct BoxAction: APIAnswer {
    public let json: JSON
    /// The box's id; for a creation or fork, the new box's id.
    public let id: String
    /// The new state, such as `provisioning` or `archiving`.
    public var status: String { json["status"]?.string ?? "" }
    /// The box as it was at that time.
    public var box: Box? { json["box"].flatMap(Box.init(json:)) }
    /// The time to live of a new box in seconds. Nil for no limit, and when the server doesn't send it.
    public var ttlSeconds: Int? { json["ttlSeconds"]?.int }
}

extension BoxClient {
    /// Creates a box. `POST /boxes`. It isn't ready yet: see ``waitUntilReady(_:from:timeout:onState:)``.
    ///
    /// - Parameters:
    ///   - request: a box with the server's defaults when not given.
    ///   - idempotencyKey: the same key and request return the same box for 24 hours. At most 255 characters.
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

    /// Copies a box with its current disk. `POST /boxes/{id}/fork`. The action's id is the copy's, which isn't ready
    /// yet.
    ///
    /// - Parameter idempotencyKey: as for ``create(_:idempotencyKey:)``.
    /// - Throws: ``BoxError/api(_:)`` with `not_found` or `fork_failed`, and the errors of
    ///   ``create(_:idempotencyKey:)``.
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

    /// Stops a box and keeps its disk. `POST /boxes/{id}/stop`. Harmless when it is already stopped.
    ///
    /// It takes a while: see ``waitUntilStopped(_:from:timeout:onState:)``.
    ///
    /// - Parameters:
    ///   - force: gives its processes no time to end.
    ///   - timeoutSeconds: how long its processes may take to end, from 0 to 600; boxd's default is 10.
    /// - Throws: ``BoxError/api(_:)`` with `not_found` or `stop_failed`.
    public func stop(_ id: String, force: Bool = false, timeoutSeconds: Int? = nil) async throws -> BoxAction {
        var fields = JSONObject()
        if force { fields["force"] = true }
        if let timeoutSeconds { fields["timeoutSeconds"] = JSON(timeoutSeconds) }
        let body: JSON? = force || timeoutSeconds != nil ? .object(fields) : nil
        return try await act(APICall(method: .post, path: APIPath.box(id, "stop"), body: body))
    }

    /// Starts a stopped box again. `POST /boxes/{id}/resume`. Harmless when it already runs. It isn't ready yet: see
    /// ``waitUntilReady(_:from:timeout:onState:)``.
    ///
    /// - Throws: ``BoxError/api(_:)`` with `not_found`, `resume_failed` or `limit_reached`.
    public func resume(_ id: String, _ request: ResumeBoxRequest = ResumeBoxRequest()) async throws -> BoxAction {
        try await act(APICall(method: .post, path: APIPath.box(id, "resume"), body: request.body))
    }

    /// Interrupts the work of the box's agent. `POST /boxes/{id}/interrupt`.
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

/// The address and user for SSH to a box.
public struct SSHAccess: APIAnswer {
    public let json: JSON
    /// An IPv4 address; the port is 22.
    public let machineIP: String
    /// The user to log in as.
    public let user: String
    /// Whether the key was added.
    public var success: Bool { json["success"]?.bool ?? true }
}

extension BoxClient {
    /// Authorizes an SSH key in a running box. `POST /boxes/{id}/sshkey`. Harmless when it is already authorized.
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

    /// Does the same as ``addSSHKey(_:publicKey:)``, under the name of the other SDKs.
    public func sshKey(_ id: String, key: String) async throws -> SSHAccess {
        try await addSSHKey(id, publicKey: key)
    }
}
