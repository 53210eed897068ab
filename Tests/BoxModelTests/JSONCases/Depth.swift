extension JSONCase {
    private static func nested(_ open: String, _ close: String, _ depth: Int) -> String {
        String(repeating: open, count: depth) + String(repeating: close, count: depth)
    }

    /// At most 512 levels, so that no text can exhaust the stack.
    static let depth: [JSONCase] = [
        JSONCase("y_depth_arrays_100", nested("[", "]", 100)),
        .accepted("i_depth_arrays_512", nested("[", "]", 512), decision: "the deepest that is taken"),
        .accepted(
            "i_depth_objects_512", nested("{\"a\":", "}", 511).replacing(":}", with: ":{}}"),
            decision: "the deepest that is taken"),
        .refused("i_depth_arrays_513", Array(nested("[", "]", 513).utf8), decision: "one too deep"),
        .refused("i_depth_mixed_514", Array(nested("[{\"a\":[", "]}]", 200).utf8), decision: "too deep"),
        .refused("i_depth_arrays_100000", Array(nested("[", "]", 100_000).utf8), decision: "too deep"),
        JSONCase("n_depth_open_arrays_100000", String(repeating: "[", count: 100_000)),
        JSONCase("n_depth_open_objects_100000", String(repeating: "{\"a\":", count: 100_000)),
        JSONCase(
            "y_depth_breadth_is_not_depth", "[" + Array(repeating: "[]", count: 5000).joined(separator: ",") + "]"),
    ]
}
