#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that the line rds-trust is never in the way: connections to servers
# of other CAs succeed and fail as they do without it, to the letter, in curl,
# Python, Node.js and s_client; and a line that cannot be used, or bundles that
# cannot be read, harm nothing, trust nothing, and are explained in the log.

# shellcheck disable=SC2016,SC2317 # other languages; functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need curl
make_pki

WWW=www.example.com
PROOF='Ciphers supported in s_server'

# A public-like chain: root <- sub <- leaf, with keys and names of its own.
pki_sub private-sub private 'Private Sub'
pki_leaf www '' "$WWW" issuer=private-sub
pki_bundle "$PKI/www-chain.pem" www private-sub
pki_leaf late '' "$WWW" issuer=private-sub from='-9 days' to='-1 day'
pki_bundle "$PKI/late-chain.pem" late private-sub
pki_leaf self '' "$WWW" issuer=private subject="/CN=$WWW"
pki_bundle "$PKI/self-chain.pem" self
for name in www late self db; do
    https_server "$name"
done

# ---- the clients ------------------------------------------------------------

# ask_CLIENT HOST NAME CA: NAME is that of the server's leaf.
ask_curl() {
    local port=${ports[$2]}

    run curl -sS --noproxy '*' --resolve "$1:$port:127.0.0.1" \
        --cacert "$3" "https://$1:$port/"
}

ask_s_client() {
    run openssl s_client -connect "127.0.0.1:${ports[$2]}" -servername "$1" \
        -verify_hostname "$1" -verify_return_error -CAfile "$3" -brief
    # shellcheck disable=SC2001 # the thread's number goes
    err=$(sed 's/^[0-9A-F]*:error/error/' <<<"$err")
    ((status != 0)) || out=$PROOF
}

ask_python() {
    run /usr/bin/python3 -c '
import socket, ssl, sys
host, port, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
with socket.create_connection(("127.0.0.1", port), 10) as plain:
    try:
        tls = context.wrap_socket(plain, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        sys.exit("%s %s" % (error.verify_code, error))
tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
while part := tls.recv(65536):
    print(part.decode())' "$1" "${ports[$2]}" "$3"
}

ask_node() {
    run node -e '
        const [host, port, ca] = process.argv.slice(1);
        const socket = require("tls").connect({
            host: "127.0.0.1", port, servername: host,
            ca: require("fs").readFileSync(ca)},
            () => socket.end("GET / HTTP/1.0\r\n\r\n"));
        socket.pipe(process.stdout);
        socket.on("error", (error) => {
            console.error(error.code, error.message);
            process.exitCode = 1;
        });' -- "$1" "${ports[$2]}" "$3"
}

# ---- other CAs --------------------------------------------------------------

# same CLIENT NAME HOST LEAF CA: without and with the line the same status and
# the same words.
same() {
    local client=$1 name=$2 before

    shift 2
    without_line
    "ask_$client" "$@"
    before=$status$'\n'$err
    with_line
    "ask_$client" "$@"
    is "$status"$'\n'"$err" "$before" "$client: $name: the same as without"
}

other_cas() {
    local client

    for client in curl s_client python node; do
        case $client in
        python) has /usr/bin/python3 Python || continue ;;
        node) has node Node.js || continue ;;
        esac
        with_line
        "ask_$client" "$WWW" www "$PRIVATE"
        accepted "$client: a server of another CA connects with the line"
        same "$client" 'a server of another CA' "$WWW" www "$PRIVATE"
        same "$client" 'an unknown CA' "$WWW" www "$STALE"
        same "$client" 'another name' wrong.example.com www "$PRIVATE"
        same "$client" 'an expired certificate' "$WWW" late "$PRIVATE"
        same "$client" 'a chain without its CA' "$WWW" self "$STALE"
        # Where the right file is there already, nothing is to be added.
        same "$client" 'an endpoint and the right file' "$HOST" db \
            "$PKI/root-$REGION.pem"
    done
}

