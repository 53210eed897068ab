extension CompletionScript {
    static let bashTemplate = #"""
        # bash completion for PROGRAM. Load it with: source <(PROGRAM completion bash)

        _PROGRAM() {
            COMPREPLY=()
            # Bash cuts words at colons and equals signs too: put together what stands together on the line.
            local line=${COMP_LINE:-${COMP_WORDS[*]}} word rest cut="" i words=() starts=()
            line=${line:0:${COMP_POINT:-${#line}}}
            for ((i = 0; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                rest=${line#"${line%%[![:space:]]*}"}
                if [[ $i -eq 0 || $rest != "$line" ]]; then
                    starts+=("$i")
                    words+=("$word")
                else
                    words[${#words[@]} - 1]+=$word
                fi
                line=${rest#"$word"}
            done
            # What is left is the word under the cursor, up to the cursor.
            rest=${line#"${line%%[![:space:]]*}"}
            if [[ $rest != "$line" || ${#words[@]} -lt 2 ]]; then
                starts+=("$COMP_CWORD")
                words+=("$rest")
            else
                words[${#words[@]} - 1]+=$rest
            fi
            local current=${words[${#words[@]} - 1]#[\"\']}
            words[${#words[@]} - 1]=$current
            # The part of the word that bash holds for words of their own.
            for ((i = 0; i < ${#current}; i++)); do
                case ${current:i:1} in
                    : | =) case $COMP_WORDBREAKS in *"${current:i:1}"*) cut=${current:0:i+1} ;; esac ;;
                esac
            done

            local value note files=0 command=-1
            while IFS=$'\t' read -r value note; do
                case $value in
                    :files) files=1 ;;
                    :command) command=$note ;;
                    *) COMPREPLY+=("${value#"$cut"}") ;;
                esac
            done < <("${words[0]/#\~\//$HOME/}" __complete -- "${words[@]:1}" 2>/dev/null)

            if [[ $command -ge 0 ]]; then
                local start=${starts[command + 1]}
                if declare -F _comp_command_offset >/dev/null; then
                    _comp_command_offset "$start"
                elif declare -F _command_offset >/dev/null; then
                    _command_offset "$start"
                elif [[ $start -eq $COMP_CWORD && $current != */* ]]; then
                    while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -c -- "$current")
                else
                    compopt -o default 2>/dev/null || :
                fi
            elif [[ $files -eq 1 && ${#COMPREPLY[@]} -eq 0 ]]; then
                compopt -o default 2>/dev/null || :
            elif [[ $files -eq 1 ]]; then
                while IFS= read -r value; do
                    printf -v note %q "$value"
                    if [[ -d $value ]]; then note+=/; fi
                    COMPREPLY+=("$note")
                done < <(compgen -f -- "$current")
            fi
            # After ID: the path follows at once.
            if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then compopt -o nospace 2>/dev/null || :; fi
            return 0
        }

        complete -F _PROGRAM PROGRAM

        """#
}
