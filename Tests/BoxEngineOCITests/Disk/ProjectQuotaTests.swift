import BoxModel
import Testing

@testable import BoxEngineOCI

struct ProjectQuotaTests {
    @Test func noMachineMayHaveMoreThanHalfOfTheDisk() {
        #expect(ProjectQuota.limit(of: .small, onDiskOf: 1 << 40) == 40 << 30)
        #expect(ProjectQuota.limit(of: .large, onDiskOf: 1 << 40) == 160 << 30)
        #expect(ProjectQuota.limit(of: .default, onDiskOf: 100 << 30) == 50 << 30)
        #expect(ProjectQuota.files(for: 40 << 30) == 2_621_440)
    }

    @Test(arguments: [
        ("/srv/data", "/srv/data", "xfs", "/dev/sdb1"), ("/srv/data/deep", "/srv/data", "xfs", "/dev/sdb1"),
        ("/srv/data2", "/", "ext4", "/dev/root"), ("/over/x", "/over", "tmpfs", "none"),
        ("/", "/", "ext4", "/dev/root"), ("/srv/my \\ boxes/x", "/srv/my \\ boxes", "ext4", "/dev/a b"),
    ])
    func theFileSystemOfAPath(path: String, target: String, type: String, source: String) {
        let mounts = #"""
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw
            30 22 8:17 / /srv/data rw,noatime shared:2 master:3 - xfs /dev/sdb1 rw,prjquota
            31 22 0:5 / /over rw - ext4 /dev/sdc rw
            32 31 0:6 / /over rw - tmpfs none rw
            33 22 8:33 / /srv/my\040\134\040boxes rw - ext4 /dev/a\040b rw
            damaged
            """#
        #expect(
            MountedFileSystem(of: path, mounts: mounts) == MountedFileSystem(target: target, type: type, source: source)
        )
    }

    @Test func aRemedyNamesTheDevice() {
        let ext4 = ProjectQuota.remedy(on: MountedFileSystem(target: "/", type: "ext4", source: "/dev/sdb1"))
        #expect(ext4.contains("tune2fs -O project,quota /dev/sdb1"))
        #expect(
            ProjectQuota.remedy(on: MountedFileSystem(target: "/", type: "xfs", source: "/dev/sdb1")).contains("pquota")
        )
        #expect(ProjectQuota.remedy(on: MountedFileSystem(target: "/", type: "btrfs", source: "x")).contains("XFS"))
    }
}
