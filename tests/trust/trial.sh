#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: trial.sh NAME PINS
#
# A self-signed root with the name of a root of Amazon Trust Services: NAME.pem,
# NAME.key, and NAME.tsv, which is PINS with a pin of it.  For tests only.
set -eu

# field OPTION...: what openssl says of the root, after the "=".
field() {
    openssl x509 -in "$1.pem" -noout "$2" -dateopt iso_8601 |
        sed 's/^[^=]*=//; s/ /T/'
}

OPENSSL_CONF=/dev/null openssl req -new -x509 -sha256 -days 7300 \
    -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj '/C=US/O=Amazon/CN=Amazon Root CA 1' \
    -addext 'basicConstraints = critical,CA:TRUE' \
    -addext 'keyUsage = critical,digitalSignature,keyCertSign,cRLSign' \
    -addext 'subjectKeyIdentifier = hash' \
    -keyout "$1.key" -out "$1.pem.new" 2>"$1.log" || {
    cat "$1.log" >&2
    exit 1
}
mv "$1.pem.new" "$1.pem"
sha256=$(openssl x509 -in "$1.pem" -outform DER | openssl dgst -sha256 -r)
{
    cat "$2"
    printf '%s\tAmazon Root CA 1\t%s\t%s\ttrial\n' "${sha256%% *}" \
        "$(field "$1" -startdate)" "$(field "$1" -enddate)"
} >"$1.tsv"
rm -f "$1.log"
