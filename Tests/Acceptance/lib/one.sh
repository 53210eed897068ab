# Runs one test function of one file, with a home directory and a scratch directory of its own: one.sh FILE FUNCTION
set -euo pipefail
# shellcheck source=Tests/Acceptance/lib/server.sh
. "$ROOT/Tests/Acceptance/lib/server.sh"
# shellcheck source=Tests/Acceptance/lib/assert.sh
. "$ROOT/Tests/Acceptance/lib/assert.sh"

HOME=$(mktemp -d "$WORK/home/XXXXXX")
SCRATCH=$(mktemp -d "$WORK/scratch.XXXXXX")
export HOME SCRATCH
unset XDG_CONFIG_HOME XDG_STATE_HOME BOX_ID BOX_API_KEY NO_COLOR
export BOX_API_URL=http://127.0.0.1:$PORT
cd "$SCRATCH"

# Clean-up is declared beside the creation and runs in reverse order.
deferred=()
defer() { deferred+=("$*"); }
clean_up() {
    local outcome=$? index
    set +e
    for ((index = ${#deferred[@]} - 1; index >= 0; index--)); do eval "${deferred[index]}" >/dev/null 2>&1; done
    cd /
    rm -rf "$HOME" "$SCRATCH"
    exit "$outcome"
}
trap clean_up EXIT

box login "$(cat "$WORK/key")" --json >/dev/null
# shellcheck source=/dev/null
. "$ROOT/$1"
set -x
"$2"
