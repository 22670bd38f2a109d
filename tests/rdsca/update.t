#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves `rdsca update` against HTTPS servers on loopback: that every file of
# AWS's arrives by its real path; what is chosen without an argument; when the
# server confirms a file; what a mirror may do; what is said of each root; and
# that whatever must not be installed leaves the old file as it was.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"
serve

GOV_FILE=us-gov-west-1-bundle.pem
GOV=rds://region/us-gov-west-1

# from_mirror NAME [ARGUMENT...]: an update of us-west-2.
from_mirror() {
    update us-west-2 --mirror "$MIRROR/$1" "${@:2}"
}

# refused NAME STATUS TEXT MIRROR [ARGUMENT...]: see unharmed.
refused() {
    unharmed "$1" "$2" "$3" from_mirror "${@:4}"
}

# misused NAME TEXT ARGUMENT...
misused() {
    unharmed "$1" 2 "$2" update "${@:3}"
}

# same NAME FILE DOCUMENT: the installed file holds the document's
# certificates.
same() {
    local expected

    expected=$(fingerprints_of_pem <"$WWW/$3" | sort)
    [[ -n $expected ]] || ok 1 "$3 has certificates"
    is "$(installed "$2")" "$expected" "$1"
}

# ---- AWS's files ------------------------------------------------------------

regions_by_path() {
    local folder file missing=''
    local -a regions=()

    for folder in "$WWW"/aws/*/; do
        folder=${folder%/}
        [[ $folder == */global ]] || regions+=("${folder##*/}")
    done
    fresh
    update_ok 'one command updates all regions' "${regions[@]}"
    for folder in "${regions[@]}"; do
        file=$folder-bundle.pem
        [[ $(installed "$file" 2>/dev/null) == $(fingerprints_of_pem \
            <"$WWW/aws/$folder/$file" | sort) ]] || missing+=" $folder"
        [[ $(request 1 "/$folder/$file") == *' 200 ' ]] ||
            missing+=" path:$folder"
    done
    is "$missing" '' 'each region has its file, by its real path'
    is "$(find "$DIR" -name '*-bundle.pem' | wc -l)" "${#regions[@]}" \
        'and there is no file beside those'
    is "$(find "$DIR" -name '*.pem' ! -perm 644)" '' 'their mode is 0644'
    finds "$GLOBAL_COUNT" rds://partition/aws
    unlike "$out" error 'and the module reads them'
}

global_files() {
    fresh
    update_ok '--all updates the three partitions' --all
    same 'the global file of aws' aws-global-bundle.pem \
        aws/global/global-bundle.pem
    same 'the global file of aws-us-gov' aws-us-gov-global-bundle.pem \
        aws-us-gov/global/global-bundle.pem
    same 'the global file of aws-cn' aws-cn-global-bundle.pem \
        aws-cn/global/global-bundle.pem
    is "$(find "$DIR" -name '*.pem' | wc -l)" 3 '--all writes no other file'
    finds "$(cat "$WWW"/aws*/global/global-bundle.pem | describe_pem |
        grep -vc ' Beta \| Preview ')" rds://all
    update_ok 'some already, some by name: each once' \
        --partition aws-us-gov --partition aws-us-gov us-gov-east-1 \
        us-gov-east-1
    is "$(grep -c '^[a-z].*-bundle.pem: ' <<<"$out")" 2 '... in two lines'
    same 'a region of GovCloud comes from its own host' \
        us-gov-east-1-bundle.pem \
        aws-us-gov/us-gov-east-1/us-gov-east-1-bundle.pem
}

# AWS's own file, with its 4 intermediates: asked for, checked, confirmed.
govcloud() {
    local file=aws-us-gov-global-bundle.pem path=/global/global-bundle.pem
    local url=https://truststore.pki.us-gov-west-1.rds.amazonaws.com$path
    local etag

    fresh
    update --partition aws-us-gov --check
    is "$status ${out%%$'\n'*}" \
        "1 $file: would change, 10 certificates, 10 pinned, from $url" \
        "--check of GovCloud's file"
    is "$(ls -A "$DIR")" '' '... installs nothing'
    update_ok 'update --partition aws-us-gov' --partition aws-us-gov
    is "$out" "$file: installed, 10 certificates, 10 pinned, from $url" \
        '... takes it whole'
    same '... as AWS serves it' "$file" "aws-us-gov$path"
    finds 10 rds://partition/aws-us-gov
    finds 5 rds://region/us-gov-east-1
    etag=$(sed -n 3p "$DIR/.$file.etag")
    [[ -n $etag ]]
    ok $? '... and keeps the ETag'
    update_ok '... which confirms it' --partition aws-us-gov
    is "$out" "$file: unchanged, confirmed by the server" '... unchanged'
    update_ok '... and so does --check' --partition aws-us-gov --check
    # What a region's own file would hold with the intermediates.
    mkdir -p "$WWW/mirror/gov/us-gov-west-1"
    of_region us-gov-west-1 <"$WWW/aws-us-gov$path" \
        >"$WWW/mirror/gov/us-gov-west-1/$GOV_FILE"
    fresh
    update_ok 'a region with its intermediates' us-gov-west-1 \
        --mirror "$MIRROR/gov"
    like "$out" "$GOV_FILE: installed, 5 certificates, 5 pinned, from" \
        '... from a mirror, too'
    finds 5 "$GOV"
}

