#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that two long-lived processes stand many verified TLS connections
# while the bundles are replaced every second: no connection fails, and their
# memory does not grow.  One is a client with threads (soak-pool, over libpq),
# which connects to PgBouncer; the other is PgBouncer, which connects to
# PostgreSQL anew for each session.  Both verify in full and trust the CA by
# the line rds-trust alone.
#
#     CONNECTIONS=20000 SOAK_POOL=build/soak-pool tests/soak/soak.t
#
# Half of the connections are the client's, half are PgBouncer's.  They are
# counted by those who accept them, and the helps of rds-trust by its log.  At
# the end the CA is taken out of the bundles: then the same processes must fail,
# and work again when it is back.

# shellcheck source-path=SCRIPTDIR source=../clients/lib.sh
. "$(dirname "$0")/../clients/lib.sh"
need pgbouncer psql

CONNECTIONS=${CONNECTIONS:-20000}
SOAK_POOL=${SOAK_POOL:-build/soak-pool}
BATCHES=20 # a sample of the memory after each
THREADS=8
BATCH_SECONDS=1800    # how long one may take
REPLACEMENTS_MAX=7200 # of the bundles; then something hangs

if [[ ! $CONNECTIONS =~ ^[1-9][0-9]{1,6}$ ]] || ((CONNECTIONS < 2 * BATCHES)); then
    echo "soak.t: CONNECTIONS='$CONNECTIONS': a number from $((2 * BATCHES))" >&2
    exit 2
fi
if [[ ! -x $SOAK_POOL ]]; then
    ok 1 "$SOAK_POOL exists; run make soak"
    done_testing
fi
BATCH=$(((CONNECTIONS + 2 * BATCHES - 1) / (2 * BATCHES))) # sessions
SESSIONS=$((BATCH * BATCHES))

# What the memory of a process may grow, in kB, from the second quarter of the
# samples to the last one, on average.  A leak adds up, once for each session or
# for each bundle: of half of the 10,000 sessions 512 kB are 105 bytes each.
# What an allocator takes for the most sessions at a time is taken once; in a
# short run that may come late.
GROWTH_MAX=$((SESSIONS < 2000 ? 1536 : 512))

# ---- the bundles ------------------------------------------------------------

BUNDLE=$TMP/bundles/$REGION-bundle.pem
GLOBAL=$TMP/bundles/aws-global-bundle.pem

# Other sets that hold the CA: with one root more, with a file that speaks for
# the whole partition beside it.  And one that does not: the root that its
# region has there is another.
make_sets() {
    make_pki
    pki_root more "Amazon RDS $REGION Root CA ECC384 G2"
    pki_root east 'Amazon RDS us-east-1 Root CA ECC384 G1'
    pki_root stranger "Amazon RDS $REGION Root CA ECC384 G1"
}

replace_bundles() {
    local i

    for ((i = 0; i < REPLACEMENTS_MAX; i++)); do
        case $((i % 4)) in
        0) pki_bundle "$BUNDLE" "root-$REGION" ;;
        1) pki_bundle "$BUNDLE" "root-$REGION" more ;;
        2) pki_bundle "$GLOBAL" more east "root-$REGION" ;;
        3) rm "$GLOBAL" ;;
        esac
        echo "$i" >>"$TMP/replaced"
        sleep 1
    done
}

start_replacing() {
    : >"$TMP/replaced"
    replace_bundles &
    replacing=$!
    pids+=("$replacing")
}

stop_replacing() {
    stop "$replacing"
    rm -f "$GLOBAL" "$GLOBAL.new" "$BUNDLE.new"
    pki_bundle "$BUNDLE" "root-$REGION"
}

# ---- the processes ----------------------------------------------------------

start_postgres() {
    make_postgres
    postgres_server db -c log_connections=on
    POSTGRES_LOG=$TMP/postgres-db.log
}

