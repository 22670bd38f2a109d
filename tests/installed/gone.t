#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves what is left when the module goes and the configuration still names
# it: TLS with other servers works as before, an rds: URI is an error, and a
# server that rds-trust vouched for is refused.  The module is a copy of the
# installed one, in a folder of the test's own.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
install -m 644 "$MODULE" "$TMP/rds-copy.so"
MODULE=$TMP/rds-copy.so
make_pki
pki_sub private-sub private 'Private Sub'
pki_leaf www '' www.example.com issuer=private-sub
pki_bundle "$PKI/www-chain.pem" www private-sub
https_server www
https_server db

# verifies SERVER HOST [OPTION...]
verifies() {
    client openssl s_client -connect "127.0.0.1:${ports[$1]}" \
        -verify_hostname "$2" -verify_return_error "${@:3}"
    [[ $status == 0 && $out == *'Verification: OK'* ]]
}

# unrelated WHEN: a server of a private CA.
unrelated() {
    verifies www www.example.com -CAfile "$PRIVATE"
    ok $? "$1: a server of another CA is verified" || show_run
    ! verifies www www.example.com
    ok $? "$1: but not without that CA" || show_run
}

with_line
unrelated 'with the module'
verifies db "$HOST"
ok $? 'with the module: rds-trust holds' || show_run
finds 1 "rds://region/$REGION"

rm "$MODULE"
unrelated 'without it'
! verifies db "$HOST"
ok $? 'without it: nothing is trusted by rds-trust' || show_run
like "$err" 'num=20:unable to get local issuer certificate' \
    'and the error says that there is no issuer'
refuses "rds://region/$REGION" "Couldn't open file or uri rds://region/$REGION"
done_testing
