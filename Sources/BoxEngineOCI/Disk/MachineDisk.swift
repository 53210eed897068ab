import BoxEngine
import BoxModel
import BoxSystem
import CLinux
import Dispatch
import FoundationEssentials
import Glibc
import HostTools
import Subprocess

/// The directories of one machine, and the overlay that is its root file system.
///
///     boxes/<id>/machine.json   the record
///     boxes/<id>/upper, work    what the machine wrote since it started; exists while it isn't sealed
///     boxes/<id>/rootfs         where the overlay is mounted
///     boxes/<id>/guest          files of the host that the machine sees read-only under /run/box
///     boxes/<id>/bundle         the OCI runtime's configuration
///     layers/<layer>            a sealed upper
struct MachineDisk: Sendable {
    let configuration: OCIEngineConfiguration
    let id: String

    var directory: String { "\(configuration.boxesDirectory)/\(id)" }
    var recordPath: String { "\(directory)/machine.json" }
    var upper: String { "\(directory)/upper" }
    var work: String { "\(directory)/work" }
    var rootfs: String { "\(directory)/rootfs" }
    var guest: String { "\(directory)/guest" }
    var bundle: String { "\(directory)/bundle" }
    func layer(_ layerID: String) -> String { "\(configuration.layersDirectory)/\(layerID)" }

    /// The longest time that a running box is frozen for a fork.
    private static let copyTimeout = Duration.seconds(600)

    /// In seconds. The kernel writes dirty pages after 30 seconds by default.
    private static let flushDelay = 40.0

    /// Whether the machine wrote something that isn't sealed in a layer yet.
    var isUnsealed: Bool { HostFiles.exists(upper) }

    func makeDirectories(for record: MachineRecord) throws {
        // Only the machine's root may enter the directory: its group is the first id of the machine's range.
        try HostFiles.makeDirectory(directory, mode: 0o710, group: record.idBase)
        try HostFiles.makeDirectory(rootfs, mode: 0o755)
        // sshd refuses keys in a directory of another user.
        try HostFiles.makeDirectory(guest, mode: 0o755, owner: record.idBase)
        try HostFiles.makeDirectory(bundle, mode: 0o700)
    }

