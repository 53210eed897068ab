import BoxEngine
import BoxModel
import HTTPTypes
import Testing

@testable import BoxServer

/// `/boxes/{id}/commands`, `/files` and `/artifacts`. What happens inside the box is for the tests with real ones.
struct CommandAndFileTests {
    @Test func whatACommandIsAskedToDo() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            await api.engine.books.answerCommands { command in
                var outcome = CommandOutcome(
                    exitCode: nil, workingDirectory: "/home/user/w", startedAt: .now, finishedAt: .now)
                outcome.signal = "SIGKILL"
                outcome.stdout =
                    Array("\(command.script) \(command.workingDirectory ?? "-") \(command.timeout)".utf8) + [0xFF]
                outcome.stderrIsTruncated = true
                return outcome
            }
            let answer = try await api.post(
                "/boxes/\(id)/commands", #"{"command":"ls","cwd":"w","timeoutSeconds":7,"more":1}"#)
            #expect(answer.status == 200 && answer.type == "command.finished")
            #expect(answer.json["stdout"] == "ls w 7\u{FFFD}")
            #expect(answer.json["exitCode"] == .null && answer.json["signal"] == "SIGKILL")
            #expect(answer.json["success"] == false && answer.json["stderrTruncated"] == true)
            #expect(answer.json["cwd"] == "/home/user/w")
            let standard = try await api.post(
                "/boxes/\(id)/commands", #"{"command":"ls","cwd":null,"timeoutSeconds":null}"#)
            #expect(standard.json["stdout"] == "ls - 30\u{FFFD}")
        }
    }

    @Test(arguments: [
        ("{}", "command_required"), (#"{"command":""}"#, "command_required"), (#"{"command":5}"#, "invalid_request"),
        (#"{"command":"a\u0000"}"#, "invalid_request"), (#"{"command":"a","cwd":5}"#, "invalid_path"),
        (#"{"command":"a","timeoutSeconds":0}"#, "invalid_timeout"),
        (#"{"command":"a","timeoutSeconds":601}"#, "invalid_timeout"),
        (#"{"command":"a","timeoutSeconds":"5"}"#, "invalid_timeout"), ("[", "invalid_json"),
    ])
    func commandsThatCannotBe(body: String, code: String) async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let answer = try await api.post("/boxes/\(id)/commands", body)
            #expect(answer.status == 400 && answer.code == code, "\(answer.text)")
        }
    }

    @Test func filesComeBackAsTheyWere() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let text = try await api.send(.put, "/boxes/\(id)/files", #"{"path":"t","content":"ü\n"}"#)
            #expect(text.type == "file.written" && text.json["size"] == 3 && text.json["encoding"] == "utf8")
            #expect(try await api.get("/boxes/\(id)/files?path=t").json["content"] == "ü\n")
            _ = try await api.send(.put, "/boxes/\(id)/files", #"{"path":"b","content":"AP8=","encoding":"base64"}"#)
            #expect(try await api.get("/boxes/\(id)/files?path=b&encoding=base64").json["content"] == "AP8=")
            #expect(try await api.get("/boxes/\(id)/files?path=b").code == "invalid_encoding")
            #expect(try await api.get("/boxes/\(id)/artifacts?path=t").text == "ü\n")
            #expect(try await api.get("/boxes/\(id)/artifacts?path=none").status == 404)
        }
    }

    @Test func whatARefusalOfTheBoxIsAnsweredWith() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let refusals: [(GuestRefusal.Reason, Int, String)] = [
                (.invalidPath, 400, "invalid_path"), (.fileNotFound, 404, "file_not_found"),
                (.fileTooLarge, 413, "file_too_large"),
            ]
            for (reason, status, code) in refusals {
                await api.engine.fail(.run, with: GuestRefusal(reason, "because"))
                let answer = try await api.post("/boxes/\(id)/commands", #"{"command":"x"}"#)
                #expect(answer.status == status && answer.code == code && answer.message == "because")
            }
            await api.engine.fail(.run, with: EngineError(.failed, "python is gone", diagnostics: "/var/lib"))
            let broken = try await api.post("/boxes/\(id)/commands", #"{"command":"x"}"#)
            #expect(broken.status == 409 && broken.code == "box_failed" && !broken.text.contains("/var/lib"))
            await api.engine.fail(.run, with: EngineError(.machineNotRunning, "gone"))
            #expect(try await api.post("/boxes/\(id)/commands", #"{"command":"x"}"#).code == "machine_not_running")
        }
    }

    @Test func boxesThatCannotBeWorkedIn() async throws {
        try await withServer { api async throws in
            await api.engine.hold(.start)
            let id = try await api.create()
            let starting = try await api.post("/boxes/\(id)/commands", #"{"command":"x"}"#)
            #expect(starting.status == 409 && starting.code == "box_starting")
            await api.engine.release(.start)
            await api.settle()
            _ = try await api.post("/boxes/\(id)/stop")
            await api.settle()
            for path in ["files?path=x", "artifacts?path=x"] {
                let answer = try await api.get("/boxes/\(id)/\(path)")
                #expect(answer.status == 400 && answer.code == "machine_not_running")
            }
            #expect(try await api.send(.put, "/boxes/\(id)/files", "{}").code == "machine_not_running")
        }
    }

    @Test func aBoxWorksOnSoManyThings() {
        let places = PlaceCounter(maximum: 2)
        #expect(places.enter("a") && places.enter("a") && places.enter("b") && !places.enter("a"))
        places.leave("a")
        #expect(places.enter("a") && !places.enter("a"))
    }
}
