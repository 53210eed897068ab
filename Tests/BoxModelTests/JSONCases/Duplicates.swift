extension JSONCase {
    /// A name that occurs twice. Both members are output, and the last one's value counts.
    static let duplicates: [JSONCase] = [
        .accepted("i_duplicate_name", #"{"a":1,"b":2,"a":3}"#, decision: "both are kept, in order"),
        .accepted("i_duplicate_name_same_value", #"{"a":1,"a":1}"#, decision: "both are kept"),
        .accepted("i_duplicate_name_null_last", #"{"a":1,"a":null}"#, decision: "both are kept"),
        .accepted("i_duplicate_empty_name", #"{"":1,"":2}"#, decision: "both are kept"),
        .accepted("i_duplicate_name_nested", #"{"a":{"b":1,"b":[]},"a":{}}"#, decision: "both are kept"),
        .accepted(
            "i_duplicate_name_escaped", #"{"a":1,"\u0061":2}"#, writes: #"{"a":1,"a":2}"#,
            decision: "one name, however it is spelled; both are kept"),
        .accepted("i_duplicate_surrogate_name", #"{"\ud800":1,"\ud800":2}"#, decision: "both are kept"),
        .accepted(
            "i_duplicate_in_look_only", "{\"\u{E9}\":1,\"e\u{301}\":2}", decision: "two names: bytes are compared"),
        .accepted("i_duplicate_with_other_case", #"{"a":1,"A":2}"#, decision: "two names"),
    ]
}
