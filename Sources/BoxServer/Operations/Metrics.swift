import Synchronization

/// What boxd counts for whoever runs it. Labels are methods, route templates and statuses: never an account, an id or a path.
final class Metrics: Sendable {
    struct Route: Hashable {
        let method: String
        /// As declared, such as `/api/box/v1/boxes/{id}`.
        let template: String
        let status: Int
    }

    struct Operation: Hashable {
        let name: String
        let succeeded: Bool
    }

    struct Counts: Sendable {
        var requests: [Route: Int] = [:]
        /// Seconds until an answer began, by route template.
        var latencies: [String: Histogram] = [:]
        /// Seconds that the engine took.
        var operations: [Operation: Histogram] = [:]
        var openConnections = 0
        var acceptedConnections = 0
        var droppedConnections = 0
    }

    private let counts = Mutex(Counts())

    var snapshot: Counts { counts.withLock { $0 } }

    func count(_ route: Route, seconds: Double) {
        counts.withLock { counts in
            counts.requests[route, default: 0] += 1
            counts.latencies[route.template, default: Histogram(Histogram.requests)].add(seconds)
        }
    }

    func connectionOpened() {
        counts.withLock { counts in
            counts.openConnections += 1
            counts.acceptedConnections += 1
        }
    }

    /// One without a key was closed, because there were too many.
    func connectionDropped() { counts.withLock { $0.droppedConnections += 1 } }

    func connectionClosed() { counts.withLock { $0.openConnections -= 1 } }

    /// Does something with a machine, and counts it.
    func operation<Value: Sendable>(_ name: String, _ work: @Sendable () async throws -> Value) async throws -> Value {
        let began = ContinuousClock.now
        var succeeded = false
        defer {
            let seconds = (ContinuousClock.now - began) / .seconds(1)
            let operation = Operation(name: name, succeeded: succeeded)
            counts.withLock { $0.operations[operation, default: Histogram(Histogram.machines)].add(seconds) }
        }
        let value = try await work()
        succeeded = true
        return value
    }
}

/// How many values are at most as large as each bound.
struct Histogram: Sendable, Equatable {
    /// In seconds. An event follower waits up to half a minute, and a command up to ten.
    static let requests: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600,
    ]
    static let machines: [Double] = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

    let bounds: [Double]
    /// Of values above the bound before and up to this one; the last is of those above all.
    private var counts: [Int]
    private(set) var sum = 0.0

    init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    var count: Int { counts.reduce(0, +) }
    /// Of values up to each bound, the last for no bound.
    var cumulative: [Int] {
        var total = 0
        return counts.map { count in
            total += count
            return total
        }
    }

    mutating func add(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
