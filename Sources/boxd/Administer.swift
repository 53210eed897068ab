import BoxArguments
import BoxEngineOCI
import BoxModel
import BoxServer
import BoxStore
import Glibc

extension Boxd {
    static func buildImage(_ parsed: ParsedCommand, _ installation: Installation) async throws {
        try installation.prepare(hasBoxes: false)
        let images = ImageStore(dataDirectory: installation.dataDirectory)
        if parsed.has("if-missing"), images.isUpToDate, let current = images.current {
            emit("the image \(current) is there\n", to: .error)
        } else {
            emit("building the image; this takes about a minute\n", to: .error)
            let name = try await images.build(
                mirror: parsed.value("mirror"), include: parsed.values("include"), isSlim: parsed.has("slim"))
            emit("built the image \(name)\n", to: .error)
        }
        if parsed.value("with") == "agents" {
            try await installAgents(installation, ifMissing: parsed.has("if-missing"))
        }
    }

    private static func installAgents(_ installation: Installation, ifMissing: Bool) async throws {
        let programs = AgentPrograms(dataDirectory: installation.dataDirectory)
        if !ifMissing || !programs.areInstalled {
            emit("fetching the agents' programs; this takes about a minute\n", to: .error)
            try await programs.install()
        }
        emit("the agents are there: \(programs.current ?? "")\n", to: .error)
    }

    static func imageStatus(_ parsed: ParsedCommand, _ installation: Installation) throws {
        let directory = "\(installation.dataDirectory)/images"
        guard access(directory, X_OK) == 0 || errno == ENOENT else {
            throw StartupError("only root can look into \(directory): run it with sudo")
        }
        let current = ImageStore(dataDirectory: installation.dataDirectory).current
        let agents = AgentPrograms(dataDirectory: installation.dataDirectory).current
        if parsed.has("json") {
            emit(JSON.object(["image": JSON(current), "agents": JSON(agents)]).compact + "\n", to: .output)
        } else {
            emit((current ?? "no image is built yet: run `boxd image build`") + "\n", to: .output)
            if let agents { emit("agents: \(agents)\n", to: .output) }
        }
    }

    static func check(_ parsed: ParsedCommand, _ installation: Installation) async throws {
        let check = HostCheck(configuration: installation.engine)
        // Reading the firewall's rules needs root.
        let warnings =
            check.warnings + (geteuid() == 0 ? await HostCheck.warnings(configuration: installation.engine) : [])
        if parsed.has("json") {
            func list(_ problems: [HostProblem]) -> JSON {
                .array(problems.map { ["problem": .string($0.what), "remedy": .string($0.remedy)] })
            }
            let json: JSON = [
                "ready": .bool(check.problems.isEmpty), "runtime": JSON(check.runtime?.program),
                "problems": list(check.problems), "warnings": list(warnings), "hints": list(check.hints),
            ]
            emit(json.compact + "\n", to: .output)
        } else {
            let runtime = check.runtime.map { "\($0.program): \($0.reason)" } ?? "none"
            emit(check.message.map { $0 + "\n" } ?? "this host can run boxes (OCI runtime \(runtime))\n", to: .output)
            for warning in warnings { emit("warning: \(warning)\n", to: .output) }
            for hint in check.hints { emit("hint: \(hint)\n", to: .output) }
        }
        if check.message != nil { exit(1) }
    }
}
