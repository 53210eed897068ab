# BoxClient, the Swift SDK, against boxd: the tests of Tests/BoxClientTests/LiveTests.swift.

test_the_swift_sdk() {
    cd "$ROOT"
    BOX_LIVE_URL=http://127.0.0.1:$PORT BOX_LIVE_KEY=$(cat "$WORK/key") TMPDIR=$SCRATCH \
        swift test --skip-build --filter LiveTests >"$SCRATCH/log" 2>&1 || fail "$(cat "$SCRATCH/log")"
    match "$(cat "$SCRATCH/log")" "Test run with 5 tests in 1 suite passed"
}
