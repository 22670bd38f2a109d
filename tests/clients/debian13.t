#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that the same module does all of it on Debian 13 (OpenSSL 3.5): runs
# the other files of this folder inside a tree of Debian 13, and shows their
# results as its own.  Needs root and one of:
#
#     RDS_DEBIAN13_TREE=DIR   an existing tree, which stays as it is; install
#                             the clients with conf/install-deps in it
#     RDS_DEBIAN13=1          makes one with debootstrap in build/debian13,
#                             which takes some minutes and 2 GB, once;
#                             RDS_DEBIAN_MIRROR names another archive than
#                             the one of apt here

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../lines/archive.sh
. "$ROOT/tests/lines/archive.sh"
# shellcheck source-path=SCRIPTDIR source=../lines/tree.sh
. "$ROOT/tests/lines/tree.sh"
FILE_SECONDS=400 # how long one file may take
tree=${RDS_DEBIAN13_TREE:-}

[[ -n $tree || ${RDS_DEBIAN13:-} == 1 ]] ||
    skip_all 'Debian 13: set RDS_DEBIAN13_TREE=DIR or RDS_DEBIAN13=1'
((EUID == 0)) || skip_all 'Debian 13: needs root'
need unshare chroot

# set_inside: `inside COMMAND...` runs it in the tree, with the project at
# /mnt and a /tmp of the test's own.  All mounts are private and end with the
# command.
set_inside() {
    mkdir -p "$TMP/tmp"
    chmod 1777 "$TMP/tmp"
    install -m 644 "$MODULE" "$TMP/tmp/rds.so"
    # shellcheck disable=SC2016 # the inner shell expands it
    inside=(unshare -m bash -c '
        mount --bind "$2" "$1/mnt" && mount --bind /dev "$1/dev" &&
            mount -t proc proc "$1/proc" && mount --bind "$3" "$1/tmp" &&
            exec chroot "$1" env -i LC_ALL=C TZ=UTC HOME=/root \
                PATH=/usr/sbin:/usr/bin:/sbin:/bin \
                RDS_MODULE=/tmp/rds.so RDS_NO_SKIP="$4" http_proxy="$5" \
                "${@:6}"' \
        bash "$tree" "$ROOT" "$TMP/tmp" "${RDS_NO_SKIP:-}" "${http_proxy:-}")
}

make_tree() {
    tree=$ROOT/build/debian13
    archive_proxy
    set_inside
    [[ -e $tree/complete ]] && return
    need debootstrap
    site=$(archive_site) || skip_all 'Debian 13: apt has no Debian archive here'
    RUN_SECONDS=3600
    tree_make "$tree" "$site" trixie openssl
    ok $? 'debootstrap' ||
        { diag "$(tail -n 15 "$tree.log")" && done_testing; }
    printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
    chmod 755 "$tree/usr/sbin/policy-rc.d"
    run "${inside[@]}" sh /mnt/conf/install-deps clients
    ok "$status" 'the clients are installed' || { show_run && done_testing; }
    touch "$tree/complete"
}

# show FILE: results of one file, read from stdin, as ours.
show() {
    local file=$1 line planned=-1 seen=0 name

    while IFS= read -r line; do
        name=${line#*ok * - }
        case $line in
        '1..0 # SKIP'*)
            skip "Debian 13: $file" "${line#*SKIP }"
            planned=0
            ;;
        1..*) planned=${line#1..} ;;
        '# version '*) printf '# version Debian 13: %s\n' "${line#*version }" ;;
        'ok '*' # SKIP '*)
            skip "Debian 13: ${name% # SKIP*}" "${line##* # SKIP }"
            seen=$((seen + 1))
            ;;
        'ok '*)
            ok 0 "Debian 13: $name"
            seen=$((seen + 1))
            ;;
        'not ok '*)
            ok 1 "Debian 13: $name"
            seen=$((seen + 1))
            ;;
        esac
    done
    is "$seen" "$planned" "Debian 13: $file came to its end"
}

if [[ -n $tree ]]; then
    set_inside
else
    make_tree
fi
version 'Debian 13' "$("${inside[@]}" openssl version)"
for file in tests/clients/*.t; do
    [[ $file == */debian13.t ]] && continue
    timeout -k 5 "$FILE_SECONDS" "${inside[@]}" bash "/mnt/$file" \
        >"$TMP/inner.out" </dev/null
    show "${file##*/}" <"$TMP/inner.out"
done
done_testing
