# Without a description of the terminal, vim, htop and less don't start: those of today understand xterm's.
if [ -n "${TERM-}" ] && [ -z "${TERMINFO-}${TERMINFO_DIRS-}" ]; then
    box_entry=${TERM%"${TERM#?}"}/$TERM
    if ! [ -e "/usr/share/terminfo/$box_entry" ] && ! [ -e "/lib/terminfo/$box_entry" ] &&
        ! [ -e "/etc/terminfo/$box_entry" ] && ! [ -e "${HOME-}/.terminfo/$box_entry" ]; then
        export TERM=xterm-256color
    fi
    unset box_entry
fi
