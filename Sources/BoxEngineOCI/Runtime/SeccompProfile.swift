import BoxEngine
import BoxModel

/// The default seccomp profile of the container tools, in the form of the OCI runtime.
///
/// The tools' file states for each rule the architectures and capabilities for which it applies. The runtime's form has
/// only the rules that apply here. Rules about sockets are replaced: see ``socketRules``.
struct SeccompProfile {
    static let path = "/usr/share/containers/seccomp.json"

    /// Few kernels run programs of this kind; Debian's and Ubuntu's need a boot parameter for it. Its rules would take
    /// a sixth of the time to create a machine, because libseccomp generates the whole filter for each architecture.
    private static let unused: JSON = "SCMP_ARCH_X32"

    let json: JSON

    /// - Parameters:
    ///   - source: the text of the tools' file.
    ///   - capabilities: the box's capabilities, by names such as `CAP_CHOWN`.
    ///   - architecture: Go's name of the machine's architecture: `amd64` or `arm64`.
    init(source: String, capabilities: Set<String>, architecture: String) throws {
        let profile: JSON
        do { profile = try JSON.parse(source) } catch {
            throw EngineError(.hostNotReady, "the seccomp profile \(Self.path) is not JSON", diagnostics: "\(error)")
        }
        guard let rules = profile["syscalls"]?.array, let defaultAction = profile["defaultAction"] else {
            throw EngineError(.hostNotReady, "the seccomp profile \(Self.path) has no rules")
        }
        // Calls without a rule must be refused, since most socket families are refused that way.
        guard defaultAction == "SCMP_ACT_ERRNO" else {
            throw EngineError(
                .hostNotReady,
                "the seccomp profile \(Self.path) does not refuse by default (its defaultAction is not SCMP_ACT_ERRNO)")
        }
        var architectures: [JSON] = []
        let native: JSON = architecture == "arm64" ? "SCMP_ARCH_AARCH64" : "SCMP_ARCH_X86_64"
        for entry in profile["archMap"]?.array ?? [] where entry["architecture"] == native {
            architectures = [native] + (entry["subArchitectures"]?.array ?? []).filter { $0 != Self.unused }
        }
        func names(_ value: JSON?) -> Set<String> { Set((value?.array ?? []).compactMap(\.string)) }
        let counting = rules.filter { rule in
            let (onlyFor, needed) = (names(rule["includes"]?["arches"]), names(rule["includes"]?["caps"]))
            let excluded = names(rule["excludes"]?["caps"])
            guard !names(rule["excludes"]?["arches"]).contains(architecture) else { return false }
            return (onlyFor.isEmpty || onlyFor.contains(architecture)) && needed.isSubset(of: capabilities)
                && excluded.isDisjoint(with: capabilities)
        }
        var object = JSONObject([
            ("defaultAction", defaultAction), ("architectures", .array(architectures)),
            ("syscalls", .array(Self.socketRules + counting.compactMap(Self.runtimeRule))),
        ])
        object["defaultErrnoRet"] = profile["defaultErrnoRet"]
        json = .object(object)
    }

    private static func runtimeRule(_ rule: JSON) -> JSON? {
        var object = JSONObject()
        let names = (rule["names"]?.array ?? []).filter { !socketCalls.contains($0) }
        if names.isEmpty { return nil }
        object["names"] = .array(names)
        for key in ["action", "errnoRet"] { object[key] = rule[key] }
        if let arguments = rule["args"]?.array, !arguments.isEmpty { object["args"] = .array(arguments) }
        return .object(object)
    }

    // MARK: Sockets

    /// AF_UNIX, AF_INET, AF_INET6, AF_NETLINK and AF_PACKET: network namespaces isolate them, and programs use them.
    private static let families = [1, 2, 10, 16, 17]
    private static let socketCalls: [JSON] = ["socket", "socketcall", "socketpair"]
    private static let unsupported = 97  // EAFNOSUPPORT

    /// The rules about sockets, which allow only ``families``.
    ///
    /// Other families reach beyond the box (AF_VSOCK and AF_QIPCRTR ignore namespaces) or into rarely used kernel code.
    /// The default action refuses them, like every system call without a rule. A rule for each, to choose the error,
    /// would take a tenth of the time to create a machine.
    ///
    /// socketpair(2) makes sockets of the family too, and loads its kernel module, before it fails for all but AF_UNIX.
    ///
    /// socketcall(2) of 32-bit programs has its arguments in memory, where no filter can read them, so all of it is
    /// refused. Since Linux 4.3 such programs can call socket(2), though Debian's own i386 libc doesn't. The rule comes
    /// first, because libseccomp derives rules for socketcall(2) from those for socket(2), which would conflict. runc
    /// omits rules that equal the default action.
    private static var socketRules: [JSON] {
        [["names": ["socketcall"], "action": "SCMP_ACT_ERRNO", "errnoRet": JSON(unsupported)]]
            + families.map { allowed("socket", family: $0) } + [allowed("socketpair", family: 1)]
    }

    private static func allowed(_ call: String, family: Int) -> JSON {
        [
            "names": [.string(call)], "action": "SCMP_ACT_ALLOW",
            "args": [["index": 0, "value": JSON(family), "valueTwo": 0, "op": "SCMP_CMP_EQ"]],
        ]
    }
}
