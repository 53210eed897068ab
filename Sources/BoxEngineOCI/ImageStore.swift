import BoxEngine
import BoxModel
import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage

/// The images on this host. An image is built under a temporary name and renamed, so a half-built one is never used.
public struct ImageStore: Sendable {
    let directory: String

    public init(dataDirectory: String) { directory = "\(dataDirectory)/images" }

    /// The name of the image that new boxes get, or nil when none was built yet.
    public var current: String? {
        HostFiles.linkTarget("\(directory)/current").flatMap { HostFiles.exists("\(directory)/\($0)") ? $0 : nil }
    }

    /// Whether the current image was built by this version's recipe.
    public var isUpToDate: Bool { current?.hasPrefix(Image.recipeName) == true }

    /// Builds an image and makes it the current one. What mmdebstrap says goes to standard error.
    ///
    /// - Parameters:
    ///   - mirror: a Debian mirror, or nil for Debian's own.
    ///   - include: Debian packages beyond the usual ones.
    /// - Returns: the image's name.
    @discardableResult
    public func build(mirror: String? = nil, include: [String] = []) async throws -> String {
        try HostFiles.makeDirectory(directory, mode: 0o700)
        for leftover in try HostFiles.list(directory) where leftover.hasPrefix(".building-") {
            try HostFiles.removeTree("\(directory)/\(leftover)")
        }
        let name = "\(Image.recipeName)-\(Int(Date().timeIntervalSince1970))"
        let partial = "\(directory)/.building-\(name)"
        do {
            try await debootstrap(into: partial, mirror: mirror ?? Image.mirror, include: include)
        } catch {
            try? HostFiles.removeTree(partial)
            throw error
        }
        HostFiles.sync(fileSystemOf: partial)
        try HostFiles.rename(partial, to: "\(directory)/\(name)")
        try HostFiles.link(name, at: "\(directory)/current")
        return name
    }

    /// Removes the images that are neither current nor in `used`.
    public func prune(keeping used: Set<String>) throws {
        let keep = used.union([current ?? "", "current"])
        for name in try HostFiles.list(directory) where !keep.contains(name) && !name.hasPrefix(".") {
            try HostFiles.removeTree("\(directory)/\(name)")
        }
    }

    private func debootstrap(into target: String, mirror: String, include: [String]) async throws {
        let security = mirror == Image.mirror ? ["deb \(Image.securityMirror) \(Image.suite)-security main"] : []
        let script = target + ".sh"
        try HostFiles.write(Image.setupScript, to: script)
        defer { unlink(script) }
        let arguments =
            [
                "--mode=root", "--variant=minbase", "--format=directory",
                "--include=\((Image.packages + include).joined(separator: ","))",
                "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-include=/usr/share/doc/*/copyright",
                "--dpkgopt=path-exclude=/usr/share/locale/*",
                "--customize-hook=chroot \"$1\" sh -s < \(ShellWord.quoted(script))",
                Image.suite, target, "deb \(mirror) \(Image.suite) main", "deb \(mirror) \(Image.suite)-updates main",
            ] + security
        let status = try await Subprocess.run(
            .name("mmdebstrap"), arguments: Arguments(arguments), input: .none,
            output: .fileDescriptor(.standardError, closeAfterSpawningProcess: false),
            error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
        ).terminationStatus
        guard status.isSuccess else {
            throw EngineError(
                .failed,
                "mmdebstrap could not build the image; its messages are above. Check that \(mirror) can be reached, "
                    + "or name another mirror with --mirror", diagnostics: "\(status)")
        }
    }
}
