# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: Apache-2.0
#
# psql with full verification, and the words in which libpq refuses: sourced
# after lib.sh and make_pki.

CHAIN='certificate verify failed'
NAME='does not match host name'

# The default trust of libpq before 16 is a file in the user's folder.
mkdir -p "$TMP/home/.postgresql"
cp "$PRIVATE" "$TMP/home/.postgresql/root.crt"

# dsn HOST PORT CA: the name is what is verified, hostaddr where it is.
dsn() {
    printf 'host=%s hostaddr=127.0.0.1 port=%s user=test' "$1" "$2"
    printf ' dbname=postgres sslmode=verify-full'
    [[ -z $3 ]] || printf ' sslrootcert=%s' "$3"
}

pq() {
    client env HOME="$TMP/home" "$@"
}

ask_psql() {
    pq psql -XAt -c "$QUERY" "$(dsn "$@")"
}
