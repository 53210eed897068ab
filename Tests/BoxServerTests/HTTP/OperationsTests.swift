import BoxEngine
import BoxModel
import HTTPTypes
import Logging
import Synchronization
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// The operator's interfaces: readiness, metrics and the log.
struct OperationsTests {
    @Test func readinessFollowsBoxdsLife() async throws {
        try await withServer { api async throws in
            for (phase, status, reason) in [
                (Readiness.Phase.starting, 503, "boxd is starting"), (.ready, 200, nil),
                (.stopping, 503, "boxd is stopping"),
            ] as [(Readiness.Phase, Int, String?)] {
                api.server.readiness.set(phase)
                let answer = try await api.raw(.get, "/readyz")
                #expect(answer.status == status)
                #expect(answer.json["ok"] == .bool(reason == nil))
                #expect(answer.json["reason"] == reason.map { .string($0) })
            }
            #expect(try await api.raw(.get, "/healthz").status == 200, "it is there, also while it stops")
        }
    }

    @Test func aServerThatServesIsReady() async throws {
        try await withServer { api async throws in
            #expect(try await api.raw(.get, "/readyz").text == #"{"ok":true}"#)
        }
    }

    @Test func withoutItsWallsAServerIsNotReady() async throws {
        try await withServer { api async throws in
            var walls = NetworkWalls()
            walls.areUp = false
            walls.restorations = 3
            await api.engine.books.setNetworkWalls(walls)
            let answer = try await api.raw(.get, "/readyz")
            #expect(answer.status == 503 && answer.json["reason"] == "the firewall rules around boxes are missing")
            let metrics = try await metrics(api)
            #expect(metrics.contains("boxd_network_rules_up 0\n"))
            #expect(metrics.contains("boxd_network_rules_restored_total 3\n"))
        }
    }

    @Test func metricsAreForThisMachineAndForThoseWithAKey() async throws {
        try await withServer { api async throws in
            #expect(try await api.raw(.get, "/metrics").status == 200)
            for name in ["Forwarded", "X-Forwarded-For", "X-Real-IP", "x-forwarded-for", "Via"] {
                let proxied = try await api.raw(.get, "/metrics", headers: [name: "127.0.0.1"])
                #expect(proxied.status == 401, "\(name)")
                #expect(proxied.code == "unauthorized")
                let wrong = try await api.raw(
                    .get, "/metrics", headers: [name: "127.0.0.1", "Authorization": "Bearer box_0"])
                #expect(wrong.status == 401)
                let headers = [name: "192.0.2.1", "Authorization": "Bearer \(api.secret)"]
                #expect(try await api.raw(.get, "/metrics", headers: headers).status == 200)
            }
        }
    }

    private func metrics(_ api: API) async throws -> String {
        let answer = try await api.raw(.get, "/metrics", headers: ["Authorization": "Bearer \(api.secret)"])
        #expect(answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
        return answer.text
    }

