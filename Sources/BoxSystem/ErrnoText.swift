import Glibc

/// The system's text for a number of errno(3), such as `No such file or directory`.
package func errnoText(_ code: Int32 = errno) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    // POSIX's function, unlike strerror(3), is safe beside other threads.
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
