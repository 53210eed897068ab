import BoxEngine
import BoxModel
import GRDB
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct IdempotencyTests {
    private let key = ["Idempotency-Key": "one request"]

    @Test func theSameRequestAgainIsTheSameBox() async throws {
        try await withServer { api in
            let first = try await api.post("/boxes", #"{"ttlSeconds":60}"#, headers: key)
            await api.settle()
            let second = try await api.post("/boxes", #"{"ttlSeconds":60}"#, headers: key)
            #expect(first.status == 202 && second.status == 202)
            #expect(second.json["type"] == "box.created")
            #expect(second.box["id"] == first.box["id"])
            #expect(second.box["state"] == "ready")
            #expect(second.json["ttlSeconds"] == 60)
            #expect(await api.engine.calls(.start) == 1)
        }
    }

    @Test func twentyAtOnceAreOneBox() async throws {
        try await withServer { api in
            let ids = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        let answer = try await api.post("/boxes", "{}", headers: key)
                        #expect(answer.status == 202)
                        return answer.box["id"]?.string
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            await api.settle()
            #expect(ids.count == 1)
            #expect(await api.engine.calls(.start) == 1)
            #expect(try await api.get("/boxes").json["boxes"]?.array?.count == 1)
        }
    }

    @Test func anotherBodyIsAConflict() async throws {
        try await withServer { api in
            _ = try await api.post("/boxes", #"{"ttlSeconds":60}"#, headers: key)
            let answer = try await api.post("/boxes", #"{"ttlSeconds":61}"#, headers: key)
            #expect(answer.status == 409)
            #expect(answer.code == "idempotency_key_reused")
            #expect(try await api.get("/boxes").json["boxes"]?.array?.count == 1)
        }
    }

    @Test func aForkIsAnotherRequestThanACreate() async throws {
        try await withServer { api in
            let id = try await api.ready()
            _ = try await api.post("/boxes", "{}", headers: key)
            #expect(try await api.post("/boxes/\(id)/fork", "{}", headers: key).code == "idempotency_key_reused")
        }
    }

    @Test func aForkIsMadeOnce() async throws {
        try await withServer { api in
            let id = try await api.ready()
            let first = try await api.post("/boxes/\(id)/fork", headers: key)
            let second = try await api.post("/boxes/\(id)/fork", headers: key)
            #expect(first.status == 202 && second.status == 202)
            #expect(first.json["id"] == second.json["id"])
            await api.settle()
            #expect(await api.engine.calls(.fork) == 1)
        }
    }

    @Test func accountsDoNotShareKeys() async throws {
        try await withServer { api in
            let bob = try await api.other("bob")
            let mine = try await api.post("/boxes", "{}", headers: key)
            let his = try await bob.post("/boxes", #"{"name":"his"}"#, headers: key)
            #expect(his.status == 202)
            #expect(mine.box["id"] != his.box["id"])
        }
    }

    @Test func lengthsAreChecked() async throws {
        try await withServer { api in
            let longest = String(repeating: "k", count: 255)
            #expect(try await api.post("/boxes", headers: ["Idempotency-Key": longest]).status == 202)
            for wrong in [longest + "k", ""] {
                let answer = try await api.post("/boxes", headers: ["Idempotency-Key": wrong])
                #expect(answer.status == 400)
                #expect(answer.code == "invalid_idempotency_key")
            }
        }
    }

    @Test func arefusedRequestMayBeRepeated() async throws {
        var limits = ServerLimits()
        limits.activeBoxes = 1
        try await withServer(limits: limits) { api in
            let id = try await api.ready()
            #expect(try await api.post("/boxes", "{}", headers: key).code == "limit_reached")
            #expect(try await api.delete("/boxes/\(id)").status == 200)
            let answer = try await api.post("/boxes", "{}", headers: key)
            #expect(answer.status == 202)
            // The limit is reached again, and the response still has the same box.
            #expect(try await api.post("/boxes", "{}", headers: key).box["id"] == answer.box["id"])
        }
    }

    @Test func aKeyIsForgottenAfterADay() async throws {
        try await withServer { api in
            let first = try await api.post("/boxes", "{}", headers: key)
            let database = api.server.boxes.store.database
            try await database.pool.write {
                try $0.execute(sql: "UPDATE idempotency SET createdAt = createdAt - 86400001")
            }
            let second = try await api.post("/boxes", #"{"name":"another"}"#, headers: key)
            #expect(second.status == 202)
            #expect(second.box["id"] != first.box["id"])
        }
    }

    @Test func aDeletedBoxIsNotMadeAgain() async throws {
        try await withServer { api in
            let id = try #require(try await api.post("/boxes", "{}", headers: key).box["id"]?.string)
            #expect(try await api.delete("/boxes/\(id)").status == 200)
            let answer = try await api.post("/boxes", "{}", headers: key)
            #expect(answer.status == 404)
            #expect(answer.code == "not_found")
            #expect(answer.message.contains(id))
        }
    }

    @Test func keysSurviveARestart() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let engine = TestEngine()
        let first = try await withServer(in: scratch, engine: engine) {
            try await $0.post("/boxes", "{}", headers: key)
        }
        let second = try await withServer(in: scratch, engine: engine) { api in
            try await api.server.boxes.reconcile()
            return try await api.post("/boxes", "{}", headers: key)
        }
        #expect(first.box["id"] == second.box["id"])
        #expect(await engine.calls(.start) == 1)
    }
}
