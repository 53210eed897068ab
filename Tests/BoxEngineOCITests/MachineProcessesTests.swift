import BoxEngine
import BoxSystem
import Glibc
import Testing

@testable import BoxEngineOCI

struct MachineProcessesTests {
    @Test func thisProcessIsFound() throws {
        let status = try #require(ProcessStatus(of: getpid()))
        #expect(["R", "S", "D"].contains(status.state))
    }

    @Test(arguments: [
        "plain", "with space", "a) R 1 (b", "((((", "))))", ") Z 0 0 0", "1 2 3 4 5", "naïve", ")", "a\nb",
    ])
    func aNameCannotDisguiseTheOtherFields(_ name: String) throws {
        let scratch = try TestDirectory()
        defer { scratch.remove() }
        let sleeper = try Sleeper(named: name, in: scratch)
        defer {
            sleeper.kill()
            sleeper.reap()
        }
        let status = try #require(ProcessStatus(of: sleeper.process))
        #expect(status.name == name)
        #expect(["R", "S", "D"].contains(status.state), "\(status.state)")
    }

    @Test(arguments: [0, -1, .max] as [pid_t])
    func thereIsNoSuchProcess(_ process: pid_t) {
        #expect(ProcessStatus(of: process) == nil)
        #expect(MachineProcesses(first: process) == nil)
    }

    @Test func aDeadProcessIsNotAliveEvenWhileNobodyReapedIt() async throws {
        let scratch = try TestDirectory()
        defer { scratch.remove() }
        let sleeper = try Sleeper(named: "sleeper", in: scratch)
        let processes = try #require(MachineProcesses(first: sleeper.process))
        #expect(processes.isAlive)
        // This ends the process at once: it has no cgroup of a box, so no other process is asked to end.
        #expect(try await processes.end(grace: StopGrace(.seconds(5))))
        #expect(!processes.isAlive)
        #expect(MachineProcesses(first: sleeper.process) == nil, "a zombie")
        sleeper.reap()
        #expect(!processes.isAlive)
    }
}
