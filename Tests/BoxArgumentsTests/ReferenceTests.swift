import BoxArguments
import Testing

/// Both forms of the manual, for a program with everything that needs escaping.
@Suite struct ReferenceTests {
    static let manual = Manual(
        version: "1.0", description: "Read `tool new`.\n\n.dots and \\backslashes.",
        exitStatuses: [.init("0", "done")], environment: [.init("TOOL_KEY", "the key")],
        files: [.init("~/.tool", "it's 'here' – so")], seeAlso: ["ssh(1)"])

    static let root = CommandSpec(
        "tool", summary: "A tool", options: [.flag("json", "write JSON"), .flag("quiet", "hidden", isHidden: true)],
        subcommands: [
            CommandSpec(
                "new", aliases: ["create"], group: "Things", summary: "Make <one> thing",
                options: [.value("ttl", short: "t", "SECONDS", "how_long*")],
                positionals: [PositionalSpec("ID", "which")],
                examples: [ExampleSpec(".\\new 'a' --ttl 5", "for a moment")]),
            CommandSpec("secret", summary: "Hidden", isHidden: true),
            CommandSpec(
                "local", group: "Here", summary: "Local", subcommands: [CommandSpec("up", summary: "Start it")]),
        ])

    @Test func theManPageIsEscaped() {
        let expected = #"""
            .\" Generated from the declaration of the commands.
            .TH "TOOL" 1 "" "tool 1.0" "User Commands"
            .nh
            .ad l
            .SH NAME
            tool \- A tool
            .SH SYNOPSIS
            \fBtool COMMAND [OPTIONS]\fR
            .SH DESCRIPTION
            Read \fBtool new\fR.
            .PP
            \&.dots and \(rsbackslashes.
            .SS "Things"
            .PD 0
            .TP 14
            \fBnew\fR
            Make <one> thing
            .PD
            .SS "Here"
            .PD 0
            .TP 14
            \fBlocal\fR
            Local
            .PD
            .SH GLOBAL OPTIONS
            .TP
            \fB\-\-json\fR
            write JSON
            .SH COMMANDS
            .SS "tool new"
            \fBtool new [OPTIONS] ID\fR
            .br
            Also: \fBcreate\fR
            .PP
            Make <one> thing.
            .TP
            \fBID\fR
            which
            .TP
            \fB\-t, \-\-ttl SECONDS\fR
            how_long*
            .PP
            For a moment.
            .RS 4
            .nf
            \&.\(rsnew \(aqa\(aq \-\-ttl 5
            .fi
            .RE
            .SS "tool local"
            \fBtool local COMMAND [OPTIONS]\fR
            .PP
            Local.
            .SS "tool local up"
            \fBtool local up [OPTIONS]\fR
            .PP
            Start it.
            .SH "EXIT STATUS"
            .TP
            \fB0\fR
            done
            .SH "ENVIRONMENT"
            .TP
            \fBTOOL_KEY\fR
            the key
            .SH "FILES"
            .TP
            \fB\(ti/.tool\fR
            it\(aqs \(aqhere\(aq \[u2013] so
            .SH SEE ALSO
            ssh(1)

            """#
        #expect(ManPage(root: Self.root, manual: Self.manual).text == expected)
    }

    @Test func theMarkdownIsEscapedAndLinked() {
        let text = MarkdownReference(root: Self.root, manual: Self.manual).text
        for part in [
            "# tool\n\nA tool.\n\n```sh\ntool COMMAND [OPTIONS]\n```\n",
            "Read `tool new`.\n\n.dots and \\\\backslashes.\n",
            "### Things\n\n- [tool new](#tool-new): Make \\<one\\> thing\n\n### Here\n",
            "- [tool local](#tool-local): Local\n  - [tool local up](#tool-local-up): Start it\n",
            "- [Exit status](#exit-status)\n", "## Global options\n\n- `--json`: write JSON\n\n## tool new\n",
            "Also: `create`\n", "Arguments:\n\n- `ID`: which\n\nOptions:\n\n- `-t, --ttl SECONDS`: how\\_long\\*\n",
            "Examples:\n\n```sh\n# for a moment\n.\\new 'a' --ttl 5\n```\n",
            "## Files\n\n- `~/.tool`: it's 'here' – so\n",
        ] {
            #expect(text.contains(part), "\(part)")
        }
        #expect(!text.contains("secret") && !text.contains("quiet"))
    }
}
