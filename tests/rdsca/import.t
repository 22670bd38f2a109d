#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves `rdsca import`: which forms it understands, how it learns what a file
# is for, what its date means, and that it refuses what `rdsca update`
# refuses, with the old file untouched.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"
need openssl perl
need_module
rds_conf "$TMP/plain.cnf"
use_conf "rds-bundles=$DIR"

IN=$TMP/in
WEST=rds://region/us-west-2
mkdir "$IN"

import() {
    run "$RDSCA" import "$@"
}

# import_stdin FILE ARGUMENT...
import_stdin() {
    # shellcheck disable=SC2016 # expanded inside
    run bash -c '"${@:2}" <"$1"' bash "$1" "$RDSCA" import "${@:2}"
}

import_ok() {
    local name=$1

    shift
    import "$@"
    [[ $status == 0 && -z $err ]]
    ok $? "$name" || show_run
}

# refused NAME TEXT ARGUMENT...
refused() {
    unharmed "$1" 4 "$2" import "${@:3}"
}

misused() {
    unharmed "$1" 2 "$2" import "${@:3}"
}

# holds NAME [FILE]: the installed file has the three roots of us-west-2.
holds() {
    is "$(installed "${2:-$FILE}" 2>/dev/null)" \
        "$(built_in_pem | fingerprints_of_pem | sort)" "$1"
}

# as_p7b PEM OUT [OPTION...]: as AWS writes it.
as_p7b() {
    local pem=$1 out=$2

    shift 2
    openssl crl2pkcs7 -nocrl -certfile "$pem" -out "$out" "$@"
}

# ---- forms ------------------------------------------------------------------

forms() {
    local name=us-west-2-bundle

    built_in_pem >"$IN/$FILE"
    as_p7b "$IN/$FILE" "$IN/$name.p7b"
    mkdir "$IN/der"
    as_p7b "$IN/$FILE" "$IN/der/$name.p7b" -outform DER
    fresh
    import_ok 'PEM' "$IN/$FILE"
    is "$out" "$FILE: installed, 3 certificates, 3 pinned, from $IN/$FILE" \
        '... is reported'
    holds '... and installed'
    is "$(stat -c %a "$DIR/$FILE")" 644 '... with mode 0644'
    is "$(find "$DIR" -mindepth 1 -printf '%f\n')" "$FILE" \
        '... and nothing beside it'
    fresh
    import_ok 'PKCS#7 in PEM' "$IN/$name.p7b"
    holds '... becomes PEM'
    fresh
    import_ok 'PKCS#7 in DER' "$IN/der/$name.p7b"
    holds '... becomes PEM'
    fresh
    sed 's/$/\r/' "$IN/$FILE" >"$IN/windows.pem"
    import_ok 'PEM with the line ends of Windows' --for us-west-2 \
        "$IN/windows.pem"
    holds '... is installed'
    unlike "$(cat "$DIR/$FILE")" $'\r' '... with those of Unix'
    fresh
    { echo 'Root CAs:' && sed 's/^-----BEGIN/# next\n&/' "$IN/$FILE"; } \
        >"$IN/comments.pem"
    import_ok 'PEM with comments' --for us-west-2 "$IN/comments.pem"
    holds '... is installed'
}

# ---- what a file is for -----------------------------------------------------

purposes() {
    local global=aws-cn-global-bundle.pem

    fresh
    import_stdin "$IN/$FILE" --for us-west-2 -
    is "$status" 0 'standard input' || show_run
    like "$out" 'from standard input' '... is named so'
    holds '... and installed'
    misused 'standard input without --for' \
        "'-' names no region and no partition; say --for WORD" -
    cp "$IN/$FILE" "$IN/roots.pem"
    misused 'a file whose name says nothing' \
        "'$IN/roots.pem' names no region and no partition; say --for WORD" \
        "$IN/roots.pem"
    fresh
    import_ok '--for says it' --for us-west-2 "$IN/roots.pem"
    holds '... and the file gets its right name'
    pem_of rds://partition/aws-cn >"$IN/$global"
    import_ok "a partition's global file" "$IN/$global"
    cp "$IN/$global" "$IN/global-bundle.pem"
    fresh
    import_ok '--for a partition' --for aws-cn "$IN/global-bundle.pem"
    is "$(installed "$global")" "$(fingerprints_of_pem <"$IN/$global" | sort)" \
        '... makes its global file'
    misused '--for a word that is neither' "'us_west_2' names no region" \
        --for us_west_2 "$IN/$FILE"
    misused '--for a path' "'../us-west-2' names no region" \
        --for ../us-west-2 "$IN/$FILE"
    misused '--for a very long word' 'names no region' \
        --for "$(printf 'a%.0s' {1..300})" "$IN/$FILE"
    misused 'no file' "no FILE; try 'rdsca import --help'"
    misused 'two files' 'more than one FILE' "$IN/$FILE" "$IN/$FILE"
    misused 'an unknown option' "unknown option '--frobnicate'" --frobnicate
    refused 'a file that is not there' "$IN/none/$FILE: cannot read: No such" \
        "$IN/none/$FILE"
    refused 'a directory' "$IN: cannot read: Is a directory" --for us-west-2 \
        "$IN"
    run_ok '--help explains' "$RDSCA" import --help
    like "$out" 'usage: rdsca import' '... on standard output'
}

