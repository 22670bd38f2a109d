#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that a TLS client verifies a real MariaDB server through an rds: URI,
# and that the wrong region, another host name, no URI at all or a mistyped
# one make it fail.  The cases are those of tls.sh.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need openssl mariadbd mariadb-install-db
((EUID != 0)) || need setpriv
need_module
# shellcheck source=pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=tls.sh
. "$ROOT/tests/system/tls.sh"

DATA=$TMP/data
pid='' port=''

make_database() {
    mkdir -m 700 "$DATA"
    ((EUID != 0)) || chown mysql "$DATA"
    run "${as[@]}" mariadb-install-db --no-defaults --datadir="$DATA" \
        --auth-root-authentication-method=normal --skip-test-db
    ok "$status" 'mariadb-install-db' || { show_run && done_testing; }
}

# serve CHAIN KEY: the key must be readable for the user of the server.  The
# socket's path is relative to the data: sockets have short names.
serve() {
    [[ -z $pid ]] || stop "$pid"
    install -m 600 "$1" "$DATA/server.crt"
    install -m 600 "$2" "$DATA/server.key"
    ((EUID != 0)) || chown mysql "$DATA"/server.*
    port=$(free_port)
    start "$TMP/mariadb.log" "${as[@]}" mariadbd --no-defaults \
        --datadir="$DATA" --bind-address=127.0.0.1 --port="$port" \
        --socket=s.sock --pid-file="$DATA/pid" --skip-log-bin \
        --innodb-buffer-pool-size=8M --max-connect-errors=100000 \
        --ssl-cert="$DATA/server.crt" --ssl-key="$DATA/server.key"
    wait_port "$port" "$pid" "$TMP/mariadb.log"
}

((EUID != 0)) || id mysql >/dev/null 2>&1 || skip_all 'no user mysql'
as_user mysql
tls_make_files
make_database
tls_cases mysql
done_testing
