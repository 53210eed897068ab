import BoxModel
import Synchronization

/// A body that is read from a file while it is sent, by one request at a time: text with the file in base64 in the middle.
public final class HTTPUpload: Sendable, Equatable {
    private enum Phase {
        case before
        /// With how many bytes of the file are read.
        case contents(Int64)
        case ended
    }

    private struct State {
        var phase = Phase.before
        var pending: ArraySlice<UInt8> = []
    }

    /// The body's size in bytes, which is its `Content-Length`.
    public let size: Int64
    private let file: UploadFile
    private let before: [UInt8]
    private let after: [UInt8]
    private let state = Mutex(State())

    /// Read from the file at a time: 64 KiB of base64.
    private static let chunk = 48 << 10

    init(_ file: UploadFile, before: String, after: String) {
        self.file = file
        self.before = Array(before.utf8)
        self.after = Array(after.utf8)
        size = Int64(self.before.count + self.after.count) + (file.size + 2) / 3 * 4
    }

    /// The next bytes of the body, in order; none at its end.
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

    /// All of the body, for transports that can't send it while it is read.
    public func readToEnd() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try read(atMost: .max)
            if piece.isEmpty { return bytes }
            bytes += piece
        }
    }

    /// Back to the beginning, for another try.
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
            // Before the end of the body goes out, so that the server never gets one that looks whole.
            try file.checkUnchanged()
            phase = .ended
            return after
        case .ended: return nil
        }
    }

    /// Whether they are the same body, read by whoever reads first.
    public static func == (left: HTTPUpload, right: HTTPUpload) -> Bool { left === right }
}
