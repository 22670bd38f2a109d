#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves `rdsca doctor` about the directory of bundles and the certificates:
# each way in which a directory or a file is refused, has no effect or grows
# old, with what mends it; which set is in force, and why; what rds-trust
# needs and does not find; what expires.

# shellcheck disable=SC2119 # most runs take no option
# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
need openssl perl
need_module
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=doctor.sh
. "$ROOT/tests/rdsca/doctor.sh"

WEST_FILE=$DIR/us-west-2-bundle.pem
GOV_FILE=$DIR/us-gov-west-1-bundle.pem # of a region that is not carried
BUILT=$(grep -v '^#' provider/anchors/DATE)

pki_region us-west-2
pki_region us-gov-west-1
pki_root rsa2048 'Amazon RDS us-west-2 Root CA RSA2048 G1'
pki_root rsa4096 'Amazon RDS us-west-2 Root CA RSA4096 G1'
pki_root soon 'Amazon RDS us-west-2 Root CA ECC384 G1' ECC384 '+170 days'
pki_root later 'Amazon RDS us-west-2 Root CA ECC384 G2' ECC384 '+190 days'
pki_root brief 'Amazon RDS us-gov-west-1 Root CA ECC384 G1' ECC384 '+3 seconds'

RSA=(rsa2048 rsa4096)
WHOLE=(root-us-west-2 "${RSA[@]}") # each CA that is built in

# whole FILE...: makes each a bundle that lacks nothing.
whole() {
    local file

    for file; do
        pki_bundle "$file" "${WHOLE[@]}"
    done
}

# with_bundle [KEY=VALUE...]: a good machine with a bundle for us-west-2.
with_bundle() {
    healthy "$@"
    whole "$WEST_FILE"
}

update_is() {
    mend_is "$1" run "rdsca update $2 --directory $DIR"
}

# ---- the directory itself ---------------------------------------------------

absent_directory() {
    healthy
    rmdir "$DIR"
    doctor
    note 'a directory that is not there' directory \
        "rds-bundles = '$DIR' is not there: the built-in set answers"
    mend '... is mended'
    fine directory "'$DIR' has no bundle" '... by making it'
    sed -i '/^rds-bundles/d' "$CNF"
    [[ ! -e /var/lib/rds-ca ]] || return
    doctor
    sound 'the default one need not be there'
    fine directory "'/var/lib/rds-ca' is not there" '... but it is told'
}

refused_directory() {
    with_bundle
    chmod 777 "$DIR"
    doctor
    problem 'a directory that others can write to' directory \
        "$DIR: the directory is writable by group or others (mode 0777, owner $EUID)"
    is "$(grep -c refused "$FINDINGS")" 0 '... is told once'
    fine anchors 'the directory for 0' '... nothing of it is in force'
    mend '... is mended'
    rm -r "$DIR"
    : >"$DIR"
    doctor
    problem 'a file in its place' directory "$DIR: cannot open the directory: Not a directory"
    rm "$DIR"
    mkfifo "$DIR"
    doctor
    problem 'a pipe in its place' directory 'Not a directory'
    rm "$DIR"
}

owners_and_parents() {
    with_bundle
    mkdir -m 755 "$TMP/parent"
    mv "$DIR" "$TMP/parent/bundles"
    sed -i "s|^rds-bundles.*|rds-bundles = $TMP/parent/bundles|" "$CNF"
    doctor
    sound 'a directory in another one'
    chmod 777 "$TMP/parent"
    doctor
    note '... that others can write to' directory \
        "others than root can replace what is in '$TMP/parent' (mode 0777"
    mend '... is mended'
    ln -s "$TMP/parent/bundles" "$TMP/link"
    sed -i "s|^rds-bundles.*|rds-bundles = $TMP/link|" "$CNF"
    chmod 777 "$TMP/parent"
    doctor
    note 'a link into such a directory' directory "in '$TMP/parent' (mode 0777"
    chmod 755 "$TMP/parent"
    sed -i "s|^rds-bundles.*|rds-bundles = $TMP/parent/bundles|" "$CNF"
    ((EUID == 0)) || return
    chown 65534 "$TMP/parent/bundles"
    doctor
    note 'a directory of another user' directory "is owned by user 65534"
    mend '... is mended'
    chmod 700 "$TMP/parent/bundles"
    doctor
    note 'a directory that others may not read' directory 'has mode 0700'
    mend '... is mended'
}

# ---- files that are refused -------------------------------------------------

# refused NAME TEXT: the bundle is the one fault.
refused() {
    doctor
    problem "$1" directory "refused: us-west-2-bundle.pem: $2"
}

