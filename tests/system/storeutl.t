#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that `openssl storeutl` gets the right certificates for each form of
# rds: URI: how many, which ones and in which order; that a URI without an
# answer says why; that each search option of storeutl works; that every file
# of AWS's documentation has a name here; and that rds://list names only URIs
# that have an answer.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need openssl
need_module

# ---- what the provider must show --------------------------------------------

what_it_must_show() {
    finds 3 rds://region/us-west-2
    finds 3 rds:region/us-west-2
    finds 3 RDS://region/us-west-2
    finds 2 'rds://region/us-west-2?ca=rds-ca-2019'
    finds 7 'rds://region/us-west-2?expired=include'
    refuses 'rds://region/us-west-2?role=intermediate' \
        "AWS publishes no intermediate in force for 'us-west-2'"
    like "$err" 'expired=include' '... and it says how to get retired ones'
    finds 1 rds://region/us-west-2/rds-ca-ecc384-g1
    finds 8 rds://host/db.cluster-abc123.us-west-2.rds.amazonaws.com:5432
    finds 5 rds://host/db.proxy-abc123.us-west-2.rds.amazonaws.com
    finds 11 rds://region/us-west-2,eu-west-1+proxy
    finds 6 rds://partition/aws-cn
    finds "$ALL_COUNT" rds://all
    finds "$ALL_COUNT" rds://
    finds "$ALL_COUNT" rds:
    finds 1 rds://file/rds-ca-2019-us-west-2.pem
    finds "$COMBINED_COUNT" rds://file/rds-combined-ca-bundle.pem
    refuses rds://region/us-wets-2 \
        "unknown region 'us-wets-2', did you mean 'us-west-2'?"
    refuses rds://region/us-west-2+ 'empty selector'
    refuses rds://region/us-gov-west-1 "region 'us-gov-west-1'"
    like "$err" 'rdsca update us-gov-west-1' '... and it says what to run'
}

# As a person types it, from the project's root.
as_a_person_types_it() {
    local name='build/rds.cnf works from the root of the project'

    if [[ ! -f build/rds.cnf && -n ${RDS_MODULE:-} ]]; then
        skip "$name" 'no build/rds.cnf beside RDS_MODULE'
    elif [[ -e /var/lib/rds-ca ]]; then
        skip "$name" '/var/lib/rds-ca has bundles, so the counts differ'
    else
        export OPENSSL_CONF=build/rds.cnf
        what_it_must_show
    fi
}

# ---- which certificates -----------------------------------------------------

G1_US_WEST_2='Amazon RDS us-west-2 Root CA ECC384 G1
Amazon RDS us-west-2 Root CA RSA2048 G1
Amazon RDS us-west-2 Root CA RSA4096 G1'

# Order: partition, region (none first), roots first, CA identifier.
order() {
    is "$(names_of rds://region/us-west-2)" "$G1_US_WEST_2" \
        'a region answers in the order of its CA identifiers'
    is "$(names_of 'rds://region/us-west-2?ca=rds-ca-2019')" \
        'Amazon RDS Root 2019 CA
Amazon RDS us-west-2 2019 CA' 'the root stands before its intermediate'
    is "$(names_of 'rds://region/us-west-2?expired=include')" \
        "Amazon RDS Root CA
Amazon RDS Root 2019 CA
$G1_US_WEST_2
Amazon RDS us-west-2 CA
Amazon RDS us-west-2 2019 CA" 'retired ones come with their roots'
    is "$(names_of rds://region/us-west-2,eu-west-1)" \
        "$(names_of rds://region/eu-west-1,us-west-2)" \
        'the order of an answer is not the order in the URI'
    is "$(fingerprints_of rds://region/us-west-2+all | wc -l)" "$ALL_COUNT" \
        'a union gives each certificate once'
}

# A table of anchors.tsv: its first column where the condition holds.
tsv() {
    awk -F '\t' -v now="$(date -u +%FT%TZ)" "NR > 1 && ($1) { print \$1 }" \
        "$SHARED/truststore/anchors.tsv" | sort
}

