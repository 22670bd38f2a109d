#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that nginx with proxy_ssl_verify reaches a TLS server by the line
# rds-trust alone, from worker processes of another user.  nginx demands
# proxy_ssl_trusted_certificate, so its default here is a file of another CA.

# shellcheck disable=SC2317 # functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need nginx curl
make_pki
make_refused
https_servers
mkdir "$TMP/nginx"
extra=''

# ask HOST PORT CA: err has nginx's log, too.
ask() {
    local port

    port=$(free_port)
    rm -f "$TMP/nginx/error.log"
    cat >"$TMP/nginx/nginx.conf" <<END
daemon off;
pid $TMP/nginx/pid;
worker_processes 1;
events {}
http {
    access_log off;
    client_body_temp_path $TMP/nginx/1; proxy_temp_path $TMP/nginx/2;
    fastcgi_temp_path $TMP/nginx/3; uwsgi_temp_path $TMP/nginx/4;
    scgi_temp_path $TMP/nginx/5;
    server {
        listen 127.0.0.1:$port;
        location / {
            proxy_pass https://127.0.0.1:$2;
            proxy_ssl_server_name on;
            proxy_ssl_name $1;
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate ${3:-$PRIVATE};
            $extra
        }
    }
}
END
    start "$TMP/nginx/out.log" "${by_file[@]}" nginx \
        -e "$TMP/nginx/error.log" -c "$TMP/nginx/nginx.conf"
    wait_port "$port" "$pid" "$TMP/nginx/error.log"
    run curl -sS --fail --noproxy '*' "http://127.0.0.1:$port/"
    stop "$pid"
    err+=$(cat "$TMP/nginx/error.log")
}

version nginx "$(nginx -v 2>&1)"
client_cases nginx ask \
    'unable to get local issuer certificate' \
    'upstream SSL certificate does not match'
extra="proxy_ssl_conf_command VerifyCAStore rds://region/$REGION;"
without_line
ask "$HOST" "${ports[db]}" ''
accepted 'nginx: a CA store URI, without the line: connects'
ask "$HOST" "${ports[other]}" ''
refused "nginx: a CA store URI, another endpoint's certificate: refused" \
    'upstream SSL certificate does not match'
done_testing
