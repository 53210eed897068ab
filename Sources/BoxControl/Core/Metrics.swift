import Synchronization

/// boxd's counters for the operator. Labels are methods, route templates and statuses: never an account, an id or a
/// path.
package final class Metrics: Sendable {
    package struct Route: Hashable {
        package let method: String
        /// The template as declared, such as `/api/box/v1/boxes/{id}`.
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
        /// Seconds until the first byte of a response, by route template.
        package var latencies: [String: Histogram] = [:]
        /// Seconds of each engine operation.
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

    /// Counts an unauthenticated connection that was closed because there were too many.
    package func connectionDropped() { counts.withLock { $0.droppedConnections += 1 } }

    package func connectionClosed() { counts.withLock { $0.openConnections -= 1 } }

    /// Runs and counts an operation of the engine.
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

/// A histogram: the number of values up to each bound.
package struct Histogram: Sendable, Equatable {
    /// In seconds. A follower of events waits up to half a minute, and a command runs up to ten minutes.
    package static let requests: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600,
    ]
    package static let machines: [Double] = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

    package let bounds: [Double]
    /// The values above the previous bound and up to this one. The last count is of those above all bounds.
    private var counts: [Int]
    package private(set) var sum = 0.0

    package init(_ bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    package var count: Int { counts.reduce(0, +) }
    /// The values up to each bound. The last count is of all values.
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
