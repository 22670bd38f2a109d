#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that curl, in its OpenSSL flavour, reaches a TLS server by the line
# rds-trust alone, with its default CA file and with a stale --cacert, and
# that its check of names stays whole.

# shellcheck disable=SC2016,SC2317 # other languages; functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need curl
[[ $(curl --version) == *OpenSSL/3* ]] ||
    skip_all 'curl is not built with OpenSSL 3'
make_pki
make_refused
https_servers

# ask HOST PORT CA
ask() {
    client curl -sS --noproxy '*' --resolve "$1:$2:127.0.0.1" \
        ${3:+--cacert "$3"} "https://$1:$2/"
}

version curl "$(curl --version | head -n 1 | cut -d ' ' -f 1-2,5)"
client_cases curl ask 'unable to get local issuer certificate' \
    'no alternative certificate subject name matches'
done_testing
