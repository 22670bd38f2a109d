#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that PgBouncer with server_tls_sslmode=verify-full reaches a real
# PostgreSQL server by the line rds-trust alone, with its default trust and
# with a stale server_tls_ca_file.

# shellcheck disable=SC2317 # functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need pgbouncer psql
make_pki
need_hosts
make_refused
postgres_servers

# ask HOST PORT CA: err has PgBouncer's log, too.
ask() {
    local port

    port=$(free_port)
    cat >"$TMP/pgbouncer.ini" <<END
[databases]
postgres = host=$1 port=$2 user=test
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = any
query_wait_timeout = 1
server_tls_sslmode = verify-full
${3:+server_tls_ca_file = $3}
END
    start "$TMP/pgbouncer.log" "${by_hosts[@]}" "${by_file[@]}" "${as[@]}" \
        pgbouncer "$TMP/pgbouncer.ini"
    wait_port "$port" "$pid" "$TMP/pgbouncer.log"
    run psql -XAt -c "$QUERY" \
        "host=127.0.0.1 port=$port user=test dbname=postgres sslmode=disable"
    stop "$pid"
    err+=$(cat "$TMP/pgbouncer.log")
}

version PgBouncer "$(pgbouncer --version | sed -n '1p;s/^tls: //p')"
client_cases PgBouncer ask 'certificate verify failed' \
    'not present in server certificate'
done_testing
