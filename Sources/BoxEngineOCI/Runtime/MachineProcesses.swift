import BoxEngine
import BoxSystem
import CLinux
import Glibc

/// The processes of a running machine, seen from the host.
///
/// It holds a descriptor of the first process. So checking that it lives opens nothing, and a later process with the
/// same number isn't mistaken for it.
final class MachineProcesses: Sendable {
    let first: pid_t
    let freezes = FreezeClock()
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

    /// Whether the first process, and so the machine, still runs. A zombie has ended.
    var isAlive: Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) == 0
    }

    /// Ends the machine. Everything but its init and its sshd is asked to end and may take as long as `grace` allows.
    /// Then init is killed, with which the kernel ends all other processes, and may take up to `timeout`.
    ///
    /// - Returns: whether the machine has ended. A frozen one doesn't end.
    /// - Throws: `CancellationError` when the grace was abandoned.
    func end(grace: StopGrace, timeout: Duration = .seconds(10)) async throws -> Bool {
        let terminating = grace.duration > .zero ? others() : []
        if !terminating.isEmpty {
            terminate(terminating)
            await wait {
                grace.isAbandoned ? .zero : grace.duration
            } or: {
                !self.hasOthers()
            }
            guard !grace.isAbandoned else { throw CancellationError() }
        }
        _ = clinux_signal(descriptor, SIGKILL)
        await wait {
            timeout
        } or: {
            false
        }
        return !isAlive
    }

    /// Waits until the machine has ended or `condition` holds. It polls often at first, because most machines end
    /// quickly.
    private func wait(upTo time: () -> Duration, or condition: () -> Bool) async {
        let began = ContinuousClock.now
        while isAlive, !condition() {
            let elapsed = ContinuousClock.now - began
            guard elapsed < time() else { return }
            try? await Task.sleep(for: min(max(.milliseconds(2), elapsed / 20), .milliseconds(100)))
        }
    }

    /// Sends SIGTERM, as every service manager does. An interactive shell ignores it, so the leader of a terminal's
    /// session also gets SIGHUP, as when a terminal is closed. SIGCONT lets stopped processes handle both.
    private func terminate(_ processes: [pid_t]) {
        // A number may belong to another process when the descriptor is opened. Such a process either isn't in the
        // machine's cgroup, or may be signalled because it is.
        let descriptors = processes.map { (process: $0, descriptor: clinux_process_descriptor($0)) }
            .filter { $0.descriptor >= 0 }
        defer { for (_, descriptor) in descriptors { close(descriptor) } }
        let members = Set(cgroupMembers())
        for (process, descriptor) in descriptors where members.contains(process) {
            _ = clinux_signal(descriptor, SIGTERM)
            if ProcessStatus(of: process)?.leadsTerminal == true { _ = clinux_signal(descriptor, SIGHUP) }
            _ = clinux_signal(descriptor, SIGCONT)
        }
    }

    /// Every process except init and the listening sshd, which is a child of init.
    private func others() -> [pid_t] { cgroupMembers().filter(isOther(than: listener())) }

    /// Whether there is such a process. It reads no more than necessary, because a box can have thousands.
    private func hasOthers() -> Bool { cgroupMembers().contains(where: isOther(than: listener())) }

    private func listener() -> pid_t? {
        let children = (HostFiles.read("/proc/\(first)/task/\(first)/children") ?? "").split(separator: " ")
        return children.lazy.compactMap { pid_t($0) }.first { ProcessStatus(of: $0)?.name == "sshd" }
    }

    private func isOther(than listener: pid_t?) -> (pid_t) -> Bool {
        { [first] in $0 != first && $0 != listener && ProcessStatus(of: $0)?.state != "Z" }
    }

    func cgroupMembers() -> [pid_t] {
        for line in (HostFiles.read("/proc/\(first)/cgroup") ?? "").split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, fields[2].hasPrefix("/boxd/") else { continue }
            let directory: String
            switch fields[1] {
            case "pids": directory = "/sys/fs/cgroup/pids"
            case "":
                directory = HostFiles.exists("/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup"
            default: continue
            }
            let members = HostFiles.read("\(directory)\(fields[2])/cgroup.procs") ?? ""
            return members.split(separator: "\n").compactMap { pid_t($0) }
        }
        return []
    }
}
