import BoxEngine
import BoxModel
import Testing

@testable import BoxControl
@testable import BoxServer
@testable import BoxStore

struct SSHKeyTests {
    static let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f alice@laptop"
    private static let other = OpenSSHKey.publicKeyLine(publicKey: [UInt8](repeating: 7, count: 32), comment: "other")

    private func body(_ key: String) -> String { JSON.object(["key": .string(key)]).compact }

    @Test func aKeyReachesTheEngine() async throws {
        try await withServer { api in
            let id = try await api.ready()
            let answer = try await api.post("/boxes/\(id)/sshkey", body(Self.key + "\n"))
            #expect(answer.status == 200)
            #expect(answer.json.object?.members.map(\.key) == ["ok", "type", "success", "machineIp", "sshUser"])
            #expect(answer.json["type"] == "ssh_key.configured")
            #expect(answer.json["success"] == true)
            #expect(answer.json["machineIp"] == (try await api.box(id))["ip"])
            #expect(answer.json["sshUser"] == "user")
            #expect(await api.engine.authorizedKeys(of: id) == [Self.key])
        }
    }

    @Test func addingItTwiceIsHarmlessAndOthersAreKept() async throws {
        try await withServer { api in
            let id = try await api.ready()
            for key in [Self.key, Self.other, Self.key] {
                #expect(try await api.post("/boxes/\(id)/sshkey", body(key)).status == 200)
            }
            #expect(await api.engine.authorizedKeys(of: id) == [Self.key, Self.other])
        }
    }

    @Test func keysAreThereAgainAfterAResume() async throws {
        try await withServer { api in
            let id = try await api.ready()
            _ = try await api.post("/boxes/\(id)/sshkey", body(Self.key))
            _ = try await api.post("/boxes/\(id)/stop")
            await api.settle()
            _ = try await api.post("/boxes/\(id)/resume")
            await api.settle()
            #expect(await api.engine.lastSpec(of: id)?.authorizedKeys == [Self.key])
        }
    }

    @Test func aStartingBoxIsWaitedFor() async throws {
        try await withServer { api in
            await api.engine.hold(.start)
            let id = try await api.create()
            #expect(try await eventually { await api.engine.isWaiting(in: .start) })
            async let answer = api.post("/boxes/\(id)/sshkey", body(Self.key))
            await api.engine.release(.start)
            #expect(try await answer.status == 200)
            #expect(try await answer.json["machineIp"]?.string != nil)
            #expect(await api.engine.authorizedKeys(of: id) == [Self.key])
        }
    }

    @Test func aBoxThatFailsToStartSaysSo() async throws {
        try await withServer { api in
            await api.engine.hold(.start)
            await api.engine.fail(.start, with: EngineError(.failed, "no"))
            let id = try await api.create()
            async let answer = api.post("/boxes/\(id)/sshkey", body(Self.key))
            await api.engine.release(.start)
            #expect(try await answer.code == "machine_not_running")
        }
    }

    @Test func aMachineThatIsGoneIsNotRunning() async throws {
        try await withServer { api in
            let id = try await api.ready()
            await api.engine.loseAllMachines()
            let answer = try await api.post("/boxes/\(id)/sshkey", body(Self.key))
            #expect(answer.status == 400)
            #expect(answer.code == "machine_not_running")
        }
    }

    @Test(arguments: [
        nil, "{}", #"{"key":null}"#, #"{"key":""}"#, #"{"key":7}"#, #"{"key":["ssh-ed25519"]}"#,
        #"{"key":"ssh-ed25519"}"#,
        #"{"key":"ssh-ed25519 AAAA"}"#,
        #"{"key":"-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----"}"#,
        #"{"key":"command=\"id\" \#(key)"}"#, #"{"key":"\#(key)\n\#(key)"}"#, #"{"key":"\#(key)\r\nssh-rsa AAAA"}"#,
        #"{"key":"\#(key)\u0000"}"#, ##"{"key":"# \##(key)"}"##,
    ])
    func whatIsNoPublicKeyIsRefused(_ body: String?) async throws {
        try await withServer { api in
            let id = try await api.ready()
            let answer = try await api.post("/boxes/\(id)/sshkey", body)
            #expect(answer.status == 400, "\(answer.text)")
            #expect(answer.code == "invalid_ssh_key")
            #expect(!answer.text.contains("BEGIN"), "a private key isn't echoed")
            #expect(await api.engine.authorizedKeys(of: id) == [])
        }
    }
}