    /// Mounts the machine's root file system. An existing upper is used again: it belongs to a machine that was lost.
    ///
    /// The lower layers were written with other id ranges, so each is bound with its ids mapped to this machine's. The
    /// binds are needed only until the overlay has cloned them.
    func mount(_ record: MachineRecord) throws {
        try makeUpper(record)
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
            let bind = "\(directory)/l\(index)"
            try HostFiles.makeDirectory(bind)
            binds.append(bind)
            lowers.append(bind)
            try bindMapped(layer.path, at: bind, from: layer.idBase, to: record.idBase)
        }
        let lower = lowers.reversed().joined(separator: ":")
        let options =
            "lowerdir=\(lower),upperdir=\(upper),workdir=\(work),index=off,metacopy=off,redirect_dir=on,xino=off"
        guard options.utf8.count < 4096 else {
            throw EngineError(
                .failed, "the box's disk has too many layers", diagnostics: "\(record.layers.count) layers")
        }
        let result = clinux_mount_overlay(rootfs, options)
        guard result == 0 else { throw HostFiles.failure("mount the overlay at", rootfs, code: -result) }
    }

    /// Creates the upper and work directories. A new upper's root is the disk's root directory, so it gets the mode of
    /// the topmost layer's root.
    private func makeUpper(_ record: MachineRecord) throws {
        try HostFiles.makeDirectory(work, mode: 0o700)
        if !HostFiles.exists(upper) {
            var root = stat()
            let isKnown = record.layers.last.map { lstat(layer($0.id), &root) == 0 } ?? false
            try HostFiles.makeDirectory(upper, mode: isKnown ? root.st_mode & 0o7777 : 0o755, owner: record.idBase)
            try quota.makeProject(of: upper)
        }
        // overlayfs renames what it creates in `work` into the upper. Such a rename is refused across projects.
        if let project = try LayerDirectory(path: upper).project { try LayerDirectory(path: work).setProject(project) }
    }

    // MARK: Its limit

    private var quota: ProjectQuota { ProjectQuota(dataDirectory: configuration.dataDirectory) }

    /// Limits the size of the upper.
    func limit(to type: MachineType) {
        guard let project = (try? LayerDirectory(path: upper))?.project, quota.isEnforced,
            let space = DiskSpace(of: configuration.dataDirectory)
        else { return }
        quota.setLimit(ProjectQuota.limit(of: type, onDiskOf: space.total), of: project)
    }

    /// The upper and the layers that the machine itself wrote. Forks may share those layers.
    private func own(_ record: MachineRecord) -> [String] {
        (record.layers.filter { $0.idBase == record.idBase }.map { layer($0.id) } + [upper]).filter(HostFiles.exists)
    }

    /// The disk use of the machine's upper and its own layers, and the upper's limit. Changes during the measurement
    /// may or may not be counted.
    func measure(_ record: MachineRecord) -> DiskUse {
        own(record).reduce(into: DiskUse(used: 0)) { sum, directory in
            if let project = (try? LayerDirectory(path: directory))?.project, let use = quota.use(of: project) {
                sum.used += use.used
                sum.limit = use.limit
            } else {
                sum.used += HostFiles.blocks(below: directory) * 512
            }
        }
    }

    // MARK: Mounting

    private func bindMapped(_ source: String, at target: String, from base: UInt32, to newBase: UInt32) throws {
        let namespace = clinux_user_namespace(base, newBase, Slots.idsPerMachine)
        guard namespace >= 0 else {
            throw EngineError(
                .failed, "the host has no user namespace left", diagnostics: errnoText(-namespace))
        }
        defer { close(namespace) }
        let result = clinux_bind_idmapped(source, target, namespace)
        guard result == 0 else { throw HostFiles.failure("map the ids of", source, code: -result) }
    }

    /// Unmounts the root file system, and the binds that an interrupted start left. Harmless when nothing is mounted.
    ///
    /// When the last user of an overlay has gone, overlayfs flushes the whole file system of the upper, and all writers
    /// to it wait. So an open descriptor stays the last user for `delay` seconds, until the kernel has written most of
    /// it at its own pace.
    func unmount(flushingAfter delay: Double = flushDelay) {
        let user = open(rootfs, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // Files that the machine removes when it runs again must be freed then, and not when the last user has gone.
        if delay > 0 { _ = clinux_forget_names(rootfs) }
        while clinux_unmount(rootfs) == 0 {}
        for name in (try? HostFiles.list(directory)) ?? [] where name.hasPrefix("l") {
            let path = "\(directory)/\(name)"
            while clinux_unmount(path) == 0 {}
            rmdir(path)
        }
        guard user >= 0 else { return }
        // On its own thread, because closing it may flush for seconds: see blocking(_:).
        DispatchQueue(label: "boxd.flushing").asyncAfter(deadline: .now() + delay) { close(user) }
    }

    /// Makes the upper the topmost layer, by one rename at any size.
    ///
    /// The record names the layer before the rename, so that a crash between the two loses nothing: see
    /// ``finishSealing(_:)``.
    func seal(_ record: inout MachineRecord) throws {
        guard isUnsealed else { return }
        // A topmost layer that doesn't exist is the upper, which an earlier seal failed to rename.
        if record.layers.last.map({ HostFiles.exists(layer($0.id)) }) ?? true {
            record.layers.append(.init(id: Self.newLayerID(), idBase: record.idBase, isWhole: true))
        }
        try save(record)
        try finishSealing(record)
    }

    /// Makes the topmost layer the upper again, by one rename. So a stop and a start change nothing on the disk for the
    /// machine, neither hard links nor what can be renamed.
    ///
    /// No other disk may use the layer. The rename comes before the record: after a crash between the two
    /// ``finishSealing(_:)`` undoes the rename.
    func unseal(_ record: inout MachineRecord) throws {
        guard let top = record.layers.last, top.isWhole, top.idBase == record.idBase, !isUnsealed else { return }
        try HostFiles.rename(layer(top.id), to: upper)
        record.layers.removeLast()
        try save(record)
    }

    /// Renames the upper to the record's topmost layer, when a crash prevented that.
    func finishSealing(_ record: MachineRecord) throws {
        guard let top = record.layers.last, !HostFiles.exists(layer(top.id)) else { return }
        try HostFiles.rename(upper, to: layer(top.id))
        try HostFiles.removeTree(work)
    }

    /// Copies what a frozen machine wrote so far into a layer, whose ids are those of the machine that gets it. It uses
    /// reflinks where the file system supports them.
    func copyUpper(to copy: MachineRecord.Layer, of record: MachineRecord) async throws {
        let partial = layer(copy.id) + ".part"
        let mapped = "\(directory)/lcopy"
        while clinux_unmount(mapped) == 0 {}  // Left by a boxd that was killed here.
        try HostFiles.makeDirectory(mapped)
        defer {
            _ = clinux_unmount(mapped)
            rmdir(mapped)
        }
        try bindMapped(upper, at: mapped, from: record.idBase, to: copy.idBase)
        do {
            try HostFiles.makeDirectory(partial)
            try quota.makeProject(of: partial)
            try await Tool.run("cp", ["-a", "--reflink=auto", "--", "\(mapped)/.", partial], timeout: Self.copyTimeout)
        } catch {
            try? HostFiles.removeTree(partial)
            throw error
        }
        try HostFiles.rename(partial, to: layer(copy.id))
    }

    /// Merges several adjacent layers into one.
    func merge(_ layers: [MachineRecord.Layer], into merged: MachineRecord.Layer) async throws {
        let partial = layer(merged.id) + ".part"
        let sources = layers.map { layer($0.id) }
        do { try await blocking { try LayerMerge.merge(sources, into: partial) } } catch {
            try? HostFiles.removeTree(partial)
            throw error
        }
        try HostFiles.rename(partial, to: layer(merged.id))
        quota.removeLimits(of: sources)
    }

    func save(_ record: MachineRecord) throws {
        try HostFiles.write(record.json.compact + "\n", to: recordPath)
    }

    func remove(_ record: MachineRecord) async throws {
        quota.removeLimits(of: own(record))
        try await remove()
    }

    /// Removes everything. The upper goes first, so that unmounting needn't flush it. Then the directory is renamed to
    /// a name that is never loaded, so that a crash leaves no partial machine.
    func remove() async throws {
        try await blocking {
            try HostFiles.removeTree(upper)
            unmount(flushingAfter: 0)
            guard HostFiles.exists(directory) else { return }
            let trash = "\(configuration.boxesDirectory)/.trash-\(id)-\(Self.newLayerID())"
            try HostFiles.rename(directory, to: trash)
            try HostFiles.removeTree(trash)
        }
    }

    static func newLayerID() -> String { UUID().uuidString.lowercased().filter { $0 != "-" } }
}