# AWS's own file for GovCloud: 6 roots, and 4 intermediates whose names say
# neither "Root" nor "Subordinate CA".
govcloud() {
    local file=aws-us-gov-global-bundle.pem
    local served=$SHARED/truststore/aws-us-gov/global/global-bundle.pem

    real || { skip "AWS's file for GovCloud" 'no ../shared' && return; }
    fresh
    cp "$served" "$IN/$file"
    touch "$IN/$file"
    import_ok "AWS's file for GovCloud" "$IN/$file"
    is "$out" "$file: installed, 10 certificates, 10 pinned, from $IN/$file" \
        '... is whole and pinned'
    is "$(installed "$file")" "$(fingerprints_of_pem <"$served" | sort)" \
        '... as AWS serves it'
    finds 10 rds://partition/aws-us-gov
    is "$(names_of rds://partition/aws-us-gov)" \
        'Amazon RDS us-gov-east-1 Root CA ECC384 G1
Amazon RDS us-gov-east-1 Root CA RSA2048 G1
Amazon RDS us-gov-east-1 Root CA RSA4096 G1
Amazon RDS us-gov-east-1 RSA2048 G1
Amazon RDS us-gov-east-1 RSA4096 G1
Amazon RDS us-gov-west-1 Root CA ECC384 G1
Amazon RDS us-gov-west-1 Root CA RSA2048 G1
Amazon RDS us-gov-west-1 Root CA RSA4096 G1
Amazon RDS us-gov-west-1 RSA2048 G1
Amazon RDS us-gov-west-1 RSA4096 G1' '... the roots of each region first'
    finds 5 rds://region/us-gov-west-1
    finds 3 'rds://region/us-gov-west-1?role=root'
    finds 2 rds://region/us-gov-west-1/rds-ca-rsa2048-g1
    finds $((5 + 5)) rds://host/db.abc123def.us-gov-east-1.rds.amazonaws.com
    import_ok 'once more' "$IN/$file"
    like "$out" "$file: unchanged, 10 certificates, 10 pinned" \
        '... is unchanged'
    fresh
    as_p7b "$IN/$file" "$IN/aws-us-gov-global-bundle.p7b"
    import_ok 'the same as PKCS#7' "$IN/aws-us-gov-global-bundle.p7b"
    finds 10 rds://partition/aws-us-gov
}

# A name that no rule knows: in a file even --accept-new does not leave it out.
surprise() {
    pki_root base 'Amazon RDS us-west-2 Root CA ECC384 G1'
    pki_sub odd base 'Amazon RDS us-west-2 Issuing ECC384 G1'
    fresh_with_old
    cat "$IN/$FILE" "$PKI/base.pem" "$PKI/odd.pem" >"$IN/odd.pem"
    refused 'an unknown name below a root of the file' \
        "$FILE: 'Amazon RDS us-west-2 Issuing ECC384 G1' is not the name of an Amazon RDS CA" \
        --for us-west-2 --accept-new "$IN/odd.pem"
    pki_sub stray base 'Amazon RDS us-west-2 RSA4096 G1'
    cat "$IN/$FILE" "$PKI/base.pem" "$PKI/stray.pem" >"$IN/stray.pem"
    refused "an intermediate of another CA than its issuer's" \
        "$FILE: 'Amazon RDS us-west-2 RSA4096 G1' was issued by 'Amazon RDS us-west-2 Root CA ECC384 G1', not by the root of its region and CA" \
        --for us-west-2 --accept-new "$IN/stray.pem"
    # The trust store passes over what somebody put there by hand.
    cp "$IN/odd.pem" "$DIR/$FILE"
    finds 4 $WEST
    unlike "$(fingerprints_of $WEST)" "$(pki_sha256 odd)" \
        'nor does the module answer with it'
}

