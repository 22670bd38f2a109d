# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
#
# Trees of other Debian suites, made with debootstrap in $CACHE, and commands
# in them.  Needs archive.sh.

TREE_SECONDS=600
INSTALL_SECONDS=300

# tree_possible: else `reason` says why not.
tree_possible() {
    reason=
    if ((EUID != 0)); then
        reason='needs root'
    elif ! command -v debootstrap >/dev/null; then
        reason='no debootstrap'
    elif ! unshare -m -p --fork true 2>/dev/null; then
        reason='no mounts of its own here'
    fi
    [[ -z $reason ]]
}

# tree_make TREE SITE SUITE PACKAGE,...: with its log beside it.  What is there
# is complete.
tree_make() {
    local tree=$1

    rm -rf --one-file-system "$tree" "$tree.new"
    timeout -k 10 "$TREE_SECONDS" unshare -m debootstrap --variant=minbase \
        --force-check-gpg --keyring="$KEYRING" --include="$4" "$3" "$tree.new" \
        "$2" >"$tree.log" 2>&1 </dev/null &&
        mv "$tree.new" "$tree" && return
    rm -rf --one-file-system "$tree.new"
    return 1
}

# tree_upgrade TREE FROM SUITE PACKAGE...: a copy of the tree FROM with the
# packages of another suite.  apt of this machine says which others these
# need, and fetches them.
tree_upgrade() {
    local tree=$1 from=$2 suite=$3 archives=${apt:?}/cache/archives

    rm -rf --one-file-system "$tree" "$tree.new" "$archives"/*.deb
    cp -a --reflink=auto "$from" "$tree.new" &&
        APT_TREE=$tree.new archive_apt timeout_get -y -t "$suite" \
            --no-install-recommends --download-only install "${@:4}" \
            >"$tree.log" 2>&1 </dev/null &&
        mkdir "$tree.new/root/new" && cp "$archives"/*.deb "$tree.new/root/new" &&
        tree_run "$INSTALL_SECONDS" "$tree.new" '' sh -c \
            'dpkg -i /root/new/*.deb && rm -r /root/new' \
            >>"$tree.log" 2>&1 && mv "$tree.new" "$tree" && return
    rm -rf --one-file-system "$tree.new"
    return 1
}

# newest_tree SUITE: one that is there, or nothing.
newest_tree() {
    find "$CACHE" -maxdepth 1 -type d -name "$1-*" ! -name '*.new' 2>/dev/null |
        sort -V | tail -n 1
}

# keep_one SUITE TREE: removes those of other versions.
keep_one() {
    find "$CACHE" -maxdepth 1 -type d -name "$1-*" ! -path "$2" \
        -exec rm -rf --one-file-system {} +
}

# get_tree SUITE: sets tree; else reason or, where it should work, log.  The
# script gives a function make_SUITE, which fills $tree; archive_reason is why
# the archive is out of reach, or empty.
get_tree() {
    local version

    log=
    tree_possible || return
    if [[ -n $archive_reason ]]; then
        reason=$archive_reason
        tree=$(newest_tree "$1")
        [[ -n $tree ]]
        return
    fi
    version=$(archive_version openssl "$1")
    tree=$CACHE/$1-$version
    if [[ ! -d $tree ]]; then
        log=$tree.log
        "make_$1"
    fi && keep_one "$1" "$tree"
}

# tree_run SECONDS TREE FOLDER COMMAND...: runs it in the tree, with FOLDER, or
# nothing, at /mnt, and a /tmp in memory.  All mounts and processes end with
# the command.  The tree is a mount, too: a command may then have mounts of
# its own.
tree_run() {
    # shellcheck disable=SC2016 # the inner shell expands it
    timeout -k 5 "$1" unshare -m -p --fork --kill-child bash -c '
        mount --bind "$1" "$1" && cd "$1" &&
            mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" &&
            mount -t tmpfs -o mode=1777 tmpfs "$1/tmp" &&
            if [[ -n $2 ]]; then mount --bind "$2" "$1/mnt"; fi &&
            exec chroot "$1" env -i LC_ALL=C TZ=UTC HOME=/root \
                PATH=/usr/sbin:/usr/bin:/sbin:/bin \
                DEBIAN_FRONTEND=noninteractive "${@:3}"' \
        bash "$2" "$3" "${@:4}" </dev/null
}