running_process() {
    local answer error fd

    fresh
    compile "$TMP/reopen" tests/system/reopen.c -lcrypto -ldl ||
        { ok 1 'reopen.c compiles' && return; }
    coproc ASK { exec "$TMP/reopen"; }
    # shellcheck disable=SC2153 # coproc sets it
    pids+=("$ASK_PID")
    read -r answer <&"${ASK[0]}"
    is "$answer" loaded 'a process loads the module'
    echo "$GOV" >&"${ASK[1]}"
    read -r error <&"${ASK[0]}"
    like "$error" 'error ' 'GovCloud has no answer in it'
    update_ok 'update us-gov-west-1' us-gov-west-1
    like "$out" "$GOV_FILE: installed, 3 certificates, 3 pinned, from https://truststore.pki.us-gov-west-1.rds.amazonaws.com/us-gov-west-1/$GOV_FILE" \
        'says what it installed, and from where'
    echo "$GOV" >&"${ASK[1]}"
    read -r answer <&"${ASK[0]}"
    is "$(tr ' ' '\n' <<<"${answer#* }" | sort)" "$(installed "$GOV_FILE")" \
        'the running process answers with it'
    is "${answer%% *}" 3 '... three roots'
    fd=${ASK[1]}
    exec {fd}>&-
}

real_files() {
    local name

    if ! real; then
        for name in 'the 34 regions by their real paths' \
            'the global files' "GovCloud's own file" 'a running process sees GovCloud'; do
            skip "$name" 'no ../shared'
        done
        return
    fi
    regions_by_path
    global_files
    govcloud
    running_process
}

china() {
    fresh
    update_ok 'China comes from its own host' --partition aws-cn
    same '... and is whole' aws-cn-global-bundle.pem \
        aws-cn/global/global-bundle.pem
    like "$out" 'from https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem' \
        '... by its real path'
}

# ---- what to update ---------------------------------------------------------

no_argument() {
    local file=us-east-1-bundle.pem

    fresh
    misused 'nothing configured, nothing there: the choices are listed' \
        "nothing to update: no rds-trust is configured, no RDSCA_UPDATE in /etc/default/rdsca, and $DIR holds no bundle; name a region (us-west-2), --partition aws, or --all; try 'rdsca update --help'"
    fresh_with_old
    update_ok 'the files that are there'
    like "$out" "$FILE: installed, 3 certificates" '... are updated'
    is "$(find "$DIR" -name '*.pem' | wc -l)" 1 '... and no others'
    pem_of rds://region/us-east-1 >"$DIR/$file"
    use_conf rds-trust=rds://host/db.abc123def.us-west-2.rds.amazonaws.com \
        "rds-bundles=$DIR"
    rm "$DIR/$FILE"
    run "$RDSCA" update --settings - --cacert "$CA" --tries 1 \
        --connect-to "127.0.0.1:$PORT"
    like "$out" "$FILE: installed" 'rds-trust comes before the files there'
    unlike "$out$err" "$file:" '... which are left alone'
    ok "$status" 'and rds-bundles names the directory' || show_run
    use_conf 'rds-trust=rds://region/us-west-2,eu-nowhere'
    fresh
    misused 'an rds-trust that cannot be read is named' \
        "rds-trust in $OPENSSL_CONF: "
    use_conf rds-trust=rds://partition/aws-cn
    update_ok 'rds-trust may name a partition'
    is "$(cd "$DIR" && echo *.pem)" aws-cn-global-bundle.pem \
        '... and brings its global file'
    use_conf rds-trust=rds://partition/aws-cn
    fresh
    update_ok 'an argument comes before rds-trust' us-west-2
    is "$(cd "$DIR" && echo *.pem)" "$FILE" '... which is then not asked'
    use_conf
}

usage() {
    fresh_with_old
    misused 'an unknown partition' \
        "unknown partition 'aws-us-gv', did you mean 'aws-us-gov'?" \
        --partition aws-us-gv
    misused 'a partition with a control character' \
        "unknown partition 'a\\x1bws'" --partition $'a\ews'
    misused 'no region at all' \
        "'westeros' does not have the shape of a region (us-west-2)" westeros
    misused 'a path' "'../us-west-2' does not have the shape" ../us-west-2
    misused 'an unknown option' "unknown option '--frobnicate'" --frobnicate
    misused 'an option without its value' '--timeout needs a value' --timeout
    misused '--timeout 0' "--timeout takes a number from 1 to 3600, not '0'" \
        --timeout 0 us-west-2
    misused '--timeout 3601' 'from 1 to 3600' --timeout 3601 us-west-2
    misused '--timeout 5s' "not '5s'" --timeout 5s us-west-2
    misused '--tries 11' "--tries takes a number from 1 to 10, not '11'" \
        --tries 11 us-west-2
    misused '--tries with nothing' "not ''" --tries '' us-west-2
    misused 'isolated partitions have no public files' \
        "aws-iso-global-bundle.pem: AWS does not publish files of partition 'aws-iso'; use --mirror URL, or rdsca import" \
        --partition aws-iso
    misused 'an http: mirror' \
        "'http://mirror.example/good' does not begin with https://" \
        us-west-2 --mirror http://mirror.example/good
    misused 'a mirror with a password in its URL' \
        "a mirror's URL with user or password in it would show in logs; put them into ~/.netrc" \
        us-west-2 --mirror https://reader:let-me-in@mirror.example/private
    unlike "$err" let-me-in '... which is not shown'
    misused 'a mirror with a query' "a mirror's URL cannot hold '?'" \
        us-west-2 --mirror 'https://mirror.example/good?x='
    misused 'a mirror with a control character' \
        "a mirror's URL cannot hold '\\x1b'" us-west-2 \
        --mirror $'https://mirror.example/\e[1m'
    misused 'a mirror without a host' "'https:///good' names no host" \
        us-west-2 --mirror https:///good
    misused 'a file: mirror' "'file:///etc' does not begin with https://" \
        us-west-2 --mirror file:///etc
    run_ok '--help explains' "$RDSCA" update --help
    like "$out" 'usage: rdsca update' '... on standard output'
}

# ---- what is there ----------------------------------------------------------

# A file that no process reads must not be called unchanged.
refused_there() {
    local odd

    for odd in 'a file that others may write:chmod 666' \
        'a file of a third user:chown 12345'; do
        if ((EUID != 0)); then
            skip "${odd%%:*}" 'not root'
            continue
        fi
        fresh
        from_mirror good
        ${odd#*:} "$DIR/$FILE"
        from_mirror good --check
        is "$status" 1 "${odd%%:*} would change" || show_run
        from_mirror good
        like "$out" "$FILE: installed, 3 certificates" "... and is replaced"
        is "$(stat -c '%a %u' "$DIR/$FILE")" '644 0' '... by a good one'
    done
    fresh
    from_mirror good
    rm "$DIR/$FILE"
    mkfifo "$DIR/$FILE"
    run timeout 20 "$RDSCA" update --settings - --directory "$DIR" \
        --cacert "$CA" --connect-to "127.0.0.1:$PORT" us-west-2 \
        --mirror "$MIRROR/good"
    like "$out" "$FILE: installed, 3 certificates" \
        'a pipe in its place holds nothing up' || show_run
}

relative_directory() {
    local before=$PWD

    fresh
    cd "$TMP" || return
    run "$RDSCA" update --settings - --directory "${DIR##*/}" --cacert "$CA" \
        --connect-to "127.0.0.1:$PORT" us-west-2 --mirror "$MIRROR/good"
    is "$status" 0 'a relative --directory' || show_run
    is "$(ls "$DIR")" "$FILE" '... is where the file goes'
    run "$RDSCA" import --directory "${DIR##*/}" "$DIR/$FILE"
    is "$status" 0 '... as for import' || show_run
    cd "$before" || return
    misused 'an empty --directory' "--directory '': no such path" \
        --directory '' us-west-2
}

# ---- a mirror with a password -----------------------------------------------

netrc() {
    fresh
    refused 'a mirror that wants a password' 4 \
        "/private/us-west-2/$FILE: the server says 401; put user and password into ~/.netrc" private
    mkdir -p "$TMP/home"
    printf 'machine mirror.example login reader password let-me-in\n' \
        >"$TMP/home/.netrc"
    HOME=$TMP/home from_mirror private
    is "$status" 0 '... gets it from ~/.netrc' || show_run
    unlike "$out$err$(cat "$DIR"/.*.etag)" let-me-in '... and does not show it'
    printf 'machine other.example login reader password let-me-in\n' \
        >"$TMP/home/.netrc"
    fresh
    HOME=$TMP/home from_mirror private
    is "$status" 4 '... which is for that machine only'
}

# ---- unchanged answers ------------------------------------------------------

check() {
    fresh_with_old
    before=$(state)
    update us-west-2 --check
    is "$status" 1 '--check exits 1 where something would change'
    like "$out" "$FILE: would change, 3 certificates" '... says so'
    is "$(state)" "$before" '... and changes nothing'
    update us-west-2
    touch -d '-1 day' "$DIR/$FILE"
    before=$(state)
    update_ok '--check exits 0 where nothing would change' us-west-2 --check
    is "$(state)" "$before" '... and keeps even the date'
    rm -f "$DIR"/.*.etag
    before=$(state)
    update_ok '... also where the server sends the whole file' us-west-2 \
        --check
    is "$(state)" "$before" '... of which it keeps nothing'
    rm -rf "$DIR"
    update us-west-2 --check
    is "$status" 1 '--check exits 1 where there is no directory'
    [[ ! -e $DIR ]]
    ok $? '... and makes none'
}

# A path of its own, so that the log's lines can be counted.
etags() {
    local path=/etag/us-west-2/$FILE etag

    fresh
    built_in_pem | mirrored etag
    built_in_pem | mirrored etag2
    touch -r "$WWW/mirror$path" "$WWW/mirror/etag2/us-west-2/$FILE"
    from_mirror etag
    is "$(request 1 "$path")" "$path 200 " 'the first request has no ETag'
    touch -d '-9 days' "$DIR/$FILE"
    from_mirror etag
    is "$status" 0 'an unchanged answer is fine'
    is "$out" "$FILE: unchanged, confirmed by the server" '... and reported'
    etag=$(request 2 "$path")
    [[ $etag == "$path 304 \""*'"' ]]
    ok $? 'the second request has the ETag: 304' || diag "$etag"
    (($(age "$FILE") < 60))
    ok $? 'the date of the file is set anew'
    touch -d '-9 days' "$DIR/$FILE"
    from_mirror etag2
    is "$(request 1 "${path/etag/etag2}")" "${path/etag/etag2} 200 " \
        'another URL does not get the ETag'
    like "$out" "$FILE: unchanged, 3 certificates" \
        'the same content again is unchanged'
    (($(age "$FILE") < 60))
    ok $? '... and sets the date, too'
    from_mirror etag
    is "$(request 3 "$path")" "$path 200 " \
        'the ETag of the last URL replaces the one before'
    rm "$DIR/$FILE"
    from_mirror etag
    is "$(request 4 "$path")" "$path 200 " \
        'an ETag without its file is not sent'
    [[ -f $DIR/$FILE ]]
    ok $? '... and the file is there again'
    built_in_pem | nth_pem 1 3 | mirrored etag
    touch -d '-1 hour' "$WWW/mirror$path"
    from_mirror etag
    like "$out" "$FILE: installed, 2 certificates" \
        'a new answer to an old ETag is installed'
}

# What the ETag vouches for is the file that came with it, and no other.
etag_of_another_file() {
    local path=/etag3/us-west-2/$FILE

    fresh
    built_in_pem | mirrored etag3
    from_mirror etag3
    built_in_pem | nth_pem 1 >"$TMP/$FILE"
    run "$RDSCA" import --directory "$DIR" "$TMP/$FILE"
    ok "$status" 'a file is imported after an update' || show_run
    from_mirror etag3
    same 'the next update brings back what the server has' "$FILE" \
        "mirror$path"
    head -c 100 "$TMP/$FILE" >"$DIR/$FILE"
    from_mirror etag3
    same 'a damaged file is replaced, not confirmed' "$FILE" "mirror$path"
}

# ---- mirrors ----------------------------------------------------------------

mirrors() {
    fresh
    from_mirror good
    like "$out" "from $MIRROR/good/us-west-2/$FILE" 'a mirror has AWS paths'
    from_mirror good/
    like "$out" "$FILE: unchanged, confirmed" \
        'a slash at its end makes no difference'
    mkdir -p "$WWW/mirror/store/aws/us-west-2" \
        "$WWW/mirror/store/aws-cn/x/global"
    built_in_pem >"$WWW/mirror/store/aws/us-west-2/$FILE"
    cp "$WWW/aws-cn/global/global-bundle.pem" \
        "$WWW/mirror/store/aws-cn/x/global"
    update_ok '{partition} stands for aws' us-west-2 \
        --mirror "$MIRROR/store/{partition}"
    like "$out" "from $MIRROR/store/aws/us-west-2/$FILE" '... in the path'
    update_ok '{partition} may stand in the middle' --partition aws-cn \
        --mirror "$MIRROR/store/{partition}/x/"
    like "$out" \
        "from $MIRROR/store/aws-cn/x/global/global-bundle.pem" \
        '... and stands for aws-cn'
}

# ---- new and withdrawn roots ------------------------------------------------

new_roots() {
    local sha name='Amazon RDS us-west-2 Root CA ECC384 G2'

    pki_root g2 "$name"
    pki_sub g2-sub g2 'Amazon RDS us-west-2 Subordinate CA ECC384 G2.A.1'
    sha=$(pki_sha256 g2)
    { built_in_pem && cat "$PKI/g2.pem"; } | mirrored g2
    { built_in_pem && cat "$PKI/g2.pem" "$PKI/g2-sub.pem"; } | mirrored g2sub
    fresh_with_old
    refused 'a new root from a mirror' 4 \
        "$FILE: '$name' is new, SHA-256 $sha; compare it with AWS's own file, then repeat with --accept-new" g2
    from_mirror g2 --check
    is "$status" 4 '... also with --check'
    from_mirror g2 --accept-new --check
    is "$status" 1 '--accept-new --check only says'
    from_mirror g2 --accept-new
    is "$status" 0 '--accept-new takes it'
    like "$out" "  NEW: $name, SHA-256 $sha" '... and reports it as NEW'
    like "$out" "installed, 4 certificates, 3 pinned" '... apart from the rest'
    unlike "$out" WITHDRAWN '... and nothing as withdrawn'
    same '... the file has it' "$FILE" "mirror/g2/us-west-2/$FILE"
    finds 4 rds://region/us-west-2
    from_mirror g2
    is "$status" 0 'the file is confirmed without --accept-new'
    from_mirror g2sub
    like "$out" 'installed, 5 certificates, 3 pinned' \
        'a root at hand is asked about once only'
    like "$out" "  accepted before: $name, SHA-256 $sha" '... it is named'
    like "$out" \
        '  accepted before: Amazon RDS us-west-2 Subordinate CA ECC384 G2.A.1' \
        '... and so is an intermediate under it'
    from_mirror good
    is "$status" 0 'a bundle without them is installed'
    like "$out" "  WITHDRAWN: $name, SHA-256 $sha" '... the root is WITHDRAWN'
    like "$out" 'WITHDRAWN: Amazon RDS us-west-2 Subordinate CA' \
        '... the intermediate, too'
    same '... and the file is the new one' "$FILE" "mirror/good/us-west-2/$FILE"
    refused '... after which it is new again' 4 ' is new, SHA-256 ' g2
}

# A new root from AWS's own host.  Of its hosts only China's is checked with
# the system's CAs, so a test CA takes their place, in a mount namespace.
new_root_from_aws() {
    local sha
    local name="a new root from AWS's own host is taken and reported NEW"

    pki_root cn-g2 'Amazon RDS cn-north-1 Root CA ECC384 G2'
    sha=$(pki_sha256 cn-g2)
    mkdir -p "$WWW/aws-cn/cn-north-1"
    { pem_of rds://region/cn-north-1 && cat "$PKI/cn-g2.pem"; } \
        >"$WWW/aws-cn/cn-north-1/cn-north-1-bundle.pem"
    fresh
    unharmed '--cacert makes no host AWS' 4 \
        "'Amazon RDS cn-north-1 Root CA ECC384 G2' is new" update cn-north-1
    can_be_system || { skip "$name" "cannot mount over $SYSTEM_CAS" && return; }
    as_system "$RDSCA" update --settings - --directory "$DIR" --tries 1 \
        --connect-to "127.0.0.1:$PORT" cn-north-1
    [[ $status == 0 && $out == *"NEW: Amazon RDS cn-north-1 Root CA ECC384 G2, SHA-256 $sha"* ]]
    ok $? "$name" || show_run
}

# A certificate of a name that no rule knows, in AWS's own file, from a mirror,
# and one that signed itself.  As above, with China's host.
surprise() {
    local sha odd='Amazon RDS cn-north-1 Issuing ECC384 G9' good
    local file=cn-north-1-bundle.pem path=$WWW/aws-cn/cn-north-1
    local name='a surprise from AWS is left out'
    local -a aws

    mkdir -p "$path" "$WWW/mirror/odd/cn-north-1"
    pki_root cn-g9 'Amazon RDS cn-north-1 Root CA ECC384 G9'
    pki_sub cn-odd cn-g9 "$odd"
    sha=$(pki_sha256 cn-odd)
    pem_of rds://region/cn-north-1 >"$TMP/cn.pem"
    cat "$TMP/cn.pem" "$PKI/cn-g9.pem" >"$TMP/known.pem"
    cat "$TMP/known.pem" "$PKI/cn-odd.pem" >"$path/$file"
    cp "$path/$file" "$WWW/mirror/odd/cn-north-1"
    fresh
    cp "$TMP/cn.pem" "$DIR/$file"
    touch -d '-1 day' "$DIR/$file"
    unharmed 'a surprise from a mirror' 4 \
        "$file: '$odd' is not the name of an Amazon RDS CA" \
        update cn-north-1 --mirror "$MIRROR/odd" --accept-new
    unharmed "... or from AWS's name, by another CA" 4 \
        "$file: '$odd' is not the name of an Amazon RDS CA" \
        update cn-north-1 --accept-new
    can_be_system || { skip "$name" "cannot mount over $SYSTEM_CAS" && return; }
    aws=(as_system "$RDSCA" update --settings - --directory "$DIR" --tries 1
        --connect-to "127.0.0.1:$PORT" cn-north-1)
    "${aws[@]}"
    is "$status" 0 "$name" || show_run
    is "$err" "rdsca update: $file: left out '$odd', SHA-256 $sha: this version does not know what it is, so nothing trusts it; look for a newer version" \
        '... which standard error says'
    like "$out" "$file: installed, $(grep -c BEGIN "$TMP/known.pem") certificates" \
        '... and the rest is installed'
    good=$(fingerprints_of_pem <"$TMP/known.pem" | sort)
    is "$(installed "$file")" "$good" '... without it'
    is "$(fingerprints_of rds://region/cn-north-1 | sort)" "$good" \
        '... and so answers the module'
    [[ ! -e $DIR/.$file.etag ]]
    ok $? '... and no ETag is kept, so that it is asked for again'
    "${aws[@]}" --quiet
    is "$status $out" '0 ' 'the next update'
    like "$err" "left out '$odd'" '... says so again, even if quiet'
    "${aws[@]}" --check
    is "$status" 0 '--check finds nothing to change'
    like "$err" "left out '$odd'" '... and says so'
    "${aws[@]}" --json
    # shellcheck disable=SC2016 # Perl expands it
    is "$(json 'map { "$_->{change}:$_->{subject}:$_->{sha256}" } grep { $_->{change} =~ /left out/ } @{$d->{bundles}[0]{anchors}}')" \
        "unknown, left out:$odd:$sha" '--json has it'
    # shellcheck disable=SC2016 # Perl expands it
    is "$(json '$d->{exit}, map { $d->{bundles}[0]{$_} } qw(result certificates)')" \
        "0 unchanged $(grep -c BEGIN "$TMP/known.pem")" \
        '... beside the result and what is kept'
    pki_root cn-self 'Amazon Database Root CA'
    cat "$TMP/known.pem" "$PKI/cn-self.pem" >"$path/$file"
    touch -d '+1 hour' "$path/$file"
    unharmed 'one that signed itself is refused, from AWS too' 4 \
        "$file: 'Amazon Database Root CA' does not describe itself as an Amazon RDS CA, and none in the bundle issued it; nothing was installed" \
        "${aws[@]}"
    unharmed '... and from a mirror' 4 "'Amazon Database Root CA' is not the name of" \
        update cn-north-1 --accept-new
    rm -r "$path"
}

withdrawn_pinned() {
    fresh
    from_mirror good
    built_in_pem | nth_pem 1 3 | mirrored two
    from_mirror two
    is "$status" 0 'a bundle that lacks a pinned root is installed'
    like "$out" "  WITHDRAWN: $(built_in_pem | nth_pem 2 | describe_pem |
        cut -d ' ' -f 2-), SHA-256 $(built_in_pem | nth_pem 2 |
        fingerprints_of_pem)" '... and the root is WITHDRAWN'
    finds 2 rds://region/us-west-2
}

dropped() {
    fresh
    pki_root old 'Amazon RDS us-west-2 Root CA RSA4096 G1' ECC384 '-1 hour'
    { built_in_pem && cat "$PKI/old.pem" && built_in_pem | nth_pem 2; } |
        mirrored mixed
    from_mirror mixed
    like "$out" "  expired, dropped: Amazon RDS us-west-2 Root CA RSA4096 G1, SHA-256 $(pki_sha256 old)" \
        'an expired certificate is dropped and reported'
    like "$out" "  duplicate, dropped: " 'a duplicate, too'
    same '... and the rest is installed' "$FILE" "mirror/good/us-west-2/$FILE"
}

# ---- what is refused: the bundle --------------------------------------------

bad_bundles() {
    local name

    pki_root g1 'Amazon RDS us-west-2 Root CA RSA2048 G1'
    pki_sub g1-sub g1 'Amazon RDS us-west-2 Subordinate CA RSA2048 G1.A.1'
    pki_leaf leaf us-west-2 db.abc123def.us-west-2.rds.amazonaws.com \
        issuer=g1-sub
    pki_leaf posing us-west-2 x issuer=g1 \
        'subject=/C=US/O=Amazon Web Services, Inc./OU=Amazon RDS/ST=WA/CN=Amazon RDS us-west-2 Subordinate CA RSA2048 G1.A.7/L=Seattle'
    pki_key borrowed ECC384
    pki_root other-key 'Amazon RDS us-west-2 Root CA RSA2048 G1'
    fresh_with_old
    mirrored html <<<'<!DOCTYPE html><html><body>Sign in</body></html>'
    mirrored empty </dev/null
    mirrored blank <<<''
    mirrored text <<<'All is well.'
    built_in_pem | head -c 3000 | mirrored cut
    { built_in_pem | nth_pem 1 2 && printf -- '-----BEGIN CERTIFIC'; } |
        mirrored cut-in-line
    { built_in_pem && printf -- '-----BEGIN CERTIFICATE-----\n'; } |
        mirrored cut-at-line
    pem_of rds://region/us-east-1 | mirrored region
    { built_in_pem && pem_of rds://region/us-east-1; } | mirrored both
    pem_of rds://region/cn-north-1 | mirrored partition
    { built_in_pem && pem_of rds://proxy; } | mirrored proxy
    { built_in_pem && cat "$CA"; } | mirrored foreign
    { built_in_pem && cat "$PKI/g1.key"; } | mirrored key
    openssl pkey -in "$PKI/g1.key" -outform DER | mirrored der-key
    { built_in_pem && openssl ec -in "$PKI/g1.key" 2>/dev/null; } |
        mirrored ec-key
    { built_in_pem && cat "$PKI/leaf.pem"; } | mirrored leaf
    { built_in_pem && cat "$PKI/g1.pem" "$PKI/posing.pem"; } | mirrored posing
    { built_in_pem && cat "$PKI/g1-sub.pem"; } | mirrored orphan
    { built_in_pem && flipped "$PKI/g1.pem"; } | mirrored flipped
    { built_in_pem && openssl x509 -in "$PKI/g1.pem" -trustout; } |
        mirrored trusted
    pem_of 'rds://ca/rds-ca-2019?role=intermediate' |
        of_region us-west-2 | mirrored expired
    { cat "$PKI/g1-sub.pem" "$PKI/g1.pem"; } | mirrored unknown
    pki_sub lonely g1 'Amazon RDS us-west-2 Subordinate CA RSA2048 G1.A.2'
    head -c 10485760 /dev/zero | mirrored zeros

    refused 'an HTML page' 4 "$FILE: a web page, no bundle" html
    refused 'an empty body' 4 "$FILE: empty" empty
    refused 'an empty line' 4 "$FILE: no certificate in it" blank
    refused 'a text' 4 "$FILE: no certificate in it" text
    refused 'a bundle cut in a certificate' 4 \
        "$FILE: truncated or damaged after certificate" cut
    refused 'a bundle cut in a line that begins one' 4 \
        "$FILE: truncated or damaged" cut-in-line
    refused 'a bundle cut after such a line' 4 \
        "$FILE: truncated or damaged after certificate 3" cut-at-line
    for name in region both; do
        refused "another region's certificates ($name)" 4 \
            "'Amazon RDS us-east-1 Root CA" "$name" --accept-new
        like "$err" 'is not of the region or partition asked for' '... says so'
    done
    refused "another partition's" 4 \
        'is not of the region or partition asked for' partition --accept-new
    refused "Amazon's roots for proxies" 4 \
        'is not of the region or partition asked for' proxy --accept-new
    refused 'a CA that is not of RDS' 4 "$FILE: " foreign --accept-new
    refused 'a private key' 4 "$FILE: holds a private key" key
    refused 'a private key of the older form' 4 "$FILE: holds a private key" \
        ec-key
    refused 'a private key in DER' 4 "$FILE: " der-key
    refused "a server's certificate" 4 "$FILE: " leaf --accept-new
    refused 'a leaf by the name of a CA' 4 "$FILE: " posing --accept-new
    refused 'an intermediate whose root is nowhere' 4 \
        'was issued by no root of the bundle and by none at hand' orphan \
        --accept-new
    refused 'a signature that does not verify' 4 \
        'has a signature that does not verify' flipped --accept-new
    refused 'a certificate with trust settings' 4 "$FILE: truncated or damaged" \
        trusted
    refused 'only expired certificates' 4 "$FILE: " expired --accept-new
    refused '10 MB of zeros' 4 'larger than 4194304 bytes' zeros
    refused 'nothing but unknown certificates' 4 ' is new, SHA-256 ' unknown
    refused 'no such file' 4 'the server says 404; is the region' nowhere
    refused 'no access' 4 'the server says 403' denied
}

# flipped FILE: the certificate with another last byte of the signature.
flipped() {
    openssl x509 -in "$1" -outform DER |
        perl -0777 -pe 'substr($_, -1) ^= "\x01"' |
        openssl base64 -e | sed '1i -----BEGIN CERTIFICATE-----
$a -----END CERTIFICATE-----'
}

# of_region REGION: those certificates of the PEM text on stdin whose common
# name says so.
of_region() {
    local line pem=

    while IFS= read -r line; do
        [[ $line != *'BEGIN CERTIFICATE'* ]] || pem=
        pem+=$line$'\n'
        [[ $line == *'END CERTIFICATE'* ]] || continue
        [[ $(describe_pem <<<"$pem") != *" Amazon RDS $1 "* ]] ||
            sed -n '/BEGIN/,/END/p' <<<"$pem"
    done
}

last_root() {
    pki_root east 'Amazon RDS us-east-1 Root CA ECC384 G1'
    mkdir -p "$WWW/mirror/lost/global"
    cat "$PKI/g2.pem" "$PKI/east.pem" \
        >"$WWW/mirror/lost/global/global-bundle.pem"
    fresh
    cat provider/anchors/aws-g1.pem >"$DIR/aws-global-bundle.pem"
    unharmed 'a region would lose its last root' 4 \
        "would lose its last root in force; nothing was installed" \
        update --partition aws --mirror "$MIRROR/lost" --accept-new
    [[ $err =~ aws-global-bundle.pem:\ region\ \'[a-z0-9-]+\'\ would ]]
    ok $? '... which is named' || show_run
    pki_sub g2-only g2 'Amazon RDS us-west-2 Subordinate CA ECC384 G2.A.3'
    fresh
    { cat "$PKI/g2.pem" && built_in_pem; } | mirrored before
    from_mirror before --accept-new
    mirrored no-root <"$PKI/g2-only.pem"
    refused 'an intermediate in place of the roots' 4 \
        "$FILE: region 'us-west-2' would lose its last root in force" \
        no-root --accept-new
}

# ---- what is refused: the connection ----------------------------------------

# The last --connect-to and --cacert count.
bad_connections() {
    fresh_with_old
    refused 'a server of another name' 4 'the connection cannot be trusted' \
        good --connect-to "127.0.0.1:$WRONG_PORT"
    refused 'an expired server certificate' 4 \
        'the connection cannot be trusted' good \
        --connect-to "127.0.0.1:$EXPIRED_PORT"
    refused 'a server of an unknown CA' 4 'the connection cannot be trusted' \
        good --cacert "$PKI/g2.pem"
    old_tls
    refused 'a file of CAs that is not there' 4 \
        'the connection cannot be trusted' good --cacert "$TMP/none.pem"
    refused 'a redirect to http:' 4 \
        "redirect to 'http://mirror.example/good/' refused" to-http
    refused 'a redirect to another host' 4 \
        "redirect to 'https://other.example/x' refused" to-other
    refused 'a redirect within the host' 4 'refused' to-here
    if can_be_system; then
        unharmed "AWS's own host is checked with the built-in roots" 4 \
            'the connection cannot be trusted' \
            as_system "$RDSCA" update --settings - --directory "$DIR" \
            --connect-to "127.0.0.1:$PORT" --tries 1 us-west-2
    else
        skip "AWS's own host is checked with the built-in roots" \
            "cannot mount over $SYSTEM_CAS"
    fi
    unharmed '... whatever the environment says' 4 \
        'the connection cannot be trusted' \
        run env "SSL_CERT_FILE=$CA" "CURL_CA_BUNDLE=$CA" "$RDSCA" update \
        --directory "$DIR" --connect-to "127.0.0.1:$PORT" --tries 1 us-west-2
    use_conf rds-trust=rds://all+proxy
    unharmed '... whatever rds-trust adds' 4 \
        'the connection cannot be trusted' \
        run "$RDSCA" update --directory "$DIR" --tries 1 \
        --connect-to "127.0.0.1:$PORT" us-west-2
    use_conf
}

# With a configuration that allows it, so that the refusal is rdsca's own.
old_tls() {
    rds_conf "$TMP/old.cnf" "rds-bundles=$DIR"
    sed -i 's/^\[init\]/&\nssl_conf = ssl/' "$TMP/old.cnf"
    printf '%s\n' '[ssl]' 'system_default = old' '[old]' \
        'MinProtocol = TLSv1' 'CipherString = DEFAULT:@SECLEVEL=0' \
        >>"$TMP/old.cnf"
    run env "OPENSSL_CONF=$TMP/old.cnf" openssl s_client -tls1_1 \
        -connect "127.0.0.1:$OLD_TLS_PORT"
    like "$out" 'TLSv1.1' 'a server has only TLS 1.1'
    export OPENSSL_CONF=$TMP/old.cnf
    refused '... and is refused' 4 'the connection cannot be trusted' good \
        --connect-to "127.0.0.1:$OLD_TLS_PORT"
    export OPENSSL_CONF=$TMP/openssl.cnf
}

# ---- what may work later ----------------------------------------------------

tries() {
    local from=$SECONDS

    fresh_with_old
    refused 'a server that is not there' 3 \
        'try again later, or use --mirror' good \
        --connect-to "127.0.0.1:$CLOSED_PORT" --tries 2
    ((SECONDS - from >= 1 && SECONDS - from < 5))
    ok $? '... is tried again after a pause'
    refused 'a busy server' 3 'the server says 503; try again later' busy \
        --tries 2
    is "$(requests "/busy/us-west-2/$FILE")" 2 '--tries 2 asks twice'
    refused 'a server that has enough of us' 3 'the server says 429' many
    refused 'a region that does not exist' 4 'the server says 403' denied \
        --tries 3
    is "$(requests "/denied/us-west-2/$FILE")" 2 '... is asked for once'
    unharmed 'the proxy of the environment is used' 3 'try again later' \
        run env "https_proxy=http://127.0.0.1:$CLOSED_PORT" "$RDSCA" update \
        --directory "$DIR" --cacert "$CA" --tries 1 \
        --connect-to "127.0.0.1:$PORT" us-west-2
    run env "https_proxy=http://127.0.0.1:$CLOSED_PORT" 'no_proxy=*' \
        "$RDSCA" update --directory "$DIR" --cacert "$CA" --tries 1 \
        --connect-to "127.0.0.1:$PORT" us-west-2
    ok "$status" '... and no_proxy, too' || show_run
}

# The worst of several outcomes counts, and the others are installed.
several() {
    fresh
    update us-west-2 eu-nowhere-1
    is "$status" 4 'one of two regions does not exist'
    like "$err" 'eu-nowhere-1-bundle.pem: the server says 404' '... is named'
    [[ $err != *$'\n'* ]]
    ok $? '... in one line'
    same '... and the other is installed' "$FILE" "aws/us-west-2/$FILE"
}

odd() {
    local from

    fresh_with_old
    if ! serve_odd; then
        skip 'answers that no good server gives' 'no python3'
        return
    fi
    local -a there=(--connect-to "127.0.0.1:$ODD_PORT")
    refused 'half of a body' 3 'try again later' short "${there[@]}"
    refused '10 MB of zeros of no stated size' 4 \
        'larger than 4194304 bytes' zeros "${there[@]}"
    from=$(date +%s%N)
    refused 'a slow drip' 3 'try again later' drip "${there[@]}" --timeout 2
    ((from = $(date +%s%N) - from, from > 1900000000 && from < 4000000000))
    ok $? '... ends by --timeout' || diag "$from ns"
    from=$(date +%s%N)
    refused 'a server that falls silent' 3 'try again later' silent \
        "${there[@]}" --timeout 1
    ((from = $(date +%s%N) - from, from < 3000000000))
    ok $? '... ends by --timeout, too' || diag "$from ns"
    refused '304 without an ETag asked for' 4 '' unasked "${there[@]}"
    from_mirror flaky "${there[@]}" --tries 3
    is "$status" 0 'two failures, then the file: it is installed'
    is "$err" '' '... and nothing is complained about'
    same '... whole' "$FILE" "mirror/good/us-west-2/$FILE"
}

# ---- reports ----------------------------------------------------------------

# shellcheck disable=SC2016 # Perl expands it
reports() {
    fresh
    update_ok '--quiet' us-west-2 --quiet
    is "$out" '' '... says nothing'
    update us-nowhere-1 --quiet
    like "$err" 'rdsca update: ' '... but errors'
    fresh
    from_mirror g2 --accept-new --json
    is "$(json '$d->{schema}, $d->{exit}, scalar @{$d->{bundles}}')" '1 0 1' \
        '--json is JSON with schema 1'
    is "$(json '$d->{directory}')" "$DIR" '... names the directory'
    is "$(json 'map { $d->{bundles}[0]{$_} } qw(file result certificates source)')" \
        "$FILE installed 4 $MIRROR/g2/us-west-2/$FILE" '... and the file'
    is "$(json 'map { "$_->{change}:$_->{sha256}" } grep { $_->{change} ne "pinned" } @{$d->{bundles}[0]{anchors}}')" \
        "NEW:$(pki_sha256 g2)" '... and each root, new or not'
    is "$(json 'scalar grep { $_->{change} eq "pinned" } @{$d->{bundles}[0]{anchors}}')" \
        3 '... pinned ones by that word'
    from_mirror mixed --json --check
    is "$(json '$d->{bundles}[0]{sha256}')  -" \
        "$(sha256sum <"$WWW/mirror/mixed/us-west-2/$FILE")" \
        '... and the SHA-256 of what came, whatever is dropped'
    from_mirror g2 --json
    is "$(json '$d->{exit}, $d->{bundles}[0]{result}')" '0 unchanged' \
        'an unchanged file'
    from_mirror good --json --check
    is "$(json '$d->{exit}, $d->{bundles}[0]{result}') $status" \
        '1 would change 1' 'a file that would change'
    from_mirror html --json
    is "$(json '$d->{exit}, $d->{bundles}[0]{result}') $status" '4 failed 4' \
        'a refused file'
    is "$(json '$d->{bundles}[0]{error}')" "${err#rdsca update: }" \
        '... has the same text as standard error'
    unlike "$out" $'\e' 'no control characters'
}

# The directory is for everybody to read, whatever the umask.
modes() {
    rm -rf "$DIR"
    run sh -c 'umask 077; exec "$@"' sh "$RDSCA" update --directory "$DIR" \
        --cacert "$CA" --tries 1 --connect-to "127.0.0.1:$PORT" us-west-2
    is "$status $(stat -c %a "$DIR/$FILE")" '0 644' \
        'a file has mode 0644 under any umask'
    is "$(stat -c %a "$DIR")" 755 'a directory that it makes has 0755'
    rm -rf "$DIR"
    unharmed 'a directory that cannot be made' 4 \
        'cannot make the directory: No such file' \
        run "$RDSCA" update --directory "$DIR/a/b" us-west-2
}

use_conf "rds-bundles=$DIR"
real_files
use_conf
china
no_argument
use_conf "rds-bundles=$DIR"
usage
check
refused_there
relative_directory
netrc
etags
etag_of_another_file
mirrors
new_roots
new_root_from_aws
surprise
withdrawn_pinned
dropped
bad_bundles
last_root
bad_connections
tries
several
odd
reports
modes

done_testing
