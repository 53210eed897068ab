import BoxEngine
import BoxSystem
import CLinux
import Glibc

/// Bytes that follow a request to a machine's guest program, in pieces.
struct GuestPayload: AsyncSequence, Sendable {
    /// The total size in bytes.
    let size: Int
    private let source: FileSource

    init(_ bytes: [UInt8]) { (source, size) = (.bytes(bytes), bytes.count) }

    /// - Throws: ``EngineError`` when the host's file can't be read.
    init(_ source: FileSource) throws {
        self.source = source
        switch source {
        case .bytes(let bytes): size = bytes.count
        case .file(let path):
            var status = stat()
            guard stat(path, &status) == 0 else { throw Self.unreadable(path) }
            size = Int(status.st_size)
        }
    }

    private static func unreadable(_ path: String) -> EngineError {
        EngineError(
            .failed, "a file of the server can't be read", diagnostics: "\(path): \(errnoText())")
    }

    func makeAsyncIterator() -> Iterator { Iterator(source: source) }

    struct Iterator: AsyncIteratorProtocol {
        private static let pieceSize = 256 << 10

        fileprivate let source: FileSource
        private var reader: FileReader?
        private var isDone = false

        fileprivate init(source: FileSource) { self.source = source }

        mutating func next() async throws -> [UInt8]? {
            switch source {
            case .bytes(let bytes):
                defer { isDone = true }
                return isDone ? nil : bytes
            case .file(let path):
                if reader == nil { reader = try FileReader(path) }
                return try await blocking { [reader] in try reader?.read(Self.pieceSize) }
            }
        }
    }

    /// An open file of the host.
    private final class FileReader: Sendable {
        private let path: String
        private let descriptor: Int32

        init(_ path: String) throws {
            self.path = path
            descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard descriptor >= 0 else { throw GuestPayload.unreadable(path) }
        }

        deinit { close(descriptor) }

        /// - Returns: nil at the end.
        func read(_ count: Int) throws -> [UInt8]? {
            let bytes = try [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
                used = Glibc.read(descriptor, buffer.baseAddress, count)
                if used < 0 {
                    used = 0
                    throw GuestPayload.unreadable(path)
                }
            }
            return bytes.isEmpty ? nil : bytes
        }
    }
}
