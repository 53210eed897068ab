import CLinux
import Glibc

/// The processes of a running machine, seen from the host.
///
/// Holds a descriptor of the first one: that it lives is then known without opening anything, and no other process that came to
/// have its number since is taken for it.
final class MachineProcesses: Sendable {
    let first: pid_t
    private let descriptor: Int32

    /// - Returns: nil when there is no such process.
    init?(first: pid_t) {
        descriptor = clinux_process_descriptor(first)
        self.first = first
        guard descriptor >= 0 else { return nil }
        guard isAlive else {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }

    /// Whether the first process, and so the machine, hasn't ended. A zombie has.
    var isAlive: Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) == 0
    }

    /// Asks everything but the machine's init and its sshd to end and waits up to `grace` seconds for that; then kills init, with
    /// which the kernel ends whatever is left, and waits up to `patience` seconds.
    ///
    /// - Returns: whether the machine has ended. A frozen one doesn't.
    func end(grace: Double, patience: Double = 10) async -> Bool {
        if grace > 0 {
            for process in others() { kill(process, SIGTERM) }
            await wait(upTo: grace, or: { self.others().isEmpty })
        }
        _ = clinux_signal(descriptor, SIGKILL)
        await wait(upTo: patience, or: { false })
        return !isAlive
    }

    /// Waits until the machine has ended or what is asked holds.
    private func wait(upTo seconds: Double, or condition: () -> Bool) async {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while isAlive, !condition(), ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(2))
        }
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

    init?(of process: pid_t) {
        guard let text = HostFiles.read("/proc/\(process)/stat"), let open = text.firstIndex(of: "("),
            let close = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard let state = fields.first else { return nil }
        name = text[text.index(after: open)..<close]
        self.state = state
    }
}
