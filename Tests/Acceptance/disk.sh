# Programs work in a box after a stop, and in its forks, as they did before.

restart() { stop_box "$1" && resume_box "$1"; }

# rename(2) itself, because mv would copy where rename fails. rustup, npm, conda and git need it.
move() { # ID FROM TO
    box ssh "$1" "python3 -c 'import os, sys; os.rename(sys.argv[1], sys.argv[2])' $2 $3"
}

make_tree() { # ID
    box ssh "$1" 'mkdir -p app/modules/foo && echo 1 >app/modules/foo/i.js && echo one >a && ln a b && cp -l a c'
}

test_directories_can_be_renamed_after_a_resume() {
    new_box
    make_tree "$box"
    restart "$box"
    move "$box" app/modules/foo app/modules/.foo-1
    restart "$box"
    move "$box" app/modules/.foo-1 app/foo
    equal "$(box ssh "$box" 'cat app/foo/i.js; ls -A app/modules')" 1
    # A directory of the image, which is a layer below everything that the box writes.
    equal "$(box ssh "$box" 'sudo python3 -c "import os; os.rename(\"/usr/share/man\", \"/usr/share/was-man\")" && ls -d /usr/share/*man')" /usr/share/was-man
}

test_hard_links_stay_after_a_resume() {
    new_box
    make_tree "$box"
    restart "$box"
    equal "$(box ssh "$box" 'echo two >>a; cat b; stat -c %h a b c | xargs')" $'one\ntwo\n3 3 3'
}

test_etc_is_the_boxs_own() {
    new_box
    local id other
    id=$(box ssh "$box" cat /etc/machine-id)
    [[ $id =~ ^[0-9a-f]{32}$ ]] || fail "machine-id is $id"
    box ssh "$box" 'echo "127.0.0.1 db.example.test" | sudo tee -a /etc/hosts; echo "options ndots:3" | sudo tee -a /etc/resolv.conf
        sudo sed -i s/ip6-localhost/six/ /etc/hosts && sudo mv /etc/hostname /etc/hostname.old && sudo mv /etc/hostname.old /etc/hostname' >/dev/null
    restart "$box"
    equal "$(box ssh "$box" 'grep -c db.example.test /etc/hosts; grep -c six /etc/hosts; grep -c ndots:3 /etc/resolv.conf; cat /etc/machine-id')" $'1\n1\n1\n'"$id"
    equal "$(box ssh "$box" 'getent ahostsv4 "$(hostname)" | head -n 1 | cut -d" " -f1')" "$(ip_of "$box")"
    # A fork is another machine with the same files.
    other=$(box fork "$box" --json | jq -r 'select(.event == "ready") | .id')
    defer "box delete $other --yes --json"
    equal "$(box ssh "$other" 'grep -c db.example.test /etc/hosts; cat /etc/hostname')" $'1\n'"${other/_/-}"
    equal "$(box ssh "$other" 'getent ahostsv4 "$(hostname)" | head -n 1 | cut -d" " -f1')" "$(ip_of "$other")"
    [ "$(box ssh "$other" cat /etc/machine-id)" != "$id" ] || fail "a fork has the machine id of its source"
    no_match "$(box ssh "$other" cat /etc/hosts)" "${box/_/-}"
}

# Symbolic links in place of those files can only lead into the fork itself.
test_a_fork_of_a_damaged_etc() {
    new_box
    box ssh "$box" 'for f in hosts hostname machine-id resolv.conf; do sudo rm -rf /etc/$f; sudo ln -s /etc/passwd /etc/$f; done
        sudo rm /etc/hosts; sudo mkdir /etc/hosts'
    local other
    other=$(box fork "$box" --json | jq -r 'select(.event == "ready") | .id')
    defer "box delete $other --yes --json"
    equal "$(box ssh "$other" 'test -L /etc/resolv.conf && test -d /etc/hosts && cat /etc/hostname && grep -c ^user: /etc/passwd')" "${other/_/-}"$'\n1'
}

test_forks_of_running_and_stopped_boxes() {
    new_box
    make_tree "$box"
    box ssh "$box" 'cp /bin/ping ping2 && sudo chown root:root ping2 && sudo setcap cap_net_raw=ep ping2 && sudo rm -r /usr/share/man && sudo rm /etc/fstab; chmod 700 app; touch "$(printf "a\nb\377")"' 2>/dev/null
    local fork index
    for index in running stopped; do
        [ $index = running ] || stop_box "$box"
        fork=$(box fork "$box" --json | jq -r 'select(.event == "ready") | .id')
        defer "box delete $fork --yes --json"
        move "$fork" app/modules/foo app/bar
        equal "$(box ssh "$fork" 'cat app/bar/i.js; stat -c "%a %U" app; test -e /usr/share/man || echo gone; getcap ping2; ls -b | grep -c "a.nb.377"')" \
            $'1\n700 user\ngone\nping2 cap_net_raw=ep\n1' "fork of a $index box"
        # The copy of a running box's disk belongs to the fork alone, so hard links still share one file.
        [ $index = stopped ] || equal "$(box ssh "$fork" 'echo two >>a; cat b')" $'one\ntwo'
        equal "$(box ssh "$fork" 'stat -c %h a')" 3
    done
    # The source keeps running, whether its disk is shared now or not. Changes in a fork are visible only there.
    resume_box "$box"
    move "$box" app/modules/foo app/source
    equal "$(box ssh "$box" 'cat app/source/i.js a')" $'1\none'
    restart "$box"
    equal "$(box ssh "$box" 'cat app/source/i.js; ls app')" $'1\nmodules\nsource'
}

# More layers than are merged, with renames across them, and a tree whose paths exceed the longest possible path.
test_many_forks_of_one_disk() {
    new_box --no-env
    box ssh "$box" 'mkdir -p a/b/c && echo deep >a/b/c/f
        python3 -c "
import os
os.mkdir(\"deep\"); os.chdir(\"deep\")
for _ in range(200):
    os.mkdir(\"d\" * 100); os.chdir(\"d\" * 100)
open(\"bottom\", \"w\").close()"'
    local fork number
    for number in $(seq 19); do
        stop_box "$box"
        fork=$(box fork "$box" --json | jq -r 'select(.event == "ready") | .id')
        resume_box "$box"
        box ssh "$box" "python3 -c 'import os; os.rename(\"a\", \"new\"); os.mkdir(\"in$number\"); os.rename(\"new\", \"in$number/a\"); os.rename(\"in$number/a\", \"a\")' && echo $number >>a/b/log"
        box delete "$fork" --yes --json >/dev/null
    done
    stop_box "$box"
    # Nineteen layers were written. Those of the first starts are merged now.
    [ "$(jq '.layers | length' "$BOXD_DATA_DIR/boxes/$box/machine.json")" -lt 17 ] || fail "too many layers"
    resume_box "$box"
    equal "$(box ssh "$box" 'cat a/b/c/f; tail -n 1 a/b/log; ls -d in* | wc -l; find deep -name bottom | wc -l')" $'deep\n19\n19\n1'
}
