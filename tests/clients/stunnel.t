#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that stunnel with verifyChain and checkHost reaches a TLS server by
# the line rds-trust alone.  stunnel demands a CA file, so its default here is
# one of another CA.

# shellcheck disable=SC2317 # functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need stunnel curl
make_pki
make_refused
https_servers
extra=''

# ask HOST PORT CA: err has stunnel's log, too.
ask() {
    local port

    port=$(free_port)
    cat >"$TMP/stunnel.conf" <<END
foreground = yes
pid =
debug = info
syslog = no
[service]
client = yes
accept = 127.0.0.1:$port
connect = 127.0.0.1:$2
sni = $1
verifyChain = yes
checkHost = $1
CAfile = ${3:-$PRIVATE}
$extra
END
    start "$TMP/stunnel.log" "${by_file[@]}" stunnel "$TMP/stunnel.conf"
    wait_port "$port" "$pid" "$TMP/stunnel.log"
    run curl -sS --noproxy '*' "http://127.0.0.1:$port/"
    stop "$pid"
    err+=$(cat "$TMP/stunnel.log")
}

version stunnel "$(stunnel -version 2>&1 | sed -n 's/.*\(stunnel [0-9.]*\).*/\1/p;
    s/.*\(OpenSSL 3[0-9.]*\).*/\1/p')"
client_cases stunnel ask 'unable to get local issuer certificate' \
    'Subject checks failed'
extra="config = VerifyCAStore:rds://region/$REGION"
without_line
ask "$HOST" "${ports[db]}" ''
accepted 'stunnel: a CA store URI, without the line: connects'
ask "$HOST" "${ports[other]}" ''
refused "stunnel: a CA store URI, another endpoint's certificate: refused" \
    'Subject checks failed'
done_testing
