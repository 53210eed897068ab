import BoxSystem
import Glibc

/// A file of CA certificates in PEM.
public enum CAFile {
    /// - Throws: ``BoxError/unusableCAFile(path:reason:)`` when the file is missing, can't be read, or contains no
    ///   certificate. libcurl would report only a general error.
    public static func check(_ path: String) throws(BoxError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            throw BoxError.unusableCAFile(path: path, reason: errnoText())
        }
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
            throw BoxError.unusableCAFile(path: path, reason: "it is no regular file")
        }
        guard holdsCertificate(descriptor) else {
            throw BoxError.unusableCAFile(
                path: path, reason: "it holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----")
        }
    }

    /// Whether a line starts a certificate. Most files have one in their first lines.
    private static func holdsCertificate(_ descriptor: Int32) -> Bool {
        var rest: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            rest += buffer[..<max(count, 0)]
            let lines = rest.split(separator: 0x0A, omittingEmptySubsequences: false)
            if lines.contains(where: beginsCertificate) { return true }
            if count <= 0 { return false }
            // This may be the start of a longer line.
            rest = Array(lines.last?.prefix(64) ?? [])
        }
    }

    /// The headers that OpenSSL accepts (pem.h).
    private static func beginsCertificate(_ line: ArraySlice<UInt8>) -> Bool {
        ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"].contains {
            line.starts(with: "-----BEGIN \($0)-----".utf8)
        }
    }
}
