#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves what the module and the command ask of a system, from the files as
# they were built: no glibc after 2.34, no library but those that the
# documentation names, and no function of libcrypto that 3.0.0 had not.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=abi.sh
. "$ROOT/tests/system/abi.sh"
need objdump nm
need_module
COMMAND=${RDSCA:-${MODULE%/*}/rdsca}
GLIBC_MAX=2.34       # what the documentation promises
BUILD_GLIBC_MAX=2.36 # Debian 12, where releases are built

# glibc_asked FILE: the newest version of glibc that it asks for.
glibc_asked() {
    objdump -T "$1" | sed -n 's/.*[( ]GLIBC_\([0-9.]*\).*/\1/p' | sort -Vu |
        tail -n 1
}

# not_newer VERSION LIMIT
not_newer() {
    [[ $(printf '%s\n' "$1" "$2" | sort -V | tail -n 1) == "$2" ]]
}

# libraries_needed FILE: in one line.
libraries_needed() {
    objdump -p "$1" | sed -n 's/^ *NEEDED *//p' | paste -sd ' '
}

# asks_for_old_glibc FILE
asks_for_old_glibc() {
    local asked name="${1##*/} asks for no glibc after $GLIBC_MAX" here

    here=$(getconf GNU_LIBC_VERSION 2>/dev/null)
    here=${here#glibc }
    if ! not_newer "${here:-none}" $BUILD_GLIBC_MAX; then
        skip "$name" "built with ${here:-another libc}, not on the oldest"
        return
    fi
    asked=$(glibc_asked "$1")
    [[ -n $asked ]] && not_newer "$asked" $GLIBC_MAX
    ok $? "$name" || diag "it asks for GLIBC_$asked"
}

module_file() {
    asks_for_old_glibc "$MODULE"
    # On arm64 a part of libc stands in its loader.
    is "$(libraries_needed "$MODULE" | sed 's/ ld-linux[^ ]*$//')" libc.so.6 \
        'libc is the only library that the module needs'
    is "$(nm -D --defined-only "$MODULE" | awk '{ print $3 }')" \
        OSSL_provider_init 'OSSL_provider_init is the only symbol it exports'
    like "$(objdump -p "$MODULE" | grep FLAGS_1)" 0x0000000000000009 \
        'it is bound at once and never unloaded'
}

# OpenSSL 3.0 is what it was written for, whichever line is here.
module_functions() {
    local library

    library=$(ldd "$COMMAND" | awk '/libcrypto/ { print $3 }')
    [[ $(functions_used | wc -l) -gt 50 ]]
    ok $? 'the table of functions is found'
    is "$(functions_lacking "$library")" '' \
        "OpenSSL 3.0.0 had every function that the module looks up"
    is "$(functions_used | while read -r name; do
        grep -qaF "$name" "$MODULE" || echo "$name"
    done)" '' 'and the module has the names of all'
}

command_file() {
    local needed

    asks_for_old_glibc "$COMMAND"
    needed=$(libraries_needed "$COMMAND")
    needed=${needed/#libcrypto.so.[34]/libcrypto}
    is "${needed/libssl.so.[34]/libssl}" \
        'libcrypto libcurl.so.4 libjansson.so.4 libssl libc.so.6' \
        "the command needs OpenSSL's two, libcurl, libjansson and libc"
    is "$(objdump -T "$COMMAND" | grep -o '(OPENSSL_[0-9.]*)' | sort -u |
        grep -vxE '\(OPENSSL_(3\.0\.0|[4-9][0-9]*\..*)\)')" '' \
        'and nothing of libcrypto after 3.0.0'
}

module_file
if [[ -f $COMMAND ]]; then
    module_functions
    command_file
else
    ok 1 "$COMMAND exists; run make first"
fi
done_testing
