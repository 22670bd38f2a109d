# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# HTTPS servers on loopback that stand in for AWS's trust-store hosts and for
# a mirror.  Sourced after lib.sh and pki.sh.
#
#     serve             starts nginx on $PORT
#     serve_odd         starts a second server, for answers that no good
#                       server gives, on $ODD_PORT
#
# $WWW/aws, $WWW/aws-us-gov and $WWW/aws-cn are AWS's hosts, by AWS's paths;
# $WWW/s3 and $WWW/s3-us-gov those of retired files, empty unless a test fills
# them; $WWW/mirror is https://mirror.example/.  Where ../shared is at hand, the
# first two hold AWS's real files; else the first has what is built in for
# one region.  $LOG has one line for each request: path, status, If-None-Match.

# shellcheck disable=SC2034,SC2154 # set here for the tests, and in lib.sh
RDSCA=${RDSCA:-build/rdsca}
[[ $RDSCA == /* ]] || RDSCA=$ROOT/$RDSCA
[[ -x $RDSCA ]] || { ok 1 "$RDSCA exists; run make first" || done_testing; }

WWW=$TMP/www
LOG=$TMP/requests
DIR=$TMP/bundles
CA=$PKI/ca.pem
FILE=us-west-2-bundle.pem # of the region that most tests use
MIRROR=https://mirror.example

AWS_HOSTS=DNS:truststore.pki.rds.amazonaws.com
AWS_HOSTS+=,DNS:truststore.pki.us-gov-west-1.rds.amazonaws.com
AWS_HOSTS+=,DNS:rds-truststore.s3.cn-north-1.amazonaws.com.cn
AWS_HOSTS+=,DNS:s3.amazonaws.com,DNS:s3.us-gov-west-1.amazonaws.com

# Whether AWS's real files are at hand.
real() {
    [[ -r $SHARED/truststore/anchors.tsv ]]
}

# ---- what is served ---------------------------------------------------------

# pem_of URI: what is built in, as PEM and nothing else.
pem_of() {
    OPENSSL_CONF=$TMP/plain.cnf answer_of "$1" | sed -n '/BEGIN/,/END/p'
}

# built_in_pem: the built-in roots of us-west-2, and of no other region.
built_in_pem() {
    pem_of 'rds://region/us-west-2?role=root'
}

# nth_pem N...: these certificates of the PEM text on stdin, from 1.
nth_pem() {
    awk -v wanted=" $* " '/BEGIN CERTIFICATE/ { n++ }
        /BEGIN CERTIFICATE/, /END CERTIFICATE/ {
            if (index(wanted, " " n " ")) print }'
}

# mirrored NAME: takes a file for us-west-2 from stdin; it is then at
# $MIRROR/NAME.
mirrored() {
    mkdir -p "$WWW/mirror/$1/us-west-2"
    cat >"$WWW/mirror/$1/us-west-2/$FILE"
}

# The files that `rdsca update --retired` fetches.
EAST=rds-ca-us-gov-east-1-2017-root.pem
SUB=rds-ca-2017-us-gov-east-1-intermediate.pem
WEST=rds-ca-2012-us-gov-west-1.pem
COMBINED=rds-combined-ca-bundle.pem
GOV=rds-combined-ca-us-gov-bundle.pem

# pinned_retired FOLDER: puts files of these names there, of certificates that
# are pinned, and never the same in two.
pinned_retired() {
    mkdir -p "$1"
    pem_of rds://file/rds-ca-us-gov-west-1-2017-root.pem >"$1/$EAST"
    pem_of rds://file/rds-ca-2017-us-gov-west-1.pem >"$1/$SUB"
    pem_of rds://file/rds-ca-2015-root.pem >"$1/$WEST"
    pem_of rds://file/rds-ca-2019-root.pem >"$1/$COMBINED"
    pem_of rds://file/rds-ca-2019-us-west-2.pem >"$1/$GOV"
}

make_documents() {
    mkdir -p "$WWW/mirror" "$WWW/aws-cn/global" "$WWW/s3" "$WWW/s3-us-gov"
    if real; then
        # Copies: a test may do with them as it likes.
        cp -R --no-preserve=mode "$SHARED/truststore/aws" \
            "$SHARED/truststore/aws-us-gov" "$WWW"
    else
        mkdir -p "$WWW/aws/us-west-2" "$WWW/aws-us-gov"
        built_in_pem >"$WWW/aws/us-west-2/$FILE"
    fi
    pem_of rds://partition/aws-cn >"$WWW/aws-cn/global/global-bundle.pem"
    built_in_pem | mirrored good
    built_in_pem | mirrored private # user reader, password let-me-in
    printf 'reader:%s\n' "$(openssl passwd -apr1 let-me-in)" >"$TMP/users"
}

make_server_certificates() {
    pki_root ca 'Test CA'
    pki_leaf web none mirror.example issuer=ca \
        "san=$AWS_HOSTS,DNS:mirror.example"
    pki_leaf wrong none other.example issuer=ca
    pki_leaf expired none mirror.example issuer=ca 'from=-9 days' 'to=-1 day'
}

# ---- nginx ------------------------------------------------------------------

# nginx_server PORT CERTIFICATE NAME FOLDER [LINE...]
nginx_server() {
    printf 'server { listen 127.0.0.1:%s ssl; server_name %s; root %s;\n' \
        "$1" "$3" "$WWW/$4"
    printf 'ssl_certificate %s; ssl_certificate_key %s;\n' \
        "$PKI/$2.pem" "$PKI/$2.key"
    shift 4
    printf '%s\n' "$@" '}'
}

# shellcheck disable=SC2016 # these are nginx's variables
nginx_servers() {
    local -a cipher=('ssl_ciphers DEFAULT:@SECLEVEL=0;')

    nginx_server "$PORT" web truststore.pki.rds.amazonaws.com aws
    nginx_server "$PORT" web \
        truststore.pki.us-gov-west-1.rds.amazonaws.com aws-us-gov
    nginx_server "$PORT" web \
        rds-truststore.s3.cn-north-1.amazonaws.com.cn aws-cn
    nginx_server "$PORT" web s3.amazonaws.com s3
    nginx_server "$PORT" web s3.us-gov-west-1.amazonaws.com s3-us-gov
    nginx_server "$PORT" web mirror.example mirror \
        'location /to-http/ { return 301 http://mirror.example/good/; }' \
        'location /to-other/ { return 302 https://other.example/x; }' \
        'location /to-here/ { return 307 /good$request_uri; }' \
        'location /busy/ { return 503; }' \
        'location /many/ { return 429; }' \
        'location /denied/ { return 403; }' \
        "location /private/ { auth_basic mirror; \
            auth_basic_user_file $TMP/users; }"
    nginx_server "$WRONG_PORT" wrong other.example mirror
    nginx_server "$EXPIRED_PORT" expired mirror.example mirror
    nginx_server "$OLD_TLS_PORT" web mirror.example mirror \
        'ssl_protocols TLSv1.1;' "${cipher[@]}"
}

# start_nginx FOLDER PORT NAME: takes what stands in the section http from
# stdin; sets pid when there is an answer at the port, else NAME is a failed
# test, and the last one.
start_nginx() {
    local folder=$1 name

    mkdir -p "$folder"
    {
        printf 'daemon off; master_process off; pid %s; error_log stderr;\n' \
            "$folder/pid"
        printf 'events { worker_connections 256; }\nhttp {\n'
        for name in client_body proxy fastcgi uwsgi scgi; do
            printf '%s_temp_path %s;\n' "$name" "$folder/$name"
        done
        cat
        printf '}\n'
    } >"$folder/conf"
    OPENSSL_CONF=/dev/null start "$folder/log" nginx -p "$folder" \
        -c "$folder/conf"
    wait_port "$2" "$pid" "$folder/log" || { ok 1 "$3" || done_testing; }
}

# With a log of the requests.
nginx_http() {
    # shellcheck disable=SC2016 # these are nginx's variables
    printf 'log_format line escape=none %s;\naccess_log %s line;\n' \
        "'\$request_uri \$status \$http_if_none_match'" "$LOG"
    nginx_servers
}

serve() {
    need openssl perl nginx
    need_module
    rds_conf "$TMP/plain.cnf"
    use_conf
    make_documents
    make_server_certificates
    PORT=$(free_port) WRONG_PORT=$(free_port)
    EXPIRED_PORT=$(free_port) OLD_TLS_PORT=$(free_port)
    CLOSED_PORT=$(free_port)
    start_nginx "$TMP/nginx" "$PORT" 'nginx starts' < <(nginx_http)
}

# request COUNT PATH: the log's line of the COUNTth request for that path.
# nginx writes it a moment after the answer.
request() {
    local deadline=$((SECONDS + 5)) line

    while ((SECONDS < deadline)); do
        line=$(awk -v path="$2" '$1 == path' "$LOG" | sed -n "$1p")
        [[ -z $line ]] || break
        sleep 0.05
    done
    printf '%s\n' "$line"
}

# requests PATH: how many there were.
requests() {
    sleep 0.2
    awk -v path="$1" '$1 == path' "$LOG" | wc -l
}

# ---- odd answers ------------------------------------------------------------

# The first part of the path says what happens:
#   drip     200 bytes a second, without end
#   silent   headers, then nothing
#   short    half of the body, and the connection closes
#   zeros    10 MB of zeros, whose size no header tells
#   flaky    503 twice, then the file
#   unasked  304, without being asked
write_odd_server() {
    cat <<'END'
import http.server, ssl, sys, time

port, certificate, key, path = sys.argv[1:]
body = open(path, "rb").read()
asked = {}


class Handler(http.server.BaseHTTPRequestHandler):
    def start(self, status, size=None):
        self.send_response(status)
        if size is not None:
            self.send_header("Content-Length", str(size))
        self.end_headers()

    def do_GET(self):
        word = self.path.split("/")[1]
        asked[word] = asked.get(word, 0) + 1
        print(self.path, asked[word], flush=True)
        try:
            getattr(self, "do_" + word)(asked[word])
        except OSError:
            pass

    def do_drip(self, count):
        self.start(200)
        while True:
            self.wfile.write(b"-" * 20)
            time.sleep(0.1)

    def do_silent(self, count):
        self.start(200, len(body))
        time.sleep(60)

    def do_short(self, count):
        self.start(200, len(body))
        self.wfile.write(body[: len(body) // 2])

    def do_zeros(self, count):
        self.start(200)
        for _ in range(10):
            self.wfile.write(bytes(1 << 20))

    def do_flaky(self, count):
        if count < 3:
            self.start(503, 0)
        else:
            self.start(200, len(body))
            self.wfile.write(body)

    def do_unasked(self, count):
        self.start(304)

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = Server(("127.0.0.1", int(port)), Handler)
server.socket = context.wrap_socket(
    server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
END
}

# Returns 1 where there is no Python.
serve_odd() {
    local python=/usr/bin/python3

    [[ -x $python ]] || python=$(command -v python3) || return 1
    ODD_PORT=$(free_port)
    write_odd_server >"$TMP/odd.py"
    OPENSSL_CONF=/dev/null start "$TMP/odd.log" "$python" "$TMP/odd.py" \
        "$ODD_PORT" "$PKI/web.pem" "$PKI/web.key" \
        "$WWW/mirror/good/us-west-2/$FILE"
    wait_port "$ODD_PORT" "$pid" "$TMP/odd.log"
}

# ---- asking -----------------------------------------------------------------

# An empty bundle directory.
fresh() {
    rm -rf "$DIR"
    mkdir -m 755 "$DIR"
}

# An empty one but for a file of two roots, a day old.
fresh_with_old() {
    fresh
    built_in_pem | nth_pem 1 2 >"$DIR/$FILE"
    touch -d '-1 day' "$DIR/$FILE"
}

# update ARGUMENT...: `rdsca update` in $DIR, led to nginx.
update() {
    run "$RDSCA" update --settings - --directory "$DIR" --cacert "$CA" \
        --tries 1 \
        --connect-to "127.0.0.1:$PORT" "$@"
}

# update_ok NAME ARGUMENT...: it ends with 0 and complains about nothing.
update_ok() {
    local name=$1

    shift
    update "$@"
    [[ $status == 0 && -z $err ]]
    ok $? "$name" || show_run
}

SYSTEM_CAS=/etc/ssl/certs/ca-certificates.crt

# Whether the test CA can be made the system's, for one command.
can_be_system() {
    [[ -f $SYSTEM_CAS ]] &&
        unshare -m mount --bind "$CA" "$SYSTEM_CAS" 2>/dev/null
}

# as_system COMMAND...: run, while the test CA is all that the system trusts.
as_system() {
    # shellcheck disable=SC2016 # expanded inside
    run unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh \
        "$CA" "$SYSTEM_CAS" "$@"
}

# What stands in the directory: names, modes, dates and content.
state() {
    [[ -d $DIR ]] || { echo 'no directory' && return; }
    (cd "$DIR" && find . -mindepth 1 -printf '%p %m %T@ %l\n' \
        -type f -exec sha256sum {} \; | sort)
}

# unharmed NAME STATUS TEXT COMMAND...: it ends with STATUS, says TEXT in the
# one line of its standard error and nothing else, and the directory is as it
# was.
unharmed() {
    local name=$1 expected=$2 text=$3 before

    shift 3
    before=$(state)
    "$@"
    [[ $status == "$expected" && -z $out && $err == *"$text"* &&
        $err == 'rdsca '* && $err != *$'\n'* ]]
    ok $? "$name" || { show_run && diag "expected: $expected, $text"; }
    [[ $(state) == "$before" ]] ||
        { ok 1 "... $name: nothing changes" || show_difference "$(state)" "$before"; }
}

# installed FILE: the fingerprints that a file of the directory holds, sorted.
installed() {
    fingerprints_of_pem <"$DIR/$1" | sort
}

# age FILE: seconds since the date of a file in the directory.
age() {
    echo $(($(date +%s) - $(stat -c %Y "$DIR/$1")))
}

# json EXPRESSION: of the document $d on standard output, by Perl; "invalid"
# where that is none.
json() {
    perl -MJSON::PP -0777 -e '
        my $d = eval { decode_json(<STDIN>) } or print("invalid"), exit;
        print join " ", eval $ARGV[0];' "$1" <<<"$out"
}
