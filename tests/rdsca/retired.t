#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves `rdsca update --retired` against HTTPS servers on loopback that stand
# in for S3: that AWS's legacy files arrive from their own addresses in
# `retired/`, judged, reported and confirmed like bundles; that whatever must
# not be installed leaves everything as it was; and that the module answers
# rds://file/NAME with them, and nothing else.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"
serve

FILES=("$EAST" "$SUB" "$WEST" "$COMBINED" "$GOV")
S3=https://s3.amazonaws.com/rds-downloads
S3_GOV=https://s3.us-gov-west-1.amazonaws.com/rds-downloads

OLD_SUBJECT='/C=US/ST=Washington/L=Seattle/O=Amazon Web Services, Inc./OU=Amazon RDS/CN='

# ---- documents --------------------------------------------------------------

# expired_ca NAME ISSUER CN FROM [TO]: ISSUER may be NAME itself.
expired_ca() {
    pki_key "$1" ECC384
    pki_sign "$1" "$2" "$OLD_SUBJECT$3" "$4" "${5:-$(pki_date '-1 day')}" <<'END'
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END
}

# The names that AWS's certificates have; the year is part of one's meaning.
make_certificates() {
    expired_ca east east 'Amazon RDS CN Root CA' 20180728005226Z
    expired_ca sub east 'Amazon RDS us-gov-east-1 CA' 20180728010000Z
    expired_ca west west 'aws.amazon.com\/rds\/' 20120816064200Z
}

# s3_document NAME: takes a file from stdin, on AWS's host for it.
s3_document() {
    local folder=$WWW/s3-us-gov/rds-downloads

    [[ $1 != "$COMBINED" ]] || folder=$WWW/s3/rds-downloads
    mkdir -p "$folder"
    cat >"$folder/$1"
}

# document NAME: where that is.
document() {
    local folder=s3-us-gov

    [[ $1 != "$COMBINED" ]] || folder=s3
    echo "$WWW/$folder/rds-downloads/$1"
}

# As AWS's are, with keys of our own.  The combined file has one more than is
# built in of it, and none of them is new.
make_retired_documents() {
    make_certificates
    s3_document "$EAST" <"$PKI/east.pem"
    s3_document "$SUB" <"$PKI/sub.pem"
    s3_document "$WEST" <"$PKI/west.pem"
    { cat "$PKI/sub.pem" && pem_of rds://file/$GOV &&
        cat "$PKI/east.pem" "$PKI/west.pem"; } | s3_document "$GOV"
    { pem_of rds://file/rds-ca-2019-cn-root.pem &&
        pem_of rds://file/$COMBINED; } | s3_document "$COMBINED"
}

# mirror_of NAME: a mirror with all five files.
mirror_of() {
    pinned_retired "$WWW/mirror/$1/rds-downloads"
}

# mirrored_west NAME: such a mirror, but for one file, which it takes from
# stdin.
mirrored_west() {
    mirror_of "$1"
    cat >"$WWW/mirror/$1/rds-downloads/$WEST"
}

# ---- asking -----------------------------------------------------------------

retired() {
    update --retired "$@"
}

# content: names, modes and digests; no dates and ETags, which a confirmation
# changes.
content() {
    (cd "$DIR" && find . -mindepth 1 ! -name .lock ! -name '*.etag' \
        -printf '%p %m\n' -type f -exec sha256sum {} \; | sort)
}

# order FILE: the fingerprints of a PEM file, as they stand in it.
order() {
    fingerprints_of_pem <"$1"
}

# answers NAME: the module answers with the file of that name, in its order.
answers() {
    is "$(fingerprints_of "rds://file/$1")" "$(order "$DIR/retired/$1")" \
        "rds://file/$1 answers with it"
}

# installed_whole NAME: what is in the directory is what AWS's host has.
installed_whole() {
    is "$(order "$DIR/retired/$1")" "$(order "$(document "$1")")" \
        "$1 is what the host has, in its order"
    answers "$1"
}

# ---- AWS's files ------------------------------------------------------------

all_five() {
    local name source

    rm -rf "$DIR"
    run sh -c 'umask 077; exec "$@"' sh "$RDSCA" update --settings - \
        --directory "$DIR" --cacert "$CA" --tries 1 \
        --connect-to "127.0.0.1:$PORT" --retired --accept-new
    [[ $status == 0 && -z $err ]]
    ok $? '--retired --accept-new' || show_run
    for name in "${FILES[@]}"; do
        source=$S3_GOV
        [[ $name != "$COMBINED" ]] || source=$S3
        like "$out" "retired/$name: installed, $(order "$(document "$name")" |
            wc -l) certificates, " "$name is reported"
        like "$out" " pinned, from $source/$name" '... with its address'
        [[ $(request 1 "/rds-downloads/$name") == *' 200 ' ]]
        ok $? '... and was asked for there'
        installed_whole "$name"
    done
    is "$(cd "$DIR" && find . -name '*.pem' | sort)" \
        "$(printf './retired/%s\n' "${FILES[@]}" | sort)" \
        'no other file is written'
    is "$(find "$DIR/retired" -name '*.pem' ! -perm 644)" '' \
        'their mode is 0644, whatever the umask'
    is "$(stat -c %a "$DIR/retired")" 755 'and 0755 that of the directory'
    is "$(grep -c NEW: <<<"$out")" 6 'six are new'
    for name in east sub west; do
        like "$out" ", SHA-256 $(pki_sha256 "$name")" "... $name is"
    done
    like "$out" "retired/$COMBINED: installed, $((COMBINED_COUNT + 1)) certificates, $((COMBINED_COUNT + 1)) pinned" \
        'of the combined file none is'
    like "$out" "retired/$GOV: installed, 5 certificates, 2 pinned" \
        'of the GovCloud file two are not'
}

