import BoxEngine
import BoxModel

/// The default seccomp profile of the container tools, as the OCI runtime wants it.
///
/// The tools' file says for each rule on which architectures and with which capabilities it counts;
/// the runtime's form has only the rules that count here. What they say about sockets is replaced: see ``socketRules``.
struct SeccompProfile {
    static let path = "/usr/share/containers/seccomp.json"

    /// Hardly a kernel runs programs of this kind (Debian's and Ubuntu's don't unless they are told to at boot), and its rules are a sixth of
    /// the time that a machine takes to be made: libseccomp writes the whole filter for each architecture.
    private static let unused: JSON = "SCMP_ARCH_X32"

    let json: JSON

    /// - Parameters:
    ///   - source: the text of the tools' file.
    ///   - capabilities: names such as `CAP_CHOWN` that the box has.
    ///   - architecture: Go's name of the machine's architecture: `amd64` or `arm64`.
    init(source: String, capabilities: Set<String>, architecture: String) throws {
        let profile: JSON
        do { profile = try JSON.parse(source) } catch {
            throw EngineError(.hostNotReady, "the seccomp profile \(Self.path) is not JSON", diagnostics: "\(error)")
        }
        guard let rules = profile["syscalls"]?.array, let defaultAction = profile["defaultAction"] else {
            throw EngineError(.hostNotReady, "the seccomp profile \(Self.path) has no rules")
        }
        // What no rule allows has to be refused: socket families are.
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
        let names = (rule["names"]?.array ?? []).filter { $0 != "socket" && $0 != "socketcall" }
        if names.isEmpty { return nil }
        object["names"] = .array(names)
        for key in ["action", "errnoRet"] { object[key] = rule[key] }
        if let arguments = rule["args"]?.array, !arguments.isEmpty { object["args"] = .array(arguments) }
        return .object(object)
    }

    // MARK: Sockets

    /// AF_UNIX, AF_INET, AF_INET6, AF_NETLINK and AF_PACKET: what network namespaces keep apart and programs use.
    private static let families = [1, 2, 10, 16, 17]
    private static let unsupported = 97  // EAFNOSUPPORT

    /// Other families reach beyond the box (AF_VSOCK and AF_QIPCRTR know no namespaces) or into code of the kernel that hardly anybody
    /// needs. The default action meets them, as it meets every system call that has no rule: a rule for each, to choose the error, would be a
    /// tenth of the time that a machine takes to be made.
    ///
    /// socketcall(2) of 32-bit programs has its arguments in memory, where no filter sees them, so it is refused as a whole. Since Linux 4.3 there
    /// is socket(2) for them too, though Debian's own i386 libc doesn't use it. The rule comes first, because libseccomp makes others of
    /// rules about socket(2), which would be in its way; and runc leaves out what says the same as the default action.
    private static var socketRules: [JSON] {
        [["names": ["socketcall"], "action": "SCMP_ACT_ERRNO", "errnoRet": JSON(unsupported)]]
            + families.map { family in
                [
                    "names": ["socket"], "action": "SCMP_ACT_ALLOW",
                    "args": [["index": 0, "value": JSON(family), "valueTwo": 0, "op": "SCMP_CMP_EQ"]],
                ]
            }
    }
}
