import CLinux
import Glibc

/// The cgroups of machines on this host, in each hierarchy: cgroups(7).
enum Cgroups {
    private static let mount = "/sys/fs/cgroup"

    /// Removes a group and the groups in it, except those with processes.
    ///
    /// - Parameter prefix: such as `/boxd/box`.
    static func removeEmpty(below prefix: String) {
        let hierarchies = (try? HostFiles.list(mount)) ?? []
        for root in [mount] + hierarchies.map({ "\(mount)/\($0)" }) { removeEmpty(root + prefix) }
    }

    private static func removeEmpty(_ group: String) {
        for name in (try? HostFiles.list(group)) ?? [] {
            var found = stat()
            let child = "\(group)/\(name)"
            if lstat(child, &found) == 0, found.st_mode & S_IFMT == S_IFDIR { removeEmpty(child) }
        }
        rmdir(group)
    }
}
