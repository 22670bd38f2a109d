#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves `rdsca list`: that the table and the JSON say of each certificate
# what openssl says of it; which ones --expiring finds, to the day; where a
# certificate comes from; that only a terminal gets colours; and each error.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
need openssl perl
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"

RDSCA=${RDSCA:-build/rdsca}
[[ $RDSCA == /* ]] || RDSCA=$ROOT/$RDSCA
[[ -x $RDSCA ]] || { ok 1 "$RDSCA exists; run make first" || done_testing; }

WEST=rds://region/us-west-2
DIR=$TMP/bundles
HEADER='^REGION +CA +ROLE +KEY +UNTIL +DAYS +SOURCE$'

# A configuration that names the module, for its settings, without loading it.
configure() {
    printf '%s\n' 'openssl_conf = init' '[init]' 'providers = providers' \
        '[providers]' 'rds = rds_section' '[rds_section]' \
        'module = /nowhere/rds.so' "rds-bundles = $1" >"$TMP/openssl.cnf"
    export OPENSSL_CONF=$TMP/openssl.cnf
}

list() {
    run "$RDSCA" list "$@"
}

# misused NAME TEXT ARGUMENT...: status 2, one line on stderr, no output.
misused() {
    local name=$1 text=$2

    shift 2
    list "$@"
    [[ $status == 2 && -z $out && $err == "rdsca list: "*"$text"* &&
        $err != *$'\n'* ]]
    ok $? "$name" || { show_run && diag "expected: $text"; }
}

# matches TEXT REGEX NAME: some line does.
matches() {
    grep -Eq -- "$2" <<<"$1"
    ok $? "$3" || diag "got:      '$1'"$'\n'"expected: '$2'"
}

# The rows of the table, without header and summary.
rows() {
    sed -n '2,/^$/p' <<<"$out" | sed '/^$/d'
}

# root NAME CN ALG FROM TO: as date(1) reads them.
root() {
    local subject

    # shellcheck disable=SC2059 # the format is ours
    printf -v subject "$CA_SUBJECT" "$2"
    pki_key "$1" "$3"
    pki_sign "$1" "$1" "$subject" "$(pki_date "$4")" "$(pki_date "$5")" <<'END'
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
keyUsage = critical, keyCertSign, cRLSign
END
}

# A directory in which us-west-2 has four CAs of its own.
make_directory() {
    root old 'Amazon RDS us-west-2 Root CA RSA2048 G1' RSA2048 \
        '-100 days' '-3 days -1 hour'
    root soon 'Amazon RDS us-west-2 Root CA ECC384 G1' ECC384 \
        '-100 days' '+40 days +1 hour'
    root later 'Amazon RDS us-west-2 Root CA ECC384 G2' ECC384 \
        '-100 days' '+400 days +1 hour'
    root next 'Amazon RDS us-west-2 Root CA ECC384 G3' ECC384 \
        '+10 days' '+900 days +1 hour'
    mkdir -m 755 "$DIR"
    pki_bundle "$DIR/us-west-2-bundle.pem" old soon later next
}

# ---- the table --------------------------------------------------------------

table() {
    local first

    list
    is "$status" 0 'list answers'
    is "$err" '' '... without a complaint'
    matches "$(head -n 1 <<<"$out")" "$HEADER" '... with a header'
    matches "$(tail -n 1 <<<"$out")" \
        "^$(rows | wc -l) certificates of [0-9]+ regions, 0 expiring within 180 days; built in: [0-9]+ anchors of [0-9-]+\$" \
        '... and a summary that counts the rows'
    is "$(rows | awk '{ print $1 }' | sort -u | wc -l)" \
        "$(tail -n 1 <<<"$out" | sed 's/.*of \([0-9]*\) regions.*/\1/')" \
        '... and the regions'
    is "$(rows | awk '{ print index($0, " rds-ca-") }' | sort -u | wc -l)" 1 \
        '... whose columns are straight'
    is "$(grep -c ' $' <<<"$out")" 0 '... and have no spaces at the end'
    first=$out
    list rds://all
    is "$out" "$first" 'rds://all is the default'
    list --directory "$TMP" $WEST
    is "$(rows | sed 's/  */ /g; s/ [0-9]* built in$//')" \
        'us-west-2 rds-ca-ecc384-g1 root EC P-384 2121-05-24
us-west-2 rds-ca-rsa2048-g1 root RSA 2048 2061-05-24
us-west-2 rds-ca-rsa4096-g1 root RSA 4096 2121-05-24' \
        'a region: CA, role, key, date'
    like "$out" '3 certificates of 1 region, 0 expiring' '... and one region'
    list rds://proxy
    is "$(rows | grep -c '^RDS Proxy  ')" 5 'proxy roots are named so'
    like "$out" $'\n5 certificates, 0 exp' '... and are of no region'
    list 'rds://all?ca=rds-ca-2019&role=root'
    matches "$out" '^all of aws-cn +rds-ca-2019 +root' 'shared roots'
    matches "$out" '^all of aws-cn .* expired  built in$' '... have expired'
    list 'rds://region/us-west-2?ca=rds-ca-2019&role=intermediate'
    matches "$out" '^us-west-2 +rds-ca-2019 +intermediate +RSA 2048 ' \
        'an intermediate'
    list 'rds://all?expired=include&stage=beta'
    matches "$out" '^us-east-1 beta +rds-ca-rsa2048-g1' 'a stage'
    list rds://file/rds-combined-ca-bundle.pem
    is "$(rows | sed 's/ .*//; s/^all$/all of/' | grep -v '^all of' | sort -u | wc -l)" \
        "$(tail -n 1 <<<"$out" | sed 's/.*of \([0-9]*\) regions.*/\1/')" \
        'regions are counted once in whatever order'
}

fingerprints() {
    list --fingerprint "$WEST"
    matches "$(head -n 1 <<<"$out")" '  SOURCE +SHA-256$' \
        '--fingerprint has a column'
    is "$(rows | awk '{ print $NF }')" \
        "$("$RDSCA" export "$WEST" | fingerprints_of_pem)" \
        '... with the fingerprints'
    list "$WEST" --fing
    is "$(rows | wc -l)" 3 'options may follow and be shortened'
}

# ---- a directory ------------------------------------------------------------

directory() {
    local today

    touch -d "$(date -u +%Y-%m-%dT00:00:00)" "$DIR/us-west-2-bundle.pem"
    today=$(date -u -r "$DIR/us-west-2-bundle.pem" +%Y-%m-%d)
    list --directory "$DIR" "$WEST?expired=include"
    is "$(rows | grep -v 'built in$' | sed 's/  */ /g')" \
        "us-west-2 rds-ca-ecc384-g1 root EC P-384 $(day soon) 40 us-west-2-bundle.pem of $today
us-west-2 rds-ca-ecc384-g2 root EC P-384 $(day later) 400 us-west-2-bundle.pem of $today
us-west-2 rds-ca-ecc384-g3 root EC P-384 $(day next) not yet us-west-2-bundle.pem of $today
us-west-2 rds-ca-rsa2048-g1 root RSA 2048 $(day old) expired us-west-2-bundle.pem of $today" \
        'a bundle: days left, its name, when AWS confirmed it'
    like "$out" ', 5 expired, 1 expiring within 180 days' '... and the counts'
    list --directory "$DIR" "$WEST"
    is "$(rows | awk '{ print $2 }' | tr '\n' ' ')" \
        'rds-ca-ecc384-g1 rds-ca-ecc384-g2 ' \
        'what is not in force is left out'
    (cd "$TMP" && "$RDSCA" list --directory bundles "$WEST") >"$TMP/relative"
    is "$(cat "$TMP/relative")" "$out" '--directory may be relative'
    configure "$DIR"
    run "$RDSCA" list "$WEST"
    is "$out" "$(cat "$TMP/relative")" 'the configured directory is used'
    sed -i '/^module/d' "$OPENSSL_CONF"
    run "$RDSCA" list "$WEST"
    is "$out" "$(cat "$TMP/relative")" \
        '... by OpenSSL also where no module is named'
    sed -i "1i rds-bundles = $DIR"$'\n; s/^rds-b.*//' "$OPENSSL_CONF"
    run "$RDSCA" list "$WEST"
    like "$out" 'built in' '... but not one of the section "default"'
    configure "$TMP/none"
    mkdir -m 777 "$TMP/open"
    list --directory "$TMP/open" "$WEST"
    matches "$err" "^rdsca list: .*$TMP/open" \
        'a directory that others can write to is complained about'
    is "$status,$(rows | grep -c 'built in$')" 0,3 \
        '... and the built-in answer'
}

# The day on which a certificate ends.
day() {
    date -u -d "$(openssl x509 -noout -enddate -in "$PKI/$1.pem" |
        cut -d = -f 2)" +%Y-%m-%d
}

