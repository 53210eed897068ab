import BoxArguments
import BoxModel

extension Manual {
    /// The parts of the manual of `box` besides its commands.
    static let box = Manual(
        version: ProductVersion.current,
        description: """
            `box` makes and uses disposable Linux machines, on the hosted service or on a `boxd` of your own. Options \
            that every command takes may stand before or after its name. `current` stands for the last box that was \
            made in this shell.

            With `--json` standard output is JSON only: one compact line a value. A failure is one last line \
            `{"event":"error","error":"..."}`, with `code` and `status` where the server gave them; standard error stays \
            empty unless the arguments are wrong.
            """,
        exitStatuses: [
            Row("0", "done"),
            Row("1", "failed; the message says why and what to do next"),
            Row("2", "the command line can't be understood"),
            Row("4", "not logged in, or refused"),
            Row("130", "interrupted"),
            Row("255", "`box ssh` and `box scp` had no connection"),
            Row("other", "`box ssh` ends as the command in the box did; 128 + n when a signal ended it"),
        ],
        environment: [
            Row(
                "BOX_API_KEY",
                "the API key, for whichever server counts; goes before the stored one, and makes `box login` unnecessary"
            ),
            Row("BOX_API_URL", "the server; `--api-url` goes before it, the configuration file after it"),
            Row("BOX_INSECURE", "1: as `--insecure`, keys may go over plain HTTP to other machines"),
            Row("XDG_CONFIG_HOME", "where the configuration directory is; ~/.config when it isn't set"),
            Row("XDG_STATE_HOME", "where it is remembered what `current` means; ~/.local/state when it isn't set"),
            Row("NO_COLOR", "no colours, when it isn't empty; `--color` goes before it"),
            Row(
                "BOX_COMPLETION_TIMEOUT",
                "how long the Tab key waits for the ids of boxes, in milliseconds (default 200)"),
            Row("CLICOLOR_FORCE", "colours also when the output is no terminal, when it is neither empty nor 0"),
        ],
        files: [
            Row("~/.config/ascii/box/config.json", "the server and the API key, readable by you alone"),
            Row("~/.config/ascii/box/known_hosts", "the host keys of boxes, in OpenSSH's format"),
            Row(
                "~/.ssh/ascii_box_ed25519", "the key for boxes, made when it is first needed; ssh and rsync can use it"),
            Row("~/.local/state/ascii/box/current/", "the last box made in each shell"),
        ],
        seeAlso: ["ssh(1)", "scp(1)", "rsync(1)", "jq(1)"])
}
