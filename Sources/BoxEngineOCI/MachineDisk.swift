import BoxEngine
import BoxModel
import CLinux
import Dispatch
import FoundationEssentials
import Glibc
import HostTools
import Subprocess

/// The folders of one machine and the overlay that makes them its root file system.
///
///     boxes/<id>/machine.json   the record
///     boxes/<id>/upper, work    what the machine wrote since it started; exists while it isn't sealed
///     boxes/<id>/rootfs         where the overlay is mounted
///     boxes/<id>/guest          host-written files that the machine sees read-only under /run/box
///     boxes/<id>/bundle         the OCI runtime's configuration
///     layers/<layer>            a sealed upper
struct MachineDisk: Sendable {
    let configuration: OCIEngineConfiguration
    let id: String

    var folder: String { "\(configuration.boxesDirectory)/\(id)" }
    var recordPath: String { "\(folder)/machine.json" }
    var upper: String { "\(folder)/upper" }
    var work: String { "\(folder)/work" }
    var rootfs: String { "\(folder)/rootfs" }
    var guest: String { "\(folder)/guest" }
    var bundle: String { "\(folder)/bundle" }
    func layer(_ layerID: String) -> String { "\(configuration.layersDirectory)/\(layerID)" }

    /// The longest that a running box is frozen for a fork.
    private static let copyTimeout = Duration.seconds(600)

    /// In seconds. The kernel writes dirty pages after 30 by default.
    private static let flushDelay = 40.0

    /// Whether the machine wrote something that isn't sealed in a layer yet.
    var isUnsealed: Bool { HostFiles.exists(upper) }

    func makeFolders(for record: MachineRecord) throws {
        // Only the machine's own root may pass through the folder: its group is the first id of the machine's range.
        try HostFiles.makeDirectory(folder, mode: 0o710, group: record.idBase)
        try HostFiles.makeDirectory(rootfs, mode: 0o755)
        // sshd distrusts keys in a stranger's folder.
        try HostFiles.makeDirectory(guest, mode: 0o755, owner: record.idBase)
        try HostFiles.makeDirectory(bundle, mode: 0o700)
    }

    /// Mounts the machine's root file system. An upper that exists already is used again: it belongs to a machine that was lost.
    ///
    /// The lower layers were written with other id ranges, so each is bound with its ids mapped to this machine's. The binds
    /// are needed only until the overlay has cloned them.
    func mount(_ record: MachineRecord) throws {
        try HostFiles.makeDirectory(upper, mode: 0o755, owner: record.idBase)
        try HostFiles.makeDirectory(work, mode: 0o700)
        var (lowers, binds): ([String], [String]) = ([], [])
        defer {
            for bind in binds {
                _ = clinux_unmount(bind)
                rmdir(bind)
            }
        }
        let image = (path: "\(configuration.imagesDirectory)/\(record.image)", idBase: UInt32(0))
        for (index, layer) in ([image] + record.layers.map { (path: layer($0.id), idBase: $0.idBase) }).enumerated() {
            if layer.idBase == record.idBase {
                lowers.append(layer.path)
                continue
            }
            let bind = "\(folder)/l\(index)"
            try HostFiles.makeDirectory(bind)
            binds.append(bind)
            lowers.append(bind)
            try bindMapped(layer.path, at: bind, from: layer.idBase, to: record.idBase)
        }
        let lower = lowers.reversed().joined(separator: ":")
        let options =
            "lowerdir=\(lower),upperdir=\(upper),workdir=\(work),index=off,metacopy=off,redirect_dir=off,xino=off"
        guard options.utf8.count < 4096 else {
            throw EngineError(
                .failed, "the box's disk has too many layers", diagnostics: "\(record.layers.count) layers")
        }
        let result = clinux_mount_overlay(rootfs, options)
        guard result == 0 else { throw HostFiles.failure("mount the overlay at", rootfs, code: -result) }
    }

