import Glibc

/// The properties of the host that decide which size a machine sees from inside.
struct HostShape: Sendable {
    /// The processors that machines may get. Empty where the kernel can't restrict a machine to some of them.
    var processors: [Int] = []
    /// The directory where lxcfs shows a process the size of its own cgroup; nil when lxcfs doesn't run on this host.
    /// See Docs/Decisions/0021-size-from-inside.md.
    var lxcfs: String?

    private static let lxcfsDirectory = "/var/lib/lxcfs"

    /// The files of lxcfs, by their paths in a machine.
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

    /// How the operator can make boxes show their own size; nil when they do.
    var hint: HostProblem? {
        guard lxcfs == nil else { return nil }
        return HostProblem(
            what: "free and top in boxes show this host's memory and load",
            remedy: "apt-get install lxcfs, and resume the boxes that run (Docs/Running.md says what it costs)")
    }

    /// Parses the kernel's form `0-3,8`; see "List format" in cpuset(7).
    static func numbers(_ list: Substring) -> [Int] {
        list.split(separator: ",").flatMap { part in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last else { return [Int]() }
            return Array(first...last)
        }
    }

    /// The processors of a machine, or nil when it may use all. Machines start at different processors, so that they
    /// spread.
    ///
    /// - Parameter slot: the machine's slot.
    func processors(count: Int, slot: Int) -> String? {
        guard count < processors.count else { return nil }
        let first = slot * count % processors.count
        return (0..<count).map { processors[(first + $0) % processors.count] }.sorted().map(String.init)
            .joined(separator: ",")
    }
}
