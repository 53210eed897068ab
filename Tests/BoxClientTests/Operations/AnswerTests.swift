import BoxClient
import Testing

/// The typed fields of answers, by the API's names.
@Suite struct AnswerTests {
    let transport = ScriptedTransport()

    private func client() throws -> BoxClient { try .scripted(transport) }

    @Test func everyFieldOfLimits() async throws {
        transport.on(
            "GET /limits",
            #"{"ok":true,"type":"limits.info","accessTier":"trial","blockedReason":"b","currentLimits":{"activeBoxes":2,"creationRatePerMinute":5,"creationRequestsPerDay":50},"standardLimits":{"activeBoxes":10},"trialLimits":null,"upgradeEffects":["more"],"canStart":false,"checkoutRequired":true,"startBlockedReason":"pay","contactMessage":"write","activeBoxes":1,"activeStates":["ready","new"],"maxActiveBoxes":2,"maxCreationRequestsPerMinute":5,"maxCreationRequestsPerDay":50,"hasPaymentHistory":false,"package":"solo","subscriptionQuotaSeconds":3600,"subscriptionRemainingSeconds":1.5,"packBalanceSeconds":2,"creditPurchasedSeconds":3,"creditUsedSeconds":4,"liveUsageSeconds":5.25,"creditSecondsPerDollar":6,"billingStatus":"ok","subscriptionStatus":"active","subscriptionCancelAtPeriodEnd":true,"hasSubscription":true,"subscriptionTrialEndsAt":null,"subscriptionCurrentPeriodEnd":"2026-05-28T16:00:33.143Z","creditBalanceSeconds":7}"#
        )
        let limits = try await client().limits()
        #expect(limits.type == "limits.info" && limits.accessTier == "trial" && limits.blockedReason == "b")
        #expect(limits.currentLimits?.activeBoxes == 2 && limits.currentLimits?.creationsPerMinute == 5)
        #expect(limits.currentLimits?.creationsPerDay == 50 && limits.standardLimits?.activeBoxes == 10)
        #expect(limits.trialLimits == nil && limits.upgradeEffects == ["more"] && limits.package == "solo")
        #expect(!limits.canStart && limits.checkoutRequired == true && limits.startBlockedReason == "pay")
        #expect(limits.contactMessage == "write" && limits.activeBoxes == 1 && limits.maximumActiveBoxes == 2)
        #expect(limits.activeStates == [.ready, BoxState(rawValue: "new")])
        #expect(limits.maximumCreationsPerMinute == 5 && limits.maximumCreationsPerDay == 50)
        #expect(limits.hasPaymentHistory == false && limits.hasSubscription == true && limits.billingStatus == "ok")
        #expect(limits.subscriptionQuotaSeconds == 3600 && limits.subscriptionRemainingSeconds == 1.5)
        #expect(limits.packBalanceSeconds == 2 && limits.creditPurchasedSeconds == 3 && limits.creditUsedSeconds == 4)
        #expect(
            limits.liveUsageSeconds == 5.25 && limits.creditSecondsPerDollar == 6 && limits.creditBalanceSeconds == 7)
        #expect(limits.subscriptionStatus == "active" && limits.subscriptionCancelAtPeriodEnd == true)
        #expect(limits.subscriptionTrialEndsAt == nil)
        #expect(limits.subscriptionCurrentPeriodEnd == Timestamp(iso8601: "2026-05-28T16:00:33.143Z"))
    }

    @Test func everyFieldOfABox() async throws {
        let time = "2026-05-28T16:00:33.143Z"
        let box =
            #"{"id":"bx_1","name":"n","state":"idle","url":"https://u","ip":"10.0.0.2","createdAt":"\#(time)","updatedAt":"\#(time)","archiveAfter":"\#(time)","desktopAvailable":true,"desktopUrl":"https://d","snapshotAvailable":true,"snapshotCompletedAt":"\#(time)"}"#
        transport.on("GET /boxes/bx_1", #"{"ok":true,"type":"box.info","box":\#(box)}"#)
            .on("GET /boxes", #"{"ok":true,"boxes":[\#(box)],"pageInfo":{"nextCursor":"c","hasMore":true,"limit":1}}"#)
            .on("POST /boxes", 202, #"{"ok":true,"type":"box.created","ttlSeconds":60,"box":\#(box)}"#)
        let client = try client()
        let info = try await client.get("bx_1")
        #expect(info.type == "box.info" && info.box.name == "n" && info.box.state == .idle)
        #expect(info.box.url == "https://u" && info.box.ip == "10.0.0.2" && info.box.desktopURL == "https://d")
        #expect(info.box.desktopAvailable && info.box.snapshotAvailable)
        let times = [info.box.createdAt, info.box.updatedAt, info.box.archiveAfter, info.box.snapshotCompletedAt]
        #expect(times.allSatisfy { $0 == Timestamp(iso8601: time) })
        let page = try await client.boxes()
        #expect(page.pageInfo?.limit == 1 && page.pageInfo?.hasMore == true && page.nextCursor == "c")
        #expect(try await client.create().ttlSeconds == 60)
    }

    @Test func repositoriesWithAllTheyHave() async throws {
        let repository =
            #""id":"R_1","databaseId":77,"name":"web","fullName":"octo/web","private":true,"permissions":{"pull":true,"push":false,"triage":true},"pushedAt":"2026-05-28T16:00:33.143Z""#
        transport.on(
            "GET /repos",
            #"{"ok":true,"installations":[{"type":"User","accountLogin":"octo","accountAvatarUrl":"https://a","repositories":[{\#(repository)}]}],"environmentId":"e","selectedRepositories":[{\#(repository),"baseBranch":"dev","setupRoutineId":"s","setupScript":"make","setupBlocking":true,"preCommitHooks":[{"id":"h","script":"lint","blocking":false}]}]}"#
        )
        let page = try await client().repos()
        let group = page.installations[0], selected = page.selected[0]
        #expect(group.type == "User" && group.accountLogin == "octo" && group.accountAvatarURL == "https://a")
        #expect(group.repositories[0].id == "R_1" && group.repositories[0].databaseID == "77")
        let permissions = group.repositories[0].permissions
        #expect(permissions?.canPull == true && permissions?.canPush == false && permissions?["triage"] == true)
        #expect(permissions?.isAdministrator == nil && page.environmentID == "e" && page.nextCursor == nil)
        #expect(selected.baseBranch == "dev" && selected.setupRoutineID == "s" && selected.setupScript == "make")
        #expect(selected.setupBlocking == true && selected.fullName == "octo/web" && selected.pushedAt != nil)
        let hook = selected.preCommitHooks[0]
        #expect(hook.id == "h" && hook.script == "lint" && hook.isBlocking == false)
    }

    @Test func prompts() async throws {
        let run =
            #"{"id":"r","promptId":"p","boxId":"bx_1","status":"queued","done":false,"createdAt":"2026-05-28T16:00:33.143Z","model":"opus","reasoningEffort":"max"}"#
        transport.on(
            "POST /boxes/bx_1/prompt", 202,
            #"{"ok":true,"type":"prompt.queued","id":"bx_1","promptId":"p","promptRun":\#(run),"status":"queued","provider":"claude-code","model":"opus","reasoningEffort":"max"}"#
        )
        .on("GET /boxes/bx_1/prompts/p", #"{"ok":true,"type":"prompt.run","id":"bx_1","promptRun":\#(run)}"#)
        .on("GET /boxes/bx_1/prompts/q", #"{"ok":true,"promptRun":{"status":"cancelled","done":true}}"#)
        let client = try client()
        let queued = try await client.prompt("bx_1", PromptRequest(text: "x"))
        #expect(queued.promptID == "p" && queued.boxID == "bx_1" && queued.status == .queued && queued.run?.id == "r")
        #expect(queued.provider == "claude-code" && queued.model == "opus" && queued.reasoningEffort == "max")
        let status = try await client.promptRunStatus("bx_1", prompt: "p")
        #expect(status.json.compact == run && status.answer["type"] == "prompt.run")
        #expect(status.promptID == "p" && status.boxID == "bx_1" && status.done == false && !status.isOver)
        #expect(status.model == "opus" && status.reasoningEffort == "max" && status.createdAt != nil)
        #expect(try await client.promptRunStatus("bx_1", prompt: "q").isOver)
    }

    @Test func filesCommandsSecretsAndDeletions() async throws {
        let time = "2026-05-28T16:00:33.143Z"
        transport
            .on(
                "GET /boxes/b/files?path=a&encoding=utf8",
                #"{"ok":true,"success":true,"path":"a","encoding":"utf8","size":2,"content":"hi"}"#
            )
            .on(
                "POST /boxes/b/commands",
                #"{"ok":true,"success":true,"exitCode":0,"cwd":"/home/user","startedAt":"\#(time)","finishedAt":"\#(time)"}"#
            )
            .on("GET /secrets", #"{"ok":true,"success":true,"environmentId":"e","envContents":"","secretFiles":[]}"#)
            .on(
                "DELETE /boxes/b", 202,
                #"{"ok":true,"type":"box.deleting","id":"b","status":"deleting","operation":{"id":"bdop_1","kind":"box","targetId":"b","reason":"explicit","status":"running","attemptCount":1,"requestedAt":"\#(time)","completedAt":null}}"#
            )
            .on("GET /deletion-operations/bdop_1", #"{"ok":true,"operation":{"id":"bdop_1","status":"completed"}}"#)
        let client = try client()
        let file = try await client.readFile("b", path: "a", encoding: .utf8)
        #expect(
            file.path == "a" && file.encoding == .utf8 && file.size == 2 && file.content == "hi" && file.text == "hi")
        let result = try await client.command("b", "true")
        #expect(result.success && result.cwd == "/home/user" && result.startedAt != nil && result.finishedAt != nil)
        #expect(try await client.secrets().environmentID == "e")
        let deleted = try await client.remove("b", tracked: true)
        #expect(transport.sent.last?.header("X-Ascii-Confirm-Delete") == "b")
        let operation = deleted.operation
        #expect(deleted.status == "deleting" && operation?.id == "bdop_1" && operation?.targetID == "b")
        #expect(operation?.kind == "box" && operation?.reason == "explicit" && operation?.attemptCount == 1)
        #expect(operation?.requestedAt != nil && operation?.completedAt == nil)
        #expect(try await client.deletionOperation("bdop_1").status == "completed")
    }
}