# ---- what cannot be used ----------------------------------------------------

# harmless NAME TEXT BUNDLES URI: other servers work, endpoints are not
# trusted, the log says TEXT.
harmless() {
    local name=$1 text=$2 bundles=$3 uri=$4 client

    rds_conf "$TMP/on.cnf" "rds-bundles=$bundles" "rds-trust=$uri"
    with_line
    export RDS_PROVIDER_DEBUG=file:$LOG,level:2
    for client in curl s_client; do
        "ask_$client" "$WWW" www "$PRIVATE"
        accepted "$name: $client connects to a server of another CA"
    done
    rm -f "$LOG"
    ask_curl "$HOST" db "$PRIVATE"
    refused '... and an endpoint is not trusted' \
        'unable to get local issuer certificate'
    like "$(cat "$LOG")" "$text" "... and the log says: $text"
    unset RDS_PROVIDER_DEBUG
}

# unusable COMMAND...: a fresh copy of the bundles, changed by a command that
# gets its folder as the last word.  Sets bundles.
unusable() {
    bundles=$TMP/unusable
    rm -rf "$bundles"
    cp -a "$TMP/bundles" "$bundles"
    "$@" "$bundles"
}

garbage() {
    head -c 3000 /dev/urandom >"$1/$REGION-bundle.pem"
}

open_to_all() {
    chmod 777 "$1"
}

file_open_to_all() {
    chmod 666 "$1"/*.pem
}

a_pipe() {
    rm "$1/$REGION-bundle.pem"
    mkfifo "$1/$REGION-bundle.pem"
}

unusable_lines() {
    local good=$TMP/bundles uri

    harmless 'no URI' "nothing is trusted: 'nonsense' does not begin with" \
        "$good" nonsense
    harmless 'a malformed URI' "nothing is trusted: unknown selector 'regin'" \
        "$good" rds://regin/us-west-2
    harmless 'an unknown region' "unknown region 'us-wets-2', did you mean 'us-west-2'?" "$good" rds://region/us-wets-2
    harmless 'an unknown filter' "nothing is trusted: unknown filter 'color'" \
        "$good" 'rds://all?color=red'
    harmless 'a list' 'rds://list names no certificates' "$good" rds://list
    harmless 'a host that is no endpoint' \
        "nothing is trusted: unknown host '$WWW'" "$good" "rds://host/$WWW"
    harmless 'a global writer' \
        'a global writer endpoint shows neither region nor account' "$good" \
        "rds://host/db.global-$LABEL.global.rds.amazonaws.com"
    uri=$(printf 'a%.0s' {1..5000})
    harmless 'a very long URI' 'the URI is longer than 4096 characters' \
        "$good" "rds://region/$uri"
}

unusable_bundles() {
    unusable garbage
    harmless 'a bundle of noise' \
        "$REGION-bundle.pem: no PEM certificate in it" "$bundles" "$SCOPE"
    unusable open_to_all
    harmless 'a folder that all may write' \
        'the directory is writable by group or others' "$bundles" "$SCOPE"
    unusable file_open_to_all
    harmless 'a file that all may write' \
        "$REGION-bundle.pem: writable by group or others" "$bundles" "$SCOPE"
    unusable a_pipe
    harmless 'a pipe' "$REGION-bundle.pem: not a regular file" "$bundles" \
        "$SCOPE"
    harmless 'no folder' "rds-trust: $SCOPE" "$TMP/none" "$SCOPE"
}

# A module that is not there is what an uninstalled package leaves behind.
no_module() {
    sed "s|^module = .*|module = $TMP/none.so|" "$TMP/off.cnf" >"$TMP/on.cnf"
    with_line
    ask_curl "$WWW" www "$PRIVATE"
    accepted 'no module: curl connects to a server of another CA'
    ask_curl "$HOST" db "$PRIVATE"
    refused '... and an endpoint is not trusted' \
        'unable to get local issuer certificate'
}

other_cas
unusable_lines
unusable_bundles
no_module
done_testing
