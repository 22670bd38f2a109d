# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# What a TLS client must see of a real server, whatever its protocol: sourced
# by postgres.t and mariadb.t after lib.sh and pki.sh.
#
# The test gives a function `serve CHAIN KEY` that (re)starts its server with
# these files and sets `port`, and the protocol's name for -starttls.
#
# The root reaches the provider through the directory of bundles, since the
# keys of the real roots are AWS's.

HOST=db.cluster-abc123def.us-west-2.rds.amazonaws.com
GOV_HOST=db.abc123def.us-gov-west-1.rds.amazonaws.com
WRONG_HOST=db.cluster-zzz999zzz.us-west-2.rds.amazonaws.com
NO_ISSUER='num=20:unable to get local issuer certificate'
HOST_MISMATCH='num=62:hostname mismatch'

tls_make_files() {
    pki_region us-west-2
    pki_region eu-west-1
    pki_region us-gov-west-1
    pki_leaf db us-west-2 "$HOST"
    pki_leaf gov us-gov-west-1 "$GOV_HOST"
    pki_bundle "$TMP/chain.pem" db sub-us-west-2
    mkdir "$TMP/west" "$TMP/gov" "$TMP/gov-root"
    pki_bundle "$TMP/west/us-west-2-bundle.pem" root-us-west-2
    pki_bundle "$TMP/west/eu-west-1-bundle.pem" root-eu-west-1
    pki_bundle "$TMP/gov/us-gov-west-1-bundle.pem" sub-us-gov-west-1 \
        root-us-gov-west-1
    pki_bundle "$TMP/gov-root/us-gov-west-1-bundle.pem" root-us-gov-west-1
}

# Each of these URIs names the root that issued the server's chain.
tls_verified() {
    local uri

    use_conf "rds-bundles=$TMP/west"
    for uri in rds://region/us-west-2 rds:region/us-west-2 \
        rds://region/us-west-2/rds-ca-ecc384-g1 "rds://host/$HOST:$port" \
        rds://global rds://all rds://region/eu-west-1,us-west-2+proxy \
        "rds://sha256/$(pki_sha256 root-us-west-2)" \
        rds://file/us-west-2-bundle.pem; do
        connects "the server is verified with $uri" "$1" "$port" "$HOST" \
            -CAstore "$uri"
    done
}

# The same server, the same tool, a plain CA file: what the others are like.
tls_plain_file() {
    connects 'the server is verified with a plain CA file' "$1" "$port" \
        "$HOST" -CAfile "$PKI/root-us-west-2.pem"
    connects_not 'the server is not verified with no trust anchors' \
        "$NO_ISSUER" "$1" "$port" "$HOST"
}

tls_not_verified() {
    local uri

    use_conf "rds-bundles=$TMP/west"
    for uri in rds://region/eu-west-1 rds://region/us-east-1 rds://proxy \
        rds://partition/aws-cn; do
        connects_not "the server is not verified with $uri" "$NO_ISSUER" \
            "$1" "$port" "$HOST" -CAstore "$uri"
    done
    connects_not 'another host name is refused' "$HOST_MISMATCH" \
        "$1" "$port" "$WRONG_HOST" -CAstore rds://region/us-west-2
}

# The built-in roots have the names of the generated ones, and other keys.
tls_same_name() {
    local uri

    use_conf
    for uri in rds://region/us-west-2 rds://all; do
        connects_not "a root of the same name does not vouch for it: $uri" \
            "$NO_ISSUER" "$1" "$port" "$HOST" -CAstore "$uri"
    done
}

# A URI that is mistyped must not become a connection without trust anchors.
tls_mistyped() {
    s_client "$1" "$port" "$HOST" -CAstore rds://region/us-wets-2
    [[ $status != 0 && $out != *'Verification: OK'* &&
        $err == *"unknown region 'us-wets-2', did you mean 'us-west-2'?"* ]]
    ok $? 'a mistyped URI is an error before the connection' || show_run
}

# The shape of GovCloud: the bundle holds root and subordinate, and the server
# may send its leaf alone.
tls_leaf_alone() {
    local uri=rds://region/us-gov-west-1

    serve "$PKI/gov.pem" "$PKI/gov.key" || return
    use_conf "rds-bundles=$TMP/gov"
    is "$(names_of $uri)" 'Amazon RDS us-gov-west-1 Root CA ECC384 G1
Amazon RDS us-gov-west-1 Subordinate CA ECC384 G1.A.1' \
        'the default answer has root and subordinate, the root first'
    connects 'a server that sends its leaf alone is verified' \
        "$1" "$port" "$GOV_HOST" -CAstore $uri
    is "$(grep -c 'BEGIN CERTIFICATE' <<<"$out")" 1 \
        '... and it did send one certificate only'
    connects '... with its host as URI, too' "$1" "$port" "$GOV_HOST" \
        -CAstore "rds://host/$GOV_HOST"
    connects_not '... but not with the root alone' "$NO_ISSUER" \
        "$1" "$port" "$GOV_HOST" -CAstore "$uri?role=root"
    use_conf "rds-bundles=$TMP/gov-root"
    connects_not '... nor with a bundle that has the root alone' \
        "$NO_ISSUER" "$1" "$port" "$GOV_HOST" -CAstore $uri
}

# tls_cases STARTTLS
tls_cases() {
    serve "$TMP/chain.pem" "$PKI/db.key"
    ok $? 'the server runs' || return
    tls_plain_file "$1"
    tls_verified "$1"
    tls_not_verified "$1"
    tls_same_name "$1"
    tls_mistyped "$1"
    tls_leaf_alone "$1"
}
