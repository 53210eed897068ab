# shellcheck shell=bash
# A boxd for one benchmark, from the release build. Source this file. It leaves nothing but the image under
# .build/acceptance.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ "$(id -u)" -ne 0 ]; then exec sudo --preserve-env=PATH "$0" "$@"; fi
ROOT=$PWD
export PATH=$ROOT/.build/${BUILD:-release}:$PATH
WORK=$(mktemp -d /tmp/box-bench.XXXXXX)
chmod 711 "$WORK"
export HOME=$WORK/home BOXD_DATA_DIR=$WORK/data BOXD_INSTANCE=${BOXD_INSTANCE:-bench}
BOXD_LISTEN=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export BOXD_LISTEN
unset BOX_API_KEY BOX_API_URL BOX_ID XDG_CONFIG_HOME XDG_STATE_HOME
mkdir -p "$HOME" "$BOXD_DATA_DIR" .build/acceptance/images
chmod 711 "$BOXD_DATA_DIR"
ln -s "$ROOT/.build/acceptance/images" "$BOXD_DATA_DIR/images"
finish() {
    set +e
    box list --quiet 2>/dev/null | while read -r id; do box delete "$id" --yes >/dev/null; done
    box local down >/dev/null 2>&1 || true
    rm -rf "$WORK"
}
trap finish EXIT
trap 'exit 130' INT TERM
box local up >/dev/null 2>"$WORK/up.log" || { cat "$WORK/up.log" >&2; exit 1; }

now() { date +%s%N; }
ms() { echo $((($2 - $1) / 1000)) | awk '{ printf "%.1f", $1 / 1000 }'; }
# Prints the minimum, median and maximum of the numbers on standard input.
spread() { sort -n | awk '{ v[NR] = $1 } END { printf "min %.1f  median %.1f  max %.1f  (n = %d)\n", v[1], v[int((NR + 1) / 2)], v[NR], NR }'; }
new_box() { box new --json | jq -r 'select(.event == "ready") | .id'; }
