import Glibc
import Testing

@testable import BoxCLI

/// Texts that are stored in files. `RECORD_GOLDEN=1` writes them again and fails the run.
enum Golden {
    private static let tests = #filePath.split(separator: "/").dropLast().map { "/" + $0 }
    static let directory = tests.joined() + "/Golden"
    static let repository = tests.dropLast(2).joined()
    static let isRecording = getenv("RECORD_GOLDEN") != nil

    static func expect(_ text: String, in file: String) throws {
        if isRecording {
            try Files.makeDirectory(Files.parent(of: file) ?? "/", mode: 0o755)
            try Files.replace(file, with: Array(text.utf8), mode: 0o644)
            Issue.record("recorded \(file); run again without RECORD_GOLDEN")
        }
        let recorded = try Files.read(file).map { String(decoding: $0, as: UTF8.self) }
        #expect(text == recorded, "\(file); record with RECORD_GOLDEN=1")
    }
}