# Conditions on columns: 2 common name, 5 end of validity, 6 carried by.
# shellcheck disable=SC2016 # awk expands these
CARRIED='$6 != ""' IN_FORCE='$5 > now' \
    PRODUCTION='$2 ~ /^Amazon RDS / && $2 !~ /Beta|[Pp]review/'

# set_is URI CONDITION NAME
set_is() {
    is "$(fingerprints_of "$1" | sort)" "$(tsv "$2")" "$3"
}

known_fingerprints() {
    if [[ ! -r $SHARED/truststore/anchors.tsv ]]; then
        skip 'the certificates are those of anchors.tsv' 'no ../shared'
        return
    fi
    set_is rds://all "$CARRIED && $IN_FORCE && $PRODUCTION" \
        'rds://all is what anchors.tsv says is carried and in force'
    # shellcheck disable=SC2016 # awk expands these
    {
        set_is rds://global "$CARRIED && $IN_FORCE && $PRODUCTION"' &&
            $2 !~ / cn-/' 'rds://global is the partition aws'
        set_is rds://partition/aws-cn "$CARRIED && $IN_FORCE"' && $2 ~ / cn-/' \
            'rds://partition/aws-cn is China'
        set_is rds://proxy "$CARRIED"' && $2 !~ /RDS|rds/' \
            'rds://proxy is Amazon Trust Services'
        set_is 'rds://all+proxy?expired=include' \
            "$CARRIED"' && $2 !~ /Beta|[Pp]review/' \
            'expired=include gives every production certificate carried'
        set_is 'rds://all?stage=beta' "$CARRIED && $IN_FORCE"' && $2 ~ /Beta/' \
            'stage=beta gives the beta environment'
        set_is 'rds://all?stage=preview&expired=include' \
            "$CARRIED"' && $2 ~ /[Pp]review/' \
            'stage=preview gives the preview environment'
        set_is rds://file/global-bundle.pem \
            "$CARRIED"' && $2 ~ / G1$/ && $2 !~ / cn-/' \
            'global-bundle.pem has the beta and preview roots, as AWS has'
    }
    is "$(fingerprints_of rds://region/us-west-2 | sort)" \
        "$(fingerprints_of_pem \
            <"$SHARED/truststore/aws/us-west-2/us-west-2-bundle.pem" | sort)" \
        'rds://region/us-west-2 is the file that AWS serves'
    is "$(fingerprints_of rds://file/rds-combined-ca-bundle.pem)" \
        "$(fingerprints_of_pem \
            <"$SHARED/truststore/legacy/rds-combined-ca-bundle.pem")" \
        "the combined file is AWS's frozen one, in its order"
}

# ---- AWS's file names -------------------------------------------------------

REGIONS_2019='ap-south-1 ap-northeast-1 ap-northeast-2 ap-northeast-3
ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 eu-west-1 eu-west-2
eu-west-3 eu-north-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2'

# file_is NAME CN: exactly this certificate, and the same as a .p7b name.
file_is() {
    local answer sha

    answer=$(anchors_of "rds://file/$1.pem")
    is "${answer#* }" "$2" "rds://file/$1.pem is '$2'"
    if [[ -r $SHARED/truststore/anchors.tsv ]]; then
        sha=$(tsv "\$2 == \"$2\" && $CARRIED")
        is "${answer%% *}" "$sha" '... with the fingerprint of anchors.tsv'
    fi
    is "$(fingerprints_of "rds://file/$1.p7b")" "${answer%% *}" \
        "... and $1.p7b is the same"
}

single_files() {
    local region

    [[ -r $SHARED/truststore/anchors.tsv ]] ||
        skip 'the fingerprints of single files' 'no ../shared'
    file_is rds-ca-2019-root 'Amazon RDS Root 2019 CA'
    for region in af-south-1 ap-east-1 eu-south-1 me-south-1; do
        file_is "rds-ca-$region-2019-root" "Amazon RDS $region Root CA"
    done
    for region in $REGIONS_2019; do
        file_is "rds-ca-2019-$region" "Amazon RDS $region 2019 CA"
    done
    file_is rds-ca-us-gov-west-1-2017-root 'Amazon RDS GovCloud Root CA'
    file_is rds-ca-2017-us-gov-west-1 'Amazon RDS us-gov-west-1 CA'
}

