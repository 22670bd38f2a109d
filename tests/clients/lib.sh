# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
#
# The tests with real clients: names, certificates, servers and the cases that
# every client must pass.  A test sources it first:
#
#     . "$(dirname "$0")/lib.sh"
#
# Everything runs on loopback.  The names are real endpoint names; clients are
# led to loopback by libnss_wrapper, or by means of their own.  A client's
# configuration differs in the line rds-trust, and in nothing else.
#
# `# version CLIENT: TEXT` lines and the names of the tests make the table
# that `tests/clients/matrix` prints.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"
need openssl perl
need_module
# shellcheck source-path=SCRIPTDIR source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"

# Debian keeps the server's programs in a folder for each version.
for folder in /usr/lib/postgresql/*/bin; do
    PATH=$folder:$PATH
done

REGION=us-west-2
LABEL=abc123def
HOST=db.cluster-$LABEL.$REGION.rds.amazonaws.com
OTHER=other.cluster-$LABEL.$REGION.rds.amazonaws.com # same account, in scope
EVIL=evil.example.com
SCOPE=rds://host/$HOST

# Some clients run as other users, who may not read the project's folder.
if [[ $MODULE == "$ROOT"/* ]]; then
    install -m 644 "$MODULE" "$TMP/rds.so"
    MODULE=$TMP/rds.so
fi

LOG=$TMP/provider.log
declare -A ports=() # of the servers, by the name of their leaf

# ---- certificates -----------------------------------------------------------

# The region's CA, leaves for the three names, the folder of bundles that the
# provider reads, and two CA files that do not help: a stale one, with the
# name that the RDS root had before, and one of a private CA.
make_pki() {
    pki_region "$REGION"
    pki_root stale 'Amazon RDS Root 2019 CA'
    pki_root private 'Private Root'
    leaf db "$HOST"
    mkdir "$TMP/bundles"
    pki_bundle "$TMP/bundles/$REGION-bundle.pem" "root-$REGION"
    STALE=$PKI/stale.pem
    PRIVATE=$PKI/private.pem
    printf '127.0.0.1 %s\n' "$HOST" "$OTHER" "$EVIL" >"$TMP/hosts"
    rds_conf "$TMP/off.cnf" "rds-bundles=$TMP/bundles"
    conf_for "$SCOPE"
}

# The leaves that a client must refuse; after make_pki.
make_refused() {
    leaf other "$OTHER"
    leaf evil "$EVIL"
}

# leaf NAME HOST [OPTION=VALUE...]: as pki_leaf, and NAME-chain.pem, which is
# what a server sends.
leaf() {
    pki_leaf "$1" "$REGION" "${@:2}"
    pki_bundle "$PKI/$1-chain.pem" "$1" "sub-$REGION"
}

# conf_for URI: on.cnf is off.cnf with one line more.
conf_for() {
    rds_conf "$TMP/on.cnf" "rds-bundles=$TMP/bundles" "rds-trust=$1"
}

# with_line, without_line: the configuration from here on.
with_line() {
    export OPENSSL_CONF=$TMP/on.cnf
    by_file=()
}

without_line() {
    export OPENSSL_CONF=$TMP/off.cnf
    by_file=()
}

# in_system_file: the configuration with the line is in the place of the
# system's openssl.cnf, for this client alone, and no variable names it.
in_system_file() {
    # shellcheck disable=SC2016 # the inner shell expands it
    by_file=(unshare -m --propagation "$propagation" bash -c '
        mount --bind "$1" "$2" && shift 2 && exec env -u OPENSSL_CONF "$@"'
        bash "$TMP/on.cnf" "$system_file")
}

by_file=()
system_file=$(openssl version -d)
system_file=$(realpath "$(cut -d '"' -f 2 <<<"$system_file")/openssl.cnf")
propagation=private
mountpoint -q / || propagation=unchanged # in a chroot

# can_mount: whether in_system_file works here.
can_mount() {
    unshare -m --propagation "$propagation" \
        mount --bind "$TMP/on.cnf" "$system_file" 2>/dev/null
}

# ---- names ------------------------------------------------------------------

# need_names: skips the file where names cannot be led to loopback.
need_names() {
    NSS=$(ldconfig -p | sed -n 's/.*libnss_wrapper\.so.* => //p' | head -n 1)
    [[ -z $NSS ]] || return 0
    [[ ${RDS_NO_SKIP:-} == 1 ]] || skip_all 'no libnss_wrapper.so'
    ok 1 'libnss_wrapper.so is installed'
    done_testing
}

# need_hosts: sets by_hosts to the words that run a command with our names in
# /etc/hosts, which is all that c-ares reads, by which PgBouncer resolves them.
# Skips the file where that cannot be.
# shellcheck disable=SC2016 # the inner shell expands it
need_hosts() {
    by_hosts=(unshare -m --propagation "$propagation" bash -c '
        mount --bind "$1" /etc/hosts && shift && exec "$@"' bash "$TMP/hosts")
    "${by_hosts[@]}" true 2>/dev/null && return
    [[ ${RDS_NO_SKIP:-} == 1 ]] || skip_all 'cannot mount a file over /etc/hosts'
    ok 1 'a file can be mounted over /etc/hosts'
    done_testing
}

# client COMMAND...: runs it under the present configuration.  Sets out, err
# and status.
client() {
    run ${by_file[@]+"${by_file[@]}"} "$@"
}

# named COMMAND...: the same with our names.
named() {
    client env LD_PRELOAD="$NSS" NSS_WRAPPER_HOSTS="$TMP/hosts" "$@"
}

# ---- servers ----------------------------------------------------------------

# https_server NAME [OPTION...]: a web server with the leaf NAME.  It uses no
# configuration, so that it is the client that verifies.
https_server() {
    local name=$1 port

    shift
    port=$(free_port)
    start "$TMP/https-$name.log" env -u OPENSSL_CONF openssl s_server \
        -www -accept "127.0.0.1:$port" -cert "$PKI/$name.pem" \
        -cert_chain "$PKI/$name-chain.pem" -key "$PKI/$name.key" "$@"
    wait_port "$port" "$pid" "$TMP/https-$name.log" || done_testing
    ports[$name]=$port
}

# The same chain, led by the leaf: s_server sends what it is given.
https_servers() {
    local name

    for name in db other evil; do
        https_server "$name"
    done
    PROOF='Ciphers supported in s_server'
}

# postgres_server NAME [OPTION...]: with the leaf NAME.
postgres_server() {
    local name=$1 data=$TMP/postgres-$1 port

    shift
    port=$(free_port)
    if [[ -d $TMP/postgres ]]; then
        cp -a "$TMP/postgres" "$data"
        install -m 600 "$PKI/$name-chain.pem" "$data/server.crt"
        install -m 600 "$PKI/$name.key" "$data/server.key"
        ((EUID != 0)) || chown postgres "$data"/server.*
    fi
    start "$TMP/postgres-$name.log" env -u OPENSSL_CONF "${as[@]}" postgres \
        -D "$data" -p "$port" -h 127.0.0.1 -c unix_socket_directories= \
        -c ssl=on -c fsync=off -c ssl_cert_file=server.crt \
        -c ssl_key_file=server.key -c shared_buffers=1MB \
        -c max_connections=20 "$@"
    wait_port "$port" "$pid" "$TMP/postgres-$name.log" || done_testing
    ports[$name]=$port
}

# make_postgres: the database that the servers copy; sets PROOF, which QUERY
# answers.
make_postgres() {
    need initdb postgres
    ((EUID != 0)) || need setpriv
    ((EUID != 0)) || id postgres >/dev/null 2>&1 || skip_all 'no user postgres'
    as_user postgres
    mkdir -m 700 "$TMP/postgres"
    ((EUID != 0)) || chown postgres "$TMP/postgres"
    run env -u OPENSSL_CONF "${as[@]}" initdb -D "$TMP/postgres" -U test \
        -A trust -E UTF8 --no-locale --no-sync
    ((status == 0)) || { ok 1 initdb || show_run && done_testing; }
    QUERY="SELECT 'proof-' || (6 * 7)"
    PROOF=proof-42
}

postgres_servers() {
    local name

    make_postgres
    for name in db other evil; do
        postgres_server "$name"
    done
}

# mariadb_server NAME: with the leaf NAME.  The socket's path is relative to
# the data: sockets have short names.
mariadb_server() {
    local name=$1 data=$TMP/mariadb-$1 port

    port=$(free_port)
    cp -a "$TMP/mariadb" "$data"
    install -m 600 "$PKI/$name-chain.pem" "$data/server.crt"
    install -m 600 "$PKI/$name.key" "$data/server.key"
    ((EUID != 0)) || chown mysql "$data"/server.*
    start "$TMP/mariadb-$name.log" env -u OPENSSL_CONF "${as[@]}" mariadbd \
        --no-defaults --datadir="$data" --bind-address=127.0.0.1 \
        --port="$port" --socket=s.sock --pid-file="$data/pid" \
        --skip-log-bin --innodb-buffer-pool-size=8M \
        --innodb-log-file-size=4M --max-connect-errors=100000 \
        --skip-name-resolve \
        --ssl-cert="$data/server.crt" --ssl-key="$data/server.key"
    wait_port "$port" "$pid" "$TMP/mariadb-$name.log" || done_testing
    ports[$name]=$port
}

# mariadb_servers: they have no user but root.
mariadb_servers() {
    local name

    need mariadbd mariadb-install-db
    ((EUID != 0)) || need setpriv
    ((EUID != 0)) || id mysql >/dev/null 2>&1 || skip_all 'no user mysql'
    as_user mysql
    mkdir -m 700 "$TMP/mariadb"
    ((EUID != 0)) || chown mysql "$TMP/mariadb"
    run env -u OPENSSL_CONF "${as[@]}" mariadb-install-db --no-defaults \
        --datadir="$TMP/mariadb" --auth-root-authentication-method=normal \
        --skip-test-db --innodb-log-file-size=4M
    ((status == 0)) || { ok 1 mariadb-install-db || show_run && done_testing; }
    for name in db other evil; do
        mariadb_server "$name"
    done
    QUERY="SELECT CONCAT('proof-', 6 * 7)"
    PROOF=proof-42
}

# ---- clients ----------------------------------------------------------------

# version CLIENT TEXT: for the table.
version() {
    printf '# version %s: %s\n' "$1" "${2//$'\n'/ }"
}

# has_client CLIENT NAME COMMAND...: whether the command, which tries the
# client, succeeds; else a skip that says what is missing.
has_client() {
    local client=$1 missing=$2

    shift 2
    timeout 60 "$@" >/dev/null 2>&1 </dev/null && return 0
    if [[ ${RDS_NO_SKIP:-} == 1 ]]; then
        ok 1 "$client: no $missing"
    else
        skip "$client" "no $missing"
    fi
    return 1
}

# accepted NAME: the last run got an answer through TLS.
accepted() {
    [[ $status == 0 && $out == *"$PROOF"* ]]
    ok $? "$1" || show_run
}

# refused NAME TEXT: the last run ended in the client's own words, in time, not
# by a signal (255 is what Perl and PHP end with), and got no answer.
refused() {
    ((status != 0 && (status < 124 || status == 255))) && [[ $out$err == *"$2"* ]] &&
        [[ $out != *"$PROOF"* ]]
    ok $? "$1" || { show_run && diag "expected: $2"; }
}

# client_cases CLIENT ASK CHAIN NAME: what every client must show.
#   ASK HOST PORT CA   runs the client with full verification, sets out, err,
#                      status; CA is a file, or "" for its default
#   CHAIN, NAME        its words for an unknown issuer and a wrong name
client_cases() {
    local client=$1 ask=$2 chain=$3 name=$4

    without_line
    "$ask" "$HOST" "${ports[db]}" ''
    refused "$client: (a) without the line: refused" "$chain"
    with_line
    "$ask" "$HOST" "${ports[db]}" ''
    accepted "$client: (b) with the line: connects"
    "$ask" "$HOST" "${ports[other]}" ''
    refused "$client: (c) another endpoint's certificate: refused" "$name"
    "$ask" "$EVIL" "${ports[evil]}" ''
    refused "$client: (c) $EVIL: refused" "$chain"
    "$ask" "$OTHER" "${ports[other]}" ''
    accepted "$client: (c) the other endpoint under its own name: connects"
    without_line
    "$ask" "$HOST" "${ports[db]}" "$STALE"
    refused "$client: (d) stale CA file, without the line: refused" "$chain"
    with_line
    "$ask" "$HOST" "${ports[db]}" "$STALE"
    accepted "$client: (d) stale CA file, with the line: connects"
    "$ask" "$EVIL" "${ports[evil]}" "$STALE"
    refused "$client: (d) stale CA file, $EVIL: refused" "$chain"
    if can_mount; then
        in_system_file
        "$ask" "$HOST" "${ports[db]}" "$STALE"
        accepted "$client: (e) with the line in the system's file: connects"
        "$ask" "$EVIL" "${ports[evil]}" "$STALE"
        refused "$client: (e) with the line in the system's file, $EVIL: \
refused" "$chain"
    else
        skip "$client: (e) with the line in the system's file" \
            'cannot mount a file over it'
    fi
    # The control: the same client, the right file, no provider's help.
    without_line
    "$ask" "$HOST" "${ports[db]}" "$PKI/root-$REGION.pem"
    accepted "$client: the right CA file, without the line: connects"
}