# expires DAYS STATUS CA...
expires() {
    local days=$1 expected=$2

    shift 2
    list --expiring "$days" --directory "$DIR" "$WEST$filter"
    is "$status $(rows | grep 'bundle.pem of' | awk '{ print $2 }' |
        tr '\n' ' ')" "$expected ${*:+$* }" \
        "--expiring $days${filter:+ with $filter} finds${*:+ }${*:- nothing}"
}

expiring() {
    local filter=''

    expires 41 1 rds-ca-ecc384-g1
    expires 40 0
    is "$out" 'nothing expires within 40 days' '... and says so'
    expires 0 0
    expires 401 1 rds-ca-ecc384-g1 rds-ca-ecc384-g2
    expires 100000 1 rds-ca-ecc384-g1 rds-ca-ecc384-g2
    filter='?expired=include'
    expires 0 1 rds-ca-rsa2048-g1
    expires 41 1 rds-ca-ecc384-g1 rds-ca-rsa2048-g1
    list --expiring 90 rds://all
    is "$status $out" '0 nothing expires within 90 days' \
        'nothing built in expires soon'
    for filter in x '' -1 1.5 ' 1' 100001 99999999999999999999 0x10; do
        misused "--expiring '$filter' is refused" "--expiring takes a number \
from 0 to 100000, not '$filter'; try 'rdsca list --help'" "--expiring=$filter"
    done
}

