extension CompletionScript {
    static let fishTemplate = #"""
        # fish completion for PROGRAM. Load it with: PROGRAM completion fish | source

        function __PROGRAM_complete
            set -l words (commandline -opc)
            # As it was typed, and without the quote that may be open.
            set -l typed (commandline -ct | string collect)
            set -l current (string replace -r "^[\"']" "" -- "$typed" | string collect)
            for line in (command $words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
                set -l parts (string split -m 1 \t -- $line)
                switch $parts[1]
                    case :files
                        set -l lead $parts[2]
                        set -l start (math (string length -- "$lead") + 1)
                        # A command that nobody knows takes files.
                        for path in (complete -C "__PROGRAM_path "(string sub -s $start -- "$typed"))
                            printf '%s%s\n' "$lead" $path
                        end
                    case :command
                        # The first of these words is the program's own name.
                        set -l rest (string escape -- $words[(math $parts[2] + 2)..-1]) "$typed"
                        complete -C "$rest"
                    case '*'
                        echo $line
                end
            end
        end

        complete -c PROGRAM -f -k -a '(__PROGRAM_complete)'

        """#
}