    @Test func metricsCountWhatHappens() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            _ = try await api.archived()
            _ = try await api.get("/boxes/\(id)?secret=hidden")
            _ = try await api.get("/boxes/bx_22222222")
            _ = try await api.get("/nothing/\(id)")
            await api.engine.fail(.start, with: EngineError(.failed, "no"))
            _ = try await api.create()
            await api.settle()
            let text = try await metrics(api)
            for line in [
                "# TYPE boxd_http_requests_total counter", "# TYPE boxd_http_request_duration_seconds histogram",
                #"boxd_build_info{version="\#(ProductVersion.current)"} 1"#,
                #"boxd_http_requests_total{method="POST",route="/api/box/v1/boxes",status="202"} 3"#,
                #"boxd_http_requests_total{method="GET",route="/api/box/v1/boxes/{id}",status="404"} 1"#,
                #"boxd_http_requests_total{method="GET",route="unmatched",status="404"} 1"#,
                #"boxd_http_request_duration_seconds_bucket{route="/api/box/v1/boxes",le="+Inf"} 3"#,
                #"boxd_http_request_duration_seconds_count{route="/api/box/v1/boxes"} 3"#,
                #"boxd_boxes{state="ready"} 1"#, #"boxd_boxes{state="archived"} 1"#, #"boxd_boxes{state="error"} 1"#,
                #"boxd_boxes{state="running"} 0"#, #"boxd_boxes{state="deleting"} 0"#, "boxd_machines_active 1",
                #"boxd_machine_operation_duration_seconds_count{operation="start",outcome="success"} 2"#,
                #"boxd_machine_operation_duration_seconds_count{operation="start",outcome="failure"} 1"#,
                #"boxd_machine_operation_duration_seconds_count{operation="stop",outcome="success"} 1"#,
                "# TYPE process_cpu_seconds_total counter",
            ] { #expect(text.contains("\n\(line)\n"), "\(line)") }
            for secret in [id, api.secret, "alice", "hidden", "nothing/"] {
                #expect(!text.contains(secret), "\(secret)")
            }
        }
    }

    /// Each line is a comment or a sample, each sample's family was declared, and no sample occurs twice.
    @Test func metricsCanBeRead() async throws {
        try await withServer { api async throws in
            _ = try await api.ready()
            let text = try await metrics(api)
            var families: Set<Substring> = [], seen: Set<Substring> = []
            for line in text.split(separator: "\n") {
                if let type = line.wholeMatch(of: /# TYPE ([a-z_]+) (?:counter|gauge|histogram)/) {
                    families.insert(type.1)
                } else if !line.hasPrefix("# HELP ") {
                    let sample = try #require(
                        line.wholeMatch(of: /(([a-z_]+)(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})?) (-?[0-9.e+-]+)/),
                        "\(line)")
                    let name = sample.2
                    let family = ["_bucket", "_sum", "_count"].first(where: name.hasSuffix).map {
                        name.dropLast($0.count)
                    }
                    #expect(families.contains(name) || family.map(families.contains) == true, "\(line)")
                    #expect(seen.insert(sample.1).inserted, "\(line)")
                    #expect(Double(sample.3) != nil, "\(line)")
                }
            }
            #expect(families.count >= 12)
        }
    }

    @Test func processFactsAreThisProcesss() throws {
        let facts = try #require(ProcessFacts())
        #expect(facts.startTime > 1_700_000_000)
        #expect(facts.startTime <= Double(Timestamp.now.milliseconds) / 1000 + 1)
        #expect(facts.residentMemory > 1_000_000)
        #expect(facts.cpuSeconds > 0)
        #expect(facts.openFiles > 2 && facts.openFiles <= facts.maximumFiles)
    }

    @Test func aHistogramCountsUpToEachBound() {
        var histogram = Histogram([1, 2])
        for value in [0.5, 1, 1.5, 2, 7] { histogram.add(value) }
        #expect(histogram.cumulative == [2, 4, 5])
        #expect(histogram.count == 5)
        #expect(histogram.sum == 12)
    }

    @Test func labelsAreEscaped() {
        var text = MetricsText()
        text.add("m", .gauge, "Help.", [([("a", "x\\\"\n")], 1.5)])
        #expect(text.text == "# HELP m Help.\n# TYPE m gauge\nm{a=\"x\\\\\\\"\\n\"} 1.5\n")
    }

    // MARK: The log

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
        /// The lines about requests.
        func requests() throws -> [JSON] { try all.map { try JSON.parse($0) }.filter { $0["route"] != nil } }
    }

    private func logger(_ lines: Lines, _ level: Logger.Level) -> Logger {
        var logger = Logger(label: "test") { _ in JSONLogHandler { lines.add($0) } }
        logger.logLevel = level
        return logger
    }

    @Test func eachRequestIsOneLineWithoutWhatIsPrivate() async throws {
        let lines = Lines()
        try await withServer(logger: logger(lines, .info)) { api async throws in
            let id = try await api.ready(#"{"name":"private name","env":{"TOKEN":"private value"}}"#)
            _ = try await api.get("/boxes/\(id)?q=private")
            let missing = try await api.send(.get, "/boxes/bx_22222222?q=private", headers: ["X-Private": "private"])
            await api.engine.fail(.remove, with: EngineError(.failed, "busy"))
            let failed = try await api.delete("/boxes/\(id)")
            #expect(failed.status == 500)
            for line in lines.all {
                #expect(line.hasSuffix("}\n") && line.dropLast().contains("\n") == false)
                #expect(!line.contains("private") && !line.contains(api.secret) && !line.contains("?"), "\(line)")
            }
            let requests = try lines.requests()
            #expect(requests.map { $0["status"]?.int } == [202, 404, 500], "a GET that succeeds is told at debug only")
            #expect(requests.map { $0["level"]?.string } == ["info", "info", "error"])
            #expect(requests.map { $0["requestId"]?.string }.last == failed.header("X-Request-Id"))
            let line = requests[1]
            #expect(line.object?.members.map(\.key).prefix(3) == ["time", "level", "message"])
            #expect(line["time"]?.string.flatMap(Timestamp.init(iso8601:)) != nil)
            #expect(line["message"] == "GET /api/box/v1/boxes/{id} 404")
            #expect(line["method"] == "GET")
            #expect(line["route"] == "/api/box/v1/boxes/{id}")
            #expect(line["requestId"]?.string == missing.header("X-Request-Id"))
            guard case .number = line["durationMs"] else { throw APIError.unauthorized }
        }
    }

    @Test func debugTellsSuccessfulReadsToo() async throws {
        let lines = Lines()
        try await withServer(logger: logger(lines, .debug)) { api async throws in
            _ = try await api.get("/me")
            let line = try #require(try lines.requests().first)
            #expect(line["level"] == "debug")
            #expect(line["status"] == 200)
            #expect(line.object?.members.contains { $0.key.hasPrefix("hb.") } == false)
        }
    }

    @Test func aLogLineIsAlwaysOneObject() throws {
        let lines = Lines()
        var logger = logger(lines, .trace)
        logger[metadataKey: "level"] = "mine"
        logger.warning(
            "two\nlines \"quoted\"",
            metadata: ["n": .stringConvertible(7), "list": ["a", "\u{1}"], "map": ["b": "c"], "text": "\n"])
        let line = try #require(lines.all.first)
        #expect(line.dropLast().contains("\n") == false)
        let json = try JSON.parse(line)
        #expect(json["level"] == "warning")
        #expect(json["message"] == "two\nlines \"quoted\"")
        #expect(json["n"] == 7)
        #expect(json["list"] == ["a", "\u{1}"])
        #expect(json["map"] == ["b": "c"])
    }
}
