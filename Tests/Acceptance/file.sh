# A box's files through the API: /boxes/{id}/files and /artifacts, and `box cat|write|artifact` on top of them.

run() { api POST "/boxes/$box/commands" "$(jq -nc --arg command "$1" '{command: $command}')"; }
field() { jq -r "$1" <<<"$body"; }
put() { # PATH CONTENT [ENCODING]
    api PUT "/boxes/$box/files" \
        "$(jq -nc --arg path "$1" --arg content "$2" --arg encoding "${3:-utf8}" '{path: $path, content: $content, encoding: $encoding}')"
}
escaped() { jq -rn --arg text "$1" '$text | @uri'; }
get() { api GET "/boxes/$box/files?path=$(escaped "$1")${2:+&encoding=$2}"; }

test_text_and_bytes() {
    new_box
    put notes/today/ü.txt 'first
second'
    equal "$status $(field .type) $(field .size)" "200 file.written 12"
    get notes/today/ü.txt
    equal "$(field .content)" 'first
second'
    equal "$(field .encoding) $(field .size) $(field .path)" "utf8 12 notes/today/ü.txt"
    put bytes "$(printf '\0\377\n' | base64)" base64
    get bytes base64
    equal "$(field .content)" "AP8K"
    get bytes
    equal "$status $(field .code)" "400 invalid_encoding"
    put empty ''
    get empty
    equal "$status $(field .size)" "200 0"
    put 'a b' blank
    put 'a+b' plus
    equal "$(curl -sS -G -H "Authorization: Bearer $(cat "$WORK/key")" --data-urlencode 'path=a b' \
        "http://127.0.0.1:$PORT/api/box/v1/boxes/$box/files" | jq -r .content)" blank
    get 'a+b'
    equal "$(field .content)" plus
    put /tmp/above 'in tmp'
    get /tmp/above
    equal "$(field .content)" 'in tmp'
    run 'stat -c "%U %a" notes/today/ü.txt; echo "#!/bin/sh" > tool; chmod 750 tool'
    equal "$(field .stdout)" "user 644"
    put tool 'echo new'
    run 'stat -c "%a" tool; ls -A'
    equal "$(field .stdout | head -n 1)" 750
    no_match "$(field .stdout)" .box-
}

test_bad_requests() {
    new_box
    get ''
    equal "$status $(field .code)" "400 invalid_path"
    get nothing
    equal "$status $(field .code)" "404 file_not_found"
    get .bashrc rot13
    equal "$status $(field .code)" "400 invalid_encoding"
    put x '***' base64
    equal "$status $(field .code)" "400 invalid_content"
    api PUT "/boxes/$box/files" '{"path":"x"}'
    equal "$status $(field .code)" "400 invalid_content"
    api PUT "/boxes/$box/files" '{"content":"x"}'
    equal "$status $(field .code)" "400 invalid_path"
    run 'mkdir directory; mkfifo pipe'
    for path in directory directory/ . / /home/user /tmp pipe; do
        put "$path" x
        equal "$status $(field .code)" "400 invalid_path" "put $path: $body"
    done
    for path in directory . pipe .bashrc/x; do
        get "$path"
        equal "$status $(field .code)" "400 invalid_path" "get $path: $body"
    done
}

test_no_way_out_of_the_roots() {
    new_box
    run 'ln -s /etc etc; ln -s /etc/passwd direct; ln -s ../../etc up; ln -s /home/user/.bashrc fine; ln -s loop loop
         ln -s /etc/new dangling; mkdir -p deep; ln -s /root deep/link; echo secret | sudo tee /home/other >/dev/null'
    for path in /etc/passwd ../../etc/passwd etc/passwd direct up/passwd loop deep/link/x ../other /home/other \
        /tmp/../etc/passwd /home/user/../../etc/passwd /home/users /proc/self/environ /dev/zero; do
        get "$path"
        [ "$status" = 400 ] || [ "$(field .code)" = file_not_found ] || fail "get $path: $body"
        put "$path" hacked
        equal "$status $(field .code)" "400 invalid_path" "put $path: $body"
        api GET "/boxes/$box/artifacts?path=$(escaped "$path")"
        [ "$status" = 400 ] || [ "$status" = 404 ] || fail "artifact $path: $body"
    done
    put dangling hacked
    equal "$status $(field .code)" "400 invalid_path"
    run 'test ! -e /etc/new && grep -c hacked /etc/passwd'
    equal "$(field .stdout)" 0
    get fine
    equal "$status" 200
    put $'a\nb "c\' $d' 'odd name'
    get $'a\nb "c\' $d'
    equal "$(field .content)" 'odd name'
}

