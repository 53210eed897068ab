import BoxEngine
import BoxModel
import Glibc
import HostTools
import Testing

@testable import BoxEngineOCI

/// The operations on a machine's directories, without any mounts.
@Suite(.enabled(if: geteuid() == 0, "directories get owners"))
struct MachineDiskTests {
    private struct Fixture {
        let scratch: TestDirectory
        let disk: MachineDisk
        var record = MachineRecord(id: "bx_8pqt6dup", slot: 1, image: "i", layers: [])

        init() throws {
            scratch = try TestDirectory()
            let configuration = OCIEngineConfiguration(dataDirectory: scratch.path, instance: "test")
            disk = MachineDisk(configuration: configuration, id: record.id)
            for directory in [configuration.boxesDirectory, configuration.layersDirectory] {
                try HostFiles.makeDirectory(directory)
            }
            try disk.makeDirectories(for: record)
            try disk.save(record)
        }

        func write(_ text: String) throws {
            for directory in [disk.upper, disk.work] { try HostFiles.makeDirectory(directory, owner: record.idBase) }
            try HostFiles.write(text, to: "\(disk.upper)/file", owner: record.idBase)
        }

        var saved: MachineRecord? {
            HostFiles.read(disk.recordPath).flatMap { try? JSON.parse($0) }.flatMap(MachineRecord.init(json:))
        }

        func text(of layer: MachineRecord.Layer?) -> String? {
            layer.flatMap { HostFiles.read("\(disk.layer($0.id))/file") }
        }
    }

    @Test func sealingMovesWhatWasWritten() throws {
        var fixture = try Fixture()
        defer { fixture.scratch.remove() }
        try fixture.write("one")
        #expect(fixture.disk.isUnsealed)
        try fixture.disk.seal(&fixture.record)
        #expect(!fixture.disk.isUnsealed)
        #expect(!HostFiles.exists(fixture.disk.work))
        #expect(fixture.record.layers.map(\.idBase) == [Slots.idBase(of: 1)])
        #expect(fixture.text(of: fixture.record.layers.last) == "one")
        #expect(fixture.saved == fixture.record)
        // Seals again, with nothing new.
        try fixture.disk.seal(&fixture.record)
        #expect(fixture.record.layers.count == 1)
    }

    @Test func aCrashBetweenTheRecordAndTheRenameLosesNothing() throws {
        var fixture = try Fixture()
        defer { fixture.scratch.remove() }
        try fixture.write("one")
        fixture.record.layers.append(.init(id: "named", idBase: 1))
        try fixture.disk.save(fixture.record)
        // The next boxd finishes the seal.
        let found = try #require(fixture.saved)
        try fixture.disk.finishSealing(found)
        #expect(!fixture.disk.isUnsealed)
        #expect(fixture.text(of: found.layers.last) == "one")
        try fixture.disk.finishSealing(found)
    }

    @Test func aSealedUpperBecomesTheUpperAgain() throws {
        var fixture = try Fixture()
        defer { fixture.scratch.remove() }
        try fixture.write("one")
        try fixture.disk.seal(&fixture.record)
        let sealed = fixture.record
        try fixture.disk.unseal(&fixture.record)
        #expect(fixture.disk.isUnsealed && fixture.record.layers.isEmpty && fixture.saved == fixture.record)
        // A crash before the record was saved.
        try fixture.disk.save(sealed)
        try fixture.disk.finishSealing(sealed)
        #expect(fixture.text(of: sealed.layers.last) == "one" && !fixture.disk.isUnsealed)
    }

    @Test func aMergedLayerIsNeverWrittenTo() throws {
        var fixture = try Fixture()
        defer { fixture.scratch.remove() }
        try fixture.write("one")
        try fixture.disk.seal(&fixture.record)
        fixture.record.layers[0].isWhole = false
        try fixture.disk.unseal(&fixture.record)
        #expect(!fixture.disk.isUnsealed && fixture.record.layers.count == 1)
    }

    @Test func aRenameThatFailedIsDoneTheNextTime() throws {
        var fixture = try Fixture()
        defer { fixture.scratch.remove() }
        try fixture.write("one")
        fixture.record.layers.append(.init(id: "named", idBase: fixture.record.idBase, isWhole: true))
        try fixture.disk.seal(&fixture.record)
        #expect(fixture.record.layers.map(\.id) == ["named"] && fixture.saved == fixture.record)
        #expect(fixture.text(of: fixture.record.layers.last) == "one")
    }

    @Test func aNewUpperIsNotTakenForAnOldLayer() throws {
        var fixture = try Fixture()
        defer { fixture.scratch.remove() }
        try fixture.write("one")
        try fixture.disk.seal(&fixture.record)
        try fixture.write("two")
        try fixture.disk.finishSealing(fixture.record)
        #expect(fixture.disk.isUnsealed)
        #expect(fixture.text(of: fixture.record.layers[0]) == "one")
        try fixture.disk.seal(&fixture.record)
        #expect(fixture.record.layers.map { fixture.text(of: $0) } == ["one", "two"])
    }

