import BoxEngine
import BoxModel
import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage

/// The images on this host. An image is built under a temporary name and then renamed, so an incomplete one is never
/// used.
public struct ImageStore: Sendable {
    let directory: String

    public init(dataDirectory: String) { directory = "\(dataDirectory)/images" }

    /// The name of the image that new boxes get, or nil when none was built yet.
    public var current: String? {
        HostFiles.linkTarget("\(directory)/current").flatMap { HostFiles.exists("\(directory)/\($0)") ? $0 : nil }
    }

    /// Whether the current image was built by this version's recipe.
    public var isUpToDate: Bool { current?.hasPrefix(Image.recipeName) == true }

    /// Whether an image contains that file. Boxes never change an image.
    func has(_ path: String, in image: String) -> Bool { HostFiles.exists("\(directory)/\(image)\(path)") }

    /// Builds an image and makes it current. mmdebstrap's output goes to standard error.
    ///
    /// - Parameters:
    ///   - mirror: a Debian mirror, or nil for Debian's own.
    ///   - include: Debian packages to add to the usual ones.
    ///   - isSlim: omits what a box itself doesn't need.
    /// - Returns: the image's name.
    @discardableResult
    public func build(mirror: String? = nil, include: [String] = [], isSlim: Bool = false) async throws -> String {
        try HostFiles.makeDirectory(directory, mode: 0o700)
        for leftover in try HostFiles.list(directory) where leftover.hasPrefix(".building-") {
            try HostFiles.removeTree("\(directory)/\(leftover)")
        }
        let variant: Image.Variant = isSlim ? .slim : .full
        let recipe = Image.recipeName + (isSlim ? "-slim" : "")
        let name = "\(recipe)-\(Int(Date().timeIntervalSince1970))"
        let partial = "\(directory)/.building-\(name)"
        do {
            let wheels = partial + ".wheels"
            defer { try? HostFiles.removeTree(wheels) }
            try HostFiles.makeDirectory(wheels)
            async let fetched: Void = PythonWheel.fetch(variant.wheels, into: wheels, for: "the image's Node.js")
            try await debootstrap(
                into: partial, mirror: mirror ?? Image.mirror, packages: variant.packages + include)
            // Otherwise Debian's scripts would refuse to start a service, because they don't know the box's init.
            // mmdebstrap removes its own such file last.
            try HostFiles.write("#!/bin/sh\nexit 0\n", to: "\(partial)/usr/sbin/policy-rc.d", mode: 0o755)
            try await fetched
            if variant == .full { try await NodePrograms.install(from: "\(wheels)/set", into: partial) }
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

    private func debootstrap(into target: String, mirror: String, packages: [String]) async throws {
        let security = mirror == Image.mirror ? ["deb \(Image.securityMirror) \(Image.suite)-security main"] : []
        let files = target + ".files"
        try HostFiles.makeDirectory(files, mode: 0o755)
        defer { try? HostFiles.removeTree(files) }
        for file in Image.files { try HostFiles.write(file.text, to: "\(files)/\(file.name)", mode: 0o644) }
        let variables =
            "BOX_PATH=\(ShellWord.quoted(Image.userPath)) BOX_AGENTS=\(ShellWord.quoted(AgentDirectory.path))"
        let arguments =
            [
                "--mode=root", "--variant=minbase", "--format=directory",
                "--include=\(packages.joined(separator: ","))",
                "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-include=/usr/share/doc/*/copyright",
                "--dpkgopt=path-exclude=/usr/share/locale/*",
                // Allows `apt-get install` without `apt-get update` before it.
                "--skip=cleanup/apt/lists",
                "--customize-hook=cp -r \(ShellWord.quoted(files)) \"$1/tmp/box\"",
                "--customize-hook=\(variables) chroot \"$1\" sh /tmp/box/image-setup.sh",
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
