import Glibc

/// Descriptors 0, 1 and 2 as every later part of the process may take them for granted.
public enum StandardDescriptors {
    /// Opens /dev/null on those that are closed. Call it before anything else opens a descriptor: the runtime's own
    /// would get the free number, and output would go into it.
    ///
    /// A missing stdout is opened for reading, so that what is written to it fails and isn't lost in silence.
    public static func openMissing() {
        // open(2) takes the lowest free number, which is the one at hand since those below it are open.
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
