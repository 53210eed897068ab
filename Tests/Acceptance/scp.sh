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

test_directories_names_and_times() {
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
    # A tmpfs of 5 MB that every user may write to, which is the closest thing to a full disk in a box.
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
    # The copy is too fast to be cut reliably, so the remains of a cut copy are created directly.
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
    # Holes in the file stay holes and cost no time.
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

test_a_tilde_is_the_home_directory() {
    new_box
    local first=$box
    echo hi >file
    box scp file "$box:~/a.txt"
    box scp file "$box:~"
    mkdir -p tree/sub
    echo sub >tree/sub/file
    box scp -r tree "$box:~/"
    equal "$(box ssh "$box" 'cat ~/a.txt ~/file ~/tree/sub/file; ls -A ~ | grep -c "~" || true')" $'hi\nhi\nsub\n0'
    box scp "$box:~/a.txt" down
    cmp down file
    box scp "$box:~/tree/sub/*" down
    equal "$(cat down)" sub
    # Only ~ and ~/ are the home directory. In other places ~ is part of a name.
    box scp file "$box:~name"
    box scp file "$box:./~"
    equal "$(box ssh "$box" 'cat "./~name" "./~"')" $'hi\nhi'
    new_box
    box scp -r "$first:~/tree" "$box:~/copy"
    equal "$(box ssh "$box" 'cat ~/copy/sub/file')" sub
    # The API's commands too.
    echo written | box write "$box" '~/notes/n.txt'
    equal "$(box cat "$box" '~/notes/n.txt') $(box artifact "$box" '~/notes/n.txt')" "written written"
    box artifact "$box" '~/notes/n.txt' -o got
    equal "$(cat got)" written
    box write "$box" '~/from' --from file
    equal "$(box exec "$box" --cwd '~/notes' 'pwd; cat ~/from') $(box exec "$box" --cwd '~' pwd)" $'/home/user/notes\nhi /home/user'
}

test_a_file_is_written_into_where_its_directory_is_closed() {
    new_box
    printf 'a longer text than the new one\n' >long
    printf 'new\n' >file
    box ssh "$box" 'sudo mkdir /srv/closed && sudo touch /srv/closed/conf /srv/closed/other && sudo chown user /srv/closed/conf && sudo chmod 640 /srv/closed/conf &&
        sudo touch /tmp/shared && sudo chmod 666 /tmp/shared'
    box scp long "$box:/srv/closed/conf"
    box scp file "$box:/srv/closed/conf"
    equal "$(box ssh "$box" 'cat /srv/closed/conf; stat -c "%U %a" /srv/closed/conf; ls -A /srv/closed')" $'new\nuser 640\nconf\nother'
    box scp - "$box:/srv/closed/conf" <long
    equal "$(box ssh "$box" 'cat /srv/closed/conf')" "$(cat long)"
    # A file that can't be written, and a name that doesn't exist, are refused as before.
    fails_with 1 box scp file "$box:/srv/closed/other"
    match "$err" "/srv/closed/other: permission denied"
    fails_with 1 box scp file "$box:/srv/closed/none"
    match "$err" "permission denied"
    # In /tmp every user can create files, but only a file's owner may replace it.
    box scp long "$box:/tmp/shared"
    box scp file "$box:/tmp/shared"
    equal "$(box ssh "$box" 'cat /tmp/shared; stat -c %U /tmp/shared; find /tmp -name "*box-part*"')" $'new\nroot'
    # Holes in the source become zeros in the target.
    truncate -s 300000 sparse
    printf x | dd of=sparse bs=1 seek=200000 conv=notrunc status=none
    box scp sparse "$box:/srv/closed/conf"
    equal "$(box ssh "$box" 'md5sum </srv/closed/conf')" "$(md5sum <sparse)"

    # The same on this machine, as a user who isn't root.
    local home=$SCRATCH/home
    chmod 711 "$WORK" "$SCRATCH"
    mkdir "$home" closed
    cp -r "$HOME/.config" "$home/"
    printf 'old and long\n' >closed/conf
    touch closed/other
    install -m 666 /dev/null "/tmp/$box"
    defer "rm -f /tmp/$box"
    chown -R 65534:65534 "$home" closed/conf
    as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$home" "$@"; }
    box scp file "$box:new"
    as_nobody box scp "$box:new" closed/conf
    equal "$(cat closed/conf; ls -A closed)" $'new\nconf\nother'
    fails_with 1 as_nobody box scp "$box:new" closed/other
    match "${err,,}" "closed/other: permission denied"
    as_nobody box scp "$box:new" "/tmp/$box"
    equal "$(cat "/tmp/$box"; stat -c %U "/tmp/$box"; find /tmp -maxdepth 1 -name "*$box.box-part*")" $'new\nroot'
}
