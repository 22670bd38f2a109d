#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that Node.js's tls, started in the folder /, reaches a TLS server by
# the line rds-trust alone: with --openssl-config, with OPENSSL_CONF and, by
# its section nodejs_conf, with the system's openssl.cnf.

# shellcheck disable=SC2016,SC2317 # other languages; functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need node
make_pki
make_refused
https_servers

# node_tls HOST PORT CA [OPTION...]
node_tls() {
    local host=$1 port=$2 ca=$3

    shift 3
    client env -C / node "$@" -e '
        const [host, port, ca] = process.argv.slice(1);
        const socket = require("tls").connect({
            host: "127.0.0.1", port, servername: host,
            ...(ca && {ca: require("fs").readFileSync(ca)})},
            () => socket.end("GET / HTTP/1.0\r\n\r\n"));
        socket.pipe(process.stdout);
        socket.on("error", (error) => {
            console.error(error.code, error.message);
            process.exitCode = 1;
        });' -- "$host" "$port" "$ca"
}

ask() {
    node_tls "$@"
}

# The option in the place of the variable.
ask_option() {
    local file=${OPENSSL_CONF:-}
    local -x OPENSSL_CONF

    unset OPENSSL_CONF
    node_tls "$@" "--openssl-config=$file"
}

option_cases() {
    without_line
    ask_option "$HOST" "${ports[db]}" ''
    refused "$1: (a) without the line: refused" "$CHAIN"
    with_line
    ask_option "$HOST" "${ports[db]}" ''
    accepted "$1: (b) with the line: connects"
    ask_option "$HOST" "${ports[other]}" ''
    refused "$1: (c) another endpoint's certificate: refused" "$NAME"
    ask_option "$EVIL" "${ports[evil]}" ''
    refused "$1: (c) $EVIL: refused" "$CHAIN"
    ask_option "$HOST" "${ports[db]}" "$STALE"
    accepted "$1: (d) stale ca, with the line: connects"
}

# Node.js reads the section that nodejs_conf names, and no other, unless told
# otherwise.  A build may have another section as its default.
without_section() {
    grep -v '^nodejs_conf' "$TMP/on.cnf" >"$TMP/shared.cnf"
    export OPENSSL_CONF=$TMP/shared.cnf
    by_file=()
    node_tls "$HOST" "${ports[db]}" '' --openssl-shared-config
    accepted 'Node.js --openssl-shared-config: no nodejs_conf is needed'
    node_tls "$HOST" "${ports[db]}" ''
    version 'Node.js without nodejs_conf' \
        "$( ((status == 0)) && echo connects || echo refused)"
}

CHAIN='unable to get local issuer certificate'
NAME=ERR_TLS_CERT_ALTNAME_INVALID

version Node.js "$(node -p '`${process.version}, OpenSSL ` +
    `${process.versions.openssl}, ` +
    `${process.config.variables.node_shared_openssl ? "shared" : "its own"}`')"
client_cases Node.js ask "$CHAIN" "$NAME"
option_cases 'Node.js --openssl-config'
without_section
done_testing