file_sets() {
    finds 2 rds://file/rds-combined-ca-us-gov-bundle.pem
    finds $((GLOBAL_COUNT + 6)) rds://file/global-bundle.pem
    finds 3 rds://file/us-west-2-bundle.pem
    finds 3 rds://file/us-west-2-bundle.p7b
    finds $((GLOBAL_COUNT + 6)) rds://file/global-bundle.p7b
    finds "$COMBINED_COUNT" rds://file/rds-combined-ca-bundle.p7b
    is "$(names_of rds://file/rds-combined-ca-us-gov-bundle.pem)" \
        'Amazon RDS GovCloud Root CA
Amazon RDS us-gov-west-1 CA' 'GovCloud: the root, then the intermediate'
}

# The order of the frozen file is in a list in the source tree.
combined_order() {
    local list=provider/anchors/rds-combined-ca-bundle.list

    is "$(fingerprints_of rds://file/rds-combined-ca-bundle.pem)" \
        "$(grep -oE '^[0-9a-f]{64}' "$list")" \
        'the combined file keeps its order'
}

missing_file() {
    refuses "rds://file/$1.pem" \
        "https://s3.us-gov-west-1.amazonaws.com/rds-downloads/$1.pem"
    like "$err" "'$1.pem'" "... it quotes the name"
    like "$err" 'rdsca update --retired' '... and says what to run'
}

missing_files() {
    missing_file rds-ca-us-gov-east-1-2017-root
    missing_file rds-ca-2017-us-gov-east-1-intermediate
    missing_file rds-ca-2012-us-gov-west-1
}

# ---- searches ---------------------------------------------------------------

DN='/C=US/O=Amazon Web Services, Inc./OU=Amazon RDS/ST=WA/CN=%s/L=Seattle'
OLD_DN='/C=US/ST=Washington/L=Seattle/O=Amazon Web Services, Inc./OU=Amazon RDS/CN=%s'
STARFIELD='/C=US/ST=Arizona/L=Scottsdale/O=Starfield Technologies, Inc./CN=Starfield Services Root Certificate Authority - G2'

# dn FORMAT CN
dn() {
    # shellcheck disable=SC2059 # the format is ours
    printf "$1" "$2"
}

by_subject() {
    local cn='Amazon RDS us-west-2 Root CA RSA2048 G1'

    finds 1 rds://all -subject "$(dn "$DN" "$cn")"
    is "$(names_of rds://all -subject "$(dn "$DN" "$cn")")" "$cn" \
        '-subject finds the certificate of that name'
    finds 1 rds://all -subject "$(dn "$DN" "${cn@U}")"
    finds 1 rds://all -subject "$(dn "$DN" "${cn// /  }")"
    finds 0 rds://region/eu-west-1 -subject "$(dn "$DN" "$cn")"
    finds 0 rds://all -subject "$(dn "$OLD_DN" "$cn")"
    finds 0 rds://all -subject /CN=nobody
    finds 0 rds://list -subject "$(dn "$DN" "$cn")"
    is "$(names_of 'rds://all?expired=include' \
        -subject "$(dn "$OLD_DN" 'Amazon RDS us-west-2 CA')")" \
        'Amazon RDS us-west-2 CA' '-subject finds a certificate of 2015'
}

# Issuer and serial number are not unique: two pairs of 2015 share them.
by_issuer_and_serial() {
    local issuer everything='rds://all?expired=include&stage=preview'

    issuer=$(dn "$OLD_DN" 'Amazon RDS Root CA')
    is "$(names_of 'rds://all?expired=include' -issuer "$issuer" -serial 78 |
        sort)" 'Amazon RDS ap-northeast-3 CA
Amazon RDS us-east-2 CA' '-issuer and -serial find both that share them'
    finds 2 'rds://all?expired=include' -issuer "$issuer" -serial 0x4E
    is "$(names_of "$everything" -issuer "$issuer" -serial 0x4D)" \
        'Amazon RDS preview-us-east-2 CA' \
        '-issuer and -serial see only what the URI names'
    finds 1 rds://proxy -issuer "$STARFIELD" -serial 0
    finds 0 rds://proxy -issuer "$STARFIELD" -serial 1
    long_serial
}

