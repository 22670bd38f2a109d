#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# `make dist` gives the same bytes in two clones, whatever their folder, their
# umask and the day, and in the tarball itself when it is unpacked, where there
# is no git.  What it holds is what git has, and builds and passes unit-check.
# Where git does not read a clone, it makes no tarball.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "dist: $*" >&2
    exit 1
}

[[ -e .git ]] || { echo 'SKIP: no clone, so nothing to clone' && exit 0; }

# tarball FOLDER: makes one there; its path.
tarball() {
    env -u MAKEFLAGS make -s -C "$1" dist >/dev/null
    echo "$1"/build/*.tar.gz
}

# clone FOLDER UMASK: of the commit that is checked out.
clone() {
    (umask "$2" && git clone -q --no-hardlinks . "$work/$1")
}

clone one 022
clone another 077
find "$work/another" -type f -exec touch -d '2020-01-01' {} +
one=$(tarball "$work/one")
another=$(tarball "$work/another")
cmp "$one" "$another" || fail 'two clones give different tarballs'

# Nothing but what git has; who unpacks it owns it, and others may read it.
name=${one##*/}
name=${name%.tar.gz}
[[ $(tar -tzf "$one" | sed "s|^$name/||" | sort) == "$(git ls-tree -r \
    --name-only HEAD | sort)" ]] || fail 'it does not hold the files of the commit'
if tar -tvzf "$one" | grep -vE '^-rw(x|-)r-(x|-)r-(x|-) root/root '; then
    fail 'a mode or an owner that is not of a release'
fi

# In a folder of its own, without git, and without what was built before.
mkdir "$work/unpacked" "$work/path"
tar -xzf "$one" -C "$work/unpacked"
ln -s /bin/false "$work/path/git"
export PATH=$work/path:$PATH
again=$(tarball "$work/unpacked/$name")
cmp "$one" "$again" || fail 'the tarball, unpacked and packed, is another'
make -s -C "$work/unpacked/$name" unit-check >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    fail 'the unpacked tarball does not pass unit-check'
}
again=$(tarball "$work/unpacked/$name")
cmp "$one" "$again" || fail 'what was built is in the tarball'
if make -s -C "$work/another" dist 2>"$work/log" >/dev/null; then
    fail 'a clone that git does not read gives a tarball'
fi
grep -qxF 'dist: git does not read this clone (see above)' "$work/log" ||
    fail "it does not say that git does not read the clone: $(cat "$work/log")"
echo "dist: $name.tar.gz is reproducible, and passes unit-check"
