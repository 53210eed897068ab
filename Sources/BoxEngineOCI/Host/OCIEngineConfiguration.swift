/// Where the embedded engine keeps things and what it calls its shared parts.
///
/// Two engines on one host need different data directories and instance names; everything else follows from these.
public struct OCIEngineConfiguration: Sendable {
    /// Images, layers and boxes. On a file system that overlayfs can use as an upper layer.
    public var dataDirectory: String
    /// The OCI runtime's state. On a tmpfs, so that a reboot empties it.
    public var runDirectory: String
    /// At most six lower-case letters and digits: the prefix of interfaces, nft tables and cgroups.
    public var instance: String
    /// The boxes' private network in CIDR form with a prefix of 20, or nil to pick a free one.
    public var subnet: String?
    /// `runc`, `crun` or a path, or nil to pick what works on this host.
    public var runtime: String?
    /// Seconds until a start without an answer from sshd is given up.
    public var startTimeout: Double = 30
    /// Layers that a stopped machine may have written itself before they are merged into one. Overlayfs takes 500 at most, and
    /// fewer when their paths fill the page that mount(2) takes.
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

    /// The host side of a box's veth pair. Linux allows 15 characters: six, a dash and the id's eight.
    func hostInterface(of id: String) -> String { "\(instance)-\(id.dropFirst(3))" }
}
