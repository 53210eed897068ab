# The hosted service's official Python SDK against a real boxd: every method, every helper and every documented error.
# Every response is compared with Docs/openapi.yaml. Needs PyPI. The tests are in python_sdk/run.py.

# Creates a git repository on this host with a second branch, and adds it to the account.
new_repository() { # NAME ACCOUNT
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
    boxd repo add "$work" --name "acme/$1" --account "$2" >/dev/null
    defer "boxd repo remove acme/$1 --account $2"
}

python_sdk() { # VERSION
    local name=sdk${1//./-} kind
    install_packages "$SCRATCH/venv" "ascii-box-sdk==$1" jsonschema==4.26.0 PyYAML==6.0.3
    export BOX_BASE_URL=$BOX_API_URL/api/box/v1 BOXD_DATABASE=$BOXD_DATA_DIR/boxd.sqlite SDK_LOGIN=$name SDK_KEY
    SDK_KEY=$(new_account "$name")
    defer 'delete_boxes_of $SDK_KEY'
    # One account for each of the limits.
    for kind in boxes per-minute per-day; do
        declare -gx "SDK_KEY_${kind//-/_}=$(new_account "$name-$kind" "--max-$kind" 1)"
        defer "delete_boxes_of \$SDK_KEY_${kind//-/_}"
    done
    new_repository "first-$name" "$name"
    new_repository "second-$name" "$name"
    PYTHONDONTWRITEBYTECODE=1 "$SCRATCH/venv/bin/python" "$ROOT/Tests/Acceptance/python_sdk/run.py"
}

test_python_sdk_0_0_10() { python_sdk 0.0.10; }
test_python_sdk_0_0_18() { python_sdk 0.0.18; }
