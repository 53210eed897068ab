import BoxEngine
import BoxModel

/// The default seccomp profile of the container tools, as the OCI runtime wants it.
///
/// The tools' file says for each rule on which architectures and with which capabilities it counts;
/// the runtime's form has only the rules that count here.
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
            ("syscalls", .array(counting.map(Self.runtimeRule))),
        ])
        object["defaultErrnoRet"] = profile["defaultErrnoRet"]
        json = .object(object)
    }

    private static func runtimeRule(_ rule: JSON) -> JSON {
        var object = JSONObject()
        for key in ["names", "action", "errnoRet"] { object[key] = rule[key] }
        if let arguments = rule["args"]?.array, !arguments.isEmpty { object["args"] = .array(arguments) }
        return .object(object)
    }
}
