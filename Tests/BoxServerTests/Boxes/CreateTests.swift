import BoxEngine
import BoxModel
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct CreateTests {
    @Test func anAnswerHasEveryDocumentedMember() async throws {
        try await withServer { api in
            let answer = try await api.post("/boxes")
            #expect(answer.status == 202)
            #expect(answer.json.object?.members.map(\.key) == ["ok", "type", "status", "ttlSeconds", "box"])
            #expect(answer.json["ok"] == true)
            #expect(answer.json["type"] == "box.created")
            #expect(answer.json["status"] == "provisioning")
            #expect(answer.json["ttlSeconds"] == 3600)
            let names = answer.box.object?.members.map(\.key) ?? []
            for name in [
                "id", "name", "state", "url", "ip", "desktopAvailable", "desktopUrl", "snapshotAvailable",
                "snapshotCompletedAt",
                "createdAt", "updatedAt", "archiveAfter",
            ] { #expect(names.contains(name), "\(name)") }
            #expect(answer.box["id"]?.string?.wholeMatch(of: /bx_[23456789abcdefghjkmnpqrstuvwxyz]{8}/) != nil)
            #expect(answer.box["name"]?.string?.wholeMatch(of: /Box \d{4}-\d\d-\d\d \d\d:\d\d/) != nil)
            #expect(answer.box["state"] == "provisioning")
            #expect(answer.box["snapshotAvailable"] == false)
            #expect(answer.box["desktopAvailable"] == false)
            for name in ["url", "ip", "desktopUrl", "snapshotCompletedAt"] {
                #expect(answer.box[name] == .null, "\(name)")
            }
            for name in ["createdAt", "updatedAt", "archiveAfter"] {
                #expect(
                    answer.box[name]?.string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(name)"
                )
            }
        }
    }

    @Test func aReadyBoxHasItsAddress() async throws {
        try await withServer { api in
            let box = try await api.box(api.ready())
            #expect(box["state"] == "ready")
            #expect(box["ip"]?.string?.wholeMatch(of: /\d+\.\d+\.\d+\.\d+/) != nil)
        }
    }

    @Test(
        arguments: [
            ("{}", 3600), (#"{"ttlSeconds":1}"#, 1), (#"{"ttlSeconds":3600.0}"#, 3600),
            (#"{"ttlSeconds":2592000}"#, 2_592_000),
            (#"{"ttlSeconds":2592001}"#, 2_592_000), (#"{"ttlSeconds":9223372036854775807}"#, 2_592_000),
            (#"{"ttlSeconds":9223372036854775808}"#, 2_592_000), (#"{"ttlSeconds":1e300}"#, 2_592_000),
            (#"{"ttlSeconds":null}"#, nil), (#"{"ttlSeconds":"infinite"}"#, nil),
        ] as [(String, Int?)])
    func timeToLive(_ body: String, _ expected: Int?) async throws {
        try await withServer { api in
            let answer = try await api.post("/boxes", body)
            #expect(answer.status == 202, "\(answer.text)")
            #expect(answer.json["ttlSeconds"] == JSON(expected))
            let created = try #require(answer.box["createdAt"]?.string.flatMap(Timestamp.init(iso8601:)))
            #expect(answer.box["archiveAfter"] == JSON(expected.map { created.advanced(bySeconds: $0) }))
        }
    }

    @Test(arguments: [
        "0", "-1", "1.5", "0.5", "-1e300", #""3600""#, #""Infinite""#, #""""#, "true", "[]", "{}", "[60]",
    ])
    func timesToLiveThatAreNone(_ value: String) async throws {
        try await withServer { api in
            let answer = try await api.post("/boxes", #"{"ttlSeconds":\#(value)}"#)
            #expect(answer.status == 400)
            #expect(answer.code == "invalid_ttl")
            #expect(answer.message.contains("ttlSeconds"))
        }
    }

    @Test(
        arguments: [("{}", "default"), (#"{"type":null}"#, "default")]
            + ["small", "default", "large"].map { (#"{"type":"\#($0)"}"#, $0) })
    func typesReachTheEngine(_ body: String, _ type: String) async throws {
        try await withServer { api in
            let id = try await api.ready(body)
            #expect(try await api.box(id)["type"] == .string(type))
            #expect(await api.engine.lastSpec(of: id)?.type.rawValue == type)
        }
    }

    @Test(arguments: [#""huge""#, #""Small""#, #""""#, "1", "[]", #"" small""#])
    func typesThatAreNone(_ value: String) async throws {
        try await withServer { api in
            let answer = try await api.post("/boxes", #"{"type":\#(value)}"#)
            #expect(answer.status == 400)
            #expect(answer.code == "invalid_type")
            #expect(answer.message.contains("type"))
        }
    }

    @Test(arguments: [
        ("work", "work"), ("  work  ", "work"), ("ünï 😀 \"x\" <b>", "ünï 😀 \"x\" <b>"),
        (String(repeating: "n", count: 120), String(repeating: "n", count: 120)),
        (String(repeating: "n", count: 121), String(repeating: "n", count: 120)),
        (String(repeating: "é", count: 500), String(repeating: "é", count: 120)),
        // One character to a reader, but of any number of scalars.
        ("n" + String(repeating: "\u{301}", count: 5000), "n" + String(repeating: "\u{301}", count: 119)),
    ])
    func names(_ name: String, _ kept: String) async throws {
        try await withServer { api in
            let answer = try await api.post("/boxes", JSON.object(["name": .string(name)]).compact)
            #expect(answer.status == 202)
            #expect(answer.box["name"] == .string(kept))
        }
    }

    @Test(arguments: [
        #""""#, #""   ""#, #""\u00a0\u3000""#, #""\n""#, #""a\nb""#, #""a\u0000b""#, #""a\u001b[31mb""#, #""a\u009bb""#,
        "7", "[]", "true",
        #""\ud800""#,
    ])
    func namesThatAreNone(_ value: String) async throws {
        try await withServer { api in
            let answer = try await api.post("/boxes", #"{"name":\#(value)}"#)
            #expect(answer.status == 400, "\(answer.text)")
            #expect(answer.code == "invalid_name")
            #expect(answer.message.contains("name"))
        }
    }

    @Test func aNullNameIsTheDefaultName() async throws {
        try await withServer { api async throws in
            #expect(try await api.post("/boxes", #"{"name":null}"#).box["name"]?.string?.hasPrefix("Box 20") == true)
        }
    }

    @Test func theEnvironmentReachesTheEngineInItsOrder() async throws {
        try await withServer { api in
            let id = try await api.ready(#"{"env":{"B":"two","A":"o'n\ne","_1":""},"noEnv":true}"#)
            let environment = try #require(await api.engine.lastSpec(of: id)).environment
            #expect(environment.map(\.name) == ["B", "A", "_1"])
            #expect(environment.map(\.value) == ["two", "o'n\ne", ""])
            #expect(try await api.row(id)?.noEnv == true)
        }
    }

    @Test(arguments: [
        #"{"1A":"x"}"#, #"{"A-B":"x"}"#, #"{"":"x"}"#, #"{"BOX_ID":"x"}"#, #"{"ASCII_TOKEN":"x"}"#, #"{"A":1}"#,
        #"{"A":null}"#,
        #"{"A":["x"]}"#, #"{"A":"x\u0000y"}"#, "[]", #""A=x""#, "7", #"{"A\u0301":"x"}"#, #"{"\ud800":"x"}"#,
        #"{"A":"\ud800"}"#,
    ])
    func environmentsThatAreNone(_ value: String) async throws {
        try await withServer { api in
            let answer = try await api.post("/boxes", #"{"env":\#(value)}"#)
            #expect(answer.status == 400, "\(answer.text)")
            #expect(answer.code == "invalid_env")
            #expect(answer.message.contains("env"))
        }
    }

    @Test func theEnvironmentHasLimits() async throws {
        try await withServer { api async throws in
            func body(_ count: Int, _ size: Int) -> String {
                let value = JSON.string(String(repeating: "v", count: size))
                return JSON.object(["env": .object(JSONObject((0..<count).map { ("V\($0)", value) }))]).compact
            }
            #expect(try await api.post("/boxes", body(100, 10)).status == 202)
            #expect(try await api.post("/boxes", body(101, 10)).code == "invalid_env")
            #expect(try await api.post("/boxes", body(1, 65_534)).status == 202)
            #expect(try await api.post("/boxes", body(1, 65_535)).code == "invalid_env")
        }
    }

    @Test(arguments: ["1", #""true""#, "[]"])
    func noEnvIsTrueOrFalse(_ value: String) async throws {
        try await withServer { api in
            let answer = try await api.post("/boxes", #"{"noEnv":\#(value)}"#)
            #expect(answer.status == 400)
            #expect(answer.message.contains("noEnv"))
        }
    }

    @Test func manyAtOnceAreDistinct() async throws {
        try await withServer { api in
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 { group.addTask { try await api.create() } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            await api.settle()
            let boxes = try await api.get("/boxes").json["boxes"]?.array ?? []
            #expect(ids.count == 20)
            #expect(Set(boxes.compactMap { $0["id"]?.string }) == ids)
            #expect(Set(boxes.compactMap { $0["ip"]?.string }).count == 20)
            #expect(boxes.allSatisfy { $0["state"] == "ready" })
        }
    }
}
