import BoxEngine
import BoxModel
import HTTPTypes
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

/// `/boxes/{id}/commands`, `/files` and `/artifacts`. Tests with real boxes cover the effects inside a box.
struct CommandAndFileTests {
    @Test func whatACommandIsAskedToDo() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            await api.engine.books.answerCommands { command in
                var outcome = CommandOutcome(
                    exitCode: 137, workingDirectory: "/home/user/w", startedAt: .now, finishedAt: .now)
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
            #expect(answer.json["exitCode"] == 137 && answer.json["signal"] == "SIGKILL")
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

    @Test func moreCommandsThanSlotsWaitForTheirTurn() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            let other = try await api.ready()
            await api.engine.hold(.run)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<50 {
                    group.addTask { try await api.post("/boxes/\(id)/commands", #"{"command":"x"}"#).status }
                }
                #expect(try await eventually { api.server.guests.waiting(id) == 50 - GuestService.slotsPerBox })
                #expect(await api.engine.calls(.run) == GuestService.slotsPerBox)
                // Files use slots too. Another box has its own slots.
                group.addTask { try await api.get("/boxes/\(id)/files?path=x").status - 204 }
                #expect(try await api.get("/boxes/\(other)/files?path=x").status == 404)
                #expect(try await eventually { api.server.guests.waiting(id) == 51 - GuestService.slotsPerBox })
                await api.engine.release(.run)
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count == 51 && statuses.allSatisfy { $0 == 200 }, "\(statuses)")
            #expect(api.server.guests.waiting(id) == 0)
        }
    }

    @Test func aFullLineIsRefusedAndWhoLeavesMakesRoom() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            await api.engine.hold(.run)
            let most = GuestService.slotsPerBox + GuestService.queuePerBox
            try await withThrowingTaskGroup(of: Void.self) { group in
                let leaving = Task { try await api.post("/boxes/\(id)/commands", #"{"command":"first"}"#) }
                for _ in 1..<GuestService.slotsPerBox {
                    group.addTask { _ = try await api.post("/boxes/\(id)/commands", #"{"command":"x"}"#) }
                }
                #expect(try await eventually { await api.engine.calls(.run) == GuestService.slotsPerBox })
                let waiting = Task { try await api.post("/boxes/\(id)/commands", #"{"command":"waits"}"#) }
                for _ in GuestService.slotsPerBox + 1..<most {
                    group.addTask { _ = try await api.post("/boxes/\(id)/commands", #"{"command":"x"}"#) }
                }
                #expect(try await eventually { api.server.guests.waiting(id) == GuestService.queuePerBox })
                let refused = try await api.post("/boxes/\(id)/commands", #"{"command":"x"}"#)
                #expect(refused.status == 429 && refused.code == "rate_limited", "\(refused.text)")
                #expect(refused.header("Retry-After") == "1")
                waiting.cancel()
                #expect(try await eventually { api.server.guests.waiting(id) == GuestService.queuePerBox - 1 })
                await api.engine.release(.run)
                try await group.waitForAll()
                _ = try await leaving.value
                _ = try? await waiting.value
            }
            #expect(await api.engine.calls(.run) == most - 1)
        }
    }

    @Test func whoWaitsForABoxThatIsStoppedIsTold() async throws {
        try await withServer { api async throws in
            let id = try await api.ready()
            await api.engine.hold(.run)
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<40 {
                    group.addTask { try await api.post("/boxes/\(id)/commands", #"{"command":"x"}"#) }
                }
                #expect(try await eventually { api.server.guests.waiting(id) == 40 - GuestService.slotsPerBox })
                #expect(try await api.post("/boxes/\(id)/stop").status == 202)
                await api.settle()
                await api.engine.release(.run)
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 400 && $0.code == "machine_not_running" })
        }
    }

    @Test func aSlowDownloadHoldsItsSlot() async throws {
        let (engine, limit) = (TestEngine(), GuestService.slotsPerBox)
        try await withServer(engine: engine) { api async throws in
            let id = try await api.ready()
            let account = try await api.server.accounts.account("alice")
            try await engine.writeFile("x", .bytes([1]), in: id)
            var files: [OpenFile] = []
            for _ in 0..<limit { files.append(try await api.server.guests.openFile("x", of: id, account, limit: nil)) }
            let waiting = Task { try await api.get("/boxes/\(id)/files?path=x&encoding=base64").status }
            #expect(try await eventually { api.server.guests.waiting(id) == 1 })
            files.removeLast()
            #expect(try await waiting.value == 200)
        }
    }
}
