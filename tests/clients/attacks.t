#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves, with curl and psql, and nginx as a server that verifies clients, that
# the line rds-trust lets nobody pass but the endpoints in scope.  Who holds a
# key of that CA, or an RDS instance of another account, is refused, and the
# log names the clause of the rule.  The control shows that the refusal is the
# rule's: a client with the root in a CA file accepts the same certificate.

# shellcheck disable=SC2016,SC2317 # other languages; functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need curl psql
make_pki
pki_region eu-west-1
pki_region us-gov-west-1
make_postgres
mv "$TMP/postgres" "$TMP/postgres-attack"

ROOT_FILE=$PKI/root-$REGION.pem
ACCOUNT=zzz999zzz # of the attacker
STRANGER=db.cluster-$ACCOUNT.$REGION.rds.amazonaws.com
WRITER=db.global-$LABEL.global.rds.amazonaws.com
FOREIGN='a name that is no endpoint in scope'
HTTPS_PROOF='Ciphers supported in s_server'

pki_bundle "$TMP/bundles/eu-west-1-bundle.pem" root-eu-west-1
pki_bundle "$TMP/bundles/us-gov-west-1-bundle.pem" root-us-gov-west-1

# ---- the two clients --------------------------------------------------------

# with_leaf NAME: a web server and a database with this leaf.
with_leaf() {
    local data=$TMP/postgres-attack

    [[ -z ${web_pid:-} ]] || stop "$web_pid"
    [[ -z ${sql_pid:-} ]] || stop "$sql_pid"
    https_server "$1"
    web_pid=$pid web=${ports[$1]}
    install -m 600 "$PKI/$1-chain.pem" "$data/server.crt"
    install -m 600 "$PKI/$1.key" "$data/server.key"
    ((EUID != 0)) || chown postgres "$data"/server.*
    postgres_server attack
    sql_pid=$pid sql=${ports[attack]}
}

# ask_curl HOST CA
ask_curl() {
    PROOF=$HTTPS_PROOF
    rm -f "$LOG"
    run env "RDS_PROVIDER_DEBUG=file:$LOG,level:2" curl -sS --noproxy '*' \
        --resolve "$1:$web:127.0.0.1" --cacert "$2" "https://$1:$web/"
}

# ask_psql HOST CA [MODE]
ask_psql() {
    PROOF=proof-42
    rm -f "$LOG"
    run env "RDS_PROVIDER_DEBUG=file:$LOG,level:2" psql -XAt -c "$QUERY" \
        "host=$1 hostaddr=127.0.0.1 port=$sql user=test dbname=postgres \
sslmode=${3:-verify-full} sslrootcert=$2"
}

# logged NAME TEXT: the log of the last run.
logged() {
    like "$(cat "$LOG" 2>/dev/null)" "$2" "$1"
}

# attack NAME LEAF HOST TEXT [CONTROL]: both clients ask for HOST, are refused,
# and the log says TEXT.  CONTROL names the clients that accept the leaf by a
# CA file: both by default, or "none".
attack() {
    local name=$1 leaf=$2 host=$3 text=$4 control=${5:-curl psql} client

    with_leaf "$leaf"
    for client in curl psql; do
        with_line
        "ask_$client" "$host" "$PRIVATE"
        refused "$name: $client refuses" "$(words "$client")"
        logged "... and the log says why: $text" "$text"
        unlike "$(cat "$LOG")" ' offered for ' '... and no anchor was offered'
        [[ $control == *$client* ]] || continue
        without_line
        "ask_$client" "$host" "$ROOT_FILE"
        accepted "... where it accepts with the root in a file"
    done
}

words() {
    case $1 in
    curl) echo 'SSL certificate problem: ' ;;
    psql) echo 'certificate verify failed' ;;
    esac
}

# welcome NAME LEAF HOST: both clients accept.
welcome() {
    local client

    with_leaf "$2"
    with_line
    for client in curl psql; do
        "ask_$client" "$3" "$PRIVATE"
        accepted "$1: $client accepts"
        logged '... by an anchor' ' offered for '
    done
}

