test_limits_count_active_boxes() {
    local before
    before=$(box limits --json | jq .activeBoxes)
    new_box
    equal "$(box limits --json | jq .activeBoxes)" "$((before + 1))"
    stop_box "$box"
    equal "$(box limits --json | jq .activeBoxes)" "$before"
    equal "$(box limits --json | jq -c .activeStates)" '["provisioned","cloning","ready","idle","running"]'
}
