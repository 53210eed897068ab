# Sets the image up, as its root, once, when its packages are installed. The files beside this script are in /tmp/box.
set -eu
umask 022

useradd --create-home --uid 1000 --user-group --shell /bin/bash --groups staff user
usermod --password '*' user
printf 'user ALL=(ALL:ALL) NOPASSWD: ALL\nDefaults env_keep += "BOX_ID"\n' >/etc/sudoers.d/user
chmod 0440 /etc/sudoers.d/user
# Debian's own way of letting a group install into /usr/local: `npm install -g` and `make install` work for the box's user.
: >/etc/staff-group-for-usr-local
find /usr/local -type d ! -name man -exec chgrp staff {} + -exec chmod 2775 {} +

# User namespaces in the box, for rootless podman, buildah and `unshare --map-auto`. A box has the ids up to 65535.
echo user:10000:50000 | tee /etc/subuid >/etc/subgid
sed -i -E 's/^#?\s*(SUB_[UG]ID_MIN)\s.*/\1 60000/; s/^#?\s*(SUB_[UG]ID_MAX)\s.*/\1 65533/; s/^#?\s*(SUB_[UG]ID_COUNT)\s.*/\1 250/' /etc/login.defs

# The kernel lets only a namespace's owner write its map; set-user-id root, which is somebody else, can't without CAP_SYS_ADMIN.
chmod u-s /usr/bin/newuidmap /usr/bin/newgidmap
setcap cap_setuid=ep /usr/bin/newuidmap
setcap cap_setgid=ep /usr/bin/newgidmap

# Logins get the box's variables from PAM, and shells that begin without a login from env.sh, which does nothing after PAM.
mkdir -p /usr/lib/box
gcc -O2 -Wall -Werror -shared -fPIC -o /usr/lib/box/pam_box.so /tmp/box/pam_box.c
cat >/usr/share/pam-configs/box <<'EOF'
Name: Variables of the box
Default: yes
Priority: 0
Session-Type: Additional
Session:
	optional	/usr/lib/box/pam_box.so
EOF
pam-auth-update --package
# Debian's, without mail, news and what needs rights over the host's kernel. /etc/environment comes last, so it counts.
cat >/etc/pam.d/sshd <<'EOF'
@include common-auth
account	required	pam_nologin.so
@include common-account
session	optional	pam_limits.so
@include common-session
session	optional	pam_env.so
@include common-password
EOF
cat >/etc/profile.d/box.sh <<EOF
[ -n "\${BOX_ENVIRONMENT:-}" ] || export PATH=$BOX_PATH
[ ! -r /run/box/env.sh ] || . /run/box/env.sh
EOF
echo 'export LANG="${LANG:-C.UTF-8}"' >/etc/profile.d/lang.sh
# /etc/profile would set a login's PATH again.
sed -i '/^if \[ "$(id -u)" -eq 0 \]; then$/,/^export PATH$/d' /etc/profile
# A bash that sshd starts for one command reads this file, up to the line that ends it for non-interactive shells.
sed -i '1i [ ! -r /run/box/env.sh ] || . /run/box/env.sh\n. /usr/lib/box/terminal.sh' /etc/bash.bashrc

# Terminals.
tic -x -o /usr/share/terminfo /tmp/box/terminals.ti
cp /tmp/box/terminal.sh /usr/lib/box/terminal.sh
echo '[ -z "${TERM-}" ] || . /usr/lib/box/terminal.sh' >/etc/profile.d/box-terminal.sh
if [ -d /etc/zsh ]; then
    printf '\n. /usr/lib/box/terminal.sh\n' >>/etc/zsh/zshrc
    # A zsh without one asks questions at its first start.
    install -o user -g user -m 644 /dev/null /home/user/.zshrc
fi
if [ -d /etc/fish ]; then
    mkdir -p /etc/fish/conf.d
    printf '%s\n' 'if status is-interactive; and not infocmp $TERM >/dev/null 2>&1; set -gx TERM xterm-256color; end' \
        >/etc/fish/conf.d/box-terminal.fish
fi

# There is no systemd: services are Debian's scripts. None runs in a new box; what somebody installs or enables does.
for program in systemctl scrot; do install -m 755 "/tmp/box/$program" "/usr/local/bin/$program"; done
command -v maim >/dev/null || rm /usr/local/bin/scrot
install -m 755 /tmp/box/start-services /usr/lib/box/start-services
for script in /etc/rc2.d/S*; do
    [ ! -e "$script" ] || update-rc.d "$(basename "$script" | cut -c4-)" disable
done

# A box is a disposable machine: pip may install into it.
rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
# Host keys are each box's own and come from outside.
rm -f /etc/ssh/ssh_host_*
rm -f /etc/machine-id /var/lib/dbus/machine-id
: >/etc/hostname
: >/etc/hosts
rm -f /etc/resolv.conf
: >/etc/resolv.conf
mkdir "$BOX_AGENTS"
rm -r /tmp/box
