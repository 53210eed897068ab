/// The embedded engine's directories, and the names of its shared resources.
///
/// Two engines on one host need different data directories and instance names. All other names follow from these.
public struct OCIEngineConfiguration: Sendable {
    /// The directory of images, layers and boxes. overlayfs must support its file system as an upper layer.
    public var dataDirectory: String
    /// The directory of the OCI runtime's state, on a tmpfs, so that a reboot empties it.
    public var runDirectory: String
    /// The prefix of interfaces, nft tables and cgroups: at most six lower-case letters and digits.
    public var instance: String
    /// The boxes' private network in CIDR form with a prefix of 20, or nil to pick a free one.
    public var subnet: String?
    /// `runc`, `crun` or a path, or nil to pick what works on this host.
    public var runtime: String?
    /// How many seconds a machine's sshd may take to answer at a start.
    public var startTimeout: Double = 30
    /// How many layers of its own a stopped machine may have before they are merged into one. overlayfs allows at most
    /// 500, and fewer when their paths fill the page that mount(2) accepts.
    public var mergeThreshold = 16

    public init(dataDirectory: String, instance: String = "box", runDirectory: String? = nil) {
        self.dataDirectory = dataDirectory
        self.instance = instance
        self.runDirectory = runDirectory ?? "/run/boxd/\(instance)"
    }

    var imagesDirectory: String { "\(dataDirectory)/images" }
    var agentsDirectory: String { "\(dataDirectory)/agents" }
    var layersDirectory: String { "\(dataDirectory)/layers" }
    var boxesDirectory: String { "\(dataDirectory)/boxes" }
    var bridge: String { "\(instance)-br0" }
    var nftTable: String { "boxd_\(instance)" }
    var cgroupPrefix: String { "/boxd/\(instance)" }

    /// The host side of a box's veth pair. Linux allows 15 characters: six, a dash and the eight of the id.
    func hostInterface(of id: String) -> String { "\(instance)-\(id.dropFirst(3))" }
}
