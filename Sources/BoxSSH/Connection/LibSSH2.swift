internal import CKeyStream
internal import CSSH2
import Glibc

/// The library's global state: libssh2_init(3) isn't thread-safe, so it is called here and nowhere else.
enum LibSSH2 {
    /// libssh2_init's result; Swift runs a static initialiser once, whichever threads ask.
    static let initialised: Int32 = {
        // Faster where it can be had, and nothing to tell where it can't.
        _ = box_keystream_install()
        return libssh2_init(0)
    }()

    static let wouldBlock = Int(LIBSSH2_ERROR_EAGAIN)

    /// The last error's text, or nil. The text comes from the library or the server: control characters are escaped.
    static func lastError(_ session: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        var length: Int32 = 0
        _ = libssh2_session_last_error(session, &text, &length, 0)
        guard let text, length > 0 else { return nil }
        return displayText(UnsafeRawBufferPointer(start: text, count: Int(length)))
    }
}
