import BoxArguments

/// Every command of the program.
enum CommandTable {
    static let root = CommandNode.group(
        CommandSpec(
            "box", summary: "Sandboxes to run anything in, on the hosted service or on a machine of your own",
            options: globalOptions),
        [
            .command(New.self), .command(List.self), .command(Info.self), .command(Ssh.self), .command(Scp.self),
            .command(Forward.self), .command(SshConfig.self), .command(Proxy.self), .command(Desktop.self),
            .command(Wait.self), .command(Fork.self),
            .command(Stop.self), .command(Resume.self), .command(Extend.self), .command(Rename.self),
            .command(Delete.self),
            .command(Exec.self), .command(Cat.self), .command(Write.self), .command(Artifact.self),
            .command(Prompt.self), .command(Events.self), .command(Interrupt.self),
            .group(
                ProviderGroup.spec,
                [.command(ProviderListing.self), .command(ProviderSet.self), .command(ProviderRemove.self)]),
            .command(Login.self), .command(Onboard.self), .command(Logout.self), .command(Status.self),
            .command(Limits.self),
            .command(Config.self),
            .group(
                SecretsGroup.spec,
                [
                    .command(SecretsGet.self), .command(SecretsSet.self), .command(SecretsUnset.self),
                    .command(SecretsImport.self),
                    .group(
                        SecretsGroup.fileSpec,
                        [
                            .command(SecretsFileList.self), .command(SecretsFileSet.self),
                            .command(SecretsFileGet.self), .command(SecretsFileRemove.self),
                        ]),
                ]),
            .group(ReposGroup.spec, [.command(ReposList.self), .command(ReposSelect.self)]),
            .group(
                APIKeyGroup.spec,
                [
                    .command(APIKeyListing.self), .command(APIKeyCreate.self), .command(APIKeyRotate.self),
                    .command(APIKeyDelete.self),
                ]),
            .group(
                LocalGroup.spec,
                [
                    .command(LocalUp.self), .command(LocalDown.self), .command(LocalStatus.self),
                    .command(LocalLogs.self), .group(LocalGroup.imageSpec, [.command(LocalImageBuild.self)]),
                ]),
            .command(Completion.self),
            .command(SelfUpdate.self),
            .command(Version.self),
            .command(Complete.self),
            .command(Reference.self),
        ])

    private static let globalOptions: [OptionSpec] = [
        .flag("json", "write JSON to standard output, one compact line a value"),
        .value("api-url", "URL", "the server, such as http://127.0.0.1:7070 (default https://ascii.dev)"),
        .value(
            "ca-file", "FILE", "trust the CA certificates in this file too (PEM), for HTTPS servers of your own",
            kind: .file),
        .flag("insecure", "send API keys over plain HTTP to other machines too, where the network is safe"),
        .value("color", "WHEN", "auto, always or never", kind: .choice(ColorChoice.allCases.map(\.rawValue))),
        .flag("verbose", short: "v", "tell every request on standard error"),
        .flag("no-update", "accepted for scripts of the hosted service; has no effect", isHidden: true),
        .flag("help", short: "h", "explain the command"),
        .flag("version", "tell the version"),
    ]
}
