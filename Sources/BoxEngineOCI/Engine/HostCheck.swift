import BoxEngine
import BoxSystem
import CLinux
import Glibc
import HostTools

/// Whether this host can run boxes, and what the operator can do if it can't.
public struct HostCheck: Sendable {
    public typealias Problem = HostProblem

    public let problems: [Problem]
    /// Features that a host lacks although it can run boxes. None of them keeps boxd from starting.
    public let warnings: [Problem]
    /// Changes that would make boxes safer or better on this host.
    public let hints: [Problem]
    /// The OCI runtime that works on this host, and why it was chosen.
    public let runtime: (program: String, reason: String)?

    public init(configuration: OCIEngineConfiguration) {
        var problems: [Problem] = []
        runtime = Self.chooseRuntime(configuration.runtime)
        if geteuid() != 0 {
            problems.append(Problem(what: "boxd has to run as root", remedy: "start it with sudo"))
        }
        if let problem = Self.kernelProblem() { problems.append(problem) }
        if runtime == nil {
            problems.append(Problem(what: "no OCI runtime works here", remedy: "install runc: apt-get install runc"))
        }
        for (program, package) in Self.programs where HostPrograms.find(program) == nil {
            problems.append(Problem(what: "\(program) is missing", remedy: "apt-get install \(package)"))
        }
        if !HostFiles.exists(SeccompProfile.path) {
            problems.append(
                Problem(
                    what: "the seccomp profile \(SeccompProfile.path) is missing",
                    remedy: "apt-get install golang-github-containers-common"))
        }
        if !HostFiles.exists("/sys/fs/cgroup/cgroup.controllers") && !HostFiles.exists("/sys/fs/cgroup/pids") {
            problems.append(
                Problem(
                    what: "no cgroups are mounted at /sys/fs/cgroup",
                    remedy: "boot with systemd, or mount cgroup2 there"))
        }
        self.problems = problems
        warnings = Self.pythonWarning(find: HostPrograms.find).map { [$0] } ?? []
        let diskHint = ProjectQuota.hint(dataDirectory: configuration.dataDirectory)
        hints = [diskHint, HostShape.current.hint].compactMap { $0 }
    }

    /// The problems as one message, or nil when there are none.
    public var message: String? {
        guard !problems.isEmpty else { return nil }
        let lines = problems.map { "  - \($0)" }
        return "this host is not ready for boxes:\n" + lines.joined(separator: "\n")
            + "\nscripts/bootstrap installs what Debian and Ubuntu have."
    }

    /// The features that boxes lack on this host, although it can run them.
    public static func warnings(configuration: OCIEngineConfiguration) async -> [Problem] {
        let resolver = HostResolver.read()
        let firewall = HostFirewall(configuration: configuration)
        return [resolver.problem].compactMap { $0 } + (await firewall.problems(nameServers: resolver.nameServers))
    }

    /// Warns when Python can't make virtual environments, which Debian has in a separate package. A pip in such an
    /// environment fetches the agents' programs and Node.js from PyPI.
    static func pythonWarning(find: (String) -> String?) -> Problem? {
        let lost = "so images need --slim, and boxes have no agents"
        guard let python = find("python3") else {
            return Problem(what: "python3 is missing, \(lost)", remedy: "apt-get install python3-venv")
        }
        guard let resolved = realpath(python, nil) else { return nil }
        defer { free(resolved) }
        // The modules of bin/python3.11 are in lib/python3.11.
        let parts = String(cString: resolved).split(separator: "/")
        guard let name = parts.last, name.hasPrefix("python3."), parts.count >= 2 else { return nil }
        let modules = parts.dropLast(2).map { "/\($0)" }.joined() + "/lib/\(name)"
        if HostFiles.exists("\(modules)/venv/__init__.py"), HostFiles.exists("\(modules)/ensurepip/__init__.py") {
            return nil
        }
        return Problem(
            what: "\(python) can't make virtual environments, \(lost)", remedy: "apt-get install python3-venv")
    }

    private static let programs = [
        ("ip", "iproute2"), ("nft", "nftables"), ("nsenter", "util-linux"), ("cp", "coreutils"),
        ("mmdebstrap", "mmdebstrap"),
    ]

    /// Id-mapped mounts work under overlayfs since Linux 5.19.
    private static func kernelProblem() -> Problem? {
        let release = HostFiles.read("/proc/sys/kernel/osrelease") ?? ""
        let numbers = release.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        if numbers.count == 2, (numbers[0], numbers[1]) < (5, 19) {
            return Problem(what: "Linux \(numbers[0]).\(numbers[1]) is too old", remedy: "boot Linux 5.19 or later")
        }
        if clinux_find_file_system("overlay") == -ENODEV {
            return Problem(what: "overlayfs is missing", remedy: "boot a kernel that has it")
        }
        let namespace = clinux_user_namespace(0, Slots.firstIDBase, Slots.idsPerMachine)
        guard namespace >= 0 else {
            return Problem(
                what: "user namespaces can't be made (\(errnoText(-namespace)))",
                remedy: "allow them: sysctl user.max_user_namespaces=15000")
        }
        close(namespace)
        return nil
    }

    /// crun refuses hosts that mix cgroup v1 and v2; runc accepts every kind.
    private static func chooseRuntime(_ requested: String?) -> (program: String, reason: String)? {
        if let requested { return HostPrograms.find(requested).map { ($0, "it was asked for") } }
        let unified = HostFiles.exists("/sys/fs/cgroup/cgroup.controllers")
        if let runc = HostPrograms.find("runc") { return (runc, "it works with cgroup v1, v2 and both") }
        if unified, let crun = HostPrograms.find("crun") {
            return (crun, "runc is not installed and this host has cgroup v2 only")
        }
        return nil
    }
}
