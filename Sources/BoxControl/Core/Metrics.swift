import Synchronization

/// What boxd counts for whoever runs it. Labels are methods, route templates and statuses: never an account, an id or a path.
package final class Metrics: Sendable {
    package struct Route: Hashable {
        package let method: String
        /// As declared, such as `/api/box/v1/boxes/{id}`.
        package let template: String
        package let status: Int

        package init(method: String, template: String, status: Int) {
            (self.method, self.template, self.status) = (method, template, status)
        }
    }

    package struct Operation: Hashable {
        package let name: String
        package let succeeded: Bool
    }

    package struct Counts: Sendable {
        package var requests: [Route: Int] = [:]
        /// Seconds until an answer began, by route template.
        package var latencies: [String: Histogram] = [:]
        /// Seconds that the engine took.
        package var operations: [Operation: Histogram] = [:]
        package var openConnections = 0
        package var acceptedConnections = 0
        package var droppedConnections = 0
    }

    private let counts = Mutex(Counts())

    package init() {}

    package var snapshot: Counts { counts.withLock { $0 } }

    package func count(_ route: Route, seconds: Double) {
        counts.withLock { counts in
            counts.requests[route, default: 0] += 1
            counts.latencies[route.template, default: Histogram(Histogram.requests)].add(seconds)
        }
    }

    package func connectionOpened() {
        counts.withLock { counts in
            counts.openConnections += 1
            counts.acceptedConnections += 1
        }
    }

    /// One without a key was closed, because there were too many.
    package func connectionDropped() { counts.withLock { $0.droppedConnections += 1 } }

    package func connectionClosed() { counts.withLock { $0.openConnections -= 1 } }

    /// Does something with a machine, and counts it.
    package func operation<Value: Sendable>(_ name: String, _ work: @Sendable () async throws -> Value) async throws
        -> Value
    {
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
package struct Histogram: Sendable, Equatable {
    /// In seconds. An event follower waits up to half a minute, and a command up to ten.
    package static let requests: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600,
    ]
    package static let machines: [Double] = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

    package let bounds: [Double]
    /// Of values above the bound before and up to this one; the last is of those above all.
    private var counts: [Int]
    package private(set) var sum = 0.0

    package init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    package var count: Int { counts.reduce(0, +) }
    /// Of values up to each bound, the last for no bound.
    package var cumulative: [Int] {
        var total = 0
        return counts.map { count in
            total += count
            return total
        }
    }

    package mutating func add(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}