refused_files() {
    with_bundle
    chmod 664 "$WEST_FILE"
    refused 'a file that others can write to' 'writable by group or others (mode 0664'
    mend '... is mended'
    : >"$WEST_FILE"
    refused 'an empty file' 'empty; fetch the file again'
    update_is '... is to be fetched' us-west-2
    echo 'no certificate' >"$WEST_FILE"
    refused 'a text' 'no PEM certificate in it'
    cat "$PKI/root-us-west-2.pem" "$PKI/root-us-west-2.key" >"$WEST_FILE"
    refused 'a private key' 'holds a private key'
    update_is '... is to be replaced' us-west-2
    sed 's/-----BEGIN/----BEGIN/' "$PKI/root-us-west-2.pem" |
        cat "$PKI/soon.pem" - >"$WEST_FILE"
    refused 'damaged PEM' 'damaged PEM after certificate 1'
    cp "$PKI/root-us-gov-west-1.pem" "$WEST_FILE"
    doctor
    [[ $status == 1 ]] && found problem directory \
        'no certificate of its region or partition in it'
    ok $? 'only certificates of another region' || show_findings
    rm "$WEST_FILE"
    mkfifo "$WEST_FILE"
    refused 'a pipe' 'not a regular file'
    rm "$WEST_FILE"
    ln -s gone.pem "$WEST_FILE"
    refused 'a link to nothing' 'cannot read: No such file'
    rm "$WEST_FILE"
    whole "$DIR/aws-global-bundle.pem"
    : >"$DIR/aws-us-gov-global-bundle.pem"
    doctor
    problem 'an empty global file' directory 'aws-us-gov-global-bundle.pem: empty'
    update_is '... is to be fetched' '--partition aws-us-gov'
    rm "$DIR/aws-us-gov-global-bundle.pem"
    : >"$DIR/eusc-de-east-1-bundle.pem"
    doctor
    problem 'a file of a partition that AWS does not publish' directory \
        'eusc-de-east-1-bundle.pem: empty'
    mend_is '... is to be imported' 'do' 'rdsca import FILE'
    ((EUID == 0)) || return
    with_bundle
    chown 65534 "$WEST_FILE"
    refused 'a file of another user' 'owned by user 65534'
    mend '... is mended'
}

left_out() {
    with_bundle
    cat "$PKI/root-us-gov-west-1.pem" >>"$WEST_FILE"
    doctor
    note 'a certificate that is left out' directory \
        'us-west-2-bundle.pem: certificate 4 left out: not of the region'
    update_is '... the file is to be fetched' us-west-2
    for ((i = 0; i < 40; i++)); do
        cat "$PKI/root-us-gov-west-1.pem"
    done >>"$WEST_FILE"
    doctor
    is "$(of_level note)" 4 'of many that are left out four are told of'
    fine directory '37 more certificates are left out' '... and how many more'
}

# ---- files and what they do -------------------------------------------------

in_force() {
    with_bundle
    doctor
    sound 'a bundle'
    fine directory "us-west-2-bundle.pem of $(date -u -r "$WEST_FILE" +%Y-%m-%d) is in force for 1 region: not older than the built-in set of $BUILT" \
        '... is in force, and why'
    fine anchors 'the directory for 1' '... and is counted'
    pki_bundle "$DIR/aws-global-bundle.pem" "${WHOLE[@]}" root-us-gov-west-1
    rm "$WEST_FILE"
    doctor
    note 'a global file with a foreign root' directory 'left out'
    fine directory 'aws-global-bundle.pem of ' '... is in force'
    pki_bundle "$GOV_FILE" root-us-gov-west-1
    doctor
    fine directory 'us-gov-west-1-bundle.pem of ' 'a region that is not carried'
    fine anchors 'the directory for 2' '... is counted'
    unlike "$(grep 'not carried' "$FINDINGS")" us-gov-west-1 \
        '... and is carried now'
    like "$(grep 'not carried' "$FINDINGS")" us-gov-east-1 '... others not'
}

# Older than the built-in set.
stale() {
    with_bundle
    touch -d "$BUILT -1 day" "$WEST_FILE"
    doctor
    problem 'a bundle that is older than the built-in set' directory \
        "us-west-2-bundle.pem of $(date -u -d "$BUILT -1 day" +%Y-%m-%d) has no effect: it is older than the built-in set of $BUILT"
    update_is '... is to be fetched' us-west-2
    fine anchors 'the directory for 0' '... and not in force'
    touch "$WEST_FILE"
    doctor
    sound 'a new date mends it'
    touch -d "$BUILT" "$WEST_FILE"
    doctor
    unlike "$(<"$FINDINGS")" 'has no effect' 'of the same day it is in force'
    healthy
    pki_bundle "$GOV_FILE" root-us-gov-west-1
    touch -d "$BUILT -1 day" "$GOV_FILE"
    doctor
    fine directory "is in force for 1 region: not carried by the built-in set of $BUILT" \
        'an old bundle of a region that is not carried is in force'
}

