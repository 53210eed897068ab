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

test_streams() {
    new_box
    head -c 5000000 /dev/urandom >data
    box scp - "$box:stream" <data
    cat data | box scp - "$box:piped"
    box scp "$box:stream" - | cmp - data
    equal "$(box ssh "$box" 'cmp stream piped && stat -c %a piped')" 644
}

test_from_box_to_box() {
    new_box
    local first=$box
    new_box
    mkdir -p tree/sub
    echo hi >tree/sub/file
    box scp -r tree "$first:"
    box scp -r "$first:tree" "$box:copy"
    equal "$(box ssh "$box" 'cat copy/sub/file')" hi
    box scp "$first:tree/sub/*" "$box:other"
    equal "$(box ssh "$box" 'cat other')" hi
}

test_a_cut_copy_is_resumed() {
    new_box
    # Too fast to be cut at a guess, so what a cut copy leaves is put there.
    head -c 40000000 /dev/urandom >big
    head -c 30000000 big >.down.box-part-abc
    box scp .down.box-part-abc "$box:.big.box-part-abc"
    equal "$(box scp --resume big "$box:big" --json | jq .bytes)" 10000000
    equal "$(box ssh "$box" 'md5sum <big; ls -A | grep -c box-part || true')" "$(md5sum <big)"$'\n0'
    equal "$(box scp --resume "$box:big" down --json | jq .bytes)" 10000000
    cmp big down
    equal "$(box scp --resume "$box:big" down --json | jq .bytes)" 0
}

test_a_lost_connection_leaves_nothing_that_looks_whole() {
    new_box
    truncate -s 3G huge
    printf x | dd of=huge bs=1 seek=3221225471 conv=notrunc status=none
    head -c 300000000 /dev/zero | tr '\0' a >big
    local round status
    for round in 1 2 3; do
        (sleep "0.$round"; box ssh "$box" "sudo pkill -KILL sftp-server") >/dev/null 2>&1 &
        status=0
        box scp big "$box:big" 2>errors || status=$?
        wait
        if [ "$status" -ne 0 ]; then
            equal "$status" 255 "$(cat errors)"
            equal "$(box ssh "$box" 'ls')" ""
        fi
        box ssh "$box" 'rm -f big'
    done
    # Holes stay holes and cost nothing.
    box scp huge "$box:huge"
    equal "$(box ssh "$box" 'stat -c %s huge; [ $(stat -c %b huge) -lt 100000 ] && tail -c 1 huge')" $'3221225472\nx'
}

test_many_files_and_compression() {
    new_box
    mkdir tree
    seq 3000 | while read -r n; do mkdir -p "tree/$((n % 30))"; echo "$n" >"tree/$((n % 30))/$n"; done
    equal "$(box scp -r -C tree "$box:" --json | jq -c '[.files,.bytes]')" "[3000,13893]"
    equal "$(box scp -r -C "$box:tree" back --json | jq -c '[.files,.bytes]')" "[3000,13893]"
    diff -r tree back
}
