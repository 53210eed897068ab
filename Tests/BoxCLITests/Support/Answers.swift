/// Answers of a server, for the scripts of the tests.
enum Answers {
    static func box(_ state: String, id: String = "bx_8pqt6dup", name: String = "Box 2026-05-28 16:00") -> String {
        let isUp = ["ready", "idle", "running"].contains(state)
        return
            #"{"id":"\#(id)","name":"\#(name)","state":"\#(state)","url":null,"ip":\#(isUp ? "\"10.98.0.2\"" : "null"),"desktopAvailable":false,"desktopUrl":null,"snapshotAvailable":false,"snapshotCompletedAt":null,"createdAt":"2026-05-28T16:00:33.143Z","updatedAt":"2026-05-28T16:00:33.143Z","archiveAfter":"2026-05-28T17:00:33.143Z"}"#
    }

    static func info(_ state: String, id: String = "bx_8pqt6dup") -> String {
        #"{"ok":true,"type":"box.info","box":\#(box(state, id: id))}"#
    }

    static func created(ttl: String = "3600", name: String = "Box 2026-05-28 16:00") -> String {
        #"{"ok":true,"type":"box.created","id":"bx_8pqt6dup","status":"provisioning","ttlSeconds":\#(ttl),"box":\#(box("provisioning", name: name))}"#
    }

    static func action(_ type: String, _ status: String, id: String = "bx_8pqt6dup", state: String) -> String {
        #"{"ok":true,"type":"box.\#(type)","id":"\#(id)","status":"\#(status)","box":\#(box(state, id: id))}"#
    }

    static func error(_ status: Int, _ code: String, _ message: String) -> String {
        #"{"ok":false,"type":"box.error","status":\#(status),"code":"\#(code)","message":"\#(message)","error":{"code":"\#(code)","message":"\#(message)","status":\#(status)},"requestId":"req_1"}"#
    }

    static let me =
        #"{"ok":true,"type":"user.info","user":{"login":"octocat","email":"octocat@example.com","plan":"x"}}"#
}
