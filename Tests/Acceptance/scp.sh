test_files_both_ways() {
    new_box
    head -c 3000000 /dev/urandom >up
    chmod 751 up
    box scp up "$box:/home/user/up"
    equal "$(box ssh "$box" 'stat -c "%a %s" up')" "751 3000000"
    box scp "$box:up" down
    cmp up down
    equal "$(stat -c %a down)" 751
}

test_folders_names_and_times() {
    new_box
    mkdir -p "tree/a b/c" tree/empty
    printf x >"tree/a b/c/it's \$x"
    : >tree/none
    touch -d '2001-02-03 04:05:06 UTC' tree/none
    box scp -r -p tree "$box:"
    equal "$(box ssh "$box" 'stat -c %Y tree/none; cat "tree/a b/c/it'"'"'s \$x"; ls -d tree/empty')" $'981173106\nxtree/empty'
    box scp -r -p "$box:tree" back
    diff -r tree back
    equal "$(stat -c %Y back/none)" 981173106
    fails_with 1 box scp tree "$box:"
}

test_failures_are_told() {
    new_box
    fails_with 1 box scp missing "$box:"
    match "$err" missing
    fails_with 1 box scp "$box:nothing" .
    match "$err" nothing
    printf x >file
    fails_with 1 box scp file "$box:/root/file"
    match "$err" "permission denied"
}

test_a_full_disk_leaves_no_file_that_looks_complete() {
    new_box
    head -c 8000000 /dev/zero >file
    # A tmpfs of 5 MB that everybody may write to: the nearest thing to a full disk that a box has.
    local full=/run/lock
    fails_with 1 box scp file "$box:$full/file"
    match "$err" "full"
    equal "$(box ssh "$box" "ls -A $full")" ""
}
