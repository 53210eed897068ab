import BoxEngine
import BoxModel
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// `/secrets`, and the delivery of secrets to boxes.
struct SecretTests {
    private static let setup =
        #"{"envContents":"export A=\"1 2\"\nB='x\ny'\n","secretFiles":[{"path":"a/b","contents":"c"}]}"#

    @Test func whatWasSentIsToldAgain() async throws {
        try await withServer { api async throws in
            let empty = try await api.get("/secrets")
            #expect(empty.json["envContents"] == "" && empty.json["secretFiles"]?.array == [])
            let updated = try await api.post("/secrets", Self.setup)
            #expect(updated.status == 200 && updated.type == "secrets.updated")
            #expect(updated.json["pushed"] == ["updated": 0, "failed": 0])
            let told = try await api.get("/secrets")
            #expect(told.type == "secrets.info")
            #expect(told.json["envContents"] == "export A=\"1 2\"\nB='x\ny'\n")
            #expect(told.json["secretFiles"] == [["path": "a/b", "contents": "c"]])
            #expect(told.json["environmentId"]?.string?.hasPrefix("env_") == true)
            // Values that aren't sent are removed.
            #expect(try await api.post("/secrets", "{}").json["envContents"] == "")
            #expect(try await api.get("/secrets").json["secretFiles"]?.array == [])
        }
    }

