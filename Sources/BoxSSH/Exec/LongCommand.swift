internal import CSSH2
import Glibc

/// A command that is too long for one libssh2 packet. It is written to a file on the box, which the shell reads and
/// removes.
///
/// Standard input belongs to the command, so the command can't be sent through it. OpenSSH's client sends up to 128
/// KiB, Linux's limit for one argument of a program (execve(2)).
struct LongCommand {
    /// libssh2 sends packets of up to 35,000 bytes (transport.c, MAX_SSH_PACKET_LEN).
    static let longestRequest = 32_000

    /// The shell line that runs the command.
    let line: String

    /// Directories to try in order. The first is in memory, and the system empties the second. The file's mode is 0600.
    private static let directories = ["/dev/shm", "/tmp", "."]

    init(_ command: String, over connection: SSHConnection) throws(SSHError) {
        let name = "/.box-command-" + String(UInt64.random(in: 0 ... .max), radix: 36)
        var failure = ""
        do {
            let sftp = try SFTPClient(connection)
            for directory in Self.directories {
                do {
                    try Self.write(Array(command.utf8), to: BytePath(directory + name), sftp)
                    line = Self.line(reading: directory + name)
                    return
                } catch let error as FileFailure {
                    failure = error.reason
                }
            }
        } catch let error as SSHError {
            throw error
        } catch {
            failure = "\(error)"
        }
        throw SSHError(
            .invalidRequest,
            "the command is \(command.utf8.count) bytes long, and \(connection.target.boxID) can't take it through a file: "
                + "\(failure); send it through standard input: `box ssh \(connection.target.boxID) -- bash -s < script`"
        )
    }

    private static func write(_ bytes: [UInt8], to path: BytePath, _ sftp: SFTPClient) throws {
        let file = try sftp.now { sftp.open(path, flags: SFTPClient.createNew, mode: 0o600, $0) }
        do {
            var offset = 0
            while offset < bytes.count {
                let piece = bytes[offset..<min(offset + sftp.longestWrite, bytes.count)]
                try sftp.now { answer in
                    piece.withUnsafeBytes { sftp.write(file, path, at: UInt64(offset), $0, answer) }
                }
                offset += piece.count
            }
            try sftp.now { sftp.close(file, path, $0) }
        } catch {
            sftp.remove(path) { _ in }
            throw error
        }
    }

    /// A line that works in every login shell. The login shell reads the command itself, so that its start-up files are
    /// read only once. csh has no `$(…)`, so it is started again with the command.
    static func line(reading path: String) -> String {
        let file = RemoteCommand.quoted(path)
        let isCsh = #"case $SHELL in *csh) ;; *) exit 1; esac"#
        let again = #"c=$(cat "$1"; rm -f "$1"; echo .); exec "$SHELL" -c "${c%.}""#
        return "sh -c '\(isCsh)' && exec sh -c '\(again)' sh \(file) || eval \"$(cat \(file); rm -f \(file))\""
    }
}