# Without --accept-new, which --cacert makes needed.
unknown_ones() {
    fresh
    retired
    is "$status" 4 'what is new needs --accept-new'
    is "$(cd "$DIR/retired" && echo *.pem)" "$COMBINED" \
        '... but for the file that holds nothing new'
    like "$err" "retired/$EAST: 'Amazon RDS CN Root CA' is new, SHA-256 $(pki_sha256 east); compare it" \
        '... a root'
    like "$err" "retired/$SUB: 'Amazon RDS us-gov-east-1 CA' was issued by no root of the bundle and by none at hand" \
        '... an intermediate whose root was refused'
    like "$err" "retired/$WEST: 'aws.amazon.com/rds/' is new" '... another root'
    is "$(grep -c . <<<"$err")" 4 '... in four lines'
}

# Whatever the system trusts: a test CA takes its place, in a mount namespace.
own_hosts() {
    local name="S3's hosts are checked with the built-in roots"

    can_be_system || { skip "$name" "cannot mount over $SYSTEM_CAS" && return; }
    fresh
    as_system "$RDSCA" update --settings - --directory "$DIR" \
        --connect-to "127.0.0.1:$PORT" --tries 1 --retired
    is "$status" 4 "$name"
    is "$(grep -c 'the connection cannot be trusted' <<<"$err")" 5 \
        '... each of them' || show_run
    is "$(content)" '' '... and nothing is written'
}

# The root may come with the file, be at hand, or be in another retired file.
issuers() {
    fresh
    retired --accept-new
    rm "$DIR/retired/$SUB" "$DIR/retired/.$SUB.etag" "$DIR/retired/$GOV"
    mkdir -p "$WWW/mirror/only/rds-downloads"
    cp "$PKI/sub.pem" "$WWW/mirror/only/rds-downloads/$SUB"
    retired --mirror "$MIRROR/only" --accept-new
    like "$out" "retired/$SUB: installed, 1 certificates" \
        'the root is in a retired file at hand'
    fresh
    retired --mirror "$MIRROR/only" --accept-new
    like "$err" "retired/$SUB: 'Amazon RDS us-gov-east-1 CA' was issued by no root" \
        'the root is nowhere'
    [[ ! -e $DIR/retired/$SUB ]]
    ok $? '... and the intermediate is not installed'
    cat "$PKI/sub.pem" "$PKI/east.pem" >"$WWW/mirror/only/rds-downloads/$SUB"
    retired --mirror "$MIRROR/only" --accept-new
    like "$out" "retired/$SUB: installed, 2 certificates" \
        'the root is in the file'
}

