import BoxCLI

await CLI.main()
