import Synchronization

/// Receives a body as it arrives, and records whether any of it has arrived.
final class BodySink: Sendable {
    private let onBody: @Sendable ([UInt8]) throws -> Void
    private let begun = Atomic(false)

    init(_ onBody: @escaping @Sendable ([UInt8]) throws -> Void) { self.onBody = onBody }

    var hasBegun: Bool { begun.load(ordering: .acquiring) }

    @Sendable func append(_ bytes: [UInt8]) throws {
        if bytes.isEmpty { return }
        begun.store(true, ordering: .releasing)
        try onBody(bytes)
    }
}

/// Collects bytes that arrive in pieces, up to a limit.
final class ByteCollector: Sendable {
    private let maximum: Int
    private let collected = Mutex<[UInt8]>([])

    init(maximum: Int) { self.maximum = maximum }

    var bytes: [UInt8] { collected.withLock { $0 } }

    func add(_ bytes: [UInt8]) throws {
        try collected.withLock { collected in
            guard collected.count + bytes.count <= maximum else { throw TransportError.tooLarge(maximum) }
            collected += bytes
        }
    }
}
