import BoxModel
import GRDB
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct LimitsTests {
    @Test func everyDocumentedMemberIsThere() async throws {
        try await withServer { api async throws in
            let json = try await api.get("/limits").json
            #expect(json["ok"] == true)
            #expect(json["type"] == "limits.info")
            for name in [
                "activeBoxes", "maxActiveBoxes", "maxCreationRequestsPerMinute", "creditBalanceSeconds",
                "subscriptionQuotaSeconds",
                "subscriptionRemainingSeconds", "packBalanceSeconds", "creditPurchasedSeconds", "creditUsedSeconds",
                "liveUsageSeconds",
                "creditSecondsPerDollar",
            ] { #expect(json[name]?.int != nil, "\(name)") }
            for name in [
                "hasSubscription", "hasPaymentHistory", "subscriptionCancelAtPeriodEnd", "checkoutRequired", "canStart",
            ] {
                #expect(json[name]?.bool != nil, "\(name)")
            }
            for name in ["billingStatus", "subscriptionStatus", "accessTier", "contactMessage"] {
                #expect(json[name]?.string != nil, "\(name)")
            }
            for name in [
                "maxCreationRequestsPerDay", "subscriptionTrialEndsAt", "subscriptionCurrentPeriodEnd",
                "startBlockedReason", "blockedReason",
            ] { #expect(json[name] == .null, "\(name)") }
            #expect(json["activeStates"] == ["provisioned", "cloning", "ready", "idle", "running"])
            for name in ["dollars", "seconds", "secondsPerDollar"] {
                #expect(json["package"]?[name]?.int != nil, "\(name)")
            }
            for set in ["currentLimits", "standardLimits", "trialLimits"] {
                #expect(json[set]?["activeBoxes"] == 100, "\(set)")
                #expect(json[set]?["creationRatePerMinute"] == 120, "\(set)")
                #expect(json[set]?["creationRequestsPerDay"] == .null, "\(set)")
            }
            #expect(json["upgradeEffects"]?.object != nil)
            #expect(json["canStart"] == true)
            #expect(json["hasSubscription"] == false, "nothing is sold here")
        }
    }

    private func limits(_ active: Int = 100, perMinute: Int = 120, perDay: Int? = nil) -> ServerLimits {
        var limits = ServerLimits()
        (limits.activeBoxes, limits.creationsPerMinute, limits.creationsPerDay) = (active, perMinute, perDay)
        return limits
    }

    @Test func activeBoxesAreLimitedForCreateForkAndResume() async throws {
        try await withServer(limits: limits(2)) { api async throws in
            let (stopped, _) = (try await api.archived(), try await api.ready())
            #expect(try await api.get("/limits").json["canStart"] == true)
            _ = try await api.ready()
            let json = try await api.get("/limits").json
            #expect(json["activeBoxes"] == 2)
            #expect(json["canStart"] == false)
            #expect(json["startBlockedReason"] == "limit_reached")
            for path in ["/boxes", "/boxes/\(stopped)/fork", "/boxes/\(stopped)/resume"] {
                let answer = try await api.post(path)
                #expect(answer.status == 429, "\(path): \(answer.text)")
                #expect(answer.code == "limit_reached")
                #expect(answer.json["error"]?["details"]?["maxActiveBoxes"] == 2)
            }
            #expect(try await api.state(stopped) == "archived")
        }
    }

    @Test func aBoxThatIsStartingTakesAPlace() async throws {
        try await withServer(limits: limits(1)) { api async throws in
            await api.engine.hold(.start)
            _ = try await api.create()
            #expect(try await api.post("/boxes").code == "limit_reached")
        }
    }

    @Test func stoppedDeletedAndFailedBoxesTakeNone() async throws {
        try await withServer(limits: limits(1)) { api async throws in
            _ = try await api.archived()
            let deleted = try await api.ready()
            #expect(try await api.delete("/boxes/\(deleted)").status == 200)
            let failed = try await api.ready()
            try await api.rewrite(failed) { $0.state = "error" }
            #expect(try await api.post("/boxes").status == 202)
        }
    }

    @Test func onlyAsManyAsAllowedComeThroughAtOnce() async throws {
        try await withServer(limits: limits(5)) { api async throws in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { try await api.post("/boxes").status } }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 202 } == 5)
            #expect(statuses.count { $0 == 429 } == 15)
        }
    }

    @Test func resumesAtOnceDoNotExceedTheLimitEither() async throws {
        try await withServer(limits: limits(3)) { api async throws in
            var stopped: [String] = []
            for _ in 0..<6 { stopped.append(try await api.archived()) }
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for id in stopped { group.addTask { try await api.post("/boxes/\(id)/resume").status } }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 202 } == 3)
        }
    }

    @Test func creationsAMinuteAreLimited() async throws {
        try await withServer(limits: limits(perMinute: 2)) { api async throws in
            let id = try await api.archived()
            #expect(try await api.post("/boxes").status == 202)
            for path in ["/boxes", "/boxes/\(id)/fork"] {
                let answer = try await api.post(path)
                #expect(answer.status == 429)
                #expect(answer.code == "rate_limited")
                let wait = try #require(answer.header("Retry-After").flatMap { Int($0) })
                #expect((1...60).contains(wait))
                #expect(answer.message.contains("\(wait) second"))
                #expect(answer.json["error"]?["details"]?["maxCreationRequestsPerMinute"] == 2)
            }
            #expect(try await api.post("/boxes/\(id)/resume").status == 202, "a resume creates nothing")
            #expect(try await api.other("bob").post("/boxes").status == 202, "one account doesn't use up another's")
            try await age(api, by: 60_001)
            #expect(try await api.post("/boxes").status == 202)
        }
    }

    @Test func creationsADayAreLimitedAndDeletingDoesNotHelp() async throws {
        try await withServer(limits: limits(perDay: 1)) { api async throws in
            let id = try await api.ready()
            #expect(try await api.delete("/boxes/\(id)").status == 200)
            try await age(api, by: 3_600_000)
            let answer = try await api.post("/boxes")
            #expect(answer.status == 429)
            #expect(answer.code == "daily_limit_reached")
            #expect(answer.json["error"]?["details"]?["maxCreationRequestsPerDay"] == 1)
            #expect(try await api.get("/limits").json["maxCreationRequestsPerDay"] == 1)
            try await age(api, by: 86_400_000)
            #expect(try await api.post("/boxes").status == 202)
        }
    }

    private func age(_ api: API, by milliseconds: Int64) async throws {
        let database = api.server.boxes.store.database
        try await database.pool.write {
            try $0.execute(sql: "UPDATE creation SET at = at - ?", arguments: [milliseconds])
        }
    }

    @Test func eachAccountHasItsOwnBoxes() async throws {
        try await withServer(limits: limits(1)) { api async throws in
            _ = try await api.ready()
            let bob = try await api.other("bob")
            #expect(try await bob.get("/limits").json["activeBoxes"] == 0)
            #expect(try await bob.post("/boxes").status == 202)
        }
    }

    /// One creation 30 s ago and one 10 s ago. When two are allowed, the older one has to leave the window; when one is
    /// allowed, the newer one.
    @Test(arguments: [(2, 30), (1, 50)])
    func theWaitEndsWhenEnoughCreationsHaveLeftTheWindow(limit: Int, seconds: Int) async throws {
        try await withServer { api async throws in
            _ = try await api.create()
            try await age(api, by: 20_000)
            _ = try await api.create()
            try await age(api, by: 10_000)
            try await set(api, AccountLimits(perMinute: .limit(limit)))
            let answer = try await api.post("/boxes")
            #expect(answer.code == "rate_limited")
            let wait = try #require(answer.header("Retry-After").flatMap { Int($0) })
            #expect((seconds - 25...seconds).contains(wait), "\(wait)")
            let json = try await api.get("/limits").json
            #expect(json["canStart"] == false)
            #expect(json["startBlockedReason"] == "rate_limited")
            #expect(json["maxCreationRequestsPerMinute"] == JSON(limit))
            try await age(api, by: Int64(seconds) * 1000)
            #expect(try await api.get("/limits").json["canStart"] == true)
            #expect(try await api.post("/boxes").status == 202)
        }
    }

    @Test func theDaysWaitCountsWhereTheMinuteIsUpToo() async throws {
        try await withServer(limits: limits(perMinute: 1, perDay: 1)) { api async throws in
            _ = try await api.create()
            let answer = try await api.post("/boxes")
            #expect(answer.code == "daily_limit_reached")
            #expect(answer.header("Retry-After").flatMap { Int($0) } ?? 0 > 86_000)
            #expect(answer.message.hasSuffix("24 hours"))
            #expect(try await api.get("/limits").json["startBlockedReason"] == "daily_limit_reached")
        }
    }

    @Test func theNumberOfActiveBoxesHasNoTimeToWaitFor() async throws {
        try await withServer(limits: limits(1)) { api async throws in
            _ = try await api.create()
            let answer = try await api.post("/boxes")
            #expect(answer.code == "limit_reached")
            #expect(answer.header("Retry-After") == nil)
        }
    }

    @Test func refusedAndRepeatedCreationsAreNotCounted() async throws {
        try await withServer(limits: limits(2, perMinute: 3)) { api async throws in
            let once = ["Idempotency-Key": "once"]
            for _ in 0..<3 { #expect(try await api.post("/boxes", headers: once).status == 202) }
            let second = try await api.ready()
            for _ in 0..<5 { #expect(try await api.post("/boxes").code == "limit_reached") }
            #expect(try await api.post("/boxes", #"{"ttlSeconds":0}"#).code == "invalid_ttl")
            #expect(try await api.post("/boxes/\(second)/stop").status == 202)
            await api.settle()
            #expect(try await api.post("/boxes").status == 202, "three were made, and three are allowed")
            #expect(try await api.post("/boxes/\(second)/fork").code == "limit_reached")
        }
    }

    @Test func anAccountsOwnLimitsCountAndGoAgain() async throws {
        try await withServer(limits: limits(1, perMinute: 10, perDay: 1)) { api async throws in
            _ = try await api.create()
            #expect(try await api.post("/boxes").code == "limit_reached")
            try await set(api, AccountLimits(boxes: .limit(3), perDay: .unlimited))
            let json = try await api.get("/limits").json
            #expect(json["maxActiveBoxes"] == 3)
            #expect(json["maxCreationRequestsPerMinute"] == 10)
            #expect(json["maxCreationRequestsPerDay"] == .null)
            #expect(
                json["currentLimits"] == [
                    "activeBoxes": 3, "creationRatePerMinute": 10, "creationRequestsPerDay": .null,
                ])
            #expect(try await api.post("/boxes").status == 202)
            let bob = try await api.other("bob")
            #expect(try await bob.get("/limits").json["maxActiveBoxes"] == 1, "they are one account's")
            try await set(api, AccountLimits(boxes: .standard))
            let refused = try await api.post("/boxes")
            #expect(refused.json["error"]?["details"] == ["activeBoxes": 2, "maxActiveBoxes": 1])
        }
    }

    private func set(_ api: API, _ limits: AccountLimits) async throws {
        _ = try await api.server.accounts.set("alice", email: nil, limits)
    }
}