# A root that is in a retired file helps no bundle.
no_issuer_of_bundles() {
    local name='Amazon RDS us-west-2 2031 CA'

    fresh
    retired --accept-new
    pki_sub stray east "$name"
    { built_in_pem && cat "$PKI/stray.pem"; } | mirrored stray
    update us-west-2 --mirror "$MIRROR/stray" --accept-new
    is "$status" 4 'a root in a retired file is no issuer for a bundle'
    like "$err" "$FILE: '$name' was issued by no root of the bundle and by none at hand" \
        '... says so'
}

# ---- what is asked for ------------------------------------------------------

targets() {
    fresh_with_old
    use_conf rds-trust=rds://partition/aws-cn "rds-bundles=$DIR"
    retired --accept-new
    is "$(cd "$DIR" && echo *.pem)" "$FILE" \
        'alone it fetches neither what is there nor what rds-trust names'
    is "$(installed "$FILE" | wc -l)" 2 '... and leaves it as it is'
    use_conf "rds-bundles=$DIR"
    fresh
    update_ok 'with others' us-west-2 --retired --retired --accept-new
    is "$(grep -c '^[^ ]' <<<"$out")" 6 '... each comes once'
    is "$(cd "$DIR" && echo *.pem)" "$FILE" '... the bundle is there'
    answers "$EAST"
    printf 'RDSCA_UPDATE=us-west-2\n' >"$TMP/settings"
    fresh
    retired --settings "$TMP/settings" --accept-new
    is "$(find "$DIR" -maxdepth 1 -name '*.pem')" '' \
        'what the settings name is not asked for, either'
    update_ok 'an update without it' us-west-2
    unlike "$out" retired/ '... does not ask for retired files'
    run "$RDSCA" update --help
    like "$out" --retired '--help names it'
}

check() {
    fresh
    retired --accept-new --check
    is "$status" 1 '--check exits 1 where something would change'
    is "$err" '' '... and finds the root of the intermediate in what it fetched'
    is "$(grep -c 'would change' <<<"$out")" 5 '... says so of five'
    is "$(state)" '' '... and changes nothing'
    retired --check
    is "$status" 4 '... refuses what is new'
    is "$(state)" '' '... and changes nothing'
    retired --accept-new
    before=$(state)
    update_ok '--check exits 0 where nothing would change' --retired --check
    is "$(state)" "$before" '... and keeps even the dates'
    rm "$DIR/retired/.$SUB.etag"
    before=$(state)
    update_ok '... also where the whole file comes again' --retired \
        --accept-new --check
    is "$(state)" "$before" '... of which it keeps nothing'
}

etags() {
    local path=/tagged/rds-downloads/$WEST line

    mirror_of tagged
    fresh
    retired --mirror "$MIRROR/tagged"
    is "$status" 0 'a mirror of pinned certificates needs no --accept-new'
    is "$(request 1 "$path")" "$path 200 " 'the first request has no ETag'
    [[ -f $DIR/retired/.$WEST.etag ]]
    ok $? 'the ETag stands beside the file'
    touch -d '-9 days' "$DIR/retired/$WEST"
    retired --mirror "$MIRROR/tagged"
    is "$(grep -c ': unchanged, confirmed by the server' <<<"$out")" 5 \
        'then the server confirms all five'
    line=$(request 2 "$path")
    [[ $line == "$path 304 \""*'"' ]]
    ok $? '... asked with the ETag' || diag "$line"
    (($(age "retired/$WEST") < 60))
    ok $? '... and the date is set anew'
    head -c 100 "$DIR/retired/$WEST" >"$TMP/cut"
    cat "$TMP/cut" >"$DIR/retired/$WEST"
    retired --mirror "$MIRROR/tagged"
    is "$(request 3 "$path")" "$path 200 " \
        'for a damaged file the ETag is not sent'
    is "$(order "$DIR/retired/$WEST")" "$(order "$WWW/mirror$path")" \
        '... and it is replaced'
}

