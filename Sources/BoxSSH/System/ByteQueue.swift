/// A first-in, first-out queue of bytes to write, in one reused buffer.
struct ByteQueue {
    private var storage: [UInt8] = []
    private var head = 0
    private var tail = 0

    var count: Int { tail - head }
    var isEmpty: Bool { head == tail }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        makeRoom(bytes.count)
        storage.withUnsafeMutableBytes { ($0.baseAddress! + tail).copyMemory(from: source, byteCount: bytes.count) }
        tail += bytes.count
    }

    /// Lets `fill` write up to `limit` bytes at the end. `fill` returns how many it wrote, or a negative error.
    mutating func fill(limit: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        makeRoom(limit)
        let count = storage.withUnsafeMutableBytes { all in
            fill(UnsafeMutableRawBufferPointer(rebasing: all[tail..<tail + limit]))
        }
        if count > 0 { tail += count }
        return count
    }

    /// Passes the waiting bytes to `read`, which returns how many it consumed, or a negative error.
    mutating func consume(_ read: (UnsafeRawBufferPointer) throws -> Int) rethrows -> Int {
        let consumed = try storage.withUnsafeBytes { try read(UnsafeRawBufferPointer(rebasing: $0[head..<tail])) }
        if consumed > 0 { head += consumed }
        if isEmpty { removeAll() }
        return consumed
    }

    mutating func removeAll() {
        head = 0
        tail = 0
    }

    private mutating func makeRoom(_ needed: Int) {
        guard storage.count - tail < needed else { return }
        let waiting = count
        if storage.count - waiting < needed {
            var larger = [UInt8](repeating: 0, count: max(waiting + needed, storage.count * 2))
            larger.withUnsafeMutableBytes { new in
                storage.withUnsafeBytes { new.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[head..<tail])) }
            }
            storage = larger
        } else {
            storage.withUnsafeMutableBytes { all in
                all.baseAddress!.copyMemory(from: all.baseAddress! + head, byteCount: waiting)
            }
        }
        head = 0
        tail = waiting
    }
}
