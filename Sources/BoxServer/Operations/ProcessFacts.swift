import BoxSystem
import FoundationEssentials
import Glibc

/// This process's statistics from the kernel (proc(5)).
struct ProcessFacts {
    /// Seconds since the epoch.
    let startTime: Double
    let cpuSeconds: Double
    /// In bytes.
    let residentMemory: Double
    let openFiles: Int
    let maximumFiles: Int

    init?() {
        guard let status = ProcessStatus(of: getpid()), let boot = Self.bootTime,
            let user = status[14].flatMap({ Double($0) }), let system = status[15].flatMap({ Double($0) }),
            let started = status.startTime.flatMap({ Double($0) }), let pages = status[24].flatMap({ Double($0) })
        else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        startTime = boot + started / ticks
        cpuSeconds = (user + system) / ticks
        residentMemory = pages * Double(sysconf(Int32(_SC_PAGESIZE)))
        openFiles = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        maximumFiles = Int(clamping: limit.rlim_cur)
    }

    private static var bootTime: Double? {
        String(decoding: Descriptor.read("/proc/stat") ?? [], as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
    }
}