    @Test func aBoxHasThemWhenItIsReady() async throws {
        try await withServer { api async throws in
            _ = try await api.post("/secrets", Self.setup)
            let id = try await api.ready(#"{"env":{"B":"own"}}"#)
            let environment = await api.engine.books.environment(of: id)
            #expect(environment.map(\.name) == ["A", "B"] && environment.map(\.value) == ["1 2", "own"])
            #expect(await api.engine.books.files(of: id) == ["a/b": Array("c".utf8)])
        }
    }

    @Test func runningBoxesGetChangesAndLoseWhatIsGone() async throws {
        try await withServer { api async throws in
            _ = try await api.post("/secrets", Self.setup)
            let (id, without) = (try await api.ready(), try await api.ready(#"{"noEnv":true}"#))
            let stopped = try await api.ready()
            _ = try await api.post("/boxes/\(stopped)/stop")
            await api.settle()
            let changed = try await api.post(
                "/secrets", #"{"envContents":"C=3","secretFiles":[{"path":"d","contents":"e"}]}"#)
            #expect(changed.json["pushed"] == ["updated": 1, "failed": 0])
            #expect(await api.engine.books.environment(of: id).map(\.name) == ["C"])
            #expect(await api.engine.books.files(of: id) == ["d": Array("e".utf8)])
            #expect(await api.engine.books.files(of: without) == [:])
            _ = try await api.post("/boxes/\(stopped)/resume")
            await api.settle()
            #expect(await api.engine.books.files(of: stopped) == ["d": Array("e".utf8)])
        }
    }

    @Test func whatCannotBePushedIsCounted() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            await api.engine.fail(.apply, with: EngineError(.failed, "no room"))
            let answer = try await api.post("/secrets", Self.setup)
            #expect(answer.json["pushed"] == ["updated": 0, "failed": 1])
            #expect(try await api.box(id)["warnings"]?.array?.first?.string?.contains("no room") == true)
        }
    }

    @Test func aBoxThatHangsIsNotWaitedFor() async throws {
        try await withServer(configure: { $0.secretsTimeout = .milliseconds(300) }) { api async throws in
            let (hung, noEnv) = (try await api.ready(), try await api.ready(#"{"noEnv":true}"#))
            await api.engine.hold(.apply)
            let began = ContinuousClock.now
            let answer = try await api.post("/secrets", Self.setup)
            #expect(ContinuousClock.now - began < .seconds(20))
            #expect(answer.status == 200)
            #expect(answer.json["pushed"] == ["updated": 0, "failed": 1, "waiting": [.string(hung)]], "not \(noEnv)")
            #expect(try await api.get("/secrets").json["envContents"]?.string?.hasPrefix("export A") == true)
            await api.engine.release(.apply)
            #expect(try await eventually { await api.engine.books.files(of: hung) == ["a/b": Array("c".utf8)] })
        }
    }

    @Test func whatFailedIsTriedAgain() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            await api.engine.fail(.apply, with: EngineError(.failed, "it hangs"))
            _ = try await api.post("/secrets", Self.setup)
            await api.server.boxes.retrySecrets()
            await api.engine.fail(.apply, with: nil)
            let has = try await eventually {
                await api.server.boxes.retrySecrets()
                return await api.engine.books.files(of: id) == ["a/b": Array("c".utf8)]
            }
            #expect(has)
            await api.settle()
            #expect(try await api.box(id)["warnings"] == nil)
            let calls = await api.engine.calls(.apply)
            await api.server.boxes.retrySecrets()
            await api.settle()
            #expect(await api.engine.calls(.apply) == calls, "nothing is left to do")
        }
    }

    @Test func aStopDoesNotWaitForADelivery() async throws {
        try await withServer(configure: { $0.secretsTimeout = .milliseconds(100) }) { api async throws in
            let id = try await api.ready()
            await api.engine.delay(.apply, by: .seconds(3600))
            _ = try await api.post("/secrets", Self.setup)
            #expect(try await eventually { await api.engine.calls(.apply) == 1 })
            #expect(try await api.post("/boxes/\(id)/stop").status == 202)
            #expect(try await eventually { try await api.state(id) == "archived" })
        }
    }

    @Test func aBoxThatGivesThemUpNeverGetsThemBack() async throws {
        try await withServer { api async throws in
            _ = try await api.post("/secrets", Self.setup)
            let id = try await api.ready()
            _ = try await api.post("/boxes/\(id)/stop")
            await api.settle()
            _ = try await api.post("/boxes/\(id)/resume", #"{"noEnv":true}"#)
            await api.settle()
            #expect(await api.engine.books.files(of: id) == [:])
            #expect(await api.engine.books.environment(of: id).isEmpty)
            _ = try await api.post("/boxes/\(id)/stop")
            await api.settle()
            _ = try await api.post("/boxes/\(id)/resume", #"{"noEnv":false}"#)
            await api.settle()
            #expect(await api.engine.books.environment(of: id).isEmpty)
            let fork = try await api.post("/boxes/\(id)/fork", #"{"noEnv":false}"#)
            let copy = try #require(fork.json["box"]?["id"]?.string)
            await api.settle()
            #expect(await api.engine.books.environment(of: copy).isEmpty)
        }
    }

    /// A box that may still have the account's files must not start as one without them.
    @Test func aBoxThatCannotBeCleanedDoesNotStart() async throws {
        try await withServer { api async throws in
            _ = try await api.post("/secrets", Self.setup)
            let id = try await api.ready()
            let fork = try await api.post("/boxes/\(id)/stop")
            #expect(fork.status == 202)
            await api.settle()
            await api.engine.fail(.apply, with: EngineError(.failed, "python is gone"))
            _ = try await api.post("/boxes/\(id)/resume", #"{"noEnv":true}"#)
            await api.settle()
            #expect(try await api.state(id) == "error")
        }
    }

    @Test(arguments: [
        (#"{"envContents":5}"#, "invalid_env"), (#"{"envContents":"A=1\nhello"}"#, "invalid_env"),
        (#"{"envContents":"BOX_ID=1"}"#, "invalid_env"), (#"{"envContents":"A=\u0000"}"#, "invalid_env"),
        (#"{"secretFiles":{}}"#, "invalid_secret_file"), (#"{"secretFiles":["x"]}"#, "invalid_secret_file"),
        (#"{"secretFiles":[{"path":"x"}]}"#, "invalid_secret_file"),
        (#"{"secretFiles":[{"path":"/x","contents":""}]}"#, "invalid_secret_file"),
        (#"{"secretFiles":[{"path":"a/../b","contents":""}]}"#, "invalid_secret_file"),
        (#"{"secretFiles":[{"path":"a\nb","contents":""}]}"#, "invalid_secret_file"),
        (#"{"secretFiles":[{"path":"a","contents":""},{"path":"a/b","contents":""}]}"#, "invalid_secret_file"),
        (#"{"secretFiles":[{"path":"a","contents":""},{"path":"a","contents":""}]}"#, "invalid_secret_file"),
        ("[]", "invalid_json"),
    ])
    func badSetupsChangeNothing(body: String, code: String) async throws {
        try await withServer { api async throws in
            _ = try await api.post("/secrets", Self.setup)
            let answer = try await api.post("/secrets", body)
            #expect(answer.status == 400 && answer.code == code, "\(answer.text)")
            #expect(try await api.get("/secrets").json["envContents"]?.string?.hasPrefix("export A") == true)
        }
    }
}