# AWS's own file for GovCloud: the roots of a region, then its intermediates.
govcloud() {
    local gov=$TMP/gov

    [[ -r $SHARED/truststore/anchors.tsv ]] ||
        { skip "GovCloud's own file" 'no ../shared' && return; }
    mkdir -m 755 "$gov"
    install -m 644 "$SHARED/truststore/aws-us-gov/global/global-bundle.pem" \
        "$gov/aws-us-gov-global-bundle.pem"
    touch "$gov/aws-us-gov-global-bundle.pem"
    list --directory "$gov" 'rds://region/us-gov-west-1?expired=include'
    is "$(rows | grep ' rds-ca-[re].*-g1 ' | awk '{ print $2, $3, $6 }')" \
        'rds-ca-ecc384-g1 root 2121-05-26
rds-ca-rsa2048-g1 root 2062-04-15
rds-ca-rsa4096-g1 root 2121-05-26
rds-ca-rsa2048-g1 intermediate 2027-04-20
rds-ca-rsa4096-g1 intermediate 2027-01-04' \
        "GovCloud's own file: CA, role and last day"
    run "$RDSCA" timeline 'rds://region/us-gov-west-1?expired=include' \
        --directory "$gov" -o -
    like "$out" 'us-gov-west-1, intermediate<' '... in the timeline, too'
    like "$out" '<title>rds-ca-rsa4096-g1, 2022-01-03 to 2027-01-04: us-gov-west-1</title>' \
        '... with its years'
}