ages() {
    healthy
    pki_bundle "$GOV_FILE" root-us-gov-west-1
    touch -d '44 days ago' "$GOV_FILE"
    doctor
    sound 'a bundle of 44 days'
    touch -d '46 days ago' "$GOV_FILE"
    doctor
    note 'a bundle of 46 days' directory \
        'us-gov-west-1-bundle.pem was last confirmed 46 days ago: does the timer not run?'
    update_is '... is to be fetched' us-gov-west-1
    touch -d '+12 hours' "$GOV_FILE"
    doctor
    sound 'a clock that is a little off'
    touch -d '+3 days' "$GOV_FILE"
    doctor
    note 'a bundle of the future' directory \
        'us-gov-west-1-bundle.pem is dated in the future'
    mend '... is mended'
}

superseded() {
    with_bundle
    cp "$WEST_FILE" "$DIR/aws-global-bundle.pem"
    touch -d '-1 hour' "$DIR/aws-global-bundle.pem"
    doctor
    note 'a file that newer ones supersede' directory \
        "aws-global-bundle.pem of $(date -u -r "$DIR/aws-global-bundle.pem" +%Y-%m-%d) answers for nothing"
    mend '... is mended'
    is "$(ls "$DIR")" us-west-2-bundle.pem '... by removing the right one'
}

strays() {
    with_bundle
    mv "$WEST_FILE" "$DIR/global-bundle.pem"
    doctor
    note "AWS's name of the global file" directory 'global-bundle.pem is not read'
    mend '... is mended'
    fine directory 'aws-global-bundle.pem of ' '... and is in force'
    cp "$DIR/aws-global-bundle.pem" "$DIR/global-bundle.pem"
    doctor
    note '... beside the right one' directory 'global-bundle.pem is not read'
    mend '... is mended'
    is "$(ls "$DIR")" aws-global-bundle.pem '... and the right one is kept'
    : >"$DIR/us-wets-2.pem"
    doctor
    note 'another name' directory "'us-wets-2.pem' is not read: the name is neither"
    rm "$DIR/us-wets-2.pem"
    : >"$DIR/README"
    : >"$DIR/.lock"
    : >"$DIR/.aws-global-bundle.pem.etag"
    doctor
    sound 'files that are nobody'\''s concern'
}

leftovers() {
    local file

    with_bundle
    for file in us-west-2-bundle.pem.aB3xYz .us-west-2-bundle.pem.etag.Zz9aaa \
        aws-cn-global-bundle.pem.000000; do
        : >"$DIR/$file"
        doctor
        sound "$file, new: an update may be at work"
        touch -d '2 hours ago' "$DIR/$file"
        doctor
        note '... old' directory "'$file' was left behind by an update"
        mend '... is mended'
        is "$(ls -A "$DIR")" us-west-2-bundle.pem '... and nothing else is removed'
    done
    for file in us-west-2-bundle.pem.aB3xY x.aB3xYz .us-west-2-bundle.pem.aB3.x; do
        : >"$DIR/$file"
        touch -d '2 hours ago' "$DIR/$file"
    done
    doctor
    sound 'other names are not called so'
    for ((file = 0; file < 100; file++)); do
        : >"$DIR/x$file.pem"
    done
    doctor
    is "$(of_level note)" 16 'of many strange files 16 are told of'
}

# A name that a shell would read in another way.
odd_directory() {
    local DIR="$TMP/it's a \$(dir)"
    local WEST_FILE=$DIR/us-west-2-bundle.pem

    healthy
    sed -i "s|^rds-bundles.*|rds-bundles = \"$TMP/it's a \\\\\$(dir)\"|" "$CNF"
    whole "$WEST_FILE"
    doctor
    sound 'a directory with an odd name'
    chmod 777 "$DIR"
    doctor
    problem '... that others can write to' directory 'writable by group'
    mend '... is mended'
    chmod 666 "$WEST_FILE"
    doctor
    problem '... and a file in it' directory 'refused: us-west-2-bundle.pem'
    mend '... is mended'
    rm -r "$DIR"
}

