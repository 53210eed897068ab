import BoxModel
import Synchronization

/// A body that is read from a file while it is sent: text with the file in base64 in the middle. Only one request at a
/// time may use it.
public final class HTTPUpload: Sendable, Equatable {
    private enum Phase {
        case before
        /// The contents, with the number of the file's bytes that were read.
        case contents(Int64)
        case ended
    }

    private struct State {
        var phase = Phase.before
        var pending: ArraySlice<UInt8> = []
    }

    /// The body's size in bytes, and so its `Content-Length`.
    public let size: Int64
    private let file: UploadFile
    private let before: [UInt8]
    private let after: [UInt8]
    private let state = Mutex(State())

    /// How many bytes are read from the file at a time: 64 KiB of base64.
    private static let chunk = 48 << 10

    init(_ file: UploadFile, before: String, after: String) {
        self.file = file
        self.before = Array(before.utf8)
        self.after = Array(after.utf8)
        size = Int64(self.before.count + self.after.count) + (file.size + 2) / 3 * 4
    }

    /// The next bytes of the body, in order; empty at its end.
    ///
    /// - Throws: ``BoxError/fileChanged(path:)`` or ``FileError``.
    public func read(atMost maximum: Int) throws -> [UInt8] {
        try state.withLock { state in
            while state.pending.isEmpty {
                guard let next = try nextPiece(&state.phase) else { return [] }
                state.pending = next[...]
            }
            defer { state.pending = state.pending.dropFirst(maximum) }
            return Array(state.pending.prefix(maximum))
        }
    }

    /// The whole body, for transports that can't stream it.
    public func readToEnd() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try read(atMost: .max)
            if piece.isEmpty { return bytes }
            bytes += piece
        }
    }

    /// Returns to the beginning, for another attempt.
    public func rewind() { state.withLock { $0 = State() } }

    private func nextPiece(_ phase: inout Phase) throws -> [UInt8]? {
        switch phase {
        case .before:
            phase = .contents(0)
            return before
        case .contents(let offset) where offset < file.size:
            let count = Int(min(Int64(Self.chunk), file.size - offset))
            let bytes = try file.read(count, at: offset)
            phase = .contents(offset + Int64(count))
            return Array(Base64.encode(bytes).utf8)
        case .contents:
            // Before the end of the body is sent, so that the server never gets a changed file that looks complete.
            try file.checkUnchanged()
            phase = .ended
            return after
        case .ended: return nil
        }
    }

    /// Whether they are the same object, since reading changes its state.
    public static func == (left: HTTPUpload, right: HTTPUpload) -> Bool { left === right }
}