# PgBouncer resolves names by /etc/hosts alone.  A server connection is closed
# after its first use (server_lifetime).
start_pgbouncer() {
    local home=$TMP/pgbouncer

    need_hosts
    mkdir -m 700 "$home"
    cp "$PKI/db-chain.pem" "$PKI/db.key" "$home"
    BOUNCER_PORT=$(free_port)
    BOUNCER_LOG=$home/log
    BOUNCER_TRUST=$home/trust.log
    cat >"$home/ini" <<END
[databases]
postgres = host=$HOST port=${ports[db]} user=test
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $BOUNCER_PORT
unix_socket_dir =
logfile = $BOUNCER_LOG
auth_type = any
pool_mode = session
default_pool_size = 10
server_lifetime = 0
server_login_retry = 1
query_wait_timeout = 60
server_tls_sslmode = verify-full
client_tls_sslmode = require
client_tls_cert_file = $home/db-chain.pem
client_tls_key_file = $home/db.key
END
    ((EUID != 0)) || chown -R postgres "$home"
    with_line
    start "$TMP/pgbouncer.out" "${by_hosts[@]}" "${as[@]}" \
        env "RDS_PROVIDER_DEBUG=file:$BOUNCER_TRUST,level:2" \
        pgbouncer "$home/ini"
    BOUNCER=$pid
    wait_port "$BOUNCER_PORT" "$pid" "$TMP/pgbouncer.out" || done_testing
}

start_pool() {
    POOL_TRUST=$TMP/pool-trust.log
    with_line
    coproc POOL_PIPE {
        exec env HOME="$TMP" "RDS_PROVIDER_DEBUG=file:$POOL_TRUST,level:2" \
            "$SOAK_POOL" "$THREADS" "host=$HOST hostaddr=127.0.0.1 \
port=$BOUNCER_PORT user=test dbname=postgres sslmode=verify-full \
sslrootcert=$STALE connect_timeout=120" 2>"$TMP/pool.err"
    }
    POOL=$POOL_PIPE_PID
    pids+=("$POOL")
}

# sessions COUNT: sets good, bad and why.
sessions() {
    good=0 bad=0 why='no answer'
    echo "$1" >&"${POOL_PIPE[1]}"
    read -r -t "$BATCH_SECONDS" -u "${POOL_PIPE[0]}" good bad why ||
        diag "soak-pool: $(cat "$TMP/pool.err")"
}

# ---- counting ---------------------------------------------------------------

# lines FILE TEXT: how many lines have it.
lines() {
    grep -c -F -e "$2" "$1"
}

count_all() {
    accepted=$(lines "$BOUNCER_LOG" ' tls=TLSv1')
    reached=$(lines "$POSTGRES_LOG" 'SSL enabled (protocol=TLSv1')
    helped_pool=$(lines "$POOL_TRUST" " offered for '$HOST'")
    helped_bouncer=$(lines "$BOUNCER_TRUST" " offered for '$HOST'")
}

# memory PID: "VmRSS RssAnon descriptors", the first two in kB.
memory() {
    printf '%s %s %s' \
        "$(awk '/^VmRSS:/ { print $2 }' "/proc/$1/status")" \
        "$(awk '/^RssAnon:/ { print $2 }' "/proc/$1/status")" \
        "$(find "/proc/$1/fd" -mindepth 1 | wc -l)"
}

# ---- the soak ---------------------------------------------------------------

declare -a pool_kb=() bouncer_kb=()

sample() {
    local -a pool bouncer

    read -ra pool <<<"$(memory "$POOL")"
    read -ra bouncer <<<"$(memory "$BOUNCER")"
    pool_kb+=("${pool[0]}")
    bouncer_kb+=("${bouncer[0]}")
    printf '# | %d | %d | %d | %d | %d | %d | %d | %d | %d |\n' \
        "$1" $((SECONDS - started)) "$(wc -l <"$TMP/replaced")" \
        "${bouncer[@]}" "${pool[@]}"
}

soak() {
    local batch

    failures=0 worked=0 started=$SECONDS
    echo '# | connections | seconds | replaced | PgBouncer kB | anonymous kB' \
        '| descriptors | client kB | anonymous kB | descriptors |'
    echo '# |---|---|---|---|---|---|---|---|---|'
    for ((batch = 1; batch <= BATCHES; batch++)); do
        sessions "$BATCH"
        worked=$((worked + good))
        failures=$((failures + BATCH - good))
        if ((good != BATCH)); then
            diag "batch $batch: $good good, $bad failed: $why"
            kill -0 "$POOL" 2>/dev/null || break
        fi
        sample $((2 * BATCH * batch))
    done
    took=$((SECONDS - started))
}