# ---- leaves that are not an endpoint's --------------------------------------

# der_san NAME...: a subjectAltName with these dNSNames; "%" is a NUL.
der_san() {
    perl -e '
        sub der {
            my ($tag, $body) = @_;
            my $size = length $body;
            return $tag . ($size > 127 ? "\x81" : "") . chr($size) . $body;
        }
        print "DER:", unpack "H*",
            der("\x30", join "", map { der("\x82", tr/%/\0/r) } @ARGV)' \
        -- "$@"
}

foreign_leaves() {
    conf_for rds://all+proxy
    leaf evil "$EVIL"
    attack 'another name' evil "$EVIL" "$FOREIGN: '$EVIL'"
    leaf two "$HOST" san="DNS:$HOST,DNS:$EVIL"
    attack 'an endpoint and another name' two "$EVIL" "$FOREIGN: '$EVIL'"
    leaf fake fake-rds.amazonaws.com
    attack 'a look-alike of the suffix' fake fake-rds.amazonaws.com \
        "$FOREIGN: 'fake-rds.amazonaws.com'"
    leaf nul "$HOST" san="$(der_san "$HOST%.$EVIL" "$HOST")"
    attack 'a NUL in a name' nul "$HOST" 'a malformed dNSName' curl
    leaf writer "$WRITER"
    attack 'a global writer alone' writer "$WRITER" 'global writer names only'
}

# Names that only a careless reader sees: in the common name.
common_names() {
    leaf empty "$EVIL" san=DER:3000
    attack 'an empty SAN, CN another name' empty "$EVIL" \
        'empty subjectAltName'
    leaf other-name "$EVIL" san='otherName:1.2.3.4;UTF8:x'
    attack 'an otherName, CN another name' other-name "$EVIL" \
        'a subjectAltName entry that is no dNSName'
    leaf no-san "$EVIL" san=none
    attack 'no SAN, CN another name' no-san "$EVIL" \
        'no subjectAltName extension'
    leaf no-san-own "$HOST" san=none subject="/CN=$HOST"
    attack 'no SAN, CN an endpoint' no-san-own "$HOST" \
        'no subjectAltName extension'
    leaf address "$HOST" subject=/CN=127.0.0.1
    attack 'an endpoint, CN an address' address 127.0.0.1 \
        "a common name that is no endpoint in scope: '127.0.0.1'" psql
}

# What is not for a TLS server.
wrong_kinds() {
    leaf mail "$HOST" subject="/CN=$HOST/emailAddress=root@$EVIL"
    attack 'an e-mail address in the subject' mail "$HOST" \
        'an e-mail address in the subject'
    leaf client-only "$HOST" eku=clientAuth
    attack 'for TLS clients only' client-only "$HOST" \
        'not for TLS servers (extended key usage)' none
    pki_key as-ca ECC384
    pki_sign as-ca "sub-$REGION" "/CN=$HOST" "$(pki_date '-1 day')" \
        "$(pki_date '+1 year')" <<END
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
keyUsage = critical, digitalSignature, keyCertSign
subjectAltName = DNS:$HOST
END
    pki_bundle "$PKI/as-ca-chain.pem" as-ca "sub-$REGION"
    attack 'a CA as the server' as-ca "$HOST" \
        'a CA, proxy'
}

# ---- endpoints out of scope -------------------------------------------------

