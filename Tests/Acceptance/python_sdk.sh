# The hosted service's official Python SDK against a real boxd: every method, every helper, every documented error, every answer held
# to Docs/openapi.yaml. Needs PyPI. python_sdk/run.py is what runs.

# Makes a virtual environment with these packages; the machine's own pip and packages have no part in it.
install_packages() { # FOLDER PACKAGE...
    local folder=$1 log=$SCRATCH/pip.log
    shift
    python3 -m venv "$folder" >"$log" 2>&1 || fail "python3 can't make a virtual environment: install python3-venv. $(cat "$log")"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >"$log" 2>&1 ||
        fail "pip can't install $*: this test needs https://pypi.org. $(tail -n 5 "$log")"
}

# Makes an account and prints a key of it.
new_account() { # LOGIN [flags of boxd account add]
    boxd account add "$@" >/dev/null
    boxd api-key create --account "$1" --name python-sdk
}

# A git repository with a branch besides main, which boxes can be given as NAME.
new_repository() { # NAME
    local work=$SCRATCH/$1
    git init --quiet --initial-branch=main "$work"
    (
        cd "$work"
        export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost
        echo "main of $1" >WHERE
        git add WHERE
        git commit --quiet --message "Main"
        git switch --quiet --create next
        echo "next of $1" >WHERE
        git commit --quiet --all --message "Next"
        git switch --quiet main
    )
    chmod -R a+rX "$SCRATCH" "$work"
    boxd repo add "$1" "$work"
    defer "boxd repo remove $1"
}

delete_boxes_of() { # KEY
    local id
    for id in $(BOX_API_KEY=$1 box list --json | jq -r '.boxes[].id'); do BOX_API_KEY=$1 box delete "$id" --yes --json; done
}

python_sdk() { # VERSION
    local name=sdk${1//./-} kind
    install_packages "$SCRATCH/venv" "ascii-box-sdk==$1" jsonschema==4.26.0 PyYAML==6.0.3
    export BOX_BASE_URL=$BOX_API_URL/api/box/v1 BOXD_DATABASE=$BOXD_DATA_DIR/boxd.sqlite SDK_LOGIN=$name SDK_KEY
    SDK_KEY=$(new_account "$name")
    defer "delete_boxes_of $SDK_KEY"
    # One account for each of the limits.
    for kind in boxes per-minute per-day; do
        declare -gx "SDK_KEY_${kind//-/_}=$(new_account "$name-$kind" "--max-$kind" 1)"
        defer "delete_boxes_of \$SDK_KEY_${kind//-/_}"
    done
    new_repository "first-$name"
    new_repository "second-$name"
    PYTHONDONTWRITEBYTECODE=1 "$SCRATCH/venv/bin/python" "$ROOT/Tests/Acceptance/python_sdk/run.py"
}

test_python_sdk_0_0_10() { python_sdk 0.0.10; }
test_python_sdk_0_0_18() { python_sdk 0.0.18; }
