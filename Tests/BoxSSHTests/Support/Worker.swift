import Glibc

/// Runs work on its own thread, because these tests block and Swift's pool has only one thread per core.
final class Worker<Value: Sendable>: @unchecked Sendable {
    private let body: @Sendable () -> Value
    // Written by the thread before it ends, and read only after join.
    private var value: Value?
    private var thread = pthread_t()

    init(_ body: @escaping @Sendable () -> Value) {
        self.body = body
        let code = pthread_create(
            &thread, nil,
            { context in
                let worker = Unmanaged<AnyObject>.fromOpaque(context!).takeRetainedValue() as! any Runnable
                worker.run()
                return nil
            }, Unmanaged.passRetained(self as AnyObject).toOpaque())
        precondition(code == 0)
    }

    func join() -> Value {
        pthread_join(thread, nil)
        return value!
    }
}

private protocol Runnable: AnyObject { func run() }

extension Worker: Runnable {
    func run() { value = body() }
}

/// A child process.
struct Child: Sendable {
    let pid: pid_t

    /// Waits for the exit code, or 128 plus the signal's number.
    @discardableResult
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f)
    }
}

/// Starts a program in its own session, with only these descriptors.
func spawn(_ arguments: [String], stdin: Int32? = nil, stdout: Int32? = nil, stderr: Int32? = nil) -> Child {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (fd, given) in [(Int32(0), stdin), (1, stdout), (2, stderr)] {
        if let given {
            posix_spawn_file_actions_adddup2(&actions, given, fd)
        } else {
            posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0)
        }
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // A session under test ignores SIGPIPE in the whole process, but children start with the default.
    var signals = sigset_t()
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    let newSession: Int16 = 0x80  // POSIX_SPAWN_SETSID, which GNU sources only declare.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF) | newSession)
    var argv = arguments.map { strdup($0) } + [nil]
    defer { argv.forEach { free($0) } }
    var pid: pid_t = 0
    precondition(
        posix_spawn(&pid, arguments[0], &actions, &attributes, &argv, environ) == 0, "can't start \(arguments[0])")
    return Child(pid: pid)
}

/// A program's standard output, with its standard error if requested.
func output(of arguments: [String], withErrors: Bool = false) -> String {
    let ends = makePipe()
    let child = spawn(arguments, stdout: ends.write, stderr: withErrors ? ends.write : nil)
    close(ends.write)
    let bytes = readEverything(ends.read)
    close(ends.read)
    child.wait()
    return String(decoding: bytes, as: UTF8.self)
}
