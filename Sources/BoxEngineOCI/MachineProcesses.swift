import Glibc

/// The processes of a running machine, seen from the host.
struct MachineProcesses: Sendable {
    /// The machine's first process, and when it started: a process id alone may have gone to another process since.
    let first: pid_t
    let startTime: UInt64

    /// - Returns: nil when there is no such process.
    init?(first: pid_t) {
        guard let status = ProcessStatus(of: first), status.state != "Z" else { return nil }
        self.first = first
        startTime = status.startTime
    }

    var isAlive: Bool {
        guard let status = ProcessStatus(of: first) else { return false }
        return status.startTime == startTime && status.state != "Z"
    }

    /// Asks everything but the machine's init and its sshd to end, waits up to `grace` seconds for that, then kills init,
    /// with which the kernel ends whatever is left.
    func end(grace: Double) async {
        let deadline = ContinuousClock.now + .seconds(grace)
        for process in others() { kill(process, SIGTERM) }
        while !others().isEmpty, isAlive, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(5))
        }
        guard isAlive else { return }
        kill(first, SIGKILL)
        // The kernel may need a moment to tear down a large process; there is nothing else to do meanwhile.
        while isAlive { try? await Task.sleep(for: .milliseconds(2)) }
    }

    /// Every process but init and the listening sshd, which is init's first child.
    private func others() -> [pid_t] {
        let children = (HostFiles.read("/proc/\(first)/task/\(first)/children") ?? "").split(separator: " ")
        let listener = children.lazy.compactMap { pid_t($0) }.first { ProcessStatus(of: $0)?.name == "sshd" }
        return cgroupMembers().filter { $0 != first && $0 != listener && ProcessStatus(of: $0)?.state != "Z" }
    }

    private func cgroupMembers() -> [pid_t] {
        for line in (HostFiles.read("/proc/\(first)/cgroup") ?? "").split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, fields[2].hasPrefix("/boxd/") else { continue }
            let folder: String
            switch fields[1] {
            case "pids": folder = "/sys/fs/cgroup/pids"
            case "": folder = HostFiles.exists("/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup"
            default: continue
            }
            let members = HostFiles.read("\(folder)\(fields[2])/cgroup.procs") ?? ""
            return members.split(separator: "\n").compactMap { pid_t($0) }
        }
        return []
    }
}

/// The parts of `/proc/<pid>/stat` that matter here. See proc(5).
struct ProcessStatus {
    let name: Substring
    let state: Substring
    /// In clock ticks since boot.
    let startTime: UInt64

    init?(of process: pid_t) {
        guard let text = HostFiles.read("/proc/\(process)/stat"), let open = text.firstIndex(of: "("),
            let close = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        // Field 22 of the line; the first two are in front of the closing parenthesis.
        guard fields.count > 19, let ticks = UInt64(fields[19]) else { return nil }
        name = text[text.index(after: open)..<close]
        state = fields[0]
        startTime = ticks
    }
}
