#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Shows the main job of this build on a terminal: real certificates by URI,
# and TLS connections that are verified through them.  The server is
# `openssl s_server` on loopback, with a generated chain of the shape that
# Aurora sends; its root reaches the provider as a refreshed bundle would.
# Refuses to go on after a step that does not do what it says.
#
# usage: tests/demo.sh BUILD-FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build}
export RDS_MODULE=$PWD/$build/rds.so
# shellcheck source=tests/system/lib.sh
. tests/system/lib.sh
# shellcheck source=tests/system/pki.sh
. tests/system/pki.sh

host=mydb.cluster-abc123def.us-west-2.rds.amazonaws.com

title() {
    printf '\n== %s\n' "$*"
}

# show COMMAND...: types it, runs it, shows the lines that matter.
show() {
    printf '$'
    printf ' %s' "$@"
    printf '\n'
    "$@" </dev/null >"$TMP/out" 2>&1 || true
    grep -E '^Total found|^Verif|verify error|:rds:' "$TMP/out" |
        sed 's/^[0-9A-F]*:error:/error:/; s/^/    /' | sort -u
}

# expect WORDS: the last command said so.
expect() {
    grep -qF "$1" "$TMP/out" || {
        echo "demo: expected '$1' here" >&2
        exit 1
    }
}

export OPENSSL_CONF=$build/rds.cnf
title 'The real Amazon RDS certificates, from inside the module'
printf '$ export OPENSSL_CONF=%s\n' "$OPENSSL_CONF"
show openssl storeutl -noout -certs rds:region/us-west-2
expect 'Total found: 3'
show openssl storeutl -noout -certs "rds://host/$host:5432"
expect 'Total found: 8'
show openssl storeutl -noout -certs rds://region/us-wets-2
expect "did you mean 'us-west-2'"

title 'A TLS connection, verified through the URI'
unset OPENSSL_CONF
pki_region us-west-2
pki_leaf db us-west-2 "$host"
mkdir "$TMP/bundles"
cp "$PKI/root-us-west-2.pem" "$TMP/bundles/us-west-2-bundle.pem"
port=$(free_port)
start "$TMP/server.log" openssl s_server -accept "127.0.0.1:$port" \
    -cert "$PKI/db.pem" -cert_chain "$PKI/sub-us-west-2.pem" \
    -key "$PKI/db.key" -www -quiet
# shellcheck disable=SC2154 # set by start
wait_port "$port" "$pid" "$TMP/server.log"
connect=(openssl s_client -connect "127.0.0.1:$port" -servername "$host"
    -verify_hostname "$host" -verify_return_error)

rds_conf "$TMP/store.cnf" "rds-bundles=$TMP/bundles"
export OPENSSL_CONF=$TMP/store.cnf
show "${connect[@]}" -CAstore rds://region/us-west-2
expect 'Verification: OK'
echo 'and with the URI of another region:'
show "${connect[@]}" -CAstore rds://region/eu-west-1
expect 'verify error'

title 'The same for every OpenSSL client: one line in openssl.cnf'
rds_conf "$TMP/trust.cnf" "rds-bundles=$TMP/bundles" \
    "rds-trust=rds://host/$host"
export OPENSSL_CONF=$TMP/trust.cnf
grep '^rds-trust' "$OPENSSL_CONF"
show "${connect[@]}"
expect 'Verification: OK'
printf '\nAll of this works as shown.\n'
