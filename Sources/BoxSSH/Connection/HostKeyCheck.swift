import BoxModel

/// Trust on first use: the first key of a box is pinned, and any other key is refused from then on.
enum HostKeyCheck {
    static func require(_ key: [UInt8], of target: SSHTarget) throws(SSHError) {
        var reader = SSHWireReader(key)
        guard let type = reader.string() else {
            throw SSHError(.protocolFailure(code: -10), "\(target.place) sent a malformed host key; \(target.nextStep)")
        }
        let hosts = KnownHosts(path: target.knownHostsPath)
        let keyType = String(decoding: type, as: UTF8.self)
        var found = try hosts.check(boxID: target.boxID, keyType: keyType, key: key)
        // `pin` checks again under the lock, because another process may have pinned a key since.
        if found == .unknown, target.requiresPin {
            throw SSHError(.hostKeyChanged, "no host key of \(target.place) is pinned in \(target.knownHostsPath)")
        }
        if found == .unknown { found = try hosts.pin(boxID: target.boxID, keyType: keyType, key: key) }
        guard case .changed(let line) = found else { return }
        throw SSHError(
            .hostKeyChanged,
            "the host key of \(target.place) has changed, so another machine may be answering in its place: "
                + "pinned \(line.keyType) \(KnownHosts.fingerprint(line.key)), "
                + "got \(displayText(type)) \(KnownHosts.fingerprint(key)); "
                + "if you trust the new key, delete line \(line.number) of \(target.knownHostsPath) and connect again")
    }
}