# Of five files one is missing.
missing() {
    mirror_of most
    rm "$WWW/mirror/most/rds-downloads/$EAST"
    fresh
    retired --mirror "$MIRROR/most"
    is "$status" 4 'one file is missing'
    is "$err" "rdsca update: $MIRROR/most/rds-downloads/$EAST: the server says 404; this server does not have the file" \
        '... is named'
    is "$(find "$DIR/retired" -name '*.pem' | wc -l)" 4 \
        '... and the others are installed'
    retired --mirror "$MIRROR/busy"
    is "$status" 3 'a busy server can be tried again'
    is "$(grep -c 'the server says 503; try again later' <<<"$err")" 5 \
        '... it says of each file'
}

mirrors() {
    mirror_of split/aws
    mirror_of split/aws-us-gov
    rm "$WWW/mirror/split/aws/rds-downloads/$WEST" \
        "$WWW/mirror/split/aws-us-gov/rds-downloads/$COMBINED"
    fresh
    retired --mirror "$MIRROR/split/{partition}/"
    is "$status" 0 '{partition} stands for the partition of the host' ||
        show_run
    like "$out" "from $MIRROR/split/aws-us-gov/rds-downloads/$WEST" \
        '... aws-us-gov'
    like "$out" "from $MIRROR/split/aws/rds-downloads/$COMBINED" '... aws'
    retired --mirror http://mirror.example/
    is "$status" 2 'an http: mirror is refused'
}

# shellcheck disable=SC2016 # Perl expands it
reports() {
    mirror_of told
    fresh
    update_ok '--quiet' --retired --mirror "$MIRROR/told" --quiet
    is "$out" '' '... says nothing'
    fresh
    retired --accept-new --json
    is "$(json '$d->{exit}, scalar @{$d->{bundles}}')" '0 5' '--json is JSON'
    is "$(json 'map { "$_->{file} $_->{result} $_->{certificates} $_->{source}" } $d->{bundles}[2]')" \
        "retired/$WEST installed 1 $S3_GOV/$WEST" \
        '... names the file within the directory, and its source'
    is "$(json 'map { "$_->{change}:$_->{sha256}" } @{$d->{bundles}[2]{anchors}}')" \
        "NEW:$(pki_sha256 west)" '... and each certificate'
    retired --json
    is "$(json 'map { $_->{result} } @{$d->{bundles}}')" \
        'unchanged unchanged unchanged unchanged unchanged' 'unchanged files'
}

# ---- what is refused --------------------------------------------------------

# refused NAME TEXT MIRROR: of the five files of this mirror the other four
# are as they were, and so is the fifth.
refused() {
    local before

    before=$(content)
    retired --mirror "$MIRROR/$3" --accept-new --quiet
    [[ $status == 4 && -z $out && $err != *$'\n'* &&
        $err == "rdsca update: "*"$2"* ]]
    ok $? "$1 is refused" || { show_run && diag "expected: $2"; }
    [[ $(content) == "$before" ]] ||
        { ok 1 "... $1: nothing changes" || show_difference "$(content)" "$before"; }
}