# ---- dates ------------------------------------------------------------------

dates() {
    built_in_pem | nth_pem 1 2 >"$IN/two.pem"
    fresh
    touch -d '2020-02-02 02:02:02' "$IN/two.pem"
    import_ok 'an old file' --for us-west-2 "$IN/two.pem"
    is "$(stat -c %Y "$DIR/$FILE")" "$(date -d '2020-02-02 02:02:02' +%s)" \
        '... keeps its date'
    finds 3 $WEST
    is "$(fingerprints_of $WEST | sort)" \
        "$(built_in_pem | fingerprints_of_pem | sort)" \
        '... and does not hide the built-in set'
    touch "$IN/two.pem"
    import --for us-west-2 "$IN/two.pem"
    is "$status" 0 'a new file of the same content'
    like "$out" "$FILE: unchanged, 2 certificates" '... is unchanged'
    (($(age "$FILE") < 60))
    ok $? '... but its date counts'
    finds 2 $WEST
    fresh
    touch -d '2020-02-02' "$IN/two.pem"
    import_stdin "$IN/two.pem" --for us-west-2 -
    (($(age "$FILE") < 60))
    ok $? 'the date of standard input is now'
}

# A file that AWS confirmed later is not replaced by an older one.
older() {
    fresh
    touch "$IN/$FILE"
    import "$IN/$FILE"
    touch -d '-30 days' "$IN/two.pem"
    import --for us-west-2 "$IN/two.pem"
    finds 3 $WEST
    is "$(fingerprints_of $WEST | sort)" \
        "$(built_in_pem | fingerprints_of_pem | sort)" \
        'an older file does not hide a newer one'
    fresh
    import "$IN/$FILE"
    touch -d '2020-02-02' "$IN/$FILE"
    import "$IN/$FILE"
    (($(age "$FILE") < 60))
    ok $? 'an older file of the same content does not set the date back'
    touch "$IN/$FILE"
}

# ---- refusals ---------------------------------------------------------------

