# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the module asks of a libcrypto: for the test of the build at hand
# (abi.t) and those of other systems (tests/lines).  Works in the project's
# root.

# The functions of libcrypto that the module looks up by name.
functions_used() {
    sed -n 's/^ *F(\([A-Za-z0-9_]*\)).*/\1/p' include/rds/libcrypto.h | sort -u
}

# functions_given LIBRARY: what it exports, one `NAME VERSION` a line.
functions_given() {
    nm -D --defined-only "$1" |
        sed -n 's/^[0-9a-f]* [TW] \([A-Za-z0-9_]*\)@@*\(.*\)$/\1 \2/p' | sort -u
}

# functions_lacking LIBRARY: those of the first that are not in the second, or,
# in a libcrypto of OpenSSL 3, came later than 3.0.0.
functions_lacking() {
    join -a 1 -e absent -o 0,2.2 <(functions_used) <(functions_given "$1") |
        grep -vE ' OPENSSL_(3\.0\.0|[4-9][0-9]*\..*)$'
}
