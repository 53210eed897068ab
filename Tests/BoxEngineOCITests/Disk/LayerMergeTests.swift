import BoxEngine
import CLinux
import FoundationEssentials
import Glibc
import Testing

@testable import BoxEngineOCI

/// Merged layers must look like the layers that they were made of, after any changes.
///
/// overlayfs itself makes the layers here: random changes in a mounted overlay, whose upper is then the next layer.
/// Needs root, as all of boxd does.
@Suite(.serialized, .enabled(if: geteuid() == 0, "overlays are mounted")) struct LayerMergeTests {
    @Test(arguments: 1...24 as ClosedRange<UInt64>)
    func mergedLayersLookTheSame(seed: UInt64) throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        var random = SplitMix(state: seed)
        let base = scratch.make("base")
        for name in names { try populate("\(base)/\(name)", random: &random) }
        var layers: [String] = []
        for number in 1...5 {
            let upper = scratch.make("layer\(number)")
            try scratch.mounted(lower: [base] + layers, upper: upper) { root in
                for _ in 0..<40 { try change(root, random: &random) }
            }
            layers.append(upper)
        }
        let expected = try scratch.mounted(lower: [base] + layers, upper: scratch.make("u1")) { try listing($0) }
        #expect(expected.count > 8)
        // All of them, and those in the middle. Then there are redirects above and below the merged layer.
        for range in [0..<5, 1..<5, 0..<4, 1..<4] {
            let merged = scratch.path + "/merged\(range)"
            try LayerMerge.merge(Array(layers[range]), into: merged)
            let stack = [base] + layers[..<range.lowerBound] + [merged] + layers[range.upperBound...]
            let actual = try scratch.mounted(lower: stack, upper: scratch.make("u\(range)")) { try listing($0) }
            #expect(actual == expected, "merged \(range)")
        }
    }

    @Test func renamedDirectoriesKeepWhatWasBelow() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let (base, first, second) = (scratch.make("base"), scratch.make("first"), scratch.make("second"))
        for path in ["a", "a/b", "a/b/c"] { mkdir("\(base)/\(path)", 0o755) }
        try write("\(base)/a/b/c/file", "base")
        try scratch.mounted(lower: [base], upper: first) { root in
            #expect(rename("\(root)/a/b", "\(root)/moved") == 0)
        }
        try scratch.mounted(lower: [base, first], upper: second) { root in
            mkdir("\(root)/new", 0o755)
            #expect(rename("\(root)/moved", "\(root)/new/again") == 0)
        }
        let merged = "\(scratch.path)/merged"
        try LayerMerge.merge([first, second], into: merged)
        try scratch.mounted(lower: [base, merged], upper: scratch.make("u")) { root in
            #expect(HostFiles.read("\(root)/new/again/c/file") == "base")
            #expect(!HostFiles.exists("\(root)/moved") && !HostFiles.exists("\(root)/a/b"))
        }
    }

    @Test func aTreeDeeperThanAnyPathIsMerged() throws {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let (low, high) = (scratch.make("low"), scratch.make("high"))
        let name = String(repeating: "d", count: 200)
        for layer in [low, high] {
            var directory = open(layer, O_RDONLY | O_DIRECTORY)
            for _ in 0..<3000 {
                mkdirat(directory, name, 0o755)
                let next = openat(directory, name, O_RDONLY | O_DIRECTORY)
                close(directory)
                directory = next
            }
            close(openat(directory, layer == low ? "one" : "two", O_WRONLY | O_CREAT, 0o644))
            close(directory)
        }
        let merged = "\(scratch.path)/merged"
        try LayerMerge.merge([low, high], into: merged)
        var directory = try LayerDirectory(path: merged)
        for _ in 0..<3000 { directory = try directory.open(Array(name.utf8CString)) }
        #expect(try Set(directory.names()) == [Array("one".utf8CString), Array("two".utf8CString)])
    }

    private let names = ["a", "b", "c", "d", "e", "f"]

    private func populate(_ path: String, random: inout SplitMix) throws {
        mkdir(path, 0o755)
        for name in names.prefix(Int.random(in: 1...3, using: &random)) { try write("\(path)/\(name)", "base \(name)") }
        mkdir("\(path)/deep", 0o711)
        try write("\(path)/deep/file", "deep")
    }

    /// Makes one of the changes that users make to files.
    private func change(_ root: String, random: inout SplitMix) throws {
        let scratch = root + "/" + names.randomElement(using: &random)!
        let path = scratch + "/" + (names + ["deep"]).randomElement(using: &random)!
        switch Int.random(in: 0..<13, using: &random) {
        case 0: try HostFiles.removeTree(path)
        case 1 where random.next() % 4 == 0: try HostFiles.removeTree(scratch)
        case 2: mkdir(scratch, 0o700)
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
        case 8: link(path, scratch + "/linked")
        case 9:
            // Moves a directory to another parent or another name.
            let target = root + "/" + names.randomElement(using: &random)!
            rename(path, target + "/" + names.randomElement(using: &random)!)
        case 10: rename(scratch, root + "/" + names.randomElement(using: &random)!)
        case 11: rename(scratch, path.replacing("/deep", with: "") + "/in")
        case 12: rename(scratch + "/deep", scratch + "/deeper")
        default: try write(path, "\(random.next())")
        }
    }

    private func write(_ path: String, _ text: String) throws {
        guard let file = fopen(path, "w") else { return }  // It may be a directory by now.
        fputs(text, file)
        fclose(file)
    }

    /// Every path with its type and contents.
    private func listing(_ root: String) throws -> [String] {
        func paths(below scratch: String) -> [String] {
            ((try? HostFiles.list("\(root)/\(scratch)")) ?? []).flatMap { name -> [String] in
                let path = scratch.isEmpty ? name : "\(scratch)/\(name)"
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
                kind == S_IFREG ? HostFiles.read("\(root)/\(path)") ?? "" : kind == S_IFLNK ? "link" : "scratch"
            return "\(path) \(String(found.st_mode, radix: 8)) \(found.st_uid) \(contents)"
        }
    }
}

/// A directory for this test, outside any overlay.
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
        let result = clinux_mount_overlay(root, options + ",index=off,metacopy=off,redirect_dir=on")
        guard result == 0 else { throw HostFiles.failure("mount", root, code: -result) }
        defer {
            _ = clinux_unmount(root)
            try? HostFiles.removeTree(work)
        }
        return try body(root)
    }

    func remove() { try? HostFiles.removeTree(path) }
}

/// A small generator with a seed, so that a failure can be reproduced.
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
