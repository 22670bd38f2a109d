#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves `rdsca enable` and `disable` for real, on this system's own
# openssl.cnf: in a mount namespace, so that nothing outside sees it.  Real
# clients (openssl, curl, psql, Python, Node.js) reach a server of an RDS name
# while it is on and do not before and after; all else they do as before.  Then
# the same for one unit of systemd.

# shellcheck disable=SC2317 # functions as arguments
# shellcheck source-path=SCRIPTDIR source=../clients/lib.sh
. "$(dirname "$0")/../clients/lib.sh"
# shellcheck source=enable.sh
. "$ROOT/tests/rdsca/enable.sh"
in_namespace

FILE=$(realpath "$(openssl version -d | cut -d '"' -f 2)/openssl.cnf")
before=$(sha256sum "$FILE")
ETC=/etc # for state
WEB='Ciphers supported in s_server'
PROOF=$WEB

# ---- servers and clients ----------------------------------------------------

# The bundle is where the module looks when nothing else is said.
make_servers() {
    make_pki
    make_refused
    pki_leaf plain none plain.example.com issuer=private
    cp "$PKI/plain.pem" "$PKI/plain-chain.pem"
    mkdir /var/lib/rds-ca
    pki_bundle "/var/lib/rds-ca/$REGION-bundle.pem" "root-$REGION"
    unset OPENSSL_CONF
    https_server db
    https_server evil
    https_server plain
}

ask_openssl() {
    run openssl s_client -connect "127.0.0.1:$2" -servername "$1" \
        -verify_hostname "$1" -verify_return_error ${3:+-CAfile "$3"}
    out=${out//Verification: OK/$PROOF}
}

ask_curl() {
    run curl -sS --max-time 60 --connect-to "$1:$2:127.0.0.1:$2" \
        ${3:+--cacert "$3"} "https://$1:$2/"
}

ask_python() {
    run /usr/bin/python3 -c '
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[3] or None)
raw = socket.create_connection(("127.0.0.1", int(sys.argv[2])), 60)
context.wrap_socket(raw, server_hostname=sys.argv[1])
print(sys.argv[4])' "$1" "$2" "$3" "$PROOF"
}

ask_node() {
    run node -e '
const [host, port, ca, proof] = process.argv.slice(1);
const socket = require("tls").connect({host: "127.0.0.1", port, servername: host,
    ca: ca ? require("fs").readFileSync(ca) : undefined},
    () => { console.log(proof); socket.end(); });
socket.on("error", e => { console.error(e.code); process.exitCode = 1; });' \
        -- "$1" "$2" "$3" "$PROOF"
}

ask_psql() {
    run env HOME="$TMP" psql -XAt -c "SELECT '$PROOF'" \
        "host=$1 hostaddr=127.0.0.1 port=$2 user=test dbname=postgres sslmode=verify-full sslrootcert=${3:-$STALE}"
}

CLIENTS=()
find_clients() {
    local client

    for client in openssl curl psql node; do
        has "$client" "with $client" && CLIENTS+=("$client")
    done
    [[ ! -x /usr/bin/python3 ]] || CLIENTS+=(python)
    [[ " ${CLIENTS[*]} " != *' psql '* ]] || start_postgres
}

start_postgres() {
    local -A web=([db]=${ports[db]} [evil]=${ports[evil]})
    local name

    make_postgres
    for name in db evil; do
        postgres_server "$name"
        pg[$name]=${ports[$name]}
        ports[$name]=${web[$name]}
    done
    PROOF=$WEB
}
declare -A pg=()

# ask CLIENT HOST SERVER [CA]
ask() {
    local port=${ports[$3]}

    [[ $1 != psql ]] || port=${pg[$3]}
    "ask_$1" "$2" "$port" "${4:-}"
}

# clients WHEN WORD [COMMAND]: whether they reach the RDS server is WORD; what
# needs no help goes on, and a foreign name is never trusted.
clients() {
    local client

    for client in "${CLIENTS[@]}"; do
        ask "$client" "$HOST" db
        if [[ $2 == yes ]]; then
            accepted "$1: $client reaches the RDS server"
        else
            refused "$1: $client does not reach the RDS server" ''
        fi
        ask "$client" "$HOST" db "$PKI/root-$REGION.pem"
        accepted "... but with a CA file it does"
        ask "$client" "$EVIL" evil
        refused '... a foreign name of the same CA is not trusted' ''
        [[ $client != psql ]] || continue
        ask "$client" plain.example.com plain "$PRIVATE"
        accepted '... and a server of another CA is reached'
    done
}

# ---- the system -------------------------------------------------------------

the_system() {
    local all

    all=$(state)
    clients before no
    run "$RDSCA" enable --trust "$SCOPE"
    is "$status $err" '0 ' 'enable' || show_run
    like "$out" ": on"$'\n' '... says so'
    isnt "$(state)" "$all" '... and something is there'
    [[ -L $(openssl version -d | cut -d '"' -f 2)/openssl.cnf || $FILE != /etc/ssl/* ]]
    ok $? '... the symbolic link to the file stays'
    clients on yes
    run openssl storeutl -noout -certs "rds://region/$REGION"
    is "${out##*$'\n'}" 'Total found: 1' '... URIs have answers'
    run "$RDSCA" doctor --quiet
    like "$out" "$REGION-bundle.pem: lacks 2 valid CAs" \
        '... and the doctor says what the bundle lacks'
    is "$status $(grep -c '^[a-z]' <<<"$out")" '0 1' '... and nothing else' ||
        show_run
    run "$RDSCA" enable --trust "$SCOPE"
    is "$status $err" '0 ' '... once more' || show_run
    unit_of_system
    run "$RDSCA" disable
    is "$status $err" '0 ' 'disable' || show_run
    is "$(state)" "$all" '... nothing in /etc is other than before'
    is "$(sha256sum "$FILE")" "$before" '... the file is the same bytes'
    clients after no
}

# The shell of an administrator may have it; services do not.
with_variable() {
    cp "$FILE" "$TMP/other.cnf"
    run env OPENSSL_CONF="$TMP/other.cnf" "$RDSCA" enable
    is "$status $(wc -l <<<"$err")" '0 1' 'with OPENSSL_CONF: a note' || show_run
    isnt "$(sha256sum "$FILE")" "$before" '... the file of the system is changed'
    cmp -s "$TMP/other.cnf" "$FILE.rdsca-backup"
    ok $? '... and not that of the variable'
    run env OPENSSL_CONF="$TMP/other.cnf" "$RDSCA" disable
    is "$status $(sha256sum "$FILE")" "0 $before" '... and back'
}

isnt() {
    [[ $1 != "$2" ]]
    ok $? "$3"
}

read_only() {
    local all

    all=$(state)
    mount -o remount,ro,bind /etc
    run "$RDSCA" enable
    is "$status $(wc -l <<<"$err") $(state)" "4 1 $all" \
        'with /etc read-only: one line'
    like "$err" 'cannot be written to: Read-only file system' '... that says so'
    mount -o remount,rw,bind /etc
}

# shellcheck disable=SC2016 # expanded inside
no_openssl() {
    mkdir "$TMP/empty"
    run unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh \
        "$TMP/empty" "$(openssl version -d | cut -d '"' -f 2)" "$RDSCA" enable
    if [[ $FILE != /etc/ssl/* ]]; then
        skip 'without OpenSSL' 'its folder is not the one here'
    else
        is "$status" 0 'without an openssl.cnf one is made' || show_run
    fi
    is "$(ls "$TMP/empty")" 'openssl.cnf' '... in the folder of this libcrypto'
    # /usr without that folder.
    mkdir "$TMP/own"
    run unshare -m sh -c 'mount -t tmpfs none "$1" && mkdir "$1/up" "$1/work" &&
        mount -t overlay -o "lowerdir=$2,upperdir=$1/up,workdir=$1/work" none "$2" &&
        rm -r "$3" || exit 99; shift 3; exec "$@"' sh "$TMP/own" /usr \
        "$(openssl version -d | cut -d '"' -f 2)" "$RDSCA" enable
    if [[ $status == 99 ]]; then
        skip 'without the folder of OpenSSL' 'no overlay file system here'
        return
    fi
    like "$status $err" \
        '4 rdsca enable: there is no OpenSSL 3 here: no directory for' \
        'without the folder of OpenSSL: refused'
    like "$err" 'install the package openssl' '... with what to do'
}

# ---- a unit -----------------------------------------------------------------

UNITS=/etc/systemd/system

units() {
    mkdir -p "$UNITS"
    printf '[Service]\nExecStart=/bin/true\n' >"$UNITS/demo.service"
    cp "$UNITS/demo.service" "$UNITS/many@.service"
}

# The variable that the drop-in gives to the unit.
unit_conf() {
    sed -n 's/^Environment=OPENSSL_CONF=//p' "$UNITS/$1.service.d/rdsca.conf"
}

one_unit() {
    local name=$1 all

    all=$(state)
    run "$RDSCA" enable --unit "$name" --trust "$SCOPE" --print
    is "$status $err $(state)" "0  $all" "$name: --print writes nothing"
    like "$out" "OPENSSL_CONF=/etc/rds-ca/" '... and shows the variable'
    run "$RDSCA" enable --unit "$name" --trust "$SCOPE"
    is "$status $err" '0 ' '... on' || show_run
    like "$out" 'systemctl daemon-reload && systemctl restart' \
        '... and what is to be done'
    is "$(sha256sum "$FILE")" "$before" '... openssl.cnf is as it was'
    name=${name%.service}
    ask openssl "$HOST" db
    refused '... other programs do not reach the server' ''
    OPENSSL_CONF=$(unit_conf "$name") ask openssl "$HOST" db
    accepted '... the unit does'
    OPENSSL_CONF=$(unit_conf "$name") ask node "$HOST" db
    accepted '... and so does Node.js in it'
    [[ $(find "/etc/rds-ca/$name.service.cnf" "$UNITS/$name.service.d" \
        -perm /022) == '' ]]
    ok $? '... others cannot write to it'
    if command -v systemd-analyze >/dev/null; then
        run systemd-analyze verify "$UNITS/demo.service"
        unlike "$err" rdsca '... systemd takes the drop-in'
    fi
    run "$RDSCA" enable --unit "$name" --trust "$SCOPE"
    is "$status $err" '0 ' '... once more' || show_run
    run "$RDSCA" enable --unit "$name"
    like "$status $err" '4 rdsca enable: ' '... another URI: refused'
    like "$err" 'it is on already, with another rds-trust' '... which is said'
    run "$RDSCA" disable --unit "$name"
    is "$status $err $(state)" "0  $all" '... off: nothing is left' || show_run
    run "$RDSCA" disable --unit "$name"
    is "$status $err $(state)" "0  $all" '... once more' || show_run
}

# While it is on for all of the system.
unit_of_system() {
    local all

    units
    all=$(state)
    run "$RDSCA" enable --unit demo --trust "$SCOPE"
    is "$status $out" "0 $FILE: it is on already" 'a unit of a system that is on'
    run "$RDSCA" enable --unit demo
    like "$status $err" "4 rdsca enable: '$FILE': it is on already, with another" \
        '... with another URI: refused'
    is "$(state)" "$all" '... nothing was changed'
    rm "$UNITS/demo.service" "$UNITS/many@.service"
}

# The unit stands for itself: the system may be turned on and off beside it.
unit_and_system() {
    run "$RDSCA" enable --unit demo --trust "$SCOPE"
    run "$RDSCA" enable
    is "$status" 0 'a unit is on, and then the system' || show_run
    OPENSSL_CONF=$(unit_conf demo) ask openssl "$HOST" db
    accepted '... the unit keeps its URI'
    run "$RDSCA" disable
    is "$status $(sha256sum "$FILE")" "0 $before" '... the system is off again'
    OPENSSL_CONF=$(unit_conf demo) ask openssl "$HOST" db
    accepted '... the unit keeps its URI'
    run "$RDSCA" disable --unit demo
}

# What was good when it was tried is not any more when it is there.
unit_taken_back() {
    local all

    has cc 'a unit that is taken back' && make_shim || return 0
    if [[ $SO != "$TMP/bin/rds.so" ]]; then
        skip 'a unit that is taken back' "the module is in $SO"
        return
    fi
    cp "$SO" "$TMP/rds.so.kept"
    all=$(state)
    run env "LD_PRELOAD=$TMP/shim.so" SHIM_DIRECTORY=/etc \
        ASAN_OPTIONS=verify_asan_link_order=0 \
        SHIM_RENAMED=/etc/rds-ca/demo.service.cnf "SHIM_REMOVE=$SO" \
        "$RDSCA" enable --unit demo
    [[ ! -e $SO && $status == 4 && $(wc -l <<<"$err") == 1 && $(state) == "$all" ]]
    ok $? 'a unit for which it fails in its place: taken back' || show_run
    cp "$TMP/rds.so.kept" "$SO"
}

bad_units() {
    local all

    mkdir -p /etc/rds-ca "$UNITS/demo.service.d"
    echo '# mine' >/etc/rds-ca/demo.service.cnf
    all=$(state)
    run "$RDSCA" enable --unit demo
    like "$status $err" "4 rdsca enable: '/etc/rds-ca/demo.service.cnf': this file is not of" \
        'a configuration that is not ours'
    run "$RDSCA" disable --unit demo
    is "$status $(state)" "4 $all" '... nor is it removed'
    rm /etc/rds-ca/demo.service.cnf
    echo '# mine' >"$UNITS/demo.service.d/rdsca.conf"
    all=$(state)
    run "$RDSCA" enable --unit demo
    is "$status $(wc -l <<<"$err") $(state)" "4 1 $all" \
        'a drop-in that is not ours'
    rm -r "$UNITS/demo.service.d"
    run "$RDSCA" enable --unit nothing
    is "$status $err" "4 rdsca enable: there is no unit 'nothing.service'" \
        'a unit that is not there'
}

make_servers
find_clients
the_system
with_variable
read_only
units
one_unit demo
one_unit demo.service
one_unit many@one
unit_and_system
unit_taken_back
bad_units
no_openssl

done_testing
