import BoxCrypto
import BoxEngine
import BoxSystem
import FoundationEssentials

/// What an image contains and how it is set up. A change here makes a new image; existing boxes keep theirs.
enum Image {
    /// How much is in an image.
    enum Variant: String, Sendable, CaseIterable {
        /// The programs that agents and developers expect.
        case full
        /// The programs that a box itself needs, with a compiler and Python.
        case slim

        var packages: [String] { self == .full ? Image.basicPackages + Image.furtherPackages : Image.basicPackages }
        var wheels: [PythonWheel] { self == .full ? [NodePrograms.wheel] : [] }
    }

    /// The first part of the names of the images that this recipe makes: the suite and a digest of everything below.
    /// The variant follows when it isn't the full one.
    static var recipeName: String {
        let wheels = Variant.full.wheels.map { "\($0.name)==\($0.version)" }
        let recipe = ([suite, userPath] + Variant.full.packages + wheels + files.map(\.text)).joined(separator: "\n")
        let digest = Digest.sha256(recipe.utf8).prefix(5)
        return "\(suite)-" + digest.hexadecimal
    }

    static let suite = "bookworm"
    static let mirror = "http://deb.debian.org/debian"
    static let securityMirror = "http://deb.debian.org/debian-security"

    /// The PATH of a box's user: the user's own programs, those from pip, the system's, and the agents'.
    static let userPath =
        "/home/user/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:\(AgentDirectory.programs)"

    static let basicPackages = [
        // The box itself.
        "openssh-server", "openssh-sftp-server", "sudo", "tini", "ca-certificates", "procps", "psmisc", "util-linux",
        "libcap2-bin", "libpam0g-dev", "uidmap",
        // Called by scripts and agents.
        "bash-completion", "bubblewrap", "bzip2", "curl", "file", "git", "jq", "less", "openssh-client", "patch",
        "rsync",
        "tar", "unzip", "wget", "xz-utils", "zip",
        // Expected by developers.
        "build-essential", "htop", "iproute2", "iputils-ping", "lsof", "man-db", "nano", "ncurses-term",
        "netcat-openbsd", "pkg-config", "python-is-python3", "python3", "python3-pip", "python3-venv", "strace", "tmux",
        "foot-terminfo", "kitty-terminfo",
    ]

    static let furtherPackages = [
        "cron", "fish", "gh", "imagemagick", "maim", "vim", "xdotool", "zsh",
    ]

    /// The files that the set-up of the image uses, by name. `image-setup.sh` is the program that runs.
    static let files: [(name: String, text: String)] = [
        ("image-setup.sh", PackageResources.image_setup_sh), ("pam_box.c", PackageResources.pam_box_c),
        ("terminal.sh", PackageResources.terminal_sh), ("terminals.ti", PackageResources.terminals_ti),
        ("systemctl", PackageResources.systemctl), ("scrot", PackageResources.scrot),
        ("start-services", PackageResources.start_services),
    ].map { ($0.0, String(decoding: $0.1, as: UTF8.self)) }

    /// The PAM module that sets a login's variables: see `Guest/pam_box.c`. Images of earlier versions lack it.
    static let loginModule = "/usr/lib/box/pam_box.so"
}