    private func bindMapped(_ source: String, at target: String, from base: UInt32, to newBase: UInt32) throws {
        let namespace = clinux_user_namespace(base, newBase, Slots.idsPerMachine)
        guard namespace >= 0 else {
            throw EngineError(
                .failed, "the host has no user namespace left", diagnostics: String(cString: strerror(-namespace)))
        }
        defer { close(namespace) }
        let result = clinux_bind_idmapped(source, target, namespace)
        guard result == 0 else { throw HostFiles.failure("map the ids of", source, code: -result) }
    }

    /// Unmounts the root file system and whatever binds an interrupted start left. Harmless when nothing is mounted.
    ///
    /// With its last user gone, overlayfs flushes the whole file system that the upper is on, and everything that writes to it waits.
    /// So, for `delay` seconds, an open descriptor stays the last user until the kernel has written most of it at its own pace.
    func unmount(flushingAfter delay: Double = flushDelay) {
        let user = open(rootfs, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        while clinux_unmount(rootfs) == 0 {}
        for name in (try? HostFiles.list(folder)) ?? [] where name.hasPrefix("l") {
            let path = "\(folder)/\(name)"
            while clinux_unmount(path) == 0 {}
            rmdir(path)
        }
        if user >= 0 { DispatchQueue.global().asyncAfter(deadline: .now() + delay) { close(user) } }
    }

    /// Makes what the machine wrote its topmost layer: one rename, whatever the size.
    ///
    /// The record names the layer before the rename, so that a crash between the two loses nothing: see ``finishSealing(_:)``.
    func seal(_ record: inout MachineRecord) throws {
        guard isUnsealed else { return }
        record.layers.append(.init(id: Self.newLayerID(), idBase: record.idBase))
        try save(record)
        try finishSealing(record)
    }

    /// Moves the upper to where the record's topmost layer should be, when a crash kept that from happening.
    func finishSealing(_ record: MachineRecord) throws {
        guard let top = record.layers.last, !HostFiles.exists(layer(top.id)) else { return }
        try HostFiles.rename(upper, to: layer(top.id))
        try HostFiles.removeTree(work)
    }

    /// Copies what a frozen machine wrote so far into a layer of its own. Uses reflinks where the file system has them.
    func copyUpper(to copy: MachineRecord.Layer) async throws {
        let partial = layer(copy.id) + ".part"
        do {
            try await Tool.run("cp", ["-a", "--reflink=auto", "--", upper, partial], timeout: Self.copyTimeout)
        } catch {
            try? HostFiles.removeTree(partial)
            throw error
        }
        try HostFiles.rename(partial, to: layer(copy.id))
    }

    /// Makes one layer of several that follow each other.
    func merge(_ layers: [MachineRecord.Layer], into merged: MachineRecord.Layer) async throws {
        let partial = layer(merged.id) + ".part"
        let sources = layers.map { layer($0.id) }
        do { try await blocking { try LayerMerge.merge(sources, into: partial) } } catch {
            try? HostFiles.removeTree(partial)
            throw error
        }
        try HostFiles.rename(partial, to: layer(merged.id))
    }

    func save(_ record: MachineRecord) throws {
        try HostFiles.write(record.json.compact + "\n", to: recordPath)
    }

    /// Removes everything. What the machine wrote goes first, so that unmounting needn't flush it; then the folder gets a name that
    /// nobody looks for, so that a crash leaves no half machine.
    func remove() async throws {
        try await blocking {
            try HostFiles.removeTree(upper)
            unmount(flushingAfter: 0)
            guard HostFiles.exists(folder) else { return }
            let trash = "\(configuration.boxesDirectory)/.trash-\(id)-\(Self.newLayerID())"
            try HostFiles.rename(folder, to: trash)
            try HostFiles.removeTree(trash)
        }
    }

    static func newLayerID() -> String { UUID().uuidString.lowercased().filter { $0 != "-" } }
}
