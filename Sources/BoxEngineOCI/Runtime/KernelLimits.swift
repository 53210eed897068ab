import BoxEngine
import BoxModel
import BoxSystem
import CLinux
import Glibc

/// The limits of a machine on the kernel's own tables, which the whole host shares and no cgroup counts.
enum KernelLimits {
    /// The limits of each user in the machine's user namespace; see namespaces(7) and inotify(7). Without them the
    /// host's limits would apply. All use would then count for the host's root, which owns the namespace.
    private static let namespaceLimits = [
        "max_user_namespaces": 1024, "max_pid_namespaces": 1024, "max_net_namespaces": 256, "max_mnt_namespaces": 1024,
        "max_ipc_namespaces": 1024, "max_uts_namespaces": 1024, "max_cgroup_namespaces": 1024,
        "max_time_namespaces": 1024,
        "max_inotify_instances": 512, "max_inotify_watches": 131_072, "max_fanotify_groups": 16,
    ]

    /// Sets them for the user namespace of a machine's first process. Files that the kernel lacks are skipped.
    ///
    /// - Parameter nested: whether the machine may create user namespaces. In such a namespace `user` has every
    ///   capability over its contents. Parts of the kernel that otherwise only root can attack, such as nf_tables, are
    ///   then exposed.
    static func set(for process: pid_t, nested: Bool) throws {
        var limits = namespaceLimits
        if !nested { limits["max_user_namespaces"] = 0 }
        let paths = limits.keys.map { strdup("/proc/sys/user/\($0)") }
        let texts = limits.values.map { strdup(String($0)) }
        defer { for text in paths + texts { free(text) } }
        let result = clinux_write_in_user_namespace(
            process, paths.map { UnsafePointer($0) }, texts.map { UnsafePointer($0) }, paths.count)
        guard result == 0 else {
            throw EngineError(
                .failed, "the box's limits could not be set",
                diagnostics: "process \(process): \(errnoText(-result))")
        }
    }

    /// The host's minimum values for many machines. One busy machine alone uses the 128 inotify instances that root
    /// usually has.
    static let hostMinimums = [
        ("fs/inotify/max_user_instances", 16384), ("fs/inotify/max_user_watches", 1_048_576),
        ("net/netfilter/nf_conntrack_max", 262_144),
        // Eight boxes can have as many processes as the usual 32,768.
        ("kernel/pid_max", 4_194_304),
    ]

    /// The machine's `process.rlimits`. Signals and message queues also count for the host's root.
    static var resourceLimits: JSON {
        let limits: [(name: String, resource: __rlimit_resource_t, soft: UInt64, hard: UInt64)] = [
            ("RLIMIT_NOFILE", __rlimit_resource_t(RLIMIT_NOFILE.rawValue), 65536, 1_048_576),
            ("RLIMIT_SIGPENDING", __rlimit_resource_t(__RLIMIT_SIGPENDING.rawValue), 2048, 2048),
            ("RLIMIT_MSGQUEUE", __rlimit_resource_t(__RLIMIT_MSGQUEUE.rawValue), 102_400, 102_400),
        ]
        return .array(
            limits.map { name, resource, soft, hard in
                // No process may exceed boxd's own hard limit.
                var own = rlimit()
                let most = getrlimit(resource, &own) == 0 ? UInt64(own.rlim_max) : hard
                return [
                    "type": .string(name), "soft": JSON(Int(min(soft, most))), "hard": JSON(Int(min(hard, most))),
                ]
            })
    }
}
