import BoxEngine
import Crypto

/// What the base image holds and how it is set up. A change here makes a new image; boxes keep the one they started with.
enum Image {
    /// The suite and a digest of everything below: the beginning of the names of the images that this recipe makes.
    static var recipeName: String {
        let recipe = ([suite, setupScript] + packages).joined(separator: "\n")
        let digest = SHA256.hash(data: Array(recipe.utf8)).prefix(5)
        return "\(suite)-" + digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static let suite = "bookworm"
    static let mirror = "http://deb.debian.org/debian"
    static let securityMirror = "http://deb.debian.org/debian-security"

    /// Where people's commands are looked for: their own, what pip installs for them, the system's, and the agents.
    static let userPath =
        "/home/user/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:\(AgentFolder.programs)"

    static let packages = [
        // The box itself.
        "openssh-server", "openssh-sftp-server", "sudo", "tini", "ca-certificates", "procps", "psmisc", "util-linux",
        // What scripts and agents call.
        "bash-completion", "bzip2", "curl", "file", "git", "jq", "less", "openssh-client", "patch", "rsync", "tar",
        "unzip",
        "wget", "xz-utils", "zip",
        // What developers expect.
        "build-essential", "htop", "iproute2", "iputils-ping", "lsof", "man-db", "nano", "netcat-openbsd", "pkg-config",
        "python-is-python3", "python3", "python3-pip", "python3-venv", "strace", "tmux", "vim-tiny",
    ]

    /// Runs in the image as its root, once, when the packages are installed.
    static let setupScript = """
        set -eu
        umask 022
        useradd --create-home --uid 1000 --user-group --shell /bin/bash user
        usermod --password '*' user
        printf 'user ALL=(ALL:ALL) NOPASSWD: ALL\\nDefaults env_keep += "BOX_ID"\\n' > /etc/sudoers.d/user
        chmod 0440 /etc/sudoers.d/user
        printf 'export PATH=\(userPath)\\n[ ! -r /run/box/env.sh ] || . /run/box/env.sh\\n' > /etc/profile.d/box.sh
        # A bash that sshd starts for one command reads this file, up to the line that ends it for non-interactive shells.
        sed -i '1i [ ! -r /run/box/env.sh ] || . /run/box/env.sh' /etc/bash.bashrc
        printf 'export LANG=C.UTF-8\\n' > /etc/profile.d/lang.sh
        # A box is a disposable machine: pip may install into it.
        rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
        # Host keys are each box's own and come from outside.
        rm -f /etc/ssh/ssh_host_*
        rm -f /etc/machine-id /var/lib/dbus/machine-id
        : > /etc/hostname
        : > /etc/hosts
        rm -f /etc/resolv.conf
        : > /etc/resolv.conf
        mkdir \(AgentFolder.path)
        """
}
