import Glibc

/// Makes sure that descriptors 0, 1 and 2 are open.
public enum StandardDescriptors {
    /// Opens /dev/null on those that are closed. Call it before anything else opens a descriptor. Otherwise a
    /// descriptor of the runtime would get the free number, and output would go into it.
    ///
    /// A missing stdout is opened for reading, so that writes to it fail and aren't silently lost.
    public static func openMissing() {
        // open(2) returns the lowest free number. That is this one, since those below it are open.
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
