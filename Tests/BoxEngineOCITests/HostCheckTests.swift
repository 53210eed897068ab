import Glibc
import Testing

@testable import BoxEngineOCI

struct HostCheckTests {
    private func makeFile(_ path: String, in directory: TestDirectory) throws {
        var parent = directory.path
        for part in path.split(separator: "/").dropLast() {
            parent += "/\(part)"
            try HostFiles.makeDirectory(parent, mode: 0o755)
        }
        try HostFiles.write("", to: "\(directory.path)/\(path)", mode: 0o755)
    }

    @Test func aPythonWithoutPipIsSaid() throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        try makeFile("bin/python3.11", in: directory)
        try HostFiles.link("python3.11", at: "\(directory.path)/bin/python3")
        try makeFile("lib/python3.11/venv/__init__.py", in: directory)
        let find: (String) -> String? = { "\(directory.path)/bin/\($0)" }
        let warning = try #require(HostCheck.pythonWarning(find: find))
        #expect(warning.what.contains("can't make virtual environments"))
        #expect(warning.remedy == "apt-get install python3-venv")
        try makeFile("lib/python3.11/ensurepip/__init__.py", in: directory)
        #expect(HostCheck.pythonWarning(find: find) == nil)
    }

    @Test func aHostWithoutPythonIsSaid() {
        #expect(HostCheck.pythonWarning { _ in nil }?.what.contains("python3 is missing") == true)
    }
}
