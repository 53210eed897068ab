import Testing

@testable import BoxModel

struct BoxIDTests {
    @Test func generatedIdsHaveTheFormThatClientsCheck() {
        var seen: Set<String> = []
        for _ in 0..<2000 {
            let id = BoxID.generate()
            #expect(id.wholeMatch(of: /bx_[23456789abcdefghjkmnpqrstuvwxyz]{8}/) != nil, "\(id)")
            #expect(BoxID.isValid(id))
            seen.insert(id)
        }
        #expect(seen.count == 2000)
    }

    @Test func theAlphabetHasNoLookAlikes() {
        #expect(String(BoxID.alphabet) == "23456789abcdefghjkmnpqrstuvwxyz")
    }

    @Test(arguments: [
        "", "bx_", "bx_2345678", "bx_234567899", "bx_2345678l", "bx_2345678i", "bx_2345678o", "bx_23456780",
        "bx_23456781", "BX_23456789",
        "bx-23456789", "bx_ABCDEFGH", "bx_2345678\n", " bx_23456789", "bx_23456789 ", "bx_2345678\u{E9}",
        "bx_2345678e\u{301}", "bx_../../ab",
        "bx_２３４５６７８９", "bx_2345678\0", "xbx_2345678",
    ])
    func otherTextsAreNoIds(_ text: String) {
        #expect(!BoxID.isValid(text))
    }
}

struct BoxStateTests {
    @Test func theStatesAreSpelledAsTheAPISpellsThem() {
        #expect(
            BoxState.all.map(\.rawValue) == [
                "init", "provisioning", "provisioned", "cloning", "ready", "idle", "running", "archiving", "archived",
                "error",
            ])
        #expect(BoxState.active.map(\.rawValue) == ["provisioned", "cloning", "ready", "idle", "running"])
    }

    @Test(arguments: [
        ("init", "init"), ("provisioning", "provisioning"), ("provisioned", "ready"), ("cloning", "cloning"),
        ("ready", "ready"),
        ("idle", "idle"), ("running", "running"), ("archiving", "stopping"), ("archived", "stopped"),
        ("error", "error"),
        ("hibernating", "hibernating"), ("", ""),
    ])
    func peopleSeeOtherWordsForThreeOfThem(_ state: String, _ shown: String) {
        #expect(BoxState(rawValue: state).displayName == shown)
    }

    @Test func usableStatesAreThoseWithAMachineThatAnswers() {
        #expect(BoxState.all.filter(\.isUsable).map(\.rawValue) == ["provisioned", "ready", "idle", "running"])
        #expect(BoxState.all.filter(\.isActive) == BoxState.active)
    }
}

struct BoxTests {
    @Test func aBoxIsAViewThatKeepsEveryField() throws {
        let text =
            #"{"future":{"a":1.50},"id":"bx_8pqt6dup","name":"n","state":"idle","ip":null,"archiveAfter":"2026-05-28T17:00:33.162Z"}"#
        let box = try #require(Box(json: JSON.parse(text)))
        #expect(box.json.compact == text)
        #expect((box.id, box.name, box.state) == ("bx_8pqt6dup", "n", .idle))
        #expect(box.ip == nil)
        #expect(box.archiveAfter?.iso8601 == "2026-05-28T17:00:33.162Z")
        #expect(
            box.createdAt == nil && box.url == nil && box.desktopURL == nil && !box.desktopAvailable
                && !box.snapshotAvailable)
    }

    @Test(arguments: ["{}", "[]", "null", #"{"id":null}"#, #"{"id":7}"#, #"{"name":"x"}"#])
    func aValueWithoutAnIdIsNoBox(_ text: String) throws {
        #expect(Box(json: try JSON.parse(text)) == nil)
    }
}

struct MachineTypeTests {
    @Test func sizesAreTheDocumentedOnes() {
        let sizes = MachineType.allCases.map { "\($0.rawValue) \($0.virtualCPUs) \($0.memory >> 30)" }
        #expect(sizes == ["small 2 4", "default 4 8", "large 8 16"])
        #expect(MachineType(rawValue: "Small") == nil && MachineType(rawValue: "") == nil)
    }

    @Test func aNewBoxIsNamedAfterItsMoment() {
        #expect(BoxName.standard(at: Timestamp(milliseconds: 1_779_984_033_143)) == "Box 2026-05-28 16:00")
        #expect(BoxName.maximumLength == 120)
        #expect(TimeToLive.standard == 3600 && TimeToLive.maximum == 2_592_000)
    }
}