many_files() {
    local i

    healthy
    for ((i = 1; i <= 65; i++)); do
        cp "$PKI/root-us-west-2.pem" "$DIR/us-west-$i-bundle.pem"
        cp "$PKI/root-us-west-2.pem" "$DIR/us-east-$i-bundle.pem"
    done
    doctor
    found note directory 'only the first 128 bundle files are read'
    ok $? 'more files than are read' || show_findings
}

# ---- what a bundle lacks ------------------------------------------------------

lacking() {
    healthy
    pki_bundle "$WEST_FILE" root-us-west-2
    doctor
    note 'a bundle with one CA of three' directory \
        'us-west-2-bundle.pem: lacks 2 valid CAs of the built-in set (us-west-2 rds-ca-rsa2048-g1, us-west-2 rds-ca-rsa4096-g1); fetch the file again, unless this is meant'
    update_is '... is to be fetched' us-west-2
    fine directory 'us-west-2-bundle.pem of ' '... and is in force'
    pki_root expired 'Amazon RDS us-west-2 Root CA RSA4096 G1' ECC384 '-1 hour'
    pki_bundle "$WEST_FILE" root-us-west-2 rsa2048 expired
    doctor
    note 'one of the three has expired' directory \
        'lacks 1 valid CA of the built-in set (us-west-2 rds-ca-rsa4096-g1)'
    pki_bundle "$WEST_FILE" expired
    doctor
    note 'all of a bundle has expired' directory \
        'us-west-2-bundle.pem: has no valid root for 1 region (us-west-2); what is valid there stays; fetch the file again'
    update_is '... it is to be fetched' us-west-2
    fine anchors 'the directory for 0' '... and is not in force'
    whole "$DIR/aws-global-bundle.pem"
    touch -d '-1 hour' "$DIR/aws-global-bundle.pem"
    doctor
    note '... beside an older file that is valid' directory \
        'us-west-2-bundle.pem: has no valid root for 1 region (us-west-2)'
    fine directory 'aws-global-bundle.pem of ' '... which is in force'
    fine anchors 'the directory for 1' '... and counted'
}

# AWS's file of 2020, whose CAs have nearly all expired, with a fresh date.
frozen() {
    local old=$SHARED/truststore/legacy/rds-combined-ca-bundle.pem

    if [[ ! -r $old ]]; then
        skip "AWS's file of 2020" 'no ../shared'
        return
    fi
    healthy
    install -m 644 "$old" "$DIR/aws-global-bundle.pem"
    doctor
    found note directory 'aws-global-bundle.pem: has no valid root for '
    ok $? "AWS's file of 2020 as the global file" || show_findings
    fine anchors 'the directory for 0' '... replaces nothing'
}

# ---- what rds-trust needs ---------------------------------------------------

trust_needs() {
    local gov=rds://host/db.abc123.us-gov-west-1.rds.amazonaws.com

    healthy rds-trust="$gov"
    doctor
    problem 'a region that is not carried' anchors \
        "rds-trust has no answer, so nothing is trusted: region 'us-gov-west-1' is known, but no certificate in force is at hand"
    update_is '... is to be fetched' us-gov-west-1
    pki_bundle "$GOV_FILE" root-us-gov-west-1
    doctor
    sound '... its bundle mends it'
    : >"$GOV_FILE"
    doctor
    is "$status $(of_level problem)" '1 2' 'a refused bundle, and what follows'
    found problem directory 'refused: us-gov-west-1-bundle.pem'
    ok $? '... the cause is told' || show_findings
    like "$(<"$MENDS/2")" "mend first what is refused in '$DIR'" \
        '... and is to be mended first'
    healthy rds-trust="$WEST+${gov#rds://}+host/db.abc.us-gov-east-1.rds.amazonaws.com"
    doctor
    is "$status $(of_level problem)" '1 2' 'each part without an answer is told of'
    found problem anchors "region 'us-gov-east-1' is known"
    ok $? '... by its name'
    healthy rds-trust=rds://host/db.abc123.us-wset-2.rds.amazonaws.com
    doctor
    problem 'a mistyped region' anchors "did you mean 'us-west-2'?"
    mend_is '... is to be corrected' 'do' 'correct rds-trust in [rds_section]'
    healthy rds-trust=rds://partition/aws-us-gov
    doctor
    found problem anchors "partition 'aws-us-gov' is known"
    ok $? 'a partition that is not carried' || show_findings
    like "$(cat "$MENDS"/*)" "rdsca update --partition aws-us-gov --directory $DIR" \
        '... is to be fetched'
    is "$("$RDSCA" update --help | grep -c -- '--partition P\|--directory DIR')" \
        2 '... by options that update has'
}

