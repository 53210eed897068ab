extension JSONCase {
    /// Unpaired surrogates, which RFC 8259 leaves open. `box` outputs what it received, so they are kept as written.
    static let surrogates: [JSONCase] = [
        JSONCase("y_surrogate_pair", #""\ud83d\ude00""#, writes: "\"\u{1F600}\""),
        JSONCase("y_surrogate_pair_first", #""\ud800\udc00""#, writes: "\"\u{10000}\""),
        JSONCase("y_surrogate_pair_last", #""\uDBFF\uDFFF""#, writes: "\"\u{10FFFF}\""),
        JSONCase("y_surrogate_pair_mixed_digits", #""\uD83D\uDe00!""#, writes: "\"\u{1F600}!\""),
        JSONCase("y_surrogate_two_pairs", #""\ud83d\ude00\ud83d\ude01""#, writes: "\"\u{1F600}\u{1F601}\""),
        .accepted("i_surrogate_lone_lead", #""\ud800""#, decision: "kept as written"),
        .accepted("i_surrogate_lone_trail", #""\udc00""#, decision: "kept as written"),
        .accepted("i_surrogate_lead_then_text", #""a\ud800b""#, decision: "kept as written"),
        .accepted("i_surrogate_two_leads", #""\ud800\ud800""#, decision: "kept as written"),
        .accepted("i_surrogate_reversed", #""\udc00\ud800""#, decision: "kept as written"),
        .accepted("i_surrogate_lead_then_pair", #""\ud800\ud83d\ude00""#, decision: "kept as written, the pair too"),
        .accepted("i_surrogate_pair_then_trail", #""\ud83d\ude00\udc00""#, decision: "kept as written"),
        .accepted("i_surrogate_lead_then_escape", #""\ud800\n""#, decision: "kept as written"),
        .accepted("i_surrogate_lead_then_bmp", #""\ud800\u0041""#, decision: "kept as written"),
        .accepted("i_surrogate_capital_digits", #""\uDADA""#, decision: "kept as written, capitals too"),
        .accepted("i_surrogate_beside_a_quote", #""\ud800\"\\""#, decision: "kept as written, escapes too"),
        .accepted("i_surrogate_in_name", #"{"\ud800":1}"#, decision: "kept as written"),
        .accepted("i_surrogate_name_and_its_spelling", #"{"\ud800":1,"\\ud800":2}"#, decision: "two different names"),
        JSONCase("n_surrogate_lead_then_broken_escape", #""\ud800\u12""#),
        JSONCase("n_surrogate_lead_then_bad_digits", #""\ud800\udcz0""#),
        JSONCase("n_surrogate_lead_then_unknown_escape", #""\ud800\x""#),
        JSONCase("n_surrogate_lead_then_end", #""\ud800\"#),
        JSONCase("n_surrogate_beside_bad_utf8", bytes: Array(#""\ud800"#.utf8) + [0xFF, 0x22]),
    ]
}