other_regions() {
    local host=db.cluster-$LABEL.eu-west-1.rds.amazonaws.com

    pki_leaf eu eu-west-1 "$host"
    pki_bundle "$PKI/eu-chain.pem" eu sub-eu-west-1
    conf_for "rds://region/$REGION"
    ROOT_FILE=$PKI/root-eu-west-1.pem
    attack "another region under rds://region/$REGION" eu "$host" \
        "$FOREIGN: '$host'"
    # The whole family is in scope, but each CA vouches for its region only.
    conf_for rds://all
    welcome 'that region under rds://all' eu "$host"
    pki_leaf stray eu-west-1 "$HOST"
    pki_bundle "$PKI/stray-chain.pem" stray sub-eu-west-1
    no_anchor "a CA of another region" stray
    pki_leaf gov us-gov-west-1 "$HOST"
    pki_bundle "$PKI/gov-chain.pem" gov sub-us-gov-west-1
    no_anchor 'a CA of another partition' gov
    ROOT_FILE=$PKI/root-$REGION.pem
}

# no_anchor NAME LEAF: the leaf is in scope, but no anchor vouches for it.
no_anchor() {
    local client

    with_leaf "$2"
    with_line
    for client in curl psql; do
        "ask_$client" "$HOST" "$PRIVATE"
        refused "$1: $client refuses" "$(words "$client")"
        unlike "$(cat "$LOG")" ' offered for ' '... and no anchor was offered'
    done
}

# A client that does not check names accepts whatever is in scope.  That is
# why the narrow form is the recommended one.
other_accounts() {
    conf_for "$SCOPE"
    leaf stranger "$STRANGER"
    attack 'another account under rds://host/ENDPOINT' stranger "$STRANGER" \
        "$FOREIGN: '$STRANGER'"
    with_line
    ask_psql "$HOST" "$PRIVATE" verify-ca
    refused 'another account: psql with verify-ca refuses' \
        'certificate verify failed'
    logged '... and the log says why' "$FOREIGN: '$STRANGER'"
    ask_psql "$STRANGER" "$PRIVATE" verify-ca
    refused '... under its own name, too' 'certificate verify failed'
    conf_for "rds://region/$REGION"
    ask_psql "$HOST" "$PRIVATE" verify-ca
    accepted '... which a whole region in scope does not prevent'
    ask_psql "$HOST" "$PRIVATE" verify-full
    refused '... but verify-full does' 'does not match host name'
}

# The server is an endpoint, but the client asks for another.
other_identity() {
    local text="the application expects another identity: '$EVIL'"

    conf_for rds://all+proxy
    with_leaf db
    with_line
    rm -f "$LOG"
    run env "RDS_PROVIDER_DEBUG=file:$LOG,level:2" openssl s_client \
        -connect "127.0.0.1:$web" -verify_hostname "$EVIL" \
        -verify_return_error -CAfile "$PRIVATE"
    refused 'an endpoint in the place of another name: s_client refuses' \
        'unable to get local issuer certificate'
    logged '... and the log says why' "$text"
    rm -f "$LOG"
    run env "RDS_PROVIDER_DEBUG=file:$LOG,level:2" openssl s_client \
        -connect "127.0.0.1:$web" -verify_ip 127.0.0.1 \
        -verify_return_error -CAfile "$PRIVATE"
    refused 'an endpoint in the place of an address: s_client refuses' \
        'unable to get local issuer certificate'
    logged '... and the log says why' \
        'the application expects another identity'
    ask_curl "$EVIL" "$PRIVATE"
    refused 'an endpoint in the place of another name: curl refuses' \
        'SSL'
    ask_psql 127.0.0.1 "$PRIVATE"
    refused 'an endpoint in the place of an address: psql refuses' \
        'does not match host name "127.0.0.1"'
}

# The anchors vouch for TLS servers, whatever a verifier asks for.
other_purposes() {
    local purpose
    local -a verify=(openssl verify -CAfile "$PRIVATE"
        -untrusted "$PKI/sub-$REGION.pem")

    conf_for rds://all+proxy
    with_line
    run_ok 'openssl verify accepts the endpoint for TLS servers' \
        "${verify[@]}" -purpose sslserver "$PKI/db.pem"
    for purpose in sslclient smimesign smimeencrypt crlsign timestampsign \
        any; do
        run_fails "... but not for $purpose" 'verification failed' \
            "${verify[@]}" -purpose "$purpose" "$PKI/db.pem"
    done
    run_fails '... nor where no purpose is stated' 'error 28' \
        "${verify[@]}" "$PKI/db.pem"
    run_fails '... nor with -partial_chain' 'verification failed' \
        "${verify[@]}" -partial_chain -purpose any "$PKI/db.pem"
}

