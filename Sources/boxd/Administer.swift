import BoxArguments
import BoxEngineOCI
import BoxModel
import BoxServer
import BoxStore
import Glibc

extension Boxd {
    static func buildImage(_ parsed: ParsedCommand, _ place: Place) async throws {
        try place.prepare(hasBoxes: false)
        let images = ImageStore(dataDirectory: place.dataDirectory)
        if parsed.has("if-missing"), images.isUpToDate, let current = images.current {
            say("the image \(current) is there\n", to: .error)
        } else {
            say("building the image; this takes about a minute\n", to: .error)
            let name = try await images.build(
                mirror: parsed.value("mirror"), include: parsed.values("include"), isSlim: parsed.has("slim"))
            say("built the image \(name)\n", to: .error)
        }
        if parsed.value("with") == "agents" { try await installAgents(place, ifMissing: parsed.has("if-missing")) }
    }

    private static func installAgents(_ place: Place, ifMissing: Bool) async throws {
        let programs = AgentPrograms(dataDirectory: place.dataDirectory)
        if !ifMissing || !programs.areInstalled {
            say("fetching the agents' programs; this takes about a minute\n", to: .error)
            try await programs.install()
        }
        say("the agents are there: \(programs.current ?? "")\n", to: .error)
    }

    static func imageStatus(_ parsed: ParsedCommand, _ place: Place) throws {
        let directory = "\(place.dataDirectory)/images"
        guard access(directory, X_OK) == 0 || errno == ENOENT else {
            throw StartupError("only root can look into \(directory): run it with sudo")
        }
        let current = ImageStore(dataDirectory: place.dataDirectory).current
        let agents = AgentPrograms(dataDirectory: place.dataDirectory).current
        if parsed.has("json") {
            say(JSON.object(["image": JSON(current), "agents": JSON(agents)]).compact + "\n", to: .output)
        } else {
            say((current ?? "no image is built yet: run `boxd image build`") + "\n", to: .output)
            if let agents { say("agents: \(agents)\n", to: .output) }
        }
    }

    static func check(_ parsed: ParsedCommand, _ place: Place) async throws {
        let check = HostCheck(configuration: place.engine)
        // Reading the firewall's rules needs root.
        let warnings = check.warnings + (geteuid() == 0 ? await HostCheck.warnings(configuration: place.engine) : [])
        if parsed.has("json") {
            func list(_ problems: [HostProblem]) -> JSON {
                .array(problems.map { ["problem": .string($0.what), "remedy": .string($0.remedy)] })
            }
            let json: JSON = [
                "ready": .bool(check.problems.isEmpty), "runtime": JSON(check.runtime?.program),
                "problems": list(check.problems), "warnings": list(warnings), "hints": list(check.hints),
            ]
            say(json.compact + "\n", to: .output)
        } else {
            let runtime = check.runtime.map { "\($0.program): \($0.reason)" } ?? "none"
            say(check.message.map { $0 + "\n" } ?? "this host can run boxes (OCI runtime \(runtime))\n", to: .output)
            for warning in warnings { say("warning: \(warning)\n", to: .output) }
            for hint in check.hints { say("hint: \(hint)\n", to: .output) }
        }
        if check.message != nil { exit(1) }
    }
}
