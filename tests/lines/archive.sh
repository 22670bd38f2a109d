# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The Debian archive that this machine's apt uses, asked about other suites,
# and trees of them.  Nothing of this machine changes: apt gets lists, cache
# and status of its own in $CACHE, and mounts are private to a command.
#
# The address is read from apt when it is needed; RDS_DEBIAN_MIRROR names
# another one.
#
#   CACHE   what stays for the next time; set by whoever sources this

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
UPDATE_SECONDS=180
apt= # where the files of apt are, once it is open

# archive_site: prints the address; fails where there is none.
archive_site() {
    local ID='' VERSION_CODENAME=''

    if [[ -n ${RDS_DEBIAN_MIRROR:-} ]]; then
        echo "$RDS_DEBIAN_MIRROR"
        return
    fi
    # shellcheck disable=SC1091 # not part of the project
    . /etc/os-release
    # shellcheck disable=SC2016 # apt expands it
    [[ $ID == debian ]] && apt-get indextargets \
        --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk -v suite="$VERSION_CODENAME" '$1 == suite { print $2; found = 1
            exit } END { exit !found }'
}

# archive_proxy: apt's proxies, for programs that are not apt.
archive_proxy() {
    local http='' https=''

    command -v apt-config >/dev/null || return 0
    eval "$(apt-config shell http Acquire::http::Proxy \
        https Acquire::https::Proxy)"
    [[ -z $http ]] || export http_proxy=$http
    [[ -z $https ]] || export https_proxy=$https
}

# archive_apt PROGRAM OPTION...: apt-get or apt-cache with the files in $apt,
# the packages of $APT_TREE, or none, as those that are installed, and for the
# processor $APT_ARCH, or this one.
archive_apt() {
    local status=$apt/status arch=()

    [[ -z ${APT_TREE:-} ]] || status=$APT_TREE/var/lib/dpkg/status
    [[ -z ${APT_ARCH:-} ]] || arch=(-o "APT::Architecture=$APT_ARCH"
        -o "APT::Architectures::=$APT_ARCH")
    "$1" -q "${arch[@]}" -o Dir::Etc::sourcelist="$apt/sources.list" \
        -o Dir::Etc::sourceparts=- -o Dir::State="$apt/state" \
        -o Dir::State::status="$status" -o Dir::Cache="$apt/cache" \
        -o APT::Sandbox::User=root -o Acquire::Retries=2 \
        -o Acquire::http::Timeout=30 -o Acquire::Languages=none "${@:2}"
}

# archive_open TYPE SUITE...: fetches the lists of these suites; TYPE is deb
# or deb-src.  Sets site and apt.  False, and `reason` says why, where they are
# out of reach.
archive_open() {
    local type=$1 suite

    reason=
    site=
    apt=$CACHE/apt/$type${APT_ARCH:+-$APT_ARCH}
    if ! command -v apt-get >/dev/null; then
        reason='no apt-get'
    elif [[ ! -r $KEYRING ]]; then
        reason="no $KEYRING"
    elif ! site=$(archive_site); then
        reason="apt has no Debian archive here; set RDS_DEBIAN_MIRROR"
    fi
    [[ -z $reason ]] || return
    mkdir -p "$apt"/{state/lists/partial,cache/archives/partial}
    : >>"$apt/status"
    for suite in "${@:2}"; do
        echo "$type [signed-by=$KEYRING] $site $suite main"
    done >"$apt/sources.list"
    archive_proxy
    archive_apt timeout_get update >"$apt/log" 2>&1 &&
        ! grep -q '^[EW]: Failed' "$apt/log" && return
    reason='the archive cannot be reached'
    return 1
}

timeout_get() {
    timeout -k 5 "$UPDATE_SECONDS" apt-get "$@"
}

# archive_version PACKAGE SUITE: empty where the suite has none.
archive_version() {
    archive_apt apt-cache madison "$1" |
        awk -F ' *[|] *' -v suite="$2/main" \
            '$3 ~ " " suite { print $2; exit }'
}
