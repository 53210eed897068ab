import BoxEngine
import BoxModel
import CLinux
import Glibc

/// Limits the disk use of each machine, where the file system has project quotas: ext4 and XFS, quotactl(2).
///
/// Each upper is a project, so the limit counts what the machine wrote since its layers may have been shared. Files in
/// shared layers can't really be removed. If the limit counted them, a machine at its limit could never get below it.
///
/// A process in a user namespace can't change a file's project. overlayfs writes without CAP_SYS_RESOURCE, which would
/// exceed limits.
struct ProjectQuota: Sendable {
    /// A directory on the file system of the layers and the machines' directories.
    let directory: String

    init(dataDirectory: String) { directory = dataDirectory }

    var isEnforced: Bool { withDescriptor { clinux_projects_are_limited($0) == 1 } ?? false }

    /// Makes a new directory, and all that is created in it, a project of its own. Does nothing where projects aren't
    /// counted.
    func makeProject(of directory: String) throws {
        guard isEnforced else { return }
        // Not one of the small numbers that administrators choose themselves.
        let number = { UInt32.random(in: 1 << 30..<1 << 31) }
        var project = number()
        while use(of: project)?.used ?? 0 > 0 { project = number() }
        try LayerDirectory(path: directory).setProject(project)
    }

    /// Removes the limits of directories that won't be written to any more.
    func removeLimits(of directories: [String]) {
        guard isEnforced else { return }
        for directory in directories {
            if let project = (try? LayerDirectory(path: directory))?.project { setLimit(nil, of: project) }
        }
    }

    /// The limit in bytes: that of the machine's type, but at most half of the disk, so that no machine alone fills it.
    static func limit(of type: MachineType, onDiskOf total: Int) -> Int { min(Int(type.disk), total / 2) }

    /// How many files the limit allows: as many as a new ext4 of that size has.
    static func files(for limit: Int) -> Int { limit / 16384 }

    /// - Parameter bytes: nil for no limit.
    func setLimit(_ bytes: Int?, of project: UInt32) {
        let files = bytes.map(Self.files(for:)) ?? 0
        _ = withDescriptor { clinux_limit_project($0, project, UInt64(bytes ?? 0), UInt64(files)) }
    }

    /// The project's disk use; nil when the project isn't counted.
    func use(of project: UInt32) -> DiskUse? {
        withDescriptor { descriptor in
            var limit: UInt64 = 0
            let used = clinux_project_use(descriptor, project, &limit)
            return used < 0 ? nil : DiskUse(used: Int(used), limit: limit > 0 ? Int(limit) : nil)
        } ?? nil
    }

    /// How the operator can get a disk limit for each box, where there is none.
    static func hint(dataDirectory: String) -> HostProblem? {
        // The directory may not exist yet.
        var directory = dataDirectory
        while !HostFiles.exists(directory), let slash = directory.lastIndex(of: "/"), slash > directory.startIndex {
            directory = String(directory[..<slash])
        }
        guard !ProjectQuota(dataDirectory: directory).isEnforced, let system = MountedFileSystem(of: directory) else {
            return nil
        }
        return HostProblem(
            what: "no box has a disk limit, because the \(system.type) at \(system.target) has no project quotas; "
                + "boxd pauses a box that fills it",
            remedy: remedy(on: system))
    }

    static func remedy(on system: MountedFileSystem) -> String {
        switch system.type {
        case "ext4":
            "unmount it, run `tune2fs -O project,quota \(system.source)`, and mount it with -o prjquota (for the root file system from a "
                + "rescue system, and with rootflags=prjquota as a kernel parameter)"
        case "xfs":
            "mount it with -o pquota (for the root file system: rootflags=pquota as a kernel parameter)"
        default: "put the data directory on XFS mounted with -o pquota, or ext4 with project quotas"
        }
    }

    private func withDescriptor<Result>(_ body: (Int32) -> Result) -> Result? {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return body(descriptor)
    }
}

/// The file system that a path is on, from /proc/self/mountinfo.
struct MountedFileSystem: Equatable {
    let target: String
    let type: String
    let source: String

    init(target: String, type: String, source: String) {
        (self.target, self.type, self.source) = (target, type, source)
    }

    init?(of path: String) {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        self.init(of: String(cString: resolved), mounts: HostFiles.read("/proc/self/mountinfo") ?? "")
    }

    /// Of several mounts at one path, only the last one is visible.
    init?(of path: String, mounts: String) {
        var best: MountedFileSystem?
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let end = fields.firstIndex(of: "-"), fields.count > end + 2, end > 4 else { continue }
            let target = Self.decoded(fields[4])
            guard target == "/" || path == target || path.hasPrefix(target + "/"),
                target.utf8.count >= best?.target.utf8.count ?? 0
            else { continue }
            best = MountedFileSystem(
                target: target, type: String(fields[end + 1]), source: Self.decoded(fields[end + 2]))
        }
        guard let best else { return nil }
        self = best
    }

    /// Blanks, tabs, line breaks and backslashes are three octal digits after a backslash (proc(5), mountinfo).
    private static func decoded(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = field.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