# A serial number longer than any machine word.
long_serial() {
    local issuer serial

    issuer=$(dn "$DN" 'Amazon RDS us-west-2 Root CA RSA2048 G1')
    serial=$(answer_of rds://region/us-west-2/rds-ca-rsa2048-g1 |
        openssl x509 -noout -serial)
    finds 1 rds://all -issuer "$issuer" -serial "0x${serial#serial=}"
    finds 0 rds://all -issuer "$issuer" -serial "0x${serial#serial=}00"
    finds 0 rds://all -issuer "$issuer" -serial "0x${serial#serial=??}"
}

by_fingerprint() {
    local digest hex cn='Amazon RDS us-west-2 Root CA ECC384 G1'

    answer_of rds://region/us-west-2/rds-ca-ecc384-g1 >"$TMP/one.pem"
    for digest in sha256 sha1 sha384 sha512 sha3-256; do
        hex=$(openssl x509 -in "$TMP/one.pem" -noout -fingerprint "-$digest")
        hex=${hex#*=}
        finds 1 rds://all -fingerprint "$hex" "-$digest"
        is "$(names_of rds://all -fingerprint "${hex//:/}" "-$digest")" "$cn" \
            "-fingerprint with -$digest finds the certificate"
    done
    finds 0 rds://all -fingerprint "${hex//[0-9A-F]/0}" -sha256
}

# A fact of OpenSSL: without a digest option libcrypto dies or fails before
# it asks the loader.  The inner shell keeps the message of its death.
fingerprint_needs_a_digest() {
    # shellcheck disable=SC2016 # the inner shell expands it
    run sh -c '"$@"; exit $?' sh \
        openssl storeutl -noout -certs -fingerprint 00 rds://all
    ((status != 0 && status != 124)) && [[ $out != *Certificate* ]]
    ok $? '-fingerprint without a digest option fails and answers nothing' ||
        show_run
}

by_alias() {
    finds 1 rds://all -alias us-west-2-rds-ca-rsa2048-g1
    is "$(names_of rds://all -alias us-west-2-rds-ca-rsa2048-g1)" \
        'Amazon RDS us-west-2 Root CA RSA2048 G1' '-alias finds a G1 root'
    is "$(names_of 'rds://all?expired=include' -alias rds-ca-2019-us-west-2)" \
        'Amazon RDS us-west-2 2019 CA' '-alias finds an intermediate of 2019'
    is "$(names_of 'rds://all?expired=include' -alias rds-ca-2019-root)" \
        'Amazon RDS Root 2019 CA' '-alias finds the root of 2019'
    finds 0 rds://all -alias rds-ca-2019-us-west-2
    finds 0 rds://all -alias nothing-of-that-name
}

searches_at_openssl() {
    by_subject
    by_issuer_and_serial
    by_fingerprint
    fingerprint_needs_a_digest
    by_alias
}

# ---- further options of storeutl --------------------------------------------

# Other kinds of objects are not here, which is no error.  The loader knows
# that at once: it hands out no certificate for OpenSSL to drop.
other_kinds() {
    local option log=$TMP/kinds.log

    for option in -crls -keys; do
        run env "RDS_PROVIDER_DEBUG=file:$log,level:3" \
            openssl storeutl -noout "$option" rds://region/us-west-2
        [[ $status == 0 && $out == 'Total found: 0' && -z $err ]]
        ok $? "$option answers nothing, without an error" || show_run
    done
    unlike "$(cat "$log" 2>/dev/null)" loading '... and nothing is loaded'
    run env "RDS_PROVIDER_DEBUG=file:$log,level:3" \
        openssl storeutl -noout -certs rds://region/us-west-2
    like "$(cat "$log")" loading '... while -certs does load'
}

text_form() {
    run_ok '-text works' openssl storeutl -text rds://region/us-west-2
    is "$(grep -c '^ *Subject: C *= *US, O *= *"*Amazon Web Services, Inc' \
        <<<"$out")" 3 '-text shows the subject of each certificate'
    like "$out" 'Not After : May 24 23:06:59 2121 GMT' \
        '-text shows dates after 2050'
}

# The bytes that a person writes to a file are a CA file for every tool.
written_file() {
    run_ok '-out writes the certificates' openssl storeutl -certs \
        -out "$TMP/us-west-2.pem" rds://region/us-west-2
    is "$(fingerprints_of_pem <"$TMP/us-west-2.pem")" \
        "$(fingerprints_of rds://region/us-west-2)" \
        '... and they are the same certificates'
}

# ---- as a CA store ----------------------------------------------------------

# verify NAME ERROR URI CERTIFICATE: ERROR '' where it is verified.
verify() {
    run openssl verify -CAstore "$3" "$4"
    if [[ -z $2 ]]; then
        [[ $status == 0 && $out == *': OK' && -z $err ]]
    else
        [[ $status != 0 && $err == *"$2"* ]]
    fi
    ok $? "$1" || show_run
}

# A store that holds NAMEs must not be followed into every region.
ca_store() {
    local root=$TMP/root.pem proxy=$TMP/proxy.pem other=$TMP/other.pem

    answer_of rds://region/us-west-2/rds-ca-rsa2048-g1 >"$root"
    answer_of rds://proxy -alias amazon-root-ca-1 >"$proxy"
    answer_of rds://region/eu-west-1/rds-ca-rsa2048-g1 >"$other"
    verify '-CAstore with the region verifies its root' '' \
        rds://region/us-west-2 "$root"
    verify '-CAstore with another region does not' 'error 18' \
        rds://region/eu-west-1 "$root"
    verify '-CAstore takes a union' '' rds://region/us-west-2+proxy "$proxy"
    verify '... which is no wider than written' 'error 18' \
        rds://region/us-west-2+proxy "$other"
    verify '-CAstore with the list trusts nothing' 'error 18' \
        rds://list "$root"
    run_fails '-CAstore with a URI that has no answer fails' \
        "unknown region 'us-wets-2'" \
        openssl verify -CAstore rds://region/us-wets-2 "$root"
}

# ---- rds://list -------------------------------------------------------------

list_names() {
    local name names

    run_ok 'rds://list works' openssl storeutl rds://list
    names=$(grep -oE 'rds://[^ ]+$' <<<"$out")
    for name in rds://all rds://global rds://proxy rds://region/us-west-2 \
        rds://region/us-west-2/rds-ca-rsa2048-g1 rds://partition/aws-cn \
        rds://file/rds-combined-ca-bundle.pem rds://ca/rds-ca-2019 \
        rds://file/rds-ca-2019-us-west-2.pem; do
        grep -qxF "$name" <<<"$names"
        ok $? "rds://list names $name"
    done
    unlike "$names" rds://region/us-gov-west-1 \
        'rds://list does not name what has no answer'
    is "$(sort <<<"$names" | uniq -d)" '' 'rds://list names each URI once'
    grep -q '^Amazon Trust Services roots' <<<"$out"
    ok $? 'rds://list describes the URIs'
}

list_followed() {
    local count

    run_ok '-r follows every name of rds://list' \
        openssl storeutl -noout -r rds://list
    is "$err" '' '... without an error'
    count=$(grep -c '^[0-9]*: Name: ' <<<"$out")
    ((count > 200))
    ok $? '... more than 200 names'
    is "$(grep -c '^ *Total found: [1-9][0-9]*$' <<<"$out")" \
        $((count + 1)) '... each with at least one certificate'
    unlike "$out" 'Total found: 0' '... none with none'
}

# ---- malformed and unknown --------------------------------------------------

errors_quote_the_offender() {
    refuses rds://everything "unknown selector 'everything'"
    refuses rds://regoin/us-west-2 \
        "unknown selector 'regoin', did you mean 'region'?"
    refuses rds://region "selector 'region' needs a name"
    refuses rds://region/ 'empty region'
    refuses rds://region/US-WEST-2 "bad region 'US-WEST-2'"
    refuses rds://region/us-west-2/rds-ca-rsa2048 \
        "unknown CA identifier 'rds-ca-rsa2048', did you mean 'rds-ca-rsa2048-g1'?"
    refuses rds://ca/rds-ca-2091 \
        "unknown CA identifier 'rds-ca-2091', did you mean 'rds-ca-2019'?"
    refuses 'rds://all?rol=root' "unknown filter 'rol', did you mean 'role'?"
    refuses 'rds://all?role=leaf' "bad value 'leaf' of the filter 'role'"
    refuses 'rds://all?role=root&role=root' "filter 'role' is given twice"
    refuses rds://partition/aws-gov "unknown partition 'aws-gov'"
    refuses rds://file/../../etc/passwd "bad file '../../etc/passwd'"
    refuses rds://file/rds-ca-2019-us-wets-2.pem \
        "unknown file 'rds-ca-2019-us-wets-2.pem'"
    refuses rds://sha256/1234 "'1234'"
    refuses "rds://region/us-west-2%2b" "'us-west-2%2b'"
}

hosts() {
    local host

    finds 8 rds://host/DB.cluster-ABC123.US-WEST-2.rds.amazonaws.com.
    is "$(fingerprints_of rds://host/db.abc123.ap-south-1.rds.amazonaws.com)" \
        "$(fingerprints_of rds://region/ap-south-1; fingerprints_of rds://proxy)" \
        'a database: the CAs of its region, then Amazon Trust Services'
    is "$(fingerprints_of rds://host/db.abc123.ap-south-1.rds.amazonaws.com+proxy)" \
        "$(fingerprints_of rds://host/db.abc123.ap-south-1.rds.amazonaws.com)" \
        '... and +proxy changes nothing'
    is "$(fingerprints_of rds://host/x.cluster-ro-abc.docdb.cn-north-1.amazonaws.com.cn)" \
        "$(fingerprints_of rds://region/cn-north-1)" "DocumentDB in China"
    finds 5 rds://host/wg.123456789012.us-east-1.redshift-serverless.amazonaws.com
    finds 1 'rds://host/db.abc123.ap-south-1.rds.amazonaws.com?ca=rds-ca-rsa2048-g1'
    refuses rds://host/db.abc123.us-gov-west-1.rds.amazonaws.com \
        "region 'us-gov-west-1' is known, but no certificate in force"
    refuses rds://host/db.abc.us-east-1.rds.amazonaws.uk \
        "'amazonaws.uk' is not known to be a domain of AWS; endpoints in us-east-1 end in '.amazonaws.com'"
    refuses rds://host/db.abc.eusc-de-east-1.rds.amazonaws.com \
        "endpoints in eusc-de-east-1 end in '.amazonaws.eu'"
    refuses rds://region/me-west-1 \
        "region 'me-west-1' is announced, no certificates seen yet; run 'rdsca update me-west-1'"
    finds "$GLOBAL_COUNT" rds://host/db.global-abc123.global.rds.amazonaws.com
    for host in db.example.com fake-rds.amazonaws.com \
        db.abc123.us-west-2.rds.amazonaws.com.evil.example; do
        refuses "rds://host/$host" "unknown host '$host'"
    done
    refuses rds://host/db.abc123.us-wets-2.rds.amazonaws.com \
        "unknown region 'us-wets-2', did you mean 'us-west-2'?"
    refuses rds://host/db.abc123.us-west-2.rds.amazonaws.com:70000 \
        "bad port '70000'"
}

fingerprint_selector() {
    local sha=86e22f41c79b0de5777054189cfadbddf633a8a1dc09ef134db07a756e494abe

    is "$(fingerprints_of "rds://sha256/$sha")" "$sha" \
        'rds://sha256/ finds the certificate'
    refuses "rds://sha256/${sha//8/9}" "unknown SHA-256 '${sha//8/9}'"
}

# What comes from outside must not reach a terminal as it is.  (The command
# itself prints the URI raw, in its first line.)
control_characters() {
    refuses $'rds://region/us\e[2Jwest' "bad region 'us\\x1b[2Jwest'"
    unlike "$(grep ':rds:' <<<"$err")" $'\e' '... and our text has no escape'
}

# -----------------------------------------------------------------------------

as_a_person_types_it
# shellcheck disable=SC2119 # no keys
use_conf
what_it_must_show
order
known_fingerprints
single_files
file_sets
combined_order
missing_files
searches_at_openssl
other_kinds
text_form
written_file
ca_store
list_names
list_followed
errors_quote_the_offender
hosts
fingerprint_selector
control_characters
done_testing