# An endpoint that signs an OCSP answer about a certificate of another CA.
ocsp_answers() {
    local -a ask=(openssl ocsp -issuer "$PRIVATE" -cert "$PKI/www.pem")

    pki_leaf www '' www.example.com issuer=private
    printf 'V\t401231235959Z\t\t01\tunknown\t/CN=x\n' >"$TMP/index.txt"
    without_line
    run "${ask[@]}" -no_nonce -reqout "$TMP/ocsp.req"
    run openssl ocsp -index "$TMP/index.txt" -CA "$PRIVATE" \
        -reqin "$TMP/ocsp.req" -respout "$TMP/ocsp.resp" \
        -rsigner "$PKI/db.pem" -rkey "$PKI/db.key" \
        -rother "$PKI/sub-$REGION.pem"
    ok "$status" 'an endpoint signs an OCSP answer' || show_run
    with_line
    run "${ask[@]}" -no_nonce -CAfile "$PRIVATE" -respin "$TMP/ocsp.resp"
    like "$err" 'root ca not trusted' \
        '... which openssl ocsp does not believe'
}

# What else makes a certificate bad stays bad.
bad_certificates() {
    conf_for "$SCOPE"
    leaf late "$HOST" from='-9 days' to='-1 day'
    with_leaf late
    with_line
    ask_curl "$HOST" "$PRIVATE"
    refused 'an expired endpoint: curl refuses' 'certificate has expired'
    ask_psql "$HOST" "$PRIVATE"
    refused 'an expired endpoint: psql refuses' 'certificate verify failed'
    # A root of the same name, made by somebody else.
    pki_root "forged-$REGION" "Amazon RDS $REGION Root CA ECC384 G1"
    pki_sub "forged-sub-$REGION" "forged-$REGION" \
        "Amazon RDS $REGION Subordinate CA ECC384 G1.A.1"
    pki_leaf forged "$REGION" "$HOST" issuer="forged-sub-$REGION"
    pki_bundle "$PKI/forged-chain.pem" forged "forged-sub-$REGION" \
        "forged-$REGION"
    with_leaf forged
    with_line
    ask_curl "$HOST" "$PRIVATE"
    refused 'a forged root of the same name: curl refuses' \
        'SSL certificate problem: '
    ask_psql "$HOST" "$PRIVATE"
    refused 'a forged root of the same name: psql refuses' \
        'certificate verify failed'
    rds_conf "$TMP/on.cnf" "rds-bundles=$TMP/bundles" "rds-trust=$SCOPE" \
        "rds-distrust=$(pki_sha256 "root-$REGION")"
    no_anchor 'a root in rds-distrust' db
}

# ---- what is accepted -------------------------------------------------------

endpoints() {
    local long
    long=a-quite-long-name-of-an-instance-in-our-account.$LABEL.$REGION
    long+=.rds.amazonaws.com

    conf_for "$SCOPE"
    leaf any "$HOST" san="DNS:*.cluster-$LABEL.$REGION.rds.amazonaws.com"
    welcome 'a wildcard of the account' any "$HOST"
    leaf reader "$HOST" \
        san="DNS:*.cluster-ro-$LABEL.$REGION.rds.amazonaws.com,DNS:$HOST"
    welcome 'several endpoints of the account' reader "$HOST"
    leaf long "$long"
    welcome "a common name of ${#long} characters" long "$long"
    leaf cut "$long" subject="/CN=${long:0:64}"
    attack 'a common name cut at 64 characters' cut "$long" \
        "a common name that is no endpoint in scope: '${long:0:64}'"
    leaf writer-too "$HOST" san="DNS:$HOST,DNS:$WRITER"
    welcome 'a global writer beside the endpoint' writer-too "$WRITER"
    leaf wide "$HOST" san="DNS:*.cluster-$ACCOUNT.$REGION.rds.amazonaws.com" \
        subject="/CN=$STRANGER"
    attack 'a wildcard of another account' wide "$STRANGER" \
        "$FOREIGN: '*.cluster-$ACCOUNT.$REGION.rds.amazonaws.com'"
    leaf wider "$HOST" san='DNS:*.rds.amazonaws.com' subject="/CN=$HOST"
    conf_for rds://all+proxy
    attack 'a wildcard of everything' wider x.rds.amazonaws.com \
        "$FOREIGN: '*.rds.amazonaws.com'"
}