# A directory that turns into a link to /etc and back. Whatever the response is, no file outside may be read or written.
test_races() {
    new_box
    run 'mkdir -p real; echo inside > real/passwd
         (while :; do ln -sfn /etc swap; ln -sfn real swap; done) >/dev/null 2>&1 &'
    for _ in $(seq 12); do
        get swap/passwd
        no_match "$body" root:x:0
        put swap/raced x
        [ "$status" = 200 ] || equal "$(field .code)" invalid_path "$body"
    done
    run 'ls /etc/raced'
    match "$(field .stderr)" 'No such file'
}

test_large_files() {
    new_box
    head -c 50000000 /dev/urandom >"$SCRATCH/large"
    jq -nc --rawfile content <(base64 -w0 "$SCRATCH/large") '{path: "large", content: $content, encoding: "base64"}' >"$SCRATCH/request"
    api PUT "/boxes/$box/files" "@$SCRATCH/request"
    equal "$status $(field .size)" "200 50000000" "$body"
    curl -sSf -H "Authorization: Bearer $(cat "$WORK/key")" -o "$SCRATCH/back" \
        "http://127.0.0.1:$PORT/api/box/v1/boxes/$box/artifacts?path=large"
    cmp "$SCRATCH/large" "$SCRATCH/back"
    curl -sSf -H "Authorization: Bearer $(cat "$WORK/key")" \
        "http://127.0.0.1:$PORT/api/box/v1/boxes/$box/files?path=large&encoding=base64" | jq -r .content | base64 -d >"$SCRATCH/back"
    cmp "$SCRATCH/large" "$SCRATCH/back"
    run 'truncate -s 50000001 larger'
    get larger base64
    equal "$status $(field .code)" "413 file_too_large"
    head -c 70000000 /dev/zero | tr "\0" x >"$SCRATCH/request"
    api PUT "/boxes/$box/files" "@$SCRATCH/request"
    equal "$status $(field .code)" "413 body_too_large"
    run 'truncate -s 300M sparse'
    equal "$(curl -sSf -H "Authorization: Bearer $(cat "$WORK/key")" \
        "http://127.0.0.1:$PORT/api/box/v1/boxes/$box/artifacts?path=sparse" | sha256sum)" \
        "$(head -c 300M /dev/zero | sha256sum)"
}

test_artifacts_that_nobody_finishes() {
    new_box
    run 'head -c 200000000 /dev/zero > zeros'
    for _ in 1 2 3; do
        curl -sS -H "Authorization: Bearer $(cat "$WORK/key")" \
            "http://127.0.0.1:$PORT/api/box/v1/boxes/$box/artifacts?path=zeros" | head -c 1000 >/dev/null || true
    done
    curl -sSfI -H "Authorization: Bearer $(cat "$WORK/key")" \
        "http://127.0.0.1:$PORT/api/box/v1/boxes/$box/artifacts?path=zeros" | grep -qi 'content-length: 200000000'
    for _ in $(seq 50); do
        run 'pgrep -cf guest.py'
        # The box's own file.
        [ "$(field .stdout)" -gt 1 ] || return 0
        sleep 0.2
    done
    fail "readers are left: $(field .stdout)"
}

test_the_command_line() {
    new_box
    printf 'a\0b' | box write "$box" data/file --json >"$SCRATCH/out"
    equal "$(jq -r .size "$SCRATCH/out")" 3
    equal "$(box cat "$box" data/file | od -An -c | tr -s ' ')" ' a \0 b'
    box artifact "$box" data/file -o "$SCRATCH/copy" >/dev/null 2>&1 || box artifact "$box" data/file >"$SCRATCH/copy"
    equal "$(od -An -c "$SCRATCH/copy" | tr -s ' ')" ' a \0 b'
}

test_boxes_that_dont_run() {
    new_box
    stop_box "$box"
    get .bashrc
    equal "$status $(field .code)" "400 machine_not_running"
    put x y
    equal "$status $(field .code)" "400 machine_not_running"
}
