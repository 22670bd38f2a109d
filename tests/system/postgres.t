#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that a TLS client verifies a real PostgreSQL server through an rds:
# URI, and that the wrong region, another host name, no URI at all or a
# mistyped one make it fail.  The cases are those of tls.sh.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# Debian keeps the server's programs in a folder for each version.
for folder in /usr/lib/postgresql/*/bin; do
    PATH=$folder:$PATH
done
need openssl initdb postgres
((EUID != 0)) || need setpriv
need_module
# shellcheck source=pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=tls.sh
. "$ROOT/tests/system/tls.sh"

DATA=$TMP/data
pid='' port=''

make_cluster() {
    mkdir -m 700 "$DATA"
    ((EUID != 0)) || chown postgres "$DATA"
    run "${as[@]}" initdb -D "$DATA" -U test -A trust -E UTF8 --no-locale \
        --no-sync
    ok "$status" 'initdb' || { show_run && done_testing; }
}

# serve CHAIN KEY: the key must belong to the user of the server.
serve() {
    [[ -z $pid ]] || stop "$pid"
    install -m 600 "$1" "$DATA/server.crt"
    install -m 600 "$2" "$DATA/server.key"
    ((EUID != 0)) || chown postgres "$DATA"/server.*
    port=$(free_port)
    start "$TMP/postgres.log" "${as[@]}" postgres -D "$DATA" -p "$port" \
        -h 127.0.0.1 -c unix_socket_directories= -c ssl=on -c fsync=off \
        -c ssl_cert_file=server.crt -c ssl_key_file=server.key \
        -c shared_buffers=1MB -c max_connections=10
    wait_port "$port" "$pid" "$TMP/postgres.log"
}

((EUID != 0)) || id postgres >/dev/null 2>&1 || skip_all 'no user postgres'
as_user postgres
tls_make_files
make_cluster
tls_cases postgres
done_testing
