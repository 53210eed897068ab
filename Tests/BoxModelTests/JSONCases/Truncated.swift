extension JSONCase {
    /// Texts that end too early.
    static let truncated: [JSONCase] = [
        JSONCase("n_truncated_array", "["),
        JSONCase("n_truncated_array_after_value", "[1"),
        JSONCase("n_truncated_array_after_comma", "[1,"),
        JSONCase("n_truncated_nested_array", "[[1]"),
        JSONCase("n_truncated_object", "{"),
        JSONCase("n_truncated_object_in_name", #"{"a"#),
        JSONCase("n_truncated_object_after_name", #"{"a""#),
        JSONCase("n_truncated_object_after_colon", #"{"a":"#),
        JSONCase("n_truncated_object_after_value", #"{"a":1"#),
        JSONCase("n_truncated_object_after_comma", #"{"a":1,"#),
        JSONCase("n_truncated_string", #""abc"#),
        JSONCase("n_truncated_string_only_quote", "\""),
        JSONCase("n_truncated_string_after_backslash", #""a\"#),
        JSONCase("n_truncated_string_in_escape", #""\u00"#),
        JSONCase("n_truncated_string_escaped_end", #""a\""#),
        JSONCase("n_truncated_string_in_character", bytes: [0x22, 0xE2, 0x82]),
        JSONCase("n_truncated_literal", "[nul"),
        JSONCase("n_truncated_number_minus", "[-"),
        JSONCase("n_truncated_number_fraction", "[1."),
        JSONCase("n_truncated_number_exponent", "[1e"),
    ]
}