# ---- servers that verify clients --------------------------------------------

# With this leaf an RDS instance may try to log in somewhere.
client_certificates() {
    local port

    conf_for rds://all+proxy
    has nginx 'nginx with ssl_verify_client' || return
    port=$(free_port)
    mkdir "$TMP/nginx"
    nginx_server "$port" "$PRIVATE"
    ask_with_certificate "$port"
    refused 'nginx with ssl_verify_client refuses a certificate of that CA' \
        '400 The SSL certificate error'
    logged '... with rds-trust in that process' 'rds-trust: rds://all+proxy'
    stop "$pid"
    nginx_server "$port" "$PKI/root-$REGION.pem"
    ask_with_certificate "$port"
    accepted '... where it accepts it with the root in a file'
    stop "$pid"
    port=$(free_port)
    rm -f "$LOG"
    with_line
    start "$TMP/verify.log" env "RDS_PROVIDER_DEBUG=file:$LOG,level:2" openssl s_server -www \
        -accept "127.0.0.1:$port" -cert "$PKI/db.pem" \
        -key "$PKI/db.key" -CAfile "$PRIVATE" -Verify 3 \
        -verify_return_error
    wait_port "$port" "$pid" "$TMP/verify.log"
    PROOF=$HTTPS_PROOF
    ask_with_certificate "$port"
    refused 's_server -Verify refuses a certificate of that CA' 'alert'
    logged '... with rds-trust in that process' 'rds-trust: rds://all+proxy'
    stop "$pid"
}

# nginx_server PORT CA
nginx_server() {
    cat >"$TMP/nginx/nginx.conf" <<END
daemon off; master_process off; pid $TMP/nginx/pid;
error_log $TMP/nginx/error.log info;
events {}
http {
    access_log off;
    client_body_temp_path $TMP/nginx/1; proxy_temp_path $TMP/nginx/2;
    fastcgi_temp_path $TMP/nginx/3; uwsgi_temp_path $TMP/nginx/4;
    scgi_temp_path $TMP/nginx/5;
    server {
        listen 127.0.0.1:$1 ssl;
        ssl_certificate $PKI/db.pem;
        ssl_certificate_key $PKI/db.key;
        ssl_verify_client on;
        ssl_verify_depth 3;
        ssl_client_certificate $2;
        return 200 'nginx-let-us-in';
    }
}
END
    with_line
    PROOF=nginx-let-us-in
    rm -f "$LOG"
    start "$TMP/nginx/out.log" env "RDS_PROVIDER_DEBUG=file:$LOG,level:2" nginx -e "$TMP/nginx/error.log" \
        -c "$TMP/nginx/nginx.conf"
    wait_port "$1" "$pid" "$TMP/nginx/error.log"
}

# ask_with_certificate PORT: fails on an answer 400.
ask_with_certificate() {
    run env -u OPENSSL_CONF curl -sS -k --fail-with-body --noproxy '*' \
        --cert "$PKI/db-chain.pem" --key "$PKI/db.key" \
        "https://127.0.0.1:$1/"
}

welcome 'the endpoint itself' db "$HOST"
foreign_leaves
common_names
wrong_kinds
other_regions
other_accounts
other_identity
other_purposes
ocsp_answers
bad_certificates
endpoints
client_certificates
done_testing