distrusted() {
    with_bundle rds-distrust="$(for ca in "${WHOLE[@]}"; do
        pki_sha256 "$ca"
    done | paste -sd ,)"
    doctor
    note 'a bundle of which all is distrusted' directory \
        'answers for nothing: newer files, or rds-distrust, leave nothing of it'
}

# ---- what expires -----------------------------------------------------------

# The day on which a certificate ends.
last_day() {
    date -u -d "$(openssl x509 -noout -enddate -in "$PKI/$1.pem" |
        cut -d = -f 2)" +%Y-%m-%d
}

expiring() {
    healthy rds-trust="$WEST"
    pki_bundle "$WEST_FILE" soon later "${RSA[@]}"
    doctor
    note 'a root that expires in 170 days' anchors \
        "of '$WEST' 1 expire within 180 days: us-west-2 rds-ca-ecc384-g1 ($(last_day soon))"
    update_is '... a newer one is to be fetched' us-west-2
    sed -i '/^rds-trust/d' "$CNF"
    doctor
    note 'without rds-trust, of rds://all' anchors "of 'rds://all' 1 expire"
    healthy rds-trust="${WEST//us-west-2/eu-west-1}"
    pki_bundle "$WEST_FILE" soon later "${RSA[@]}"
    doctor
    sound 'of another region it does not matter'
    healthy rds-trust="$WEST"
    pki_bundle "$WEST_FILE" later "${WHOLE[@]}"
    doctor
    sound 'one that expires in 190 days'
}

# AWS's own file for GovCloud: what its intermediates mean changes with the
# calendar, so only their number is counted here.
govcloud() {
    local file=$DIR/aws-us-gov-global-bundle.pem soon

    if [[ ! -r $SHARED/truststore/anchors.tsv ]]; then
        skip "what of GovCloud's own file expires" 'no ../shared'
        return
    fi
    healthy
    cp "$SHARED/truststore/aws-us-gov/global/global-bundle.pem" "$file"
    chmod 644 "$file"
    touch "$file"
    doctor
    fine directory 'aws-us-gov-global-bundle.pem of' \
        "GovCloud's own file is in force"
    soon=$(awk -F '\t' -v from="$(date -u +%FT%TZ)" \
        -v to="$(date -u -d '+180 days' +%FT%TZ)" \
        '/ us-gov-/ && $5 > from && $5 < to' \
        "$SHARED/truststore/anchors.tsv" | wc -l)
    ((soon != 0)) || return
    found note anchors "of 'rds://all' $soon intermediate"
    ok $? '... and what of it expires is told early' || show_findings
}

# An intermediate that ends before its root, and one whose root ends with it.
passing() {
    pki_sub passing later 'Amazon RDS us-west-2 Subordinate CA ECC384 G2.A.1' \
        ECC384 '+170 days'
    pki_sub falling soon 'Amazon RDS us-west-2 Subordinate CA ECC384 G1.A.1' \
        ECC384 '+160 days'
    healthy rds-trust="$WEST"
    pki_bundle "$WEST_FILE" later passing "${WHOLE[@]}"
    doctor
    note 'an intermediate that expires, and its root does not' anchors \
        "of '$WEST' 1 intermediate expires within 180 days, and the roots remain: us-west-2 rds-ca-ecc384-g2 ($(last_day passing))"
    mend_is '... needs no update' 'do' \
        "nothing to change here; ask the servers of the region with 'rdsca probe ENDPOINT', and rotate the certificate of one whose chain expires"
    pki_bundle "$WEST_FILE" later soon falling "${RSA[@]}"
    doctor
    note 'one whose root expires as well' anchors \
        "of '$WEST' 2 expire within 180 days: us-west-2 rds-ca-ecc384-g1 ($(last_day soon)), us-west-2 rds-ca-ecc384-g1 ($(last_day falling))"
    update_is '... needs one' us-west-2
}

expired() {
    healthy
    pki_bundle "$GOV_FILE" brief
    while openssl x509 -in "$PKI/brief.pem" -noout -checkend 0 >/dev/null; do
        sleep 0.5
    done
    doctor
    note 'a region whose roots have expired' anchors \
        "region 'us-gov-west-1' has no root in force any more"
    update_is '... newer ones are to be fetched' us-gov-west-1
    healthy
    printf 'rds-trust = rds://ca/rds-ca-2015\n' >>"$CNF"
    doctor
    found note anchors "nothing that 'rds://ca/rds-ca-2015' selects is in force"
    ok $? 'a CA that has expired' || show_findings
}

absent_directory
refused_directory
owners_and_parents
refused_files
left_out
in_force
stale
ages
superseded
strays
leftovers
odd_directory
many_files
lacking
frozen
trust_needs
distrusted
expiring
passing
govcloud
expired
done_testing
