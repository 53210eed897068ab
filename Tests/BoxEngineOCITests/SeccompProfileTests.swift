import BoxEngine
import BoxModel
import Testing

@testable import BoxEngineOCI

struct SeccompProfileTests {
    private static let source = """
        {"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"defaultErrno":"ENOSYS",
         "archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86","SCMP_ARCH_X32"]},
                    {"architecture":"SCMP_ARCH_AARCH64","subArchitectures":["SCMP_ARCH_ARM"]},
                    {"architecture":"SCMP_ARCH_S390X","subArchitectures":[]}],
         "syscalls":[
          {"names":["socketcall","read","socket","socketpair","write"],"action":"SCMP_ACT_ALLOW","args":[],"comment":"","includes":{},"excludes":{}},
          {"names":["clone3"],"action":"SCMP_ACT_ERRNO","args":null,"errnoRet":38,"errno":"ENOSYS"},
          {"names":["personality"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":8,"valueTwo":0,"op":"SCMP_CMP_EQ"}]},
          {"names":["arch_prctl"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["amd64","x32"]}},
          {"names":["cacheflush"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["arm","arm64"]}},
          {"names":["chroot"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_CHROOT"]}},
          {"names":["chroot"],"action":"SCMP_ACT_ERRNO","errnoRet":1,"excludes":{"caps":["CAP_SYS_CHROOT"]}},
          {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
          {"names":["socket"],"action":"SCMP_ACT_ALLOW"},
          {"names":["mount"],"action":"SCMP_ACT_ERRNO","errnoRet":1,"excludes":{"caps":["CAP_SYS_ADMIN"]}},
          {"names":["both"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_CHROOT","CAP_SYS_ADMIN"]}}
         ]}
        """

    private func profile(_ capabilities: Set<String> = ["CAP_SYS_CHROOT"], _ architecture: String = "amd64") throws
        -> JSON
    {
        try SeccompProfile(source: Self.source, capabilities: capabilities, architecture: architecture).json
    }

    private func rules(_ json: JSON) -> [String] {
        fileRules(json).map { "\($0["names"]!.array![0].string!) \($0["action"]!.string!)" }
    }

    /// The rules that come from the tools' file.
    private func fileRules(_ json: JSON) -> [JSON] {
        (json["syscalls"]?.array ?? []).filter {
            ![["socket"], ["socketcall"], ["socketpair"]].contains($0["names"])
        }
    }

    @Test func socketsAreOfFiveFamilies() throws {
        let sockets = (try profile()["syscalls"]?.array ?? []).filter { $0["names"] == ["socket"] }
        let allowed = sockets.filter { $0["action"] == "SCMP_ACT_ALLOW" }
        #expect(allowed.compactMap { $0["args"]?.array?[0]["value"]?.int } == [1, 2, 10, 16, 17])
        #expect(sockets == allowed)
        #expect(try profile()["syscalls"]?.array?.first?["names"] == ["socketcall"])
        let pairs = (try profile()["syscalls"]?.array ?? []).filter {
            $0["names"]?.array?.contains("socketpair") == true
        }
        #expect(pairs.map { $0["args"]?.array?[0]["value"]?.int } == [1])
    }

    /// Refused socket families have no rules and depend on the default action.
    @Test func aProfileThatAllowsByDefaultIsRefused() throws {
        let source = Self.source.replacing(
            #""defaultAction":"SCMP_ACT_ERRNO""#, with: #""defaultAction":"SCMP_ACT_LOG""#)
        let error = try #require(throws: EngineError.self) {
            try SeccompProfile(source: source, capabilities: [], architecture: "amd64")
        }
        #expect(error.reason == .hostNotReady && error.message.contains("does not refuse by default"))
    }

    @Test func theHeadIsKept() throws {
        let json = try profile()
        #expect(json["defaultAction"] == "SCMP_ACT_ERRNO")
        #expect(json["defaultErrnoRet"] == 38)
        #expect(json["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"])
        #expect(json["archMap"] == nil && json["defaultErrno"] == nil)
        #expect(try profile([], "arm64")["architectures"] == ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"])
    }

    @Test func rulesCountByCapabilityAndArchitecture() throws {
        #expect(
            rules(try profile()) == [
                "read SCMP_ACT_ALLOW", "clone3 SCMP_ACT_ERRNO", "personality SCMP_ACT_ALLOW",
                "arch_prctl SCMP_ACT_ALLOW",
                "chroot SCMP_ACT_ALLOW", "mount SCMP_ACT_ERRNO",
            ])
        #expect(
            rules(try profile([], "arm64")) == [
                "read SCMP_ACT_ALLOW", "clone3 SCMP_ACT_ERRNO", "personality SCMP_ACT_ALLOW",
                "cacheflush SCMP_ACT_ALLOW",
                "chroot SCMP_ACT_ERRNO", "mount SCMP_ACT_ERRNO",
            ])
        #expect(rules(try profile(["CAP_SYS_CHROOT", "CAP_SYS_ADMIN"])).contains("both SCMP_ACT_ALLOW"))
    }

    @Test func aRuleKeepsWhatTheRuntimeNeedsAndNothingElse() throws {
        let rules = fileRules(try profile())
        #expect(rules[0].compact == #"{"names":["read","write"],"action":"SCMP_ACT_ALLOW"}"#)
        #expect(rules[1].compact == #"{"names":["clone3"],"action":"SCMP_ACT_ERRNO","errnoRet":38}"#)
        #expect(rules[2]["args"]?.array?[0]["value"] == 8)
        #expect(rules.last?["errnoRet"] == 1)
    }

    @Test(arguments: ["", "{", "[]", "{}", #"{"syscalls":[]}"#, #"{"defaultAction":"SCMP_ACT_ALLOW"}"#])
    func whatIsNoProfileIsAProblemOfTheHost(_ source: String) {
        #expect {
            try SeccompProfile(source: source, capabilities: [], architecture: "amd64")
        } throws: {
            ($0 as? EngineError)?.reason == .hostNotReady
        }
    }

    /// The profile that a box really gets, where the host has the file.
    @Test(.enabled(if: HostFiles.exists(SeccompProfile.path)))
    func theHostsProfileForbidsWhatReachesTheHost() throws {
        let json = try SeccompProfile(
            source: HostFiles.read(SeccompProfile.path) ?? "", capabilities: Set(RuntimeSpec.capabilities),
            architecture: "amd64"
        ).json
        var allowed: Set<String> = []
        for rule in json["syscalls"]?.array ?? [] where rule["action"] == "SCMP_ACT_ALLOW" && rule["args"] == nil {
            allowed.formUnion(rule["names"]?.array?.compactMap(\.string) ?? [])
        }
        #expect(json["defaultAction"] == "SCMP_ACT_ERRNO")
        #expect(allowed.isSuperset(of: ["read", "execve", "clone", "chroot", "ptrace", "openat"]))
        let forbidden = [
            "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "bpf", "perf_event_open",
            "open_by_handle_at", "iopl", "ioperm", "settimeofday", "clock_settime", "acct", "quotactl", "userfaultfd",
            "swapon",
        ]
        #expect(allowed.intersection(forbidden) == [])
    }
}
