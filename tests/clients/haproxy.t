#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that HAProxy with `ssl verify required` reaches a TLS server by the
# line rds-trust alone, with its default trust and with a stale ca-file; and,
# under `chroot`, that it is the folder of bundles inside which counts.

# shellcheck disable=SC2317 # functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need haproxy curl
make_pki
make_refused
https_servers
mkdir "$TMP/haproxy"
extra=''

# ask HOST PORT CA: err has HAProxy's log, too.
ask() {
    local port

    port=$(free_port)
    cat >"$TMP/haproxy.cfg" <<END
global
    log stdout format raw local0
    $extra
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    log global
    log-format "%ST %ts [%[bc_err_str]|%[ssl_bc_err_str]]"
    retries 0
frontend f
    bind 127.0.0.1:$port
    default_backend b
backend b
    http-request set-header Host $1
    server s 127.0.0.1:$2 ssl verify required verifyhost $1 sni str($1) ca-file ${3:-@system-ca}
END
    start "$TMP/haproxy.log" "${by_file[@]}" haproxy -db -f "$TMP/haproxy.cfg"
    wait_port "$port" "$pid" "$TMP/haproxy.log"
    run curl -sS --fail --noproxy '*' "http://127.0.0.1:$port/"
    stop "$pid"
    err+=$(cat "$TMP/haproxy.log")
}

version HAProxy "$(haproxy -v | sed -n "1s, https:.*,,p" | cut -d " " -f 3)"
client_cases HAProxy ask 'certificate verify failed' 'certificate verify failed'
if ((EUID == 0)); then
    extra="chroot $TMP/haproxy"
    with_line
    ask "$HOST" "${ports[db]}" "$STALE"
    refused 'HAProxy with chroot: bundles outside it are out of reach' \
        'certificate verify failed'
    mkdir -p "$TMP/haproxy$TMP"
    cp -a "$TMP/bundles" "$TMP/haproxy$TMP"
    client_cases 'HAProxy with chroot' ask 'certificate verify failed' \
        'certificate verify failed'
else
    skip 'HAProxy with chroot' 'needs root'
fi
done_testing
