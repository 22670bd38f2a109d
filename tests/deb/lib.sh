# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
#
# The tests of the packages.  They run as root in a tree that is theirs alone
# (in-tree), and change its /etc, its users and its packages.  A test sources
# this first.  At /mnt: debs/, the packages; older/, the same of a lower
# version; source/, the unpacked tarball.

DEBS=/mnt/debs
OLDER=/mnt/older
CNF=/etc/ssl/openssl.cnf
BUNDLES=/var/lib/rds-ca
[[ -d $DEBS && -d $OLDER && $EUID == 0 ]] || {
    echo '1..0 # SKIP runs in a tree: make deb-check'
    exit 0
}
RDS_MODULE=$(openssl version -m | cut -d '"' -f 2)/rds.so
# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"
RUN_SECONDS=300 # apt on a busy machine
run apt-get -q update # the tree may be of another day

# ---- packages ---------------------------------------------------------------

# apt_get COMMAND OPTION...: sets out, err and status.  What an administrator
# edited stays.
apt_get() {
    run apt-get -q -y --no-install-recommends \
        -o Dpkg::Options::=--force-confold "$@"
}

# apt_ok NAME COMMAND OPTION...
apt_ok() {
    apt_get "${@:2}"
    ok "$status" "$1" || show_run
}

# state PACKAGE: as dpkg has it: installed, config-files, not-installed.
state() {
    dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null ||
        echo not-installed
}

# version PACKAGE
version() {
    dpkg-query -W -f '${Version}' "$1" 2>/dev/null
}

# needs: what the packages need of others, for an installation that brings
# nothing else.
needs() {
    local deb

    for deb in "$DEBS"/*.deb; do
        dpkg-deb -f "$deb" Depends
    done | paste -sd ,
}

# ---- files ------------------------------------------------------------------

# files: all of the tree, but what dpkg, apt and accounts write about
# themselves; with mode, owner and what a link says.
files() {
    find / -xdev \( -path /root -o -path /var/cache -o -path /var/log -o \
        -path /var/lib/apt -o -path /var/lib/dpkg -o -path /mnt \) -prune -o \
        -printf '%p %M %u:%g %l\n' |
        grep -vE '^/etc/((passwd|shadow|group|gshadow)-|\.pwd\.lock) ' | sort
}

# sums FILE...: their content, and when it was written.
sums() {
    sha256sum "$@"
    stat -c '%n %Y %U:%G %a' "$@"
}

# answers NAME [OPTION...]: storeutl has a region's built-in certificates.
answers() {
    run openssl storeutl -noout -certs rds://region/eu-west-1
    [[ $status == 0 && $out == *'Total found: 3' ]]
    ok $? "$1" || show_run
}

# name_module: as an administrator does, by hand: into the sections that
# Debian's file has.
name_module() {
    grep -q '^openssl_conf = openssl_init$' "$CNF" ||
        { ok 1 "$CNF is Debian's" || done_testing; }
    {
        printf '\n[openssl_init]\nproviders = rds_providers\n'
        printf '[rds_providers]\ndefault = rds_default\nrds = rds_sect\n'
        printf '[rds_default]\nactivate = 1\n'
        printf '[rds_sect]\nmodule = %s\nactivate = 1\n' "$MODULE"
    } >>"$CNF"
}
