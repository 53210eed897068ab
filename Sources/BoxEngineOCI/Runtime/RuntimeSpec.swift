import BoxEngine
import BoxModel

/// The OCI runtime configuration of a machine (`config.json`), after the OCI runtime specification 1.0.2.
struct RuntimeSpec {
    let record: MachineRecord
    let machine: MachineSpec
    let disk: MachineDisk
    let seccomp: JSON
    var host = HostShape()

    /// The capabilities of a box's root inside its own user namespace. None of them applies on the host.
    static let capabilities: [String] = [
        "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
        "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID",
        "CAP_SYS_CHROOT", "CAP_SYS_PTRACE",
    ]
    /// The limit of processes and threads of a box.
    static let processLimit = 4096
    /// How much sooner the kernel ends a box's process than another one when the host's memory is used up: proc(5).
    /// boxd's own value is negative, and processes that it starts would inherit it.
    static let oomScoreAdjustment = 300
    /// The box's hostname: its id with the underscore replaced, which no hostname may contain.
    static func hostname(of id: String) -> String { id.replacing("_", with: "-") }
    var hostname: String { Self.hostname(of: machine.id) }

    var json: JSON {
        let capabilities = JSON.array(Self.capabilities.map { .string($0) })
        return [
            "ociVersion": "1.0.2",
            "hostname": .string(hostname),
            "root": ["path": .string(disk.rootfs), "readonly": false],
            "process": [
                "terminal": false,
                "user": ["uid": 0, "gid": 0],
                "args": .array(Self.initCommand.map { .string($0) }),
                "env": [
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                    .string("BOX_ID=\(machine.id)"), "container=box",
                ],
                "cwd": "/",
                "rlimits": KernelLimits.resourceLimits,
                // A box's processes are ended before the host's own.
                "oomScoreAdj": JSON(Self.oomScoreAdjustment),
                // sudo needs to gain privileges, which are valid only in the box.
                "noNewPrivileges": false,
                "capabilities": [
                    "bounding": capabilities, "effective": capabilities, "permitted": capabilities,
                ],
            ],
            "mounts": mounts,
            "linux": [
                "namespaces": .array(
                    ["user", "pid", "ipc", "uts", "mount", "cgroup", "network"].map { ["type": .string($0)] }),
                "uidMappings": idMappings,
                "gidMappings": idMappings,
                "cgroupsPath": .string("\(disk.configuration.cgroupPrefix)/\(machine.id)"),
                "resources": resources,
                "sysctl": ["net.ipv4.ping_group_range": "0 65535", "net.ipv4.ip_unprivileged_port_start": "0"],
                "seccomp": seccomp,
                "maskedPaths": .array(Self.maskedPaths.map { .string($0) }),
                "readonlyPaths": .array(Self.readOnlyPaths.map { .string($0) }),
            ],
        ]
    }

    /// The machine's init. tini reaps orphans, and sshd is the way in. sshd's log is on the box's own disk, so that it
    /// can't fill the host's. Services that were enabled in the box start beside sshd.
    private static let initCommand = [
        "/usr/bin/tini", "--", "/bin/sh", "-c",
        """
        for service in /etc/rc2.d/S*; do
        if [ -e "$service" ] && [ -x /usr/lib/box/start-services ]; then /usr/lib/box/start-services & break; fi
        done
        exec /usr/sbin/sshd -D -E /var/log/sshd.log -f /run/box/sshd_config
        """,
    ]

    private var idMappings: JSON {
        [["containerID": 0, "hostID": JSON(Int(record.idBase)), "size": JSON(Int(Slots.idsPerMachine))]]
    }

    private var resources: JSON {
        let period = 100_000
        var cpu: JSONObject = ["quota": JSON(machine.type.virtualCPUs * period), "period": JSON(period)]
        // With the quota alone, `nproc` would show the host's processors, and programs would start as many threads.
        if let processors = host.processors(count: machine.type.virtualCPUs, slot: record.slot) {
            cpu["cpus"] = .string(processors)
        }
        return [
            "memory": ["limit": JSON(machine.type.memory)],
            "cpu": .object(cpu),
            "pids": ["limit": JSON(Self.processLimit)],
            "devices": [["allow": false, "access": "rwm"]],
        ]
    }

    private var mounts: JSON {
        func tmpfs(_ path: String, _ options: String...) -> JSON {
            Self.mount(path, "tmpfs", "tmpfs", ["nosuid", "nodev"] + options)
        }
        var list: [JSON] = [
            Self.mount("/proc", "proc", "proc", []),
            Self.mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            Self.mount(
                "/dev/pts", "devpts", "devpts",
                ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            Self.mount(
                "/dev/shm", "tmpfs", "shm",
                ["nosuid", "noexec", "nodev", "mode=1777", "size=\(machine.type.memory / 4)"]),
            Self.mount("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
            Self.mount("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
            Self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"]),
            tmpfs("/run", "mode=755", "size=\(machine.type.memory / 16)"),
            tmpfs("/run/lock", "mode=1777", "size=5120k"),
            // This mount is hidden by the next one. The kernel lets a sandbox within the box mount its own /proc only
            // while a complete /proc is mounted, and the box's /proc has masked paths.
            Self.mount("/run/sshd/proc", "proc", "proc", []),
            tmpfs("/run/sshd", "mode=755", "size=64k"),
            Self.mount("/run/box", "bind", disk.guest, ["bind", "ro", "nosuid", "nodev", "noexec"]),
            Self.mount(
                AgentDirectory.path, "bind", disk.configuration.agentsDirectory, ["bind", "ro", "nosuid", "nodev"]),
        ]
        if let lxcfs = host.lxcfs {
            for file in HostShape.lxcfsFiles {
                list.append(Self.mount(file, "bind", lxcfs + file, ["bind", "ro", "nosuid", "nodev", "noexec"]))
            }
        }
        return .array(list)
    }

    private static func mount(_ target: String, _ type: String, _ source: String, _ options: [String]) -> JSON {
        [
            "destination": .string(target), "type": .string(type), "source": .string(source),
            "options": .array(options.map { .string($0) }),
        ]
    }

    private static let maskedPaths = [
        "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
        "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
        // Identifies the host's hardware.
        "/sys/devices/virtual/dmi",
    ]
    private static let readOnlyPaths = [
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
    ]
}
