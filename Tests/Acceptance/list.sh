test_list_and_info_agree() {
    new_box --name listed
    equal "$(box list --json | jq -r --arg id "$box" '.boxes[] | select(.id == $id) | .name')" listed
    equal "$(box list --json | jq -c --arg id "$box" '.boxes[] | select(.id == $id) | del(.self)')" \
        "$(box info "$box" --json | jq -c .box)"
    equal "$(box list --json | wc -l)" 1
    equal "$(box list --json | jq -r '.pageInfo.hasMore')" false
}

test_self_names_the_box_it_runs_in() {
    new_box
    equal "$(BOX_ID=$box box list --json | jq -r --arg id "$box" '.boxes[] | select(.id == $id) | .self')" true
    equal "$(box list --json | jq -r --arg id "$box" '.boxes[] | select(.id == $id) | .self')" false
}

test_table_for_people() {
    new_box --name "a table row"
    match "$(box list)" "$box"
    match "$(box list)" "a table row"
    match "$(box list --quiet)" "$box"
}