refusals() {
    pki_root g2 'Amazon RDS us-west-2 Root CA ECC384 G2'
    pki_leaf leaf us-west-2 db.abc123def.us-west-2.rds.amazonaws.com issuer=g2
    fresh_with_old
    { built_in_pem && cat "$PKI/g2.key"; } >"$IN/key.pem"
    refused 'a private key' "$FILE: holds a private key" --for us-west-2 \
        "$IN/key.pem"
    refused 'another region' \
        "us-east-1-bundle.pem: 'Amazon RDS us-west-2 Root CA" \
        --for us-east-1 "$IN/$FILE"
    like "$err" 'is not of the region or partition asked for' '... says so'
    refused 'another partition' 'is not of the region or partition asked for' \
        --for aws-cn "$IN/$FILE"
    head -c 3000 "$IN/$FILE" >"$IN/cut.pem"
    refused 'a truncated PEM' "$FILE: truncated or damaged after certificate" \
        --for us-west-2 "$IN/cut.pem"
    head -c 2000 "$IN/der/us-west-2-bundle.p7b" >"$IN/cut.p7b"
    refused 'a truncated PKCS#7 in DER' "$FILE: truncated or damaged" \
        --for us-west-2 "$IN/cut.p7b"
    head -n 40 "$IN/us-west-2-bundle.p7b" >"$IN/cut7.pem"
    refused 'a truncated PKCS#7 in PEM' "$FILE: truncated or damaged" \
        --for us-west-2 "$IN/cut7.pem"
    as_p7b /dev/null "$IN/none.p7b" 2>/dev/null
    refused 'a PKCS#7 without certificates' "$FILE: " --for us-west-2 \
        "$IN/none.p7b"
    # Its type is "signed", and that is all.
    printf '0\201\013\006\011\052\206\110\206\367\015\001\007\002' \
        >"$IN/void.p7b"
    refused 'a PKCS#7 in DER without content' "$FILE: truncated or damaged" \
        --for us-west-2 "$IN/void.p7b"
    printf -- '-----BEGIN PKCS7-----\nMAsGCSqGSIb3DQEHAg==\n%s\n' \
        '-----END PKCS7-----' >"$IN/void.pem"
    refused 'a PKCS#7 in PEM without content' "$FILE: truncated or damaged" \
        --for us-west-2 "$IN/void.pem"
    : >"$IN/empty.pem"
    refused 'an empty file' "$FILE: empty" --for us-west-2 "$IN/empty.pem"
    echo '<html>' >"$IN/page.pem"
    refused 'an HTML page' "$FILE: a web page" --for us-west-2 "$IN/page.pem"
    head -c 4194304 /dev/zero >"$IN/zeros.pem"
    refused '4 MiB of zeros' "$FILE: no certificate in it" --for us-west-2 \
        "$IN/zeros.pem"
    truncate -s 5M "$IN/zeros.pem"
    refused '5 MiB' "$FILE: larger than 4194304 bytes" --for us-west-2 \
        "$IN/zeros.pem"
    refused 'an endless file' "$FILE: larger than 4194304 bytes" \
        --for us-west-2 /dev/zero
    cat "$IN/$FILE" "$PKI/leaf.pem" >"$IN/leaf.pem"
    refused "a server's certificate" "$FILE: " --for us-west-2 --accept-new \
        "$IN/leaf.pem"
    cat "$IN/$FILE" "$PKI/g2.pem" >"$IN/g2.pem"
    refused 'a new root' \
        "$FILE: 'Amazon RDS us-west-2 Root CA ECC384 G2' is new, SHA-256 $(pki_sha256 g2); compare it with AWS's own file, then repeat with --accept-new" \
        --for us-west-2 "$IN/g2.pem"
    as_p7b "$IN/g2.pem" "$IN/g2.p7b"
    refused 'a new root in a PKCS#7' ' is new, SHA-256 ' --for us-west-2 \
        "$IN/g2.p7b"
    pki_root old 'Amazon RDS us-gov-east-1 Root CA ECC384 G1' ECC384 '-1 hour'
    refused 'only expired certificates' \
        'us-gov-east-1-bundle.pem: every certificate in it has expired' \
        --for us-gov-east-1 --accept-new "$PKI/old.pem"
    import --for us-west-2 --accept-new "$IN/g2.pem"
    is "$status" 0 '--accept-new takes it'
    like "$out" "  NEW: Amazon RDS us-west-2 Root CA ECC384 G2, SHA-256 $(pki_sha256 g2)" \
        '... and reports it as NEW'
    finds 4 $WEST
    touch "$IN/$FILE" "$IN/g2.pem"
    import --for us-west-2 "$IN/$FILE"
    like "$out" "WITHDRAWN: Amazon RDS us-west-2 Root CA ECC384 G2" \
        'what vanishes is reported'
    pki_sub sub g2 'Amazon RDS us-west-2 Subordinate CA ECC384 G2.A.1'
    refused 'a withdrawn root is new again' ' is new, SHA-256 ' \
        --for us-west-2 "$IN/g2.pem"
    import --for us-west-2 --accept-new "$IN/g2.pem"
    import --for us-west-2 "$IN/g2.pem"
    is "$status" 0 'a root at hand needs no --accept-new'
    refused 'the last root of a region' \
        "$FILE: region 'us-west-2' would lose its last root in force" \
        --for us-west-2 --accept-new "$PKI/sub.pem"
}

# ---- reports ----------------------------------------------------------------

# shellcheck disable=SC2016 # Perl expands it
reports() {
    local before

    fresh_with_old
    before=$(state)
    import --check "$IN/$FILE"
    is "$status" 1 '--check exits 1 where something would change'
    like "$out" "$FILE: would change, 3 certificates" '... says so'
    is "$(state)" "$before" '... and changes nothing'
    import "$IN/$FILE"
    import_ok '--check exits 0 where nothing would' --check "$IN/$FILE"
    fresh_with_old
    import_ok '--quiet' --quiet "$IN/$FILE"
    is "$out" '' '... says nothing'
    import --json "$IN/$FILE"
    is "$(json '$d->{schema}, $d->{exit}, $d->{directory}')" "1 0 $DIR" \
        '--json is JSON with schema 1'
    is "$(json 'map { $d->{bundles}[0]{$_} } qw(file result certificates source)')" \
        "$FILE unchanged 3 $IN/$FILE" '... and says what was done'
    import --json --for us-west-2 "$IN/key.pem"
    is "$(json '$d->{exit}, $d->{bundles}[0]{result}') $status" '4 failed 4' \
        '... also of a failure'
    is "$(json '$d->{bundles}[0]{error}')" "${err#rdsca import: }" \
        '... in the words of standard error'
    rm -rf "$DIR"
    import_ok 'a directory that is not there' "$IN/$FILE"
    is "$(stat -c %a "$DIR")" 755 '... is made, with mode 0755'
    holds '... and gets the file'
}

forms
purposes
govcloud
surprise
dates
older
refusals
reports

done_testing
