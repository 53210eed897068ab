import BoxEngine
import HostTools

/// A package on PyPI that contains a program, in the version that this boxd was tested with.
struct PythonWheel: Sendable {
    let name: String
    let version: String
    /// SHA-256 of the wheel, by architecture.
    let digests: [String: String]

    /// Downloads wheels from PyPI, or from where the host's pip is configured to look. It unpacks them into `set`,
    /// readable for all users.
    ///
    /// - Parameters:
    ///   - directory: where `set` and temporary files are created.
    ///   - purpose: names the wheels in an error.
    /// - Throws: ``EngineError`` when the download fails or a digest differs from the known one.
    static func fetch(_ wheels: [PythonWheel], into directory: String, for purpose: String) async throws {
        guard !wheels.isEmpty else { return }
        let requirements = try wheels.map { wheel in
            guard let digest = wheel.digests[architecture] else {
                throw EngineError(.failed, "\(wheel.name) isn't made for this server's processor (\(architecture))")
            }
            return "\(wheel.name)==\(wheel.version) --hash=sha256:\(digest)\n"
        }
        try HostFiles.write(requirements.joined(), to: "\(directory)/requirements.txt")
        do {
            // A separate pip, since Debian's Python has none.
            try await Tool.run("python3", ["-m", "venv", "\(directory)/pip"])
            try await Tool.run(
                "\(directory)/pip/bin/python3",
                [
                    "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--only-binary=:all:",
                    "--require-hashes", "--dest", "\(directory)/wheels", "--requirement",
                    "\(directory)/requirements.txt",
                ], timeout: .seconds(1800))
        } catch let error as EngineError {
            throw EngineError(
                .failed,
                "\(purpose) could not be fetched from PyPI: check that it can be reached and that `boxd check` has "
                    + "nothing to say about Python, and try again", diagnostics: "\(error)")
        }
        let set = "\(directory)/set"
        try HostFiles.makeDirectory(set, mode: 0o755)
        for wheel in try HostFiles.list("\(directory)/wheels") {
            try await Tool.run("python3", ["-m", "zipfile", "-e", "\(directory)/wheels/\(wheel)", set])
        }
        // A wheel that pip doesn't install has no modes for reading and executing.
        try await Tool.run("chmod", ["-R", "u=rwX,go=rX", set])
    }

    private static var architecture: String {
        #if arch(arm64)
            "aarch64"
        #else
            "x86_64"
        #endif
    }
}
