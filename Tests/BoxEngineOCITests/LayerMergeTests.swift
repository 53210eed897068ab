import BoxEngine
import CLinux
import FoundationEssentials
import Glibc
import Testing

@testable import BoxEngineOCI

/// Merged layers have to look like the layers they were made of, whatever was done in them. The layers here are made by overlayfs
/// itself: random changes in a mounted overlay, whose upper is then the next layer. Needs root, as all of boxd does.
@Suite(.serialized, .enabled(if: geteuid() == 0, "overlays are mounted")) struct LayerMergeTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func mergedLayersLookTheSame(seed: UInt64) throws {
        let folder = try Scratch()
        defer { folder.remove() }
        var random = SplitMix(state: seed)
        let base = folder.make("base")
        for name in names { try populate("\(base)/\(name)", random: &random) }
        var layers: [String] = []
        for number in 1...5 {
            let upper = folder.make("layer\(number)")
            try folder.mounted(lower: [base] + layers, upper: upper) { root in
                for _ in 0..<25 { try change(root, random: &random) }
            }
            layers.append(upper)
        }
        let merged = "\(folder.path)/merged"
        try LayerMerge.merge(layers, into: merged)
        let expected = try folder.mounted(lower: [base] + layers, upper: folder.make("u1")) { try listing($0) }
        let actual = try folder.mounted(lower: [base, merged], upper: folder.make("u2")) { try listing($0) }
        #expect(actual == expected)
        #expect(expected.count > 8)
    }

    private let names = ["a", "b", "c", "d", "e", "f"]

    private func populate(_ path: String, random: inout SplitMix) throws {
        mkdir(path, 0o755)
        for name in names.prefix(Int.random(in: 1...3, using: &random)) { try write("\(path)/\(name)", "base \(name)") }
        mkdir("\(path)/deep", 0o711)
        try write("\(path)/deep/file", "deep")
    }

    /// One of the things that people do to files.
    private func change(_ root: String, random: inout SplitMix) throws {
        let folder = root + "/" + names.randomElement(using: &random)!
        let path = folder + "/" + (names + ["deep"]).randomElement(using: &random)!
        switch Int.random(in: 0..<9, using: &random) {
        case 0: try HostFiles.removeTree(path)
        case 1 where random.next() % 4 == 0: try HostFiles.removeTree(folder)
        case 2: mkdir(folder, 0o700)
        case 3: mkdir(path, 0o750)
        case 4:
            try HostFiles.removeTree(path)
            mkdir(path, 0o700)
            try write("\(path)/new", "\(random.next())")
        case 5:
            try HostFiles.removeTree(path)
            symlink("../\(random.next() % 100)", path)
        case 6: chmod(path, [0o600, 0o644, 0o755].randomElement(using: &random)!)
        case 7: chown(path, uid_t(random.next() % 5), 0)
        default: try write(path, "\(random.next())")
        }
    }

    private func write(_ path: String, _ text: String) throws {
        guard let file = fopen(path, "w") else { return }  // It may be a folder by now.
        fputs(text, file)
        fclose(file)
    }

    /// Every path with what it is and holds.
    private func listing(_ root: String) throws -> [String] {
        func paths(below folder: String) -> [String] {
            ((try? HostFiles.list("\(root)/\(folder)")) ?? []).flatMap { name -> [String] in
                let path = folder.isEmpty ? name : "\(folder)/\(name)"
                var found = stat()
                lstat("\(root)/\(path)", &found)
                return [path] + (found.st_mode & S_IFMT == S_IFDIR ? paths(below: path) : [])
            }
        }
        return paths(below: "").map { path in
            var found = stat()
            lstat("\(root)/\(path)", &found)
            let kind = found.st_mode & S_IFMT
            let contents =
                kind == S_IFREG ? HostFiles.read("\(root)/\(path)") ?? "" : kind == S_IFLNK ? "link" : "folder"
            return "\(path) \(String(found.st_mode, radix: 8)) \(found.st_uid) \(contents)"
        }
    }
}

/// A folder of this test's own, outside any overlay.
private struct Scratch {
    let path: String

    init() throws {
        path = "/var/tmp/box-merge-\(UUID().uuidString.prefix(8))"
        guard mkdir(path, 0o700) == 0 else { throw HostFiles.failure("create", path) }
    }

    func make(_ name: String) -> String {
        mkdir("\(path)/\(name)", 0o755)
        return "\(path)/\(name)"
    }

    func mounted<Result>(lower: [String], upper: String, _ body: (String) throws -> Result) throws -> Result {
        let (root, work) = (make("root"), make("work"))
        let options = "lowerdir=\(lower.reversed().joined(separator: ":")),upperdir=\(upper),workdir=\(work)"
        let result = clinux_mount_overlay(root, options + ",index=off,metacopy=off,redirect_dir=off")
        guard result == 0 else { throw HostFiles.failure("mount", root, code: -result) }
        defer {
            _ = clinux_unmount(root)
            try? HostFiles.removeTree(work)
        }
        return try body(root)
    }

    func remove() { try? HostFiles.removeTree(path) }
}

/// A small generator with a seed, so that a failure can be repeated.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
