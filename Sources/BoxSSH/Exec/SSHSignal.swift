internal import CSSH2
import Glibc

extension SSHConnection {
    /// Sends a signal to the process groups of this connection's other commands. Returns whether that succeeded, not
    /// what the processes did.
    ///
    /// libssh2 1.10 can't send a signal request (RFC 4254, section 6.9), so a command sends the signal. sshd starts
    /// each command as a session leader, with the connection's process as its parent.
    func passOn(_ signal: Int32) -> Bool {
        let names = [SIGINT: "INT", SIGTERM: "TERM", SIGHUP: "HUP", SIGQUIT: "QUIT"]
        guard let name = names[signal] else { return false }
        let outer = interruptions
        interruptions = nil
        defer { interruptions = outer }
        let deadline = WaitLimit.until(monotonicSeconds() + 3)
        guard let channel = try? openChannel(deadline) else { return false }
        defer { closeChannel(channel) }
        let command = "for p in $(pgrep -P $PPID); do [ $p = $$ ] || kill -\(name) -- -$p; done"
        let started = try? drive(deadline) {
            Int(libssh2_channel_process_startup(channel, "exec", 4, command, UInt32(command.utf8.count)))
        }
        guard started == 0 else { return false }
        _ = try? drive(deadline) { Int(libssh2_channel_wait_eof(channel)) }
        _ = try? drive(deadline) { Int(libssh2_channel_close(channel)) }
        return libssh2_channel_get_exit_status(channel) == 0
    }
}
