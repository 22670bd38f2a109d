#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# States two facts of OpenSSL that no provider can change, and proves that the
# URIs that we document are not affected.
#
# 1. OpenSSL tries every URI as a file name first.  A file `rds:region/...`
#    below the working directory captures `rds:region/...`.  It does not
#    capture `rds://region/...`.
# 2. SSL_CERT_DIR=rds:... is taken as a store URI by OpenSSL 3.0 and 3.1, and
#    is also split at the colon into directories, one of them `./rds`.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need openssl
need_module
# shellcheck source=pki.sh
. "$ROOT/tests/system/pki.sh"

URI=rds://region/us-west-2
HOST=db.cluster-abc123def.us-west-2.rds.amazonaws.com

# Whoever can write to the working directory plants these files.
plant_files() {
    mkdir -p "$TMP/cwd/rds:region" "$TMP/cwd/rds:/region" \
        "$TMP/cwd/region" "$TMP/cwd/rds"
    cp "$PKI/root-us-west-2.pem" "$TMP/cwd/rds:region/us-west-2"
    cp "$PKI/root-us-west-2.pem" "$TMP/cwd/rds:/region/us-west-2"
    cp "$PKI/root-us-west-2.pem" "$TMP/cwd/region/us-west-2"
}

file_name() {
    local planted

    planted=$(pki_sha256 root-us-west-2)
    is "$(cd "$TMP/cwd" && fingerprints_of rds:region/us-west-2)" "$planted" \
        'a planted file captures rds:region/us-west-2 (a fact of OpenSSL)'
    is "$(cd "$TMP/cwd" && fingerprints_of $URI)" "$(fingerprints_of $URI)" \
        'no planted file captures rds://region/us-west-2'
    is "$(fingerprints_of $URI | wc -l)" 3 '... which has its three roots'
}

# In a connection: the planted root must not vouch for anything.
file_name_in_verification() {
    (cd "$TMP/cwd" && openssl verify -CAstore rds:region/us-west-2 \
        -untrusted "$PKI/sub-us-west-2.pem" "$PKI/db.pem") >"$TMP/verify" 2>&1
    ok $? 'with rds: the planted root vouches for a server (a fact of OpenSSL)'
    run_fails 'with rds:// it does not' 'error 19' \
        env -C "$TMP/cwd" openssl verify -CAstore $URI \
        -untrusted "$PKI/chain.pem" "$PKI/db.pem"
}

# verify_with_cert_dir VALUE: verifies the leaf with nothing but SSL_CERT_DIR.
verify_with_cert_dir() {
    run env -C "$TMP/cwd" "SSL_CERT_DIR=$1" "SSL_CERT_FILE=$TMP/none" \
        openssl verify -untrusted "$PKI/sub-us-west-2.pem" "$PKI/db.pem"
}

cert_dir_is_a_store() {
    local name='SSL_CERT_DIR=rds://... is a store URI in OpenSSL 3.0 and 3.1'

    mkdir "$TMP/bundles"
    pki_bundle "$TMP/bundles/us-west-2-bundle.pem" root-us-west-2
    use_conf "rds-bundles=$TMP/bundles"
    verify_with_cert_dir $URI
    case $(openssl version) in
    'OpenSSL 3.0.'* | 'OpenSSL 3.1.'*)
        [[ $status == 0 && $out == *': OK' ]]
        ok $? "$name" || show_run
        ;;
    *)
        [[ $status != 0 && $err == *'error 20'* ]]
        ok $? "${name/ is / is only }" || show_run
        ;;
    esac
    # shellcheck disable=SC2119 # no keys
    use_conf
    verify_with_cert_dir $URI
    [[ $status != 0 && $err == *'error 20'* ]]
    ok $? '... and trusts no more than its URI' || show_run
}

# The same value is a list of directories, "rds" among them.
cert_dir_is_split() {
    local hash

    hash=$(openssl x509 -in "$PKI/root-us-west-2.pem" -noout -subject_hash)
    cp "$PKI/root-us-west-2.pem" "$TMP/cwd/rds/$hash.0"
    verify_with_cert_dir rds://region/eu-west-1
    [[ $status == 0 && $out == *': OK' ]]
    ok $? 'SSL_CERT_DIR=rds:... trusts ./rds/HASH.0 (a fact of OpenSSL)' ||
        show_run
}

pki_region us-west-2
pki_leaf db us-west-2 "$HOST"
cat "$PKI/sub-us-west-2.pem" "$PKI/root-us-west-2.pem" >"$PKI/chain.pem"
# shellcheck disable=SC2119 # no keys
use_conf
plant_files
file_name
file_name_in_verification
cert_dir_is_a_store
cert_dir_is_split
done_testing
