test_extend_and_rename() {
    new_box --ttl 600
    box extend "$box" --hours 2 --json >/dev/null
    local left
    left=$(box info "$box" --json | jq -r '.box.archiveAfter | sub("\\.[0-9]+Z"; "Z") | fromdate - now | floor')
    [ "$left" -gt 7000 ] && [ "$left" -le 7200 ] || fail "$left seconds left"
    box extend "$box" --no-auto-stop --json >/dev/null
    equal "$(box info "$box" --json | jq -r .box.archiveAfter)" null
    box rename "$box" "new name" --json >/dev/null
    equal "$(box info "$box" --json | jq -r .box.name)" "new name"
    fails_with 2 box rename "$box" " "
    match "$err" "NAME is empty"
}
