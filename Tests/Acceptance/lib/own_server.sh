# A server for one test, with its own data directory, port and instance beside those of the boxd under test.

own_server() { # [DATA DIRECTORY, which is there already]
    BOXD_INSTANCE=l$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
    BOXD_LISTEN=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    export BOXD_LISTEN BOXD_INSTANCE BOXD_DATA_DIR=${1:-$SCRATCH/data}
    unset BOX_API_URL
    chmod 711 "$SCRATCH"
    rm -rf "$HOME/.config"
    mkdir -p "$BOXD_DATA_DIR"
    # Linked so that the image needn't be built again.
    ln -s "$ROOT/.build/acceptance/images" "$BOXD_DATA_DIR/images"
    defer "box local down"
}

# Creates a file system of its own. OPTIONS are those of mount. It fails for what the kernel doesn't support.
small_disk() { # [-o OPTIONS] MEGABYTES MKFS...
    local disk=$SCRATCH/disk options=loop
    if [ "$1" = -o ]; then options=$options,$2 && shift 2; fi
    truncate -s "$1M" "$SCRATCH/image"
    "${@:2}" "$SCRATCH/image" >/dev/null
    mkdir -p "$disk"
    mount -o "$options" "$SCRATCH/image" "$disk" || return 1
    defer "umount -l $disk"
    own_server "$disk"
    box local up --json >/dev/null
}

ready_status() { curl -s -o "$SCRATCH/ready" -w '%{http_code}' "http://$BOXD_LISTEN/readyz"; }