# ---- JSON -------------------------------------------------------------------

# query EXPRESSION: of the JSON in $out, `d` being all of it.
query() {
    python3 -c 'import json, sys
d = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$1" <<<"$out"
}

json() {
    local west mtime

    has python3 'JSON' || return
    list --json "$WEST"
    is "$status" 0 '--json answers'
    is "$(query '" ".join(d)')" 'schema uri time directory anchors' \
        '... with these members'
    is "$(query 'd["schema"], d["uri"], len(d["anchors"])')" \
        "(1, '$WEST', 3)" '... schema 1'
    is "$(query '" ".join(d["anchors"][0])')" 'region partition family ca role stage key not_before not_after days_left source file confirmed sha256 subject alias' \
        '... and these of each anchor'
    "$RDSCA" export "$WEST" >"$TMP/west.pem"
    is "$(query '"\n".join(a["sha256"] for a in d["anchors"])')" \
        "$(fingerprints_of_pem <"$TMP/west.pem")" '... the fingerprint'
    west=$(openssl x509 -in "$TMP/west.pem" -noout -subject -nameopt RFC2253 \
        -dates)
    is "$(query '"subject=" + d["anchors"][0]["subject"]')" \
        "$(head -n 1 <<<"$west")" '... the subject as openssl has it'
    is "$(query 'd["anchors"][0]["not_before"], d["anchors"][0]["not_after"]')" \
        "('$(iso "$west" notBefore)', '$(iso "$west" notAfter)')" \
        '... its dates'
    is "$(query '[d["anchors"][0][k] for k in ("region", "partition", "family", "ca", "role", "stage", "key", "source", "file", "alias")]')" \
        "['us-west-2', 'aws', 'rds', 'rds-ca-ecc384-g1', 'root', 'production', 'EC P-384', 'built in', None, 'us-west-2-rds-ca-ecc384-g1']" \
        '... and what we know of it'
    is "$(query 'd["anchors"][0]["confirmed"]')" \
        "$(grep -v '^#' provider/anchors/DATE)T00:00:00Z" \
        '... confirmed on the date of the built-in set'
    list --json --directory "$DIR" "$WEST?expired=include"
    mtime=$(date -u -r "$DIR/us-west-2-bundle.pem" +%Y-%m-%dT%H:%M:%SZ)
    is "$(query 'set((a["source"], a["file"], a["confirmed"]) for a in d["anchors"] if a["file"])')" \
        "{('directory', '$DIR/us-west-2-bundle.pem', '$mtime')}" \
        'JSON of a bundle: its path and when AWS confirmed it'
    is "$(query '[a["days_left"] for a in d["anchors"] if a["file"]]')" \
        '[40, 400, 900, -4]' '... and whole days, negative where expired'
    is "$(query 'set(a["confirmed"] for a in d["anchors"] if not a["file"])')" \
        '{None}' '... retired ones are confirmed by nobody'
    list --json rds://proxy
    is "$(query 'set((a["region"], a["family"]) for a in d["anchors"])')" \
        "{(None, 'proxy')}" 'JSON of proxy roots'
    json_expiring
}

json_expiring() {
    list --json --expiring 41 --directory "$DIR" "$WEST"
    is "$status $(query '[a["ca"] for a in d["anchors"]]')" \
        "1 ['rds-ca-ecc384-g1']" '--json --expiring: what does, and 1'
    list --json --expiring 1 --directory "$DIR" "$WEST"
    is "$status $(query 'd["anchors"]')" '0 []' \
        '--json --expiring: nothing, and 0'
}

# iso DATES NAME: of the output of openssl x509 -dates.
iso() {
    date -u -d "$(sed -n "s/^$2=//p" <<<"$1")" +%Y-%m-%dT%H:%M:%SZ
}