bad_files() {
    local old=rds://file/rds-ca-2015-root.pem
    local where=retired/$WEST

    pki_root live 'Amazon RDS us-west-2 Root CA ECC384 G8'
    expired_ca other other 'Amazon RDS Root 2018 CA' 20180101000000Z
    expired_ca stranger stranger 'Another CA' 20180101000000Z
    expired_ca orphan other 'Amazon RDS us-west-2 2018 CA' 20180102000000Z
    pki_leaf leaf none db.abc.us-west-2.rds.amazonaws.com issuer=other \
        'from=-9 days' 'to=-1 day'
    mirror_of good
    mirrored_west html <<<'<html><body>Sign in</body></html>'
    mirrored_west empty </dev/null
    mirrored_west text <<<'All is well.'
    pem_of $old | head -c 900 | mirrored_west cut
    { pem_of $old && printf -- '-----BEGIN CERTIFIC'; } | mirrored_west begun
    { pem_of $old && cat "$PKI/other.key"; } | mirrored_west key
    { pem_of $old && cat "$PKI/live.pem"; } | mirrored_west live
    { pem_of $old && pem_of rds://proxy; } | mirrored_west proxy
    { pem_of $old && cat "$PKI/stranger.pem"; } | mirrored_west stranger
    { pem_of $old && cat "$PKI/leaf.pem"; } | mirrored_west leaf
    { pem_of $old && cat "$PKI/orphan.pem"; } | mirrored_west orphan
    { pem_of $old && flipped "$PKI/other.pem"; } | mirrored_west flipped
    head -c 5242880 /dev/zero | mirrored_west zeros
    for ((i = 0; i < 1025; i++)); do cat "$PKI/other.pem"; done |
        mirrored_west crowd
    fresh
    retired --mirror "$MIRROR/good"
    is "$status" 0 'the five of a good mirror are installed' || show_run
    refused 'a web page' "$where: a web page, no bundle" html
    refused 'an empty body' "$where: empty" empty
    refused 'a text' "$where: no certificate in it" text
    refused 'half a file' "$where: truncated or damaged" cut
    refused 'one that is cut in a line' "$where: truncated or damaged" begun
    refused 'a private key' "$where: holds a private key" key
    refused 'a certificate in force' \
        "$where: 'Amazon RDS us-west-2 Root CA ECC384 G8' has not expired, so it is not retired" live
    refused "Amazon's roots for proxies" "$where: 'Amazon Root CA 1' is not" \
        proxy
    refused 'another CA' "$where: 'Another CA' is not the name of an Amazon RDS CA" \
        stranger
    refused 'a leaf' "$where: 'db.abc.us-west-2.rds.amazonaws.com' is not a CA" \
        leaf
    refused 'an intermediate of no root' \
        "$where: 'Amazon RDS us-west-2 2018 CA' was issued by no root" orphan
    refused 'a signature that does not verify' \
        "'Amazon RDS Root 2018 CA' has a signature that does not verify" flipped
    refused 'too large a file' 'larger than 4194304 bytes' zeros
    refused 'too many certificates' "$where: more than 1024 certificates" crowd
    { pem_of $old && pem_of $old; } | mirrored_west twice
    retired --mirror "$MIRROR/twice"
    like "$out" '  duplicate, dropped: Amazon RDS Root CA, SHA-256 ' \
        'a duplicate is dropped and reported'
    is "$status $(order "$DIR/retired/$WEST" | wc -l)" '0 1' \
        '... and the rest is there'
}

# flipped FILE: the certificate with another last byte of the signature.
flipped() {
    openssl x509 -in "$1" -outform DER |
        perl -0777 -pe 'substr($_, -1) ^= "\x01"' |
        openssl base64 -e | sed '1i -----BEGIN CERTIFICATE-----
$a -----END CERTIFICATE-----'
}

# What no process would read must not be called installed.
bad_directory() {
    local before

    mirror_of plain
    fresh
    mkdir -m 777 "$DIR/retired"
    chmod 777 "$DIR/retired"
    before=$(content)
    retired --mirror "$MIRROR/plain"
    is "$status" 4 'a directory that others can write is refused'
    like "$err" "$DIR/retired: the directory is writable by group or others (mode 0777" \
        '... says so'
    is "$(content)" "$before" '... and stays empty'
    update us-west-2
    is "$status" 0 '... which is no matter for bundles' || show_run
    rm -r "$DIR/retired"
    echo text >"$DIR/retired"
    before=$(content)
    retired --mirror "$MIRROR/plain"
    is "$status" 4 'a file in its place is refused'
    like "$err" "$DIR/retired: cannot open the directory: Not a directory" \
        '... says so'
    is "$(content)" "$before" '... and stays'
}

# ---- the module -------------------------------------------------------------

# everything: what the module answers to what might see retired files.
everything() {
    local uri

    for uri in rds://all 'rds://all?expired=include' rds://global \
        'rds://partition/aws-us-gov?expired=include' \
        'rds://partition/aws-cn?expired=include' \
        'rds://region/us-gov-east-1?expired=include' \
        'rds://region/us-gov-west-1?expired=include' \
        rds://host/db.abc.us-gov-east-1.rds.amazonaws.com \
        rds://ca/rds-ca-2012 rds://ca/rds-ca-2018 rds://ca/rds-ca-2017 \
        'rds://all?ca=rds-ca-2018' "rds://sha256/$(pki_sha256 east)" \
        "rds://sha256/$(pki_sha256 west)" "rds://sha256/$(pki_sha256 sub)" \
        rds://file/rds-ca-2019-root.pem rds://file/us-west-2-bundle.pem \
        rds://file/aws-us-gov-global-bundle.pem; do
        run openssl storeutl -certs "$uri"
        printf '%s: %s\n%s\n%s\n' "$uri" "$status" "$out" "${err##*:}"
    done
}

no_other_answer() {
    local before list

    fresh
    before=$(everything)
    list=$(openssl storeutl rds://list | sort)
    unlike "$list" "$EAST" 'rds://list has no file that is not there'
    retired --accept-new
    is "$status" 0 'the five are there' || show_run
    is "$(everything)" "$before" 'no other URI sees them'
    is "$(comm -13 <(grep -o 'rds://[^ ]*' <<<"$list" | sort) \
        <(openssl storeutl rds://list | grep -o 'rds://[^ ]*' | sort))" \
        "$(printf 'rds://file/%s\n' "$EAST" "$SUB" "$WEST" | sort)" \
        'rds://list has the three that were not there before, and no more'
    finds $((COMBINED_COUNT + 1)) "rds://file/$COMBINED"
    finds 5 "rds://file/$GOV"
    finds 1 "rds://file/${WEST%.pem}.p7b"
    finds 3 "rds://file/$GOV?role=root"
    finds 2 "rds://file/$GOV?role=intermediate"
    finds 4 "rds://file/$GOV?ca=rds-ca-2017"
    finds 3 "rds://file/$WEST+file/$EAST+file/$SUB"
    finds 4 "rds://file/$WEST+region/us-west-2"
    finds 5 "rds://file/$GOV+file/$WEST+file/$EAST+file/rds-ca-2017-us-gov-west-1.pem"
    finds 1 "rds://file/$GOV" -subject "${OLD_SUBJECT}Amazon RDS CN Root CA"
    refuses "rds://file/$WEST?stage=beta" 'the filters leave no certificate'
}

# ask URI: of the process that runs; sets reply.
ask() {
    echo "$1" >&"${ASK[1]}"
    read -r reply <&"${ASK[0]}"
}

running_process() {
    local reply fd

    fresh
    compile "$TMP/reopen" tests/system/reopen.c -lcrypto -ldl ||
        { ok 1 'reopen.c compiles' && return; }
    coproc ASK { exec "$TMP/reopen"; }
    # shellcheck disable=SC2153 # coproc sets it
    pids+=("$ASK_PID")
    read -r reply <&"${ASK[0]}"
    is "$reply" loaded 'a process loads the module'
    ask "rds://file/$EAST"
    like "$reply" "AWS serves it at $S3_GOV/$EAST; run 'rdsca update --retired'" \
        'the file is not there'
    retired --accept-new
    ask "rds://file/$EAST"
    is "$reply" "1 $(pki_sha256 east)" 'the running process sees it appear'
    ask "rds://file/$GOV"
    is "$reply" "5 $(order "$(document "$GOV")" | paste -s -d ' ')" \
        'and a file that is in part built in become whole'
    chmod 666 "$DIR/retired/$EAST"
    ask "rds://file/$EAST"
    is "$reply" "1 $(pki_sha256 east)" 'an unsafe mode: the last good content'
    refuses "rds://file/$EAST" \
        "file '$EAST': retired/$EAST: writable by group or others (mode 0666"
    chmod 644 "$DIR/retired/$EAST"
    chmod 777 "$DIR/retired"
    ask "rds://file/$EAST"
    is "$reply" "1 $(pki_sha256 east)" \
        'an unsafe directory: the last good content'
    refuses "rds://file/$EAST" \
        "$DIR/retired: the directory is writable by group or others (mode 0777"
    finds 2 "rds://file/$GOV"
    chmod 755 "$DIR/retired"
    head -c 500 "$PKI/east.pem" >"$DIR/retired/$EAST"
    refuses "rds://file/$EAST" "retired/$EAST: damaged PEM"
    rm "$DIR/retired/$EAST"
    ask "rds://file/$EAST"
    like "$reply" 'has no trustworthy public copy' 'it sees the file vanish'
    rm -r "$DIR/retired"
    ask "rds://file/$GOV"
    is "${reply%% *}" 2 'and the directory'
    fd=${ASK[1]}
    exec {fd}>&-
}

distrust() {
    fresh
    retired --accept-new
    use_conf "rds-bundles=$DIR" \
        "rds-distrust=$(pki_sha256 east), $(pki_sha256 west)"
    finds 3 "rds://file/$GOV"
    refuses "rds://file/$EAST" 'every certificate in it is distrusted'
    finds 1 "rds://file/$SUB"
    use_conf "rds-bundles=$DIR"
    finds 5 "rds://file/$GOV"
}

# Where there is no such directory, nobody looks for it a second time.
looks() {
    has strace 'the looks at the directory' || return
    fresh
    sleep 0.1
    for i in 1 2 3 4; do echo rds://region/us-west-2; done >"$TMP/questions"
    strace -f -o "$TMP/calls" "$TMP/reopen" <"$TMP/questions" >"$TMP/replies" \
        2>/dev/null
    if ! grep -q "\"$DIR\"" "$TMP/calls"; then
        skip 'the looks at the directory' 'strace may not trace here'
        return
    fi
    is "$(grep -c '^3 ' "$TMP/replies")" 4 'four answers'
    is "$(grep -c '"retired"\|/retired"' "$TMP/calls")" 1 \
        '... with one look for the directory of retired files'
    retired --accept-new
    sleep 0.1
    strace -f -o "$TMP/calls" "$TMP/reopen" <"$TMP/questions" >/dev/null 2>&1
    is "$(grep -c "stat.*\"$DIR/retired/$EAST\"" "$TMP/calls")" 3 \
        'where it is there: one stat of each file at each further answer'
    is "$(grep -c "open.*\"$EAST\"" "$TMP/calls")" 1 '... and it is read once'
}