    @Test func removingLeavesNothingAndIsHarmlessTwice() async throws {
        let fixture = try Fixture()
        defer { fixture.scratch.remove() }
        try fixture.write("one")
        try await fixture.disk.remove()
        try await fixture.disk.remove()
        #expect(try HostFiles.list(fixture.disk.configuration.boxesDirectory) == [])
    }

    @Test func copyingARunningDiskLeavesIt() async throws {
        let fixture = try Fixture()
        defer { fixture.scratch.remove() }
        try fixture.write("one")
        try HostFiles.write("mine", to: "\(fixture.disk.upper)/owned", owner: fixture.record.idBase + 1000)
        let layer = MachineRecord.Layer(id: MachineDisk.newLayerID(), idBase: Slots.idBase(of: 7))
        // A boxd that was killed meanwhile leaves a read-only bind.
        let bind = "\(fixture.disk.directory)/lcopy"
        try HostFiles.makeDirectory(bind)
        _ = try await Tool.run("mount", ["--bind", fixture.disk.upper, bind])
        _ = try await Tool.run("mount", ["-o", "remount,bind,ro", bind])
        try await fixture.disk.copyUpper(to: layer, of: fixture.record)
        #expect(fixture.text(of: layer) == "one")
        #expect(fixture.disk.isUnsealed)
        #expect(try HostFiles.list(fixture.disk.configuration.layersDirectory) == [layer.id])
        // The copy belongs to another machine, so it has that machine's ids.
        let owner = Slots.idBase(of: 7) + 1000
        #expect(try await ownership(of: "\(fixture.disk.layer(layer.id))/owned") == "600 \(owner) \(owner)")
    }

    @Test func onlyTheMachinesRootPassesThroughItsDirectory() async throws {
        let fixture = try Fixture()
        defer { fixture.scratch.remove() }
        #expect(try await ownership(of: fixture.disk.directory) == "710 0 \(fixture.record.idBase)")
        #expect(try await ownership(of: fixture.disk.bundle) == "700 0 0")
    }

    // MARK: Files that the host writes

    @Test(arguments: [
        "plain", "", "o'neil", "''", "'", "$HOME $(id) `id` \\ \" ! * ~", "a\nb\n", "\t", "é😀", "'\u{301}",
        "x'\u{301}; exit 3; '",
        "'\u{200D}'", "\u{1B}[31m", "-n", "#",
    ])
    func everyValueReachesTheShellUnchanged(_ value: String) async throws {
        let fixture = try Fixture()
        defer { fixture.scratch.remove() }
        let machine = MachineSpec(
            id: fixture.record.id, environment: [("BEFORE", "b"), ("VALUE", value), ("AFTER", "a")])
        try GuestFiles(disk: fixture.disk, owner: fixture.record.idBase)
            .write(for: machine, hostname: "bx-8pqt6dup", hasLoginModule: true)
        let output = try await Tool.run(
            "bash",
            [
                "--norc", "-c", #". "$1"; printf '%s|%s|%s.' "$BEFORE" "$VALUE" "$AFTER""#, "-",
                "\(fixture.disk.guest)/env.sh",
            ])
        #expect(Array(output.utf8) == Array("b|\(value)|a.".utf8))
    }

    @Test func keysAreReplacedAndTheHostKeyStays() async throws {
        let fixture = try Fixture()
        defer { fixture.scratch.remove() }
        let files = GuestFiles(disk: fixture.disk, owner: fixture.record.idBase)
        let machine = MachineSpec(id: fixture.record.id, authorizedKeys: ["ssh-ed25519 AAAA one"])
        try files.write(for: machine, hostname: "h", hasLoginModule: true)
        let hostKey = HostFiles.read("\(fixture.disk.guest)/ssh_host_ed25519_key")
        #expect(hostKey?.hasPrefix("-----BEGIN OPENSSH PRIVATE KEY-----\n") == true)
        #expect(HostFiles.read("\(fixture.disk.guest)/authorized_keys") == "ssh-ed25519 AAAA one\n")
        try files.writeAuthorizedKeys(["ssh-ed25519 AAAA two", "ssh-ed25519 AAAA three"])
        try files.write(for: MachineSpec(id: machine.id), hostname: "h", hasLoginModule: true)
        #expect(HostFiles.read("\(fixture.disk.guest)/authorized_keys") == "")
        #expect(HostFiles.read("\(fixture.disk.guest)/ssh_host_ed25519_key") == hostKey)
        let owner = fixture.record.idBase
        #expect(try await ownership(of: "\(fixture.disk.guest)/ssh_host_ed25519_key") == "600 \(owner) \(owner)")
    }
}
