import Glibc

/// What of the host decides how large a machine looks from inside.
struct HostShape: Sendable {
    /// The processors that machines may be given, or none where the kernel can't keep a machine to some of them.
    var processors: [Int] = []
    /// Where lxcfs shows a process its own cgroup's size, or nil when it doesn't run here. See Docs/Decisions/0021-size-from-inside.md.
    var lxcfs: String?

    private static let lxcfsDirectory = "/var/lib/lxcfs"

    /// The files that lxcfs has, by their places in a machine.
    static let lxcfsFiles = [
        "/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo", "/proc/stat", "/proc/swaps",
        "/proc/uptime",
        "/sys/devices/system/cpu/online",
    ]

    static var current: HostShape {
        var shape = HostShape()
        let unified = HostFiles.read("/sys/fs/cgroup/cgroup.controllers") ?? ""
        if unified.split(whereSeparator: { $0 == " " || $0 == "\n" }).contains("cpuset")
            || HostFiles.exists("/sys/fs/cgroup/cpuset/cpuset.cpus")
        {
            let line = (HostFiles.read("/proc/self/status") ?? "").split(separator: "\n")
                .first { $0.hasPrefix("Cpus_allowed_list:") }
            shape.processors = Self.numbers(line?.split(separator: "\t").last ?? "")
        }
        if lxcfsFiles.allSatisfy({ access("\(lxcfsDirectory)\($0)", R_OK) == 0 }) { shape.lxcfs = lxcfsDirectory }
        return shape
    }

    /// How boxes would see their own size, unless they do.
    var hint: HostProblem? {
        guard lxcfs == nil else { return nil }
        return HostProblem(
            what: "free and top in boxes show this host's memory and load",
            remedy: "apt-get install lxcfs, and resume the boxes that run (Docs/Running.md says what it costs)")
    }

    /// What the kernel writes as `0-3,8`; see "List format" in cpuset(7).
    static func numbers(_ list: Substring) -> [Int] {
        list.split(separator: ",").flatMap { part in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [Int]() }
            return Array(first...last)
        }
    }

    /// The processors of a machine, or nil when it may have all of them. Machines start at different ones, so that they spread.
    ///
    /// - Parameter slot: the machine's number.
    func processors(count: Int, slot: Int) -> String? {
        guard count < processors.count else { return nil }
        let first = slot * count % processors.count
        return (0..<count).map { processors[(first + $0) % processors.count] }.sorted().map(String.init)
            .joined(separator: ",")
    }
}
