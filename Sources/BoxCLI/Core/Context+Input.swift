import BoxClient
import Glibc

extension Context {
    /// The bytes of a local file, or of standard input for nil or `-`.
    ///
    /// - Parameters:
    ///   - maximum: in bytes, whole KiB.
    ///   - advice: what the user can do with more bytes.
    func readInput(_ path: String?, maximum: Int, advice: String) throws -> [UInt8] {
        do {
            guard let path, path != "-" else { return try dependencies.input.readToEnd(maximum: maximum) }
            guard let bytes = try Files.read(path, maximum: maximum) else { throw Self.noFile(path) }
            return bytes
        } catch let error as FileError where error.code == EFBIG {
            throw Self.tooLarge(error.path, maximum: maximum, advice: advice)
        }
    }

    /// The same input as a file that can be streamed; nil when it isn't a regular file.
    func regularInput(_ path: String?, maximum: Int, advice: String) throws -> UploadFile? {
        var file: UploadFile?
        if let path, path != "-" {
            guard access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR) else { throw Self.noFile(path) }
            file = try UploadFile(path: path)
        } else {
            file = dependencies.input.regularFile()
        }
        if let file, file.size > maximum { throw Self.tooLarge(file.path, maximum: maximum, advice: advice) }
        return file
    }

    private static func noFile(_ path: String) -> CommandError {
        CommandError("there is no file \(path). check the path")
    }

    private static func tooLarge(_ path: String, maximum: Int, advice: String) -> CommandError {
        let limit = maximum < 1 << 20 ? "\(maximum >> 10) KiB" : "\(maximum >> 20) MiB"
        return CommandError("\(path) has more than \(limit). \(advice)")
    }

    /// The same input as text, which secrets must be.
    func readText(_ path: String?, maximum: Int, advice: String) throws -> String {
        let bytes = try readInput(path, maximum: maximum, advice: advice)
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw CommandError(
                "\(path.map { $0 == "-" ? "standard input" : $0 } ?? "standard input") is text in UTF-16. save it as UTF-8, "
                    + "or convert it with `iconv -f UTF-16 -t UTF-8`")
        }
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw CommandError(
                "\(path ?? "standard input") is not text in UTF-8. encode it first, for example with base64")
        }
        return text
    }
}
