extension JSONCase {
    /// Only space, tab, line feed and carriage return are white space.
    static let whitespace: [JSONCase] = [
        JSONCase("y_whitespace_everywhere", " \t\r\n{ \"a\" : [ 1 , true ] } \r\n", writes: #"{"a":[1,true]}"#),
        JSONCase("y_whitespace_in_empty_array", "[ \n ]", writes: "[]"),
        JSONCase("y_whitespace_in_empty_object", "{\t}", writes: "{}"),
        JSONCase("y_whitespace_around_colon", "{\"a\"\n:\r1}", writes: #"{"a":1}"#),
        JSONCase("y_whitespace_before_scalar", "  1", writes: "1"),
        JSONCase("y_whitespace_after_scalar", "null\n", writes: "null"),
        JSONCase("y_whitespace_inside_string_kept", #""  a  ""#),
        JSONCase("n_whitespace_alone", " \n\t\r"),
        JSONCase("n_whitespace_form_feed", "\u{C}1"),
        JSONCase("n_whitespace_vertical_tab", "[\u{B}1]"),
        JSONCase("n_whitespace_no_break_space", "\u{A0}1"),
        JSONCase("n_whitespace_next_line", "1\u{85}"),
        JSONCase("n_whitespace_line_separator", "[1,\u{2028}2]"),
        JSONCase("n_whitespace_em_space", "\u{2003}1"),
        JSONCase("n_whitespace_zero_width_space", "1\u{200B}"),
        JSONCase("n_whitespace_word_joiner", "\u{2060}{}"),
        JSONCase("n_whitespace_nul", "\0[]"),
        JSONCase("n_whitespace_inside_literal", "t rue"),
        JSONCase("n_whitespace_inside_number", "-1 .5"),
        JSONCase("n_whitespace_substitute_after", "{}\u{1A}"),
    ]
}
