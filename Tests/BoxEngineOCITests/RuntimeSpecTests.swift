import BoxEngine
import BoxModel
import Testing

@testable import BoxEngineOCI

struct RuntimeSpecTests {
    private func spec(_ type: MachineType = .default, slot: Int = 3, host: HostShape = HostShape()) -> JSON {
        let configuration = OCIEngineConfiguration(dataDirectory: "/data", instance: "test")
        let machine = MachineSpec(
            id: "bx_8pqt6dup", type: type, environment: [("TOKEN", "secret-4711")], authorizedKeys: ["ssh-ed25519 AAAA"]
        )
        return RuntimeSpec(
            record: MachineRecord(id: machine.id, slot: slot, image: "i", layers: []), machine: machine,
            disk: MachineDisk(configuration: configuration, id: machine.id),
            seccomp: ["defaultAction": "SCMP_ACT_ERRNO"], host: host
        ).json
    }

    private func strings(_ json: JSON?) -> [String] { json?.array?.compactMap(\.string) ?? [] }

    @Test func everyNamespaceIsItsOwn() {
        let namespaces = spec()["linux"]?["namespaces"]?.array ?? []
        #expect(
            Set(namespaces.compactMap { $0["type"]?.string }) == [
                "user", "pid", "ipc", "uts", "mount", "cgroup", "network",
            ])
        #expect(namespaces.allSatisfy { $0["path"] == nil }, "a path would join a namespace that exists")
    }

    @Test func rootInTheBoxIsNobodyOnTheHost() {
        for mapping in ["uidMappings", "gidMappings"] {
            let ranges = spec()["linux"]?[mapping]?.array ?? []
            #expect(ranges.count == 1)
            #expect(ranges[0]["containerID"] == 0)
            #expect(ranges[0]["hostID"] == JSON(Int(0x7000_0000 + 2 * 65_536)))
            #expect(ranges[0]["size"] == 65_536)
        }
    }

    @Test func theCapabilitiesAreFewAndTheSameInEverySet() {
        let sets = spec()["process"]?["capabilities"]
        let bounding = strings(sets?["bounding"])
        #expect(bounding == strings(sets?["effective"]) && bounding == strings(sets?["permitted"]))
        #expect(sets?["ambient"] == nil && sets?["inheritable"] == nil)
        for forbidden in [
            "SYS_ADMIN", "NET_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "DAC_READ_SEARCH", "BPF",
            "PERFMON", "MAC_ADMIN",
            "MAC_OVERRIDE", "SYSLOG", "SYS_PACCT", "SYS_NICE", "SYS_RESOURCE", "LINUX_IMMUTABLE", "CHECKPOINT_RESTORE",
            "AUDIT_CONTROL",
            "SYS_TTY_CONFIG", "WAKE_ALARM", "BLOCK_SUSPEND",
        ] { #expect(!bounding.contains("CAP_" + forbidden), "\(forbidden)") }
        for needed in ["CHOWN", "SETUID", "SETGID", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL"] {
            #expect(bounding.contains("CAP_" + needed), "\(needed)")
        }
    }

    @Test func sudoWorksInsideTheBox() {
        // The user namespace confines what set-user-id programs gain, and sudo needs them.
        #expect(spec()["process"]?["noNewPrivileges"] == false)
        #expect(spec()["process"]?["user"]?["uid"] == 0)
        #expect(spec()["root"]?["readonly"] == false)
    }

    @Test(arguments: [(MachineType.small, 4, 200_000), (.default, 8, 400_000), (.large, 16, 800_000)])
    func limitsFollowTheType(_ type: MachineType, _ gigabytes: Int, _ quota: Int) {
        let resources = spec(type)["linux"]?["resources"]
        #expect(resources?["memory"]?["limit"] == JSON(gigabytes << 30))
        #expect(resources?["cpu"]?["quota"] == JSON(quota))
        #expect(resources?["cpu"]?["period"] == 100_000)
        #expect((resources?["pids"]?["limit"]?.int).map { (100...32_768).contains($0) } == true)
        #expect(resources?["devices"]?.array?.first?.compact == #"{"allow":false,"access":"rwm"}"#)
    }

    @Test func aMachineHasAsManyProcessorsAsItsType() {
        func processors(_ type: MachineType, _ slot: Int, of host: [Int]) -> JSON? {
            spec(type, slot: slot, host: HostShape(processors: host))["linux"]?["resources"]?["cpu"]?["cpus"]
        }
        #expect(processors(.small, 2, of: Array(0..<8)) == "4,5")
        #expect(processors(.small, 3, of: Array(0..<8)) == "6,7")
        #expect(processors(.small, 4, of: Array(0..<8)) == "0,1")
        #expect(processors(.default, 3, of: [0, 1, 2, 3, 8, 9]) == "0,1,2,3")
        #expect(processors(.default, 4, of: [0, 1, 2, 3, 8, 9]) == "0,1,8,9")
        #expect(processors(.large, 2, of: Array(0..<8)) == nil, "all of them")
        #expect(processors(.small, 2, of: []) == nil, "a host without cpusets")
    }

    @Test func theKernelsListsOfProcessors() {
        #expect(HostShape.numbers("0-3,8,10-11") == [0, 1, 2, 3, 8, 10, 11])
        #expect(HostShape.numbers("5") == [5])
        #expect(HostShape.numbers("") == [])
    }

    @Test func lxcfsShowsTheMachinesSizeWhereItRuns() {
        let mounts = spec(host: HostShape(lxcfs: "/var/lib/lxcfs"))["mounts"]?.array ?? []
        let files = mounts.filter { $0["source"]?.string?.hasPrefix("/var/lib/lxcfs") == true }
        #expect(
            files.contains { $0["destination"] == "/proc/meminfo" && $0["source"] == "/var/lib/lxcfs/proc/meminfo" })
        for file in files { #expect(strings(file["options"]) == ["bind", "ro", "nosuid", "nodev", "noexec"]) }
        #expect(HostShape(lxcfs: "/var/lib/lxcfs").hint == nil)
        #expect(HostShape().hint?.remedy.contains("apt-get install lxcfs") == true)
    }

    @Test func dangerousPathsAreMaskedOrReadOnly() {
        let masked = strings(spec()["linux"]?["maskedPaths"])
        for path in ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/acpi", "/proc/scsi", "/sys/firmware"] {
            #expect(masked.contains(path), "\(path)")
        }
        let readOnly = strings(spec()["linux"]?["readonlyPaths"])
        for path in ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"] {
            #expect(readOnly.contains(path), "\(path)")
        }
        #expect(spec()["linux"]?["seccomp"]?["defaultAction"] == "SCMP_ACT_ERRNO")
    }

    @Test func nothingOfTheHostIsMountedButTheBoxsOwnFilesAndTheAgents() {
        let mounts = spec()["mounts"]?.array ?? []
        for mount in mounts {
            let (source, options) = (mount["source"]?.string ?? "", strings(mount["options"]))
            if mount["destination"] == "/opt/agents" {
                #expect(source == "/data/agents")
                #expect(options == ["bind", "ro", "nosuid", "nodev"])
            } else if mount["type"] == "bind" {
                #expect(source.hasPrefix("/data/boxes/bx_8pqt6dup/guest"), "\(source)")
                #expect(options.contains("nosuid") && options.contains("nodev"), "\(source)")
            } else {
                #expect(!source.hasPrefix("/"), "\(source)")
            }
        }
        var options: [String: [String]] = [:]
        for mount in mounts { options[mount["destination"]?.string ?? ""] = strings(mount["options"]) }
        for path in ["/sys", "/sys/fs/cgroup", "/run/box"] {
            #expect(options[path, default: []].contains("ro"), "\(path)")
        }
        #expect(mounts.count == options.count, "no destination twice")
    }

    @Test func mountsComeAfterTheirParents() {
        let targets = (spec()["mounts"]?.array ?? []).compactMap { $0["destination"]?.string }
        // It is hidden on purpose, because it only has to exist. See Docs/Decisions/0023-sandboxes-within-boxes.md.
        for (index, target) in targets.enumerated() where target != "/run/sshd/proc" {
            for later in targets[(index + 1)...] {
                #expect(!target.hasPrefix(later + "/"), "\(later) would hide \(target)")
            }
        }
    }

    @Test func theWholeProcIsHiddenBehindAnotherMount() throws {
        let targets = (spec()["mounts"]?.array ?? []).compactMap { $0["destination"]?.string }
        let whole = try #require(targets.firstIndex(of: "/run/sshd/proc"))
        #expect(try #require(targets.firstIndex(of: "/run")) < whole)
        #expect(try #require(targets.firstIndex(of: "/run/sshd")) > whole)
    }

    @Test func theBoxKnowsItsIdAndSecretsStayOutOfTheFile() {
        let json = spec()
        let environment = strings(json["process"]?["env"])
        #expect(environment.contains("BOX_ID=bx_8pqt6dup"))
        #expect(json["hostname"] == "bx-8pqt6dup")
        #expect(json["linux"]?["cgroupsPath"] == "/boxd/test/bx_8pqt6dup")
        #expect(!json.compact.contains("secret-4711"))
        #expect(json["hooks"] == nil)
    }

    @Test func interfaceNamesFitLinux() {
        var configuration = OCIEngineConfiguration(dataDirectory: "/data", instance: "abcdef")
        #expect(configuration.hostInterface(of: "bx_8pqt6dup") == "abcdef-8pqt6dup")
        #expect(configuration.hostInterface(of: "bx_8pqt6dup").utf8.count <= 15)
        #expect(configuration.bridge.utf8.count <= 15)
        configuration.instance = "box"
        #expect(configuration.bridge == "box-br0")
    }
}
