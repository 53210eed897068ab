import BoxModel

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
