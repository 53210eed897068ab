# Assertions, and helpers that create what tests need.

fail() { printf 'assertion failed: %s\n' "$*" >&2; exit 1; }
equal() { [ "$1" = "$2" ] || fail "expected <$2>, got <$1>${3:+ ($3)}"; }
match() { case $1 in *$2*) ;; *) fail "expected something with <$2>, got <$1>" ;; esac; }
no_match() { case $1 in *$2*) fail "expected nothing with <$2>, got <$1>" ;; esac; }

# Runs a command that must fail with that status. Its output is in $out and $err.
fails_with() { # STATUS COMMAND...
    local expected=$1 status=0
    shift
    "$@" >"$SCRATCH/.out" 2>"$SCRATCH/.err" </dev/null || status=$?
    out=$(cat "$SCRATCH/.out") err=$(cat "$SCRATCH/.err")
    equal "$status" "$expected" "status of: $*; stdout: $out; stderr: $err"
    no_match "$err" "Fatal error"
}

# The connection is accepted and reset at once: curl returns 56. It returns 7 or 55 when the reset comes before it reads
# or while it sends.
is_reset() { # URL
    local status=0
    curl -sS "$1" >.reset 2>&1 || status=$?
    case $status in 7 | 55 | 56) ;; *) fail "curl $1 ended with $status: $(cat .reset)" ;; esac
}

# Creates a box, waits until it is ready, and leaves its id in $box. It is deleted when the test ends.
new_box() { # [flags of box new]
    box=$(box new --json "$@" | jq -r 'select(.event == "ready") | .id')
    match "$box" bx_
    defer "box delete $box --yes --json"
}

state_of() { box info "$1" --json | jq -r .box.state; }
ip_of() { box info "$1" --json | jq -r .box.ip; }

wait_state() { # ID STATE
    local state
    for _ in $(seq 400); do
        state=$(state_of "$1")
        [ "$state" != "$2" ] || return 0
        sleep 0.05
    done
    fail "box $1 is $state, not $2"
}

stop_box() { box stop "$1" --json >/dev/null && wait_state "$1" stopped; }
resume_box() { box resume "$1" --json >/dev/null && wait_state "$1" ready; }

# Calls the API directly, for what the command line doesn't show: api METHOD PATH [BODY]. The status is in $status, the
# body in $body.
api() {
    status=$(curl -sS -o "$SCRATCH/.body" -w '%{http_code}' -X "$1" -H "Authorization: Bearer $(cat "$WORK/key")" \
        ${3+-d "$3"} "http://127.0.0.1:$PORT/api/box/v1$2")
    # shellcheck disable=SC2034  # The tests read it.
    body=$(cat "$SCRATCH/.body")
}

# Creates a virtual environment with these packages. It doesn't use the machine's own pip and packages.
install_packages() { # DIRECTORY PACKAGE...
    local directory=$1 log=$SCRATCH/pip.log
    shift
    python3 -m venv "$directory" >"$log" 2>&1 || fail "python3 can't make a virtual environment: install python3-venv. $(cat "$log")"
    "$directory/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >"$log" 2>&1 ||
        fail "pip can't install $*: this test needs https://pypi.org. $(tail -n 5 "$log")"
}

# Creates an account and prints one of its keys.
new_account() { # LOGIN [flags of boxd account add]
    boxd account add "$@" >/dev/null
    boxd api-key create --account "$1" --name acceptance
}

# Deletes all boxes of an account that new_account created.
delete_boxes_of() { # KEY
    local id
    for id in $(BOX_API_KEY=$1 box list --json | jq -r '.boxes[].id'); do BOX_API_KEY=$1 box delete "$id" --yes --json; done
}

# A boxd for the test, on its own port, data directory and network.
own_boxd() { # [flags of boxd serve]
    BOXD_INSTANCE=o$(od -An -N2 -tx1 /dev/urandom | tr -d ' \n')
    export BOXD_INSTANCE BOXD_DATA_DIR=$SCRATCH/data
    PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    export BOX_API_URL=http://127.0.0.1:$PORT
    WORK=$SCRATCH
    chmod 711 "$SCRATCH"
    mkdir "$BOXD_DATA_DIR"
    ln -s "$ROOT/.build/acceptance/images" "$BOXD_DATA_DIR/images"
    defer remove_remains
    defer stop_boxd
    start_boxd "$@"
    key=$(cat "$WORK/key")
    export BOX_API_KEY=$key
}