# ---- rdsca list and export --------------------------------------------------

# shellcheck disable=SC2016 # Perl expands it
list_and_export() {
    fresh
    retired --accept-new
    run_ok 'rdsca list' "$RDSCA" list "rds://file/$GOV" --directory "$DIR"
    is "$(grep -c "retired/$GOV of $(date +%F)" <<<"$out")" 5 \
        '... shows the source of each' || show_run
    like "$out" '5 certificates of 2 regions, 5 expired' \
        '... and counts each region once'
    run "$RDSCA" list "rds://file/$WEST" --directory "$DIR" --json
    is "$(json 'map { @$_{qw(source file sha256 partition)} } @{$d->{anchors}}')" \
        "directory $DIR/retired/$WEST $(pki_sha256 west) aws" \
        '--json has its path'
    run_ok 'rdsca export' "$RDSCA" export "rds://file/$GOV" --directory \
        "$DIR" -o "$TMP/out.pem"
    is "$(order "$TMP/out.pem")" "$(order "$DIR/retired/$GOV")" \
        '... writes it in its order'
    run_ok 'rdsca export --hash-dir' "$RDSCA" export \
        "rds://file/$GOV+region/us-west-2" --directory "$DIR" \
        --hash-dir "$TMP/hashed"
    is "$(find "$TMP/hashed" -name '*.[0-9]' | wc -l)" 8 \
        '... writes all of a union'
    run_ok 'rdsca timeline' "$RDSCA" timeline "rds://file/$GOV" --directory \
        "$DIR" -o "$TMP/out.svg"
}

