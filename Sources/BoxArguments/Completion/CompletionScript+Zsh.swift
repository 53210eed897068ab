extension CompletionScript {
    static let zshTemplate = #"""
        #compdef PROGRAM
        # zsh completion for PROGRAM. Load it with: source <(PROGRAM completion zsh)

        _PROGRAM() {
            local line value note lead start entry
            local -i files=0 result=1
            local -a found open
            for line in "${(@f)$("${(@Q)words[1]/#\~\//$HOME/}" __complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
                value=${line%%$'\t'*}
                note=${${line#"$value"}#$'\t'}
                case $value in
                    '') ;;
                    :files) files=1 lead=$note ;;
                    :command) start=$note ;;
                    *)
                        entry=${${value//\\/\\\\}//:/\\:}${note:+:$note}
                        if [[ $value == *: ]]; then open+=("$entry"); else found+=("$entry"); fi
                        ;;
                esac
            done
            if [[ -n $start ]]; then
                shift $((start + 1)) words
                ((CURRENT -= start + 1))
                _normal
                return
            fi
            if ((${#found})); then _describe -V PROGRAM found && result=0; fi
            # After ID: the path follows at once.
            if ((${#open})); then _describe -V PROGRAM open -S '' && result=0; fi
            if ((files)); then
                [[ -n $lead ]] && compset -P "${(b)lead}"
                _files && result=0
            fi
            return result
        }

        # Either the completion system runs this file, or somebody sources it.
        if [[ ${funcstack[1]} == _PROGRAM ]]; then
            _PROGRAM "$@"
        else
            (($+functions[compdef])) || { autoload -Uz compinit && compinit }
            compdef _PROGRAM PROGRAM
        fi

        """#
}
