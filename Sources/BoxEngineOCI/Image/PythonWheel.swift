import BoxEngine
import HostTools

/// A package on PyPI that brings a program along, in the version that this boxd was made and tested with.
struct PythonWheel: Sendable {
    let name: String
    let version: String
    /// SHA-256 of the wheel, by architecture.
    let digests: [String: String]

    /// Fetches wheels from PyPI, or wherever the host's pip is set up to look, and unpacks them, readable for everybody, into `set`.
    ///
    /// - Parameters:
    ///   - directory: gets `set`, and what is needed on the way.
    ///   - purpose: what they are, for the error.
    /// - Throws: ``EngineError`` when they can't be fetched, or aren't the ones whose digests are known.
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
            // A pip of its own: Debian's Python comes without one.
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
        // Wheels that pip doesn't install say nothing of who may read and run what.
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