# ---- the real files ---------------------------------------------------------

# by_name CN: the certificate of that name in AWS's combined GovCloud file.
by_name() {
    local line pem=

    while IFS= read -r line; do
        [[ $line != *'BEGIN CERTIFICATE'* ]] || pem=
        pem+=$line$'\n'
        [[ $line != *'END CERTIFICATE'* ||
            $(describe_pem <<<"$pem") != *" $1" ]] ||
            sed -n '/BEGIN/,/END/p' <<<"$pem"
    done <"$SHARED/truststore/legacy/$GOV"
}

# AWS's own: all are pinned, so nothing has to be accepted.  One file is in no
# public place, and missing on this host, too.
real_files() {
    local legacy=$SHARED/truststore/legacy

    if [[ ! -r $legacy/$GOV ]]; then
        skip "AWS's own certificates" 'no ../shared'
        return
    fi
    rm -rf "$WWW/s3-us-gov/rds-downloads" "$WWW/s3/rds-downloads"
    by_name 'Amazon RDS CN Root CA' | s3_document "$EAST"
    by_name 'Amazon RDS us-gov-east-1 CA' | s3_document "$SUB"
    s3_document "$GOV" <"$legacy/$GOV"
    s3_document "$COMBINED" <"$legacy/$COMBINED"
    fresh
    retired
    is "$status" 4 'one is missing'
    like "$err" "$WEST: the server says 404" '... which is named'
    is "$(grep -c . <<<"$err")" 1 '... and nothing else' || show_run
    unlike "$out" NEW: 'none is new'
    like "$out" "retired/$EAST: installed, 1 certificates, 1 pinned" \
        'the root of us-gov-east-1 is pinned'
    like "$out" "retired/$SUB: installed, 1 certificates, 1 pinned" \
        '... and what it issued'
    like "$out" "retired/$GOV: installed, 4 certificates, 4 pinned" \
        "... and AWS's GovCloud file"
    like "$out" "retired/$COMBINED: installed, $COMBINED_COUNT certificates, $COMBINED_COUNT pinned" \
        '... and the combined one'
    installed_whole "$GOV"
    installed_whole "$COMBINED"
    finds 4 "rds://file/$GOV"
    is "$(anchors_of "rds://file/$EAST")" \
        "$(tsv_line 'Amazon RDS CN Root CA')" 'the root is answered by its name'
    unlike "$(fingerprints_of 'rds://all?expired=include')" \
        "$(fingerprints_of "rds://file/$EAST")" \
        'rds://all?expired=include does not have it'
}

# tsv_line CN: fingerprint and name, as anchors_of prints them.
tsv_line() {
    awk -F '\t' -v cn="$1" '$2 == cn { print $1, $2 }' \
        "$SHARED/truststore/anchors.tsv"
}

use_conf "rds-bundles=$DIR"
make_retired_documents
all_five
unknown_ones
own_hosts
issuers
no_issuer_of_bundles
targets
use_conf "rds-bundles=$DIR"
check
etags
missing
mirrors
reports
bad_files
bad_directory
no_other_answer
running_process
distrust
looks
list_and_export
real_files

done_testing
