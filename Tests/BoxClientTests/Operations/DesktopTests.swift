import BoxClient
import BoxModel
import Synchronization
import Testing

@Suite struct DesktopTests {
    let transport = ScriptedTransport()
    let pauses = PauseLog()
    let notReady = #"{"ok":false,"status":503,"code":"desktop_not_ready","message":"Starting X."}"#

    @Test func whatIsSentAndRead() async throws {
        transport
            .on(
                "POST /boxes/bx_1/desktop?theme=dark",
                #"{"ok":true,"type":"desktop.url","success":true,"desktopUrl":"https://d/s?token=t","viewerUrl":"https://v","ip":"10.0.0.2"}"#
            )
            .on("POST /boxes/bx_1/desktop?vnc=1", #"{"ok":true,"desktopUrl":"https://d/v","mode":"vnc"}"#)
            .on(
                "POST /boxes/bx_1/desktop?vnc=1",
                #"{"ok":true,"type":"desktop.provisioning","provisioning":true,"message":"soon","desktopUrl":""}"#)
        let client = try BoxClient.scripted(transport)
        let stream = try await client.desktop("bx_1", DesktopRequest(theme: .dark))
        #expect(
            stream.desktopURL == "https://d/s?token=t" && stream.viewerURL == "https://v" && stream.ip == "10.0.0.2")
        #expect(stream.isReady && stream.mode == nil)
        #expect(try await client.desktop("bx_1", DesktopRequest(vnc: true)).mode == "vnc")
        let waiting = try await client.desktop("bx_1", DesktopRequest(vnc: true, publicAccess: true))
        #expect(waiting.provisioning && !waiting.isReady && waiting.message == "soon" && waiting.desktopURL == nil)
        let bodies = transport.sent.map { $0.body.map { String(decoding: $0, as: UTF8.self) } }
        #expect(bodies == [nil, nil, #"{"publicAccess":true}"#])
    }

    @Test func waitsWhileItIsPrepared() async throws {
        transport.on("POST /boxes/bx_1/desktop", 503, notReady)
            .on("POST /boxes/bx_1/desktop", #"{"ok":true,"provisioning":true,"desktopUrl":"https://early"}"#)
            .on("POST /boxes/bx_1/desktop", #"{"ok":true,"desktopUrl":"https://d"}"#)
        let seen = Mutex<[Bool]>([])
        let answer = try await BoxClient.scripted(transport, pauses: pauses).waitForDesktop("bx_1") { answer in
            seen.withLock { $0.append(answer?.provisioning == true) }
        }
        #expect(answer.desktopURL == "https://d")
        #expect(seen.withLock { $0 } == [false, true])
        #expect(pauses.all == [.milliseconds(200), .milliseconds(200) * 1.3])
    }

    @Test func theTimeIsLimited() async throws {
        for _ in 0..<3 { transport.on("POST /boxes/bx_1/desktop", 503, notReady) }
        let client = try BoxClient.scripted(transport, pauses: pauses)
        let error = await boxError { try await client.waitForDesktop("bx_1", timeout: .milliseconds(300)) }
        guard case .desktopTimedOut("bx_1", "Starting X.", 0, let refusal)? = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(refusal?.code == .desktopNotReady)
    }

    @Test(arguments: [400, 404, 409]) func aFinalRefusalEndsTheWaitAtOnce(status: Int) async throws {
        transport.on("POST /boxes/bx_1/desktop", status, #"{"error":"desktop_not_ready","message":"There are none."}"#)
        let client = try BoxClient.scripted(transport, pauses: pauses)
        guard case .api(let failure)? = await boxError({ try await client.waitForDesktop("bx_1") }) else {
            Issue.record("another error")
            return
        }
        #expect(failure.code == .desktopNotReady && failure.status == status)
        #expect(pauses.all.isEmpty)
    }

    @Test(arguments: [408, 425]) func transientRefusalsAreWaitedFor(status: Int) async throws {
        transport.on("POST /boxes/bx_1/desktop", status, #"{"error":"desktop_not_ready"}"#)
            .on("POST /boxes/bx_1/desktop", #"{"ok":true,"desktopUrl":"https://d"}"#)
        #expect(try await BoxClient.scripted(transport, pauses: pauses).waitForDesktop("bx_1").isReady)
    }

    @Test func otherErrorsEndTheWait() async throws {
        transport.on("POST /boxes/bx_1/desktop", 400, #"{"error":"machine_not_running"}"#)
        let client = try BoxClient.scripted(transport, pauses: pauses)
        guard case .api(let failure)? = await boxError({ try await client.waitForDesktop("bx_1") }) else { return }
        #expect(failure.code == .machineNotRunning)
    }
}
