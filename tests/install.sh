#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# `make install` puts what it should under DESTDIR and nothing else, replaces
# a module by renaming, and `make uninstall` leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
args=(-s DESTDIR="$work" PREFIX=/usr MODULESDIR=/usr/lib/ossl-modules
    SYSCONFDIR=/etc)

fail() {
    echo "install: $*" >&2
    exit 1
}

wanted='/etc/rds-ca/rds.cnf
/usr/bin/rdsca
/usr/lib/ossl-modules/rds.so
/usr/share/man/man1/rdsca.1
/usr/share/man/man7/OSSL_PROVIDER-rds.7
/usr/share/man/man7/OSSL_STORE-rds.7'

make "${args[@]}" install >/dev/null
found=$(cd "$work" && find . -type f | sed 's/^\.//' | sort)
[ "$found" = "$wanted" ] || fail "installed: $found"
grep -q '^module = /usr/lib/ossl-modules/rds.so$' "$work/etc/rds-ca/rds.cnf" ||
    fail 'rds.cnf does not name the installed module'

# The old file stays whole for those who have it open.
exec 3<"$work/usr/lib/ossl-modules/rds.so"
before=$(stat -L -c %i /proc/self/fd/3)
make "${args[@]}" install >/dev/null
after=$(stat -c %i "$work/usr/lib/ossl-modules/rds.so")
[ "$before" != "$after" ] || fail 'the module was written in place'
cmp -s /proc/self/fd/3 build/rds.so || fail 'the old module changed'
exec 3<&-

make "${args[@]}" uninstall >/dev/null
left=$(cd "$work" && find . -type f)
[ -z "$left" ] || fail "left behind: $left"
echo 'install: installed, replaced and removed'
