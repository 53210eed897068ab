import BoxEngine
import BoxSystem
import CLinux
import Glibc

/// The files in a machine's own `/etc` that identify it: `hostname`, `hosts`, `resolv.conf` and `machine-id`.
///
/// They are ordinary files of the machine's disk, written once before its first start, so users' changes persist. A
/// fork's disk has the files of the machine that it was copied from.
struct GuestIdentity: Sendable {
    let hostname: String
    let address: String
    /// Addresses of the host at which it answers DNS queries.
    var nameServers: [String] = []

    /// Larger files of such a name weren't written here and aren't changed.
    private static let largestFile = 1 << 20

    /// - Parameters:
    ///   - root: where the machine's disk is mounted, while nothing of the machine runs.
    ///   - owner: the host id of the machine's root.
    func write(into root: String, owner: uid_t) throws {
        // An earlier user of this disk may have replaced any of these by a link.
        let directory = open("\(root)/etc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { return }
        defer { close(directory) }
        func replace(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
            try HostFiles.replace(name, in: directory, with: text, mode: mode, owner: owner)
        }
        try replace("hostname", hostname + "\n")
        let hosts = HostFiles.read("hosts", in: directory, maximum: Self.largestFile) ?? ""
        try replace("hosts", hostsFile(from: hosts))
        if HostFiles.read("resolv.conf", in: directory, maximum: Self.largestFile)?.isEmpty ?? false {
            try replace("resolv.conf", GuestFiles.resolverConfiguration(nameServers: nameServers))
        }
        try replace("machine-id", Self.newMachineID() + "\n", mode: 0o444)
    }

    /// The lines of the file, with the one about the machine itself replaced. An empty file, as on a new disk, gets the
    /// usual lines.
    func hostsFile(from text: String) -> String {
        let own = "\(address) \(hostname)"
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.contains(where: { !$0.isEmpty }) else {
            return "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n\(own)\n"
        }
        var isThere = false
        var kept: [String] = lines.compactMap { line in
            guard Self.namesABox(line) else { return String(line) }
            defer { isThere = true }
            return isThere ? nil : own
        }
        if !isThere { kept.insert(own, at: kept.last == "" ? kept.count - 1 : kept.count) }
        return kept.joined(separator: "\n")
    }

    /// Whether this type wrote the line: an address and a box's hostname, nothing else.
    private static func namesABox(_ line: Substring) -> Bool {
        let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        return fields.count == 2 && fields[0].first != "#" && fields[1].hasPrefix("bx-") && fields[1].utf8.count == 11
    }

    /// A machine id by machine-id(5): 128 random bits, in lower-case hexadecimal.
    private static func newMachineID() -> String {
        (0..<16).map { _ in UInt8.random(in: .min ... .max) }.hexadecimal
    }
}

extension HostFiles {
    /// A regular file's text. Nil when it doesn't exist, isn't a regular file or is too large. Links aren't followed.
    static func read(_ name: String, in directory: Int32, maximum: Int) -> String? {
        let descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= maximum else {
            return nil
        }
        return try? readToEnd(descriptor, name)
    }

    /// Replaces a file, or anything else of that name except a directory, by a new file.
    static func replace(_ name: String, in directory: Int32, with text: String, mode: mode_t, owner: uid_t) throws {
        let temporary = ".\(name).box"
        unlinkat(directory, temporary, 0)
        let descriptor = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("create", temporary) }
        defer { close(descriptor) }
        try write(Array(text.utf8), to: descriptor, temporary)
        guard fchmod(descriptor, mode) == 0, fchown(descriptor, owner, owner) == 0 else {
            throw failure("own", temporary)
        }
        guard renameat(directory, temporary, directory, name) == 0 || errno == EISDIR else {
            throw failure("rename", temporary)
        }
    }
}