# mean FIRST LAST VALUE...: of these of the values, from 1.
mean() {
    local i sum=0 first=$1 last=$2

    shift 2
    for ((i = first; i <= last; i++)); do
        sum=$((sum + ${!i}))
    done
    echo $((sum / (last - first + 1)))
}

# flat NAME SAMPLE...: judges the memory of a process.
flat() {
    local name=$1 before after

    shift
    if (($# != BATCHES)); then
        ok 1 "$name: a sample after each batch"
        return
    fi
    before=$(mean $((BATCHES / 4 + 1)) $((BATCHES / 2)) "$@")
    after=$(mean $((BATCHES * 3 / 4 + 1)) $BATCHES "$@")
    ((after - before <= GROWTH_MAX))
    ok $? "$name: memory is flat, $before kB in the second quarter, $after kB in the last" ||
        diag "grew by $((after - before)) kB, of at most $GROWTH_MAX kB"
}

judge() {
    local replaced

    replaced=$(wc -l <"$TMP/replaced")
    count_all
    is "$worked good, $failures failed" "$SESSIONS good, 0 failed" \
        "$SESSIONS sessions of two verified connections each"
    is "$accepted" "$SESSIONS" "... PgBouncer accepted $SESSIONS over TLS"
    ((reached >= SESSIONS))
    ok $? "... PostgreSQL accepted a new one over TLS for each ($reached)"
    is "$helped_pool" "$SESSIONS" \
        "... in each of the client's rds-trust gave the CA"
    ((helped_bouncer >= SESSIONS))
    ok $? "... in each of PgBouncer's rds-trust gave the CA ($helped_bouncer)"
    ((replaced * 2 >= took))
    ok $? "... while bundles were replaced $replaced times in $took s"
    flat 'the client' "${pool_kb[@]}"
    flat PgBouncer "${bouncer_kb[@]}"
}

# ---- this test can fail -----------------------------------------------------

# through_pgbouncer: a client that verifies nothing, so that PgBouncer does.
through_pgbouncer() {
    run env -u OPENSSL_CONF psql -XAt -c "$QUERY" "host=127.0.0.1 \
port=$BOUNCER_PORT user=test dbname=postgres sslmode=require \
sslrootcert=$TMP/none"
}

# until_it_works: PgBouncer waits a while after a failure.
until_it_works() {
    local deadline=$((SECONDS + WAIT_SECONDS))

    while through_pgbouncer; ((status != 0 && SECONDS < deadline)); do
        sleep 0.5
    done
}

without_the_ca() {
    local refusals

    pki_bundle "$BUNDLE" stranger
    refusals=$(lines "$BOUNCER_LOG" 'certificate verify failed')
    sessions 20
    is "$good $bad" '0 20' 'without the CA in the bundle the client fails'
    like "$why" 'certificate verify failed' '... and says why'
    sed -i 's/^query_wait_timeout.*/query_wait_timeout = 3/' \
        "$TMP/pgbouncer/ini"
    kill -HUP "$BOUNCER"
    through_pgbouncer
    ((status != 0)) && [[ $out != *"$PROOF"* ]]
    ok $? '... PgBouncer reaches no server' || show_run
    ((refusals < $(lines "$BOUNCER_LOG" 'certificate verify failed')))
    ok $? '... and its log says why' || diag "$(tail -n 5 "$BOUNCER_LOG")"
    pki_bundle "$BUNDLE" "root-$REGION"
    until_it_works
    is "$out" "$PROOF" 'with the CA back, PgBouncer works' || show_run
    sessions 20
    is "$good $bad" '20 0' '... and so does the client' || diag "$why"
}

make_sets
start_postgres
start_pgbouncer
start_pool
start_replacing
soak
stop_replacing
judge
without_the_ca
done_testing
