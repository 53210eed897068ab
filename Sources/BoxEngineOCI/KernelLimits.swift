import BoxEngine
import BoxModel
import CLinux
import Glibc

/// What a machine may take of the kernel's own tables, which are the whole host's: no cgroup counts these.
enum KernelLimits {
    /// Per user of the machine's user namespace; see namespaces(7) and inotify(7). Without them the machine has the host's limits,
    /// and what it takes counts against the host's root, who owns its namespace.
    private static let namespaceLimits = [
        "max_user_namespaces": 1024, "max_pid_namespaces": 1024, "max_net_namespaces": 256, "max_mnt_namespaces": 1024,
        "max_ipc_namespaces": 1024, "max_uts_namespaces": 1024, "max_cgroup_namespaces": 1024,
        "max_inotify_instances": 512, "max_inotify_watches": 131_072, "max_fanotify_groups": 16,
    ]

    /// Sets them for the user namespace of a machine's first process. A kernel that lacks one of the files does without.
    static func set(for process: pid_t) throws {
        let paths = namespaceLimits.keys.map { strdup("/proc/sys/user/\($0)") }
        let texts = namespaceLimits.values.map { strdup(String($0)) }
        defer { for text in paths + texts { free(text) } }
        let result = clinux_write_in_user_namespace(
            process, paths.map { UnsafePointer($0) }, texts.map { UnsafePointer($0) }, paths.count)
        guard result == 0 else {
            throw EngineError(
                .failed, "the box's limits could not be set",
                diagnostics: "process \(process): \(String(cString: strerror(-result)))")
        }
    }

    /// What the host needs for many machines at a time: the usual 128 inotify instances for root are one busy machine's.
    static let hostMinimums = [("fs/inotify/max_user_instances", 16384), ("fs/inotify/max_user_watches", 1_048_576)]

    /// The machine's `process.rlimits`. Signals and message queues count for the host's root too.
    static var resourceLimits: JSON {
        let limits: [(name: String, resource: __rlimit_resource_t, soft: UInt64, hard: UInt64)] = [
            ("RLIMIT_NOFILE", __rlimit_resource_t(RLIMIT_NOFILE.rawValue), 65536, 1_048_576),
            ("RLIMIT_SIGPENDING", __rlimit_resource_t(__RLIMIT_SIGPENDING.rawValue), 2048, 2048),
            ("RLIMIT_MSGQUEUE", __rlimit_resource_t(__RLIMIT_MSGQUEUE.rawValue), 102_400, 102_400),
        ]
        return .array(
            limits.map { name, resource, soft, hard in
                // Nobody may go over the limit that boxd has itself.
                var own = rlimit()
                let most = getrlimit(resource, &own) == 0 ? UInt64(own.rlim_max) : hard
                return [
                    "type": .string(name), "soft": JSON(Int(min(soft, most))), "hard": JSON(Int(min(hard, most))),
                ]
            })
    }
}
