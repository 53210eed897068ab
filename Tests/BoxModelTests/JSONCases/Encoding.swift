extension JSONCase {
    private static func quoted(_ bytes: UInt8...) -> [UInt8] { [0x22] + bytes + [0x22] }

    /// Only UTF-8 is valid, in strings and around them.
    static let encoding: [JSONCase] = [
        JSONCase("y_encoding_first_two_bytes", bytes: quoted(0xC2, 0x80), writes: #""\u0080""#),
        JSONCase("y_encoding_last_two_bytes", bytes: quoted(0xDF, 0xBF)),
        JSONCase("y_encoding_first_three_bytes", bytes: quoted(0xE0, 0xA0, 0x80)),
        JSONCase("y_encoding_before_surrogates", bytes: quoted(0xED, 0x9F, 0xBF)),
        JSONCase("y_encoding_after_surrogates", bytes: quoted(0xEE, 0x80, 0x80)),
        JSONCase("y_encoding_first_four_bytes", bytes: quoted(0xF0, 0x90, 0x80, 0x80)),
        JSONCase("y_encoding_last_four_bytes", bytes: quoted(0xF4, 0x8F, 0xBF, 0xBF)),
        JSONCase("n_encoding_lone_continuation", bytes: quoted(0x80)),
        JSONCase("n_encoding_lone_lead", bytes: quoted(0xC3)),
        JSONCase("n_encoding_byte_ff", bytes: quoted(0xFF)),
        JSONCase("n_encoding_byte_fe", bytes: quoted(0xFE)),
        JSONCase("n_encoding_latin_1", bytes: quoted(0xE9)),
        JSONCase("n_encoding_latin_1_word", bytes: quoted(0x63, 0x61, 0x66, 0xE9, 0x73)),
        JSONCase("n_encoding_overlong_nul", bytes: quoted(0xC0, 0x80)),
        JSONCase("n_encoding_overlong_slash", bytes: quoted(0xC0, 0xAF)),
        JSONCase("n_encoding_overlong_three_bytes", bytes: quoted(0xE0, 0x80, 0xAF)),
        JSONCase("n_encoding_overlong_four_bytes", bytes: quoted(0xF0, 0x80, 0x80, 0xAF)),
        JSONCase("n_encoding_surrogate_in_three_bytes", bytes: quoted(0xED, 0xA0, 0x80)),
        JSONCase("n_encoding_surrogate_pair_in_six_bytes", bytes: quoted(0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80)),
        JSONCase("n_encoding_above_last_scalar", bytes: quoted(0xF4, 0x90, 0x80, 0x80)),
        JSONCase("n_encoding_five_bytes", bytes: quoted(0xF8, 0x88, 0x80, 0x80, 0x80)),
        JSONCase("n_encoding_two_of_three_bytes", bytes: quoted(0xE2, 0x82)),
        JSONCase("n_encoding_three_of_four_bytes", bytes: quoted(0xF0, 0x9F, 0x98)),
        JSONCase("n_encoding_lead_then_ascii", bytes: quoted(0xC3, 0x28)),
        JSONCase("n_encoding_in_name", bytes: Array("{\"".utf8) + [0xFF] + Array("\":1}".utf8)),
        JSONCase("n_encoding_outside_of_string", bytes: Array("[1]".utf8) + [0xFF]),
        JSONCase("n_encoding_before_value", bytes: [0xFF] + Array("1".utf8)),
        JSONCase("n_encoding_utf16_big_endian", bytes: [0x00, 0x5B, 0x00, 0x5D]),
        JSONCase("n_encoding_utf16_little_endian", bytes: [0x5B, 0x00, 0x5D, 0x00]),
        JSONCase("n_encoding_utf16_with_mark", bytes: [0xFF, 0xFE, 0x5B, 0x00, 0x5D, 0x00]),
        JSONCase("n_encoding_mark_alone", bytes: [0xEF, 0xBB, 0xBF]),
        JSONCase("n_encoding_mark_cut", bytes: [0xEF, 0xBB, 0x7B, 0x7D]),
        JSONCase("n_encoding_mark_after", bytes: [0x7B, 0x7D, 0xEF, 0xBB, 0xBF]),
        .refused(
            "i_encoding_mark_before", [0xEF, 0xBB, 0xBF, 0x7B, 0x7D],
            decision: "no sender may add it; the configuration file's reader, where editors do, takes it away itself"),
    ]
}
