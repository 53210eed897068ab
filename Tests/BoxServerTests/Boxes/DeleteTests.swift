import BoxEngine
import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct DeleteTests {
    private func confirm(_ id: String) -> [String: String] { ["X-Ascii-Confirm-Delete": id] }

    @Test func aDeletedBoxIsGoneEverywhere() async throws {
        try await withServer { api in
            let id = try await api.ready()
            #expect(try await api.delete("/boxes/\(id)").status == 200)
            #expect(try await api.get("/boxes/\(id)").code == "not_found")
            #expect(try await api.delete("/boxes/\(id)").code == "not_found")
            #expect(try await api.patch("/boxes/\(id)", #"{"name":"x"}"#).code == "not_found")
            #expect(try await api.get("/boxes").json["boxes"] == [])
            #expect(try await api.row(id) == nil)
        }
    }

    @Test func aBoxThatIsStillStartingIsDeleted() async throws {
        try await withServer { api in
            await api.engine.hold(.start)
            let id = try await api.create()
            #expect(try await eventually { await api.engine.isWaiting(in: .start) })
            async let deleted = api.delete("/boxes/\(id)")
            #expect(try await eventually { try await api.get("/boxes/\(id)").status == 404 })
            await api.engine.release(.start)
            #expect(try await deleted.status == 200)
            #expect(await api.engine.machines() == [])
            #expect(try await api.row(id) == nil)
        }
    }

    @Test func aBoxThatIsStillStoppingIsDeleted() async throws {
        try await withServer { api in
            let id = try await api.ready()
            await api.engine.hold(.stop)
            _ = try await api.post("/boxes/\(id)/stop")
            #expect(try await eventually { await api.engine.isWaiting(in: .stop) })
            async let deleted = api.delete("/boxes/\(id)")
            #expect(try await eventually { try await api.get("/boxes/\(id)").status == 404 })
            await api.engine.release(.stop)
            #expect(try await deleted.status == 200)
            #expect(await api.engine.machines() == [])
        }
    }

    @Test func deletingTwiceAtOnceIsHarmless() async throws {
        try await withServer { api in
            let id = try await api.ready()
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<10 { group.addTask { try await api.delete("/boxes/\(id)").status } }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.contains(200))
            #expect(statuses.allSatisfy { $0 == 200 || $0 == 404 }, "\(statuses)")
        }
    }

    @Test func aConfirmationForAnotherBoxDeletesNothing() async throws {
        try await withServer { api in
            let (id, other) = (try await api.ready(), try await api.ready())
            for wrong in [other, "", "bx_22222222", id.uppercased(), "true"] {
                let answer = try await api.delete("/boxes/\(id)", headers: confirm(wrong))
                #expect(answer.status == 409, "\(wrong)")
                #expect(answer.code == "delete_confirmation_mismatch")
            }
            #expect(try await api.state(id) == "ready")
            #expect(try await api.state(other) == "ready")
        }
    }

    @Test func aConfirmedDeleteCanBeFollowed() async throws {
        try await withServer { api in
            let id = try await api.ready()
            await api.engine.hold(.remove)
            let answer = try await api.delete("/boxes/\(id)", headers: confirm(id))
            #expect(answer.status == 202)
            #expect(answer.json["ok"] == true)
            #expect(answer.json["type"] == "box.deleting")
            let operation = try #require(answer.json["operation"])
            let names = ["id", "kind", "targetId", "reason", "status", "attemptCount", "requestedAt", "completedAt"]
            #expect(operation.object?.members.map(\.key) == names)
            let operationID = try #require(operation["id"]?.string)
            #expect(operationID.wholeMatch(of: /bdop_[0-9a-f]{32}/) != nil)
            #expect(operation["kind"] == "box")
            #expect(operation["targetId"] == .string(id))
            #expect(operation["reason"] == "explicit")
            #expect(operation["attemptCount"]?.int == 1)
            #expect(operation["requestedAt"]?.string.flatMap(Timestamp.init(iso8601:)) != nil)
            #expect(operation["completedAt"] == .null)
            #expect(try await api.get("/boxes/\(id)").status == 404)
            #expect(try await api.delete("/boxes/\(id)", headers: confirm(id)).status == 404)

            let path = "/deletion-operations/\(operationID)"
            let running = try await api.get(path)
            #expect(running.status == 200)
            #expect(running.json["operation"]?["status"] == operation["status"])
            await api.engine.release(.remove)
            #expect(try await eventually { try await api.get(path).json["operation"]?["status"] == "completed" })
            #expect(
                try await api.get(path).json["operation"]?["completedAt"]?.string.flatMap(Timestamp.init(iso8601:))
                    != nil)
            #expect(await api.engine.machines() == [])
        }
    }

    @Test func operationsOfOthersAndUnknownOnesAreNotFound() async throws {
        try await withServer { api in
            let id = try await api.ready()
            let answer = try await api.delete("/boxes/\(id)", headers: confirm(id))
            let operation = try #require(answer.json["operation"]?["id"]?.string)
            #expect(try await api.other("bob").get("/deletion-operations/\(operation)").code == "not_found")
            #expect(try await api.get("/deletion-operations/bdop_0").code == "not_found")
            #expect(try await api.send(.delete, "/deletion-operations/\(operation)").status == 405)
        }
    }

    @Test func aRemovalThatFailsIsFinishedByTheNextServer() async throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let engine = TestEngine()
        let (failed, operation) = try await withServer(in: scratch, engine: engine) { api in
            let (failed, followed) = (try await api.ready(), try await api.ready())
            await engine.fail(.remove, with: EngineError(.failed, "busy", diagnostics: "/var/lib/boxd"))
            let answer = try await api.delete("/boxes/\(failed)")
            #expect(answer.status == 500)
            #expect(answer.code == "internal_error")
            #expect(!answer.text.contains("/var/lib"))
            #expect(answer.message.contains(answer.header("X-Request-Id")!), "so that its owner can find it in the log")
            #expect(try await api.get("/boxes/\(failed)").status == 404)
            let operation = try await api.delete("/boxes/\(followed)", headers: confirm(followed)).json["operation"]?[
                "id"]
            return (failed, try #require(operation?.string))
        }
        // The removal still fails. The other boxes must be served all the same.
        try await withServer(in: scratch, engine: engine) { try await $0.server.boxes.reconcile() }
        await engine.fail(.remove, with: nil)
        try await withServer(in: scratch, engine: engine) { api in
            try await api.server.boxes.reconcile()
            #expect(try await api.row(failed) == nil)
            #expect(try await api.get("/deletion-operations/\(operation)").json["operation"]?["status"] == "completed")
        }
        #expect(await engine.machines() == [])
    }

    @Test func aRemovalThatFailsIsTriedEverMoreRarely() async throws {
        #expect((1...4).map(Backoff.delay(after:)) == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
        #expect(Backoff.delay(after: 50) == Backoff.longest && Backoff.longest <= .seconds(600))
        try await withServer { api in
            let id = try await api.ready()
            await api.engine.fail(.remove, with: EngineError(.failed, "busy"))
            #expect(try await api.delete("/boxes/\(id)").status == 500)
            for _ in 0..<20 { try await api.server.boxes.retryDeletions() }
            #expect((2...7).contains(await api.engine.calls(.remove)), "the request's, the first retry, and few more")
            await api.engine.fail(.remove, with: nil)
            #expect(
                try await eventually {
                    try await api.server.boxes.retryDeletions()
                    return await api.engine.machines() == []
                })
            #expect(try await api.row(id) == nil)
        }
    }
}
