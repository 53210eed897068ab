import BoxEngine
import BoxModel
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct ForkTests {
    @Test(arguments: [true, false])
    func aForkIsANewBoxWithTheDiskOfItsSource(_ isRunning: Bool) async throws {
        try await withServer { api in
            let options = #"{"name":"base","type":"large","ttlSeconds":60,"env":{"A":"1"},"noEnv":true}"#
            let source = try await isRunning ? api.ready(options) : api.archived(options)
            let answer = try await api.post("/boxes/\(source)/fork")
            #expect(answer.status == 202)
            #expect(answer.json.object?.members.map(\.key) == ["ok", "type", "id", "status", "box"])
            #expect(answer.json["type"] == "box.forking")
            #expect(answer.json["status"] == "forking")
            let id = try #require(answer.json["id"]?.string)
            #expect(id != source)
            #expect(answer.box["id"] == .string(id))
            let created = try #require(answer.box["createdAt"]?.string.flatMap(Timestamp.init(iso8601:)))
            #expect(
                answer.box["archiveAfter"] == JSON(created.advanced(bySeconds: 3600)), "the default, not the source's")
            await api.settle()
            #expect(try await api.state(id) == "ready")
            #expect(try await api.state(source) == (isRunning ? "ready" : "archived"))
            #expect(await api.engine.calls.contains("fork \(source) \(id)"))
            let spec = try #require(await api.engine.lastSpec(of: id))
            #expect(spec.type == .large)
            #expect(spec.environment.map(\.name) == ["A"])
            #expect(try await api.row(id)?.noEnv == true, "inherited")
        }
    }

    @Test func aForkTakesOptions() async throws {
        try await withServer { api async throws in
            let source = try await api.ready(#"{"env":{"A":"1"},"type":"small"}"#)
            let answer = try await api.post(
                "/boxes/\(source)/fork",
                #"{"name":"copy","type":"large","ttlSeconds":null,"env":{"B":"2"},"noEnv":true}"#)
            #expect(answer.box["name"] == "copy")
            #expect(answer.box["archiveAfter"] == .null)
            await api.settle()
            let id = try #require(answer.json["id"]?.string)
            let spec = try #require(await api.engine.lastSpec(of: id))
            #expect(spec.type == .large)
            #expect(spec.environment.map(\.name) == ["B"])
        }
    }

    @Test func aForkIsIndependent() async throws {
        try await withServer { api in
            let source = try await api.ready()
            let id = try #require(try await api.post("/boxes/\(source)/fork").json["id"]?.string)
            await api.settle()
            #expect(try await api.delete("/boxes/\(source)").status == 200)
            #expect(try await api.state(id) == "ready")
        }
    }

    @Test func aDeleteOfTheSourceWaitsForTheCopy() async throws {
        try await withServer { api in
            let source = try await api.archived()
            await api.engine.hold(.fork)
            let id = try #require(try await api.post("/boxes/\(source)/fork").json["id"]?.string)
            #expect(try await eventually { await api.engine.isWaiting(in: .fork) })
            async let deleted = api.delete("/boxes/\(source)")
            #expect(try await eventually { try await api.get("/boxes/\(source)").status == 404 })
            #expect(await api.engine.calls(.remove) == 0)
            await api.engine.release(.fork)
            #expect(try await deleted.status == 200)
            await api.settle()
            #expect(try await api.state(id) == "ready")
        }
    }

    @Test func aForkThatFailedIsCopiedWhenResumed() async throws {
        try await withServer { api in
            let source = try await api.ready()
            await api.engine.fail(.fork, with: EngineError(.failed, "the host's disk is full"))
            let id = try #require(try await api.post("/boxes/\(source)/fork").json["id"]?.string)
            await api.settle()
            #expect(try await api.state(id) == "error")
            #expect(try await api.box(id)["errorMessage"] == "the host's disk is full")
            #expect(await api.engine.calls(.start) == 1)
            await api.engine.fail(.fork, with: nil)
            _ = try await api.post("/boxes/\(id)/resume")
            await api.settle()
            #expect(try await api.state(id) == "ready")
            #expect(await api.engine.calls(.fork) == 2, "an empty box would pass for the copy")
        }
    }

    @Test func deletingAForkBeforeItsCopyIsDoneLeavesNothing() async throws {
        try await withServer { api in
            let source = try await api.ready()
            await api.engine.hold(.fork)
            let id = try #require(try await api.post("/boxes/\(source)/fork").json["id"]?.string)
            async let deleted = api.delete("/boxes/\(id)")
            #expect(try await eventually { try await api.get("/boxes/\(id)").status == 404 })
            await api.engine.release(.fork)
            #expect(try await deleted.status == 200)
            await api.settle()
            #expect(await api.engine.machines() == [source])
        }
    }
}
