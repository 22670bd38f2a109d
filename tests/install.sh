#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# `make install` puts what it should under DESTDIR and nothing else, replaces
# a module by renaming and keeps what an administrator edited; `make
# uninstall` leaves nothing else behind.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
args=(-s DESTDIR="$work" PREFIX=/usr MODULESDIR=/usr/lib/ossl-modules
    SYSCONFDIR=/etc SYSTEMDUNITDIR=/usr/lib/systemd/system
    SYSUSERSDIR=/usr/lib/sysusers.d TMPFILESDIR=/usr/lib/tmpfiles.d
    COMPLETIONDIR=/usr/share/bash-completion/completions)
settings=(etc/default/rdsca etc/rds-ca/rds.cnf)

fail() {
    echo "install: $*" >&2
    exit 1
}

# What is installed: mode and path.
found() {
    (cd "$work" && find . -type f -printf '%m %p\n' | sed 's/ \./ /' | sort -k 2)
}

wanted='644 /etc/apparmor.d/abstractions/rds-ca
644 /etc/default/rdsca
644 /etc/rds-ca/rds.cnf
755 /usr/bin/rdsca
644 /usr/lib/ossl-modules/rds.so
644 /usr/lib/systemd/system/rdsca.service
644 /usr/lib/systemd/system/rdsca.timer
644 /usr/lib/sysusers.d/rdsca.conf
644 /usr/lib/tmpfiles.d/rdsca.conf
644 /usr/share/bash-completion/completions/rdsca
644 /usr/share/doc/rds-provider/airgap.md
644 /usr/share/doc/rds-provider/clients.md
644 /usr/share/doc/rds-provider/deploy.md
644 /usr/share/doc/rds-provider/kubernetes.yaml
644 /usr/share/doc/rds-provider/rds-ca.fc
644 /usr/share/doc/rds-provider/rdsca.cron
644 /usr/share/doc/rds-provider/security.md
644 /usr/share/man/man1/rdsca.1
644 /usr/share/man/man7/OSSL_PROVIDER-rds.7
644 /usr/share/man/man7/OSSL_STORE-rds.7'

make -s all

# What is installed does not depend on the caller's umask.
said=$(umask 077 && make "${args[@]}" install)
[ "$(found)" = "$wanted" ] || fail "installed: $(found)"
[[ $said == *'systemctl enable --now rdsca.timer' ]] ||
    fail 'it does not say how to enable the timer'
[ -z "$(find "$work" -mindepth 1 ! -type f ! -type d)" ] ||
    fail 'it enables something by a link'
[ -z "$(find "$work" -mindepth 1 -type d ! -perm 755)" ] ||
    fail 'a folder that others cannot read'
if grep -rnI '@[A-Z]*@' "$work"; then
    fail 'a mark that was not replaced'
fi

# says FILE LINE
says() {
    grep -qxF -e "$2" "$work/$1" || fail "$1 lacks: $2"
}
says etc/rds-ca/rds.cnf 'module = /usr/lib/ossl-modules/rds.so'
says etc/apparmor.d/abstractions/rds-ca '  /usr/lib/ossl-modules/rds.so mr,'
says usr/lib/systemd/system/rdsca.service 'ExecStart=/usr/bin/rdsca update'
grep -q ' exec /usr/bin/rdsca update --quiet; }$' \
    "$work/usr/share/doc/rds-provider/rdsca.cron" ||
    fail 'the cron line does not name the installed command'

# The two halves for packagers have all of it between them, and nothing twice.
whole=$(found)
for half in module command; do
    mkdir "$work/$half"
    make "${args[@]}" DESTDIR="$work/$half" "install-$half" >/dev/null
done
[ "$(cd "$work" && find module command -type f -printf '%m /%P\n' |
    sort -k 2)" = "$whole" ] || fail 'the halves are not the whole'
[ "$(cd "$work/module" && find . -type f | grep -c '/\(etc\|bin\|systemd\)/')" = 0 ] ||
    fail 'the half of the module has more than the module'
rm -r "$work/module" "$work/command"

# The old file stays whole for those who have it open.
exec 3<"$work/usr/lib/ossl-modules/rds.so"
before=$(stat -L -c %i /proc/self/fd/3)
make "${args[@]}" install >/dev/null
after=$(stat -c %i "$work/usr/lib/ossl-modules/rds.so")
[ "$before" != "$after" ] || fail 'the module was written in place'
cmp -s /proc/self/fd/3 build/rds.so || fail 'the old module changed'
exec 3<&-

make "${args[@]}" uninstall >/dev/null
[ -z "$(found)" ] || fail "left behind: $(found)"
for folder in etc/rds-ca usr/share/doc/rds-provider; do
    [ ! -e "$work/$folder" ] || fail "left behind: $folder"
done

# What was edited stays, through an installation and after an uninstallation.
make "${args[@]}" install >/dev/null
for file in "${settings[@]}"; do
    echo '# mine' >>"$work/$file"
    cp "$work/$file" "$work.edited.${file##*/}"
done
trap 'rm -rf "$work" "$work".edited.*' EXIT
for target in install uninstall; do
    said=$(make "${args[@]}" "$target")
    for file in "${settings[@]}"; do
        cmp -s "$work/$file" "$work.edited.${file##*/}" ||
            fail "make $target changes the edited $file"
        [[ $said == *"/$file "*stays.* ]] ||
            fail "make $target does not say that $file stays"
    done
done
[ "$(found)" = '644 /etc/default/rdsca
644 /etc/rds-ca/rds.cnf' ] || fail "left behind: $(found)"
echo 'install: installed, replaced and removed; what was edited stays'