# A path is any bytes, JSON is not.
hostile_path() {
    local strange=$TMP/$'b\xfcn"dles\\ \xc3\xa9'

    has python3 'JSON of a hostile path' || return
    cp -r "$DIR" "$strange"
    list --json --directory "$strange" "$WEST"
    is "$status $(query 'd["schema"]')" '0 1' \
        'a directory whose name is no UTF-8: still JSON'
    like "$out" '/b\\xfcn\"dles\\x5c \\xc3\\xa9"' '... its bytes escaped'
    rm -rf "$strange"
}

# ---- colours ----------------------------------------------------------------

# on_terminal ENVIRONMENT...: sets out to what a terminal gets.
on_terminal() {
    run env TERM=xterm "$@" script -qec \
        "'$RDSCA' list --directory '$DIR' '$WEST?expired=include'" /dev/null
    out=${out//$'\r'/}
}

colours() {
    local esc=$'\033'

    has script 'colours' || return
    on_terminal
    matches "$out" "^$esc\\[1mREGION.*SOURCE$esc\\[0m\$" \
        'a terminal: the header is bold'
    matches "$out" "^$esc\\[31m[^$esc]* expired  [^$esc]*$esc\\[0m\$" \
        '... what has expired is red'
    matches "$out" "^$esc\\[33m[^$esc]* 40  [^$esc]*$esc\\[0m\$" \
        '... what will soon is yellow'
    matches "$out" '^us-west-2 .* 400  ' '... and the rest plain'
    on_terminal NO_COLOR=1
    unlike "$out" "$esc" 'NO_COLOR is respected'
    on_terminal NO_COLOR=
    like "$out" "$esc"'[31m' '... but not an empty one'
    on_terminal TERM=dumb
    unlike "$out" "$esc" 'a dumb terminal gets no colours'
    list --directory "$DIR" "$WEST?expired=include"
    unlike "$out" "$esc" 'a pipe gets no colours'
}

# ---- errors -----------------------------------------------------------------

errors() {
    misused 'an unknown option' \
        "unknown option '--fingerprnt', did you mean '--fingerprint'?" \
        --fingerprnt
    misused 'an unknown letter' "unknown option '-x'; try" -x
    misused 'a value too few' '--expiring needs a value; try' --expiring
    misused 'a value too much' '--json takes no value; try' --json=1
    misused 'a word too much' \
        "one URI is enough, 'rds://b' is too much; join them with '+'" \
        rds://a rds://b
    misused 'control characters are shown' "'--\\x1b[1m'" $'--\033[1m'
    misused 'an unknown region' \
        "unknown region 'us-wets-2', did you mean 'us-west-2'?" \
        rds://region/us-wets-2
    misused 'no rds: URI' "'http://x'" http://x
    misused 'an empty URI' "''" ''
    misused 'rds://list' 'rds://list' rds://list
    misused 'a directory that is not there' \
        "--directory '$TMP/nix': No such file or directory" \
        --directory "$TMP/nix"
    misused 'a directory that is a file' \
        "--directory '$TMP/openssl.cnf': Not a directory" \
        --directory "$TMP/openssl.cnf"
    misused 'no directory' "--directory '': No such file" --directory ''
    echo 'rds-distrust = abc' >>"$TMP/openssl.cnf"
    misused 'an impossible setting' \
        "rds-distrust: 'abc' is not a SHA-256" "$WEST"
    configure "$TMP/none"
}

full_disk() {
    if [[ -c /dev/full ]]; then
        "$RDSCA" list >/dev/full 2>"$TMP/full"
        is "$? $(cat "$TMP/full")" \
            '4 rdsca list: cannot write all of the output' 'a full disk'
    else
        skip 'a full disk' 'no /dev/full'
    fi
}

configure "$TMP/none"
make_directory
table
fingerprints
directory
expiring
govcloud
json
hostile_path
colours
run "$RDSCA" list --help
matches "$out" '^usage: rdsca list ' '--help'
errors
full_disk
done_testing
