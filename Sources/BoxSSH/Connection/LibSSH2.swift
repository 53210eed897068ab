internal import CKeyStream
internal import CSSH2
import Glibc

/// The library's global state. libssh2_init(3) isn't thread-safe, so it is called only here.
enum LibSSH2 {
    /// The result of libssh2_init. Swift runs a static initialiser once, whichever thread reads it first.
    static let initialised: Int32 = {
        // libssh2 1.11 has AES-GCM, which needs no help. Before it, this makes AES-CTR faster; a failure needs no report.
        if libssh2_version(0x01_0B_00) == nil { _ = box_keystream_install() }
        return libssh2_init(0)
    }()

    static let wouldBlock = Int(LIBSSH2_ERROR_EAGAIN)

    /// The last error's text, or nil. It comes from the library or the server, so control characters are escaped.
    static func lastError(_ session: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        var length: Int32 = 0
        _ = libssh2_session_last_error(session, &text, &length, 0)
        guard let text, length > 0 else { return nil }
        return displayText(UnsafeRawBufferPointer(start: text, count: Int(length)))
    }
}
