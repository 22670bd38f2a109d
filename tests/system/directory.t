#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves the directory of bundles (`rds-bundles`) through the openssl command:
# what a file replaces and when; that files and directories which others could
# have written are refused, with the reason, and the built-in anchors answer;
# the layout of a Kubernetes ConfigMap; a user namespace; `rds-distrust`;
# failures of the calls that read it; and that a running process sees a change
# without a restart, and keeps its head while the files go wild.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need openssl
need_module
# shellcheck source=pki.sh
. "$ROOT/tests/system/pki.sh"

DIR=$TMP/bundles
WEST=rds://region/us-west-2
EAST=rds://region/us-east-1
GOV=rds://region/us-gov-west-1
STRANGER=12345 # a user that nobody else is

# An empty directory of good modes.
fresh() {
    [[ ! -e $DIR ]] || rm -rf "$DIR"
    mkdir -m 755 "$DIR"
}

# bundle FILE NAME...: a file of generated certificates in the directory.
bundle() {
    pki_bundle "$DIR/$1" "${@:2}"
}

# answers NAME URI CERTIFICATE...: exactly these generated certificates.
answers() {
    local expected='' name=$1 uri=$2

    shift 2
    expected=$(for c; do pki_sha256 "$c"; done | sort)
    is "$(fingerprints_of "$uri" | sort)" "$expected" "$name"
}

# built_in NAME URI: the same answer as without a directory.
built_in() {
    is "$(fingerprints_of "$2")" \
        "$(OPENSSL_CONF=$TMP/plain.cnf fingerprints_of "$2")" "$1"
    [[ -n $(fingerprints_of "$2") ]] || ok 1 "... $2 has an answer"
}

make_pki() {
    pki_root a 'Amazon RDS us-west-2 Root CA RSA2048 G1'
    pki_root b 'Amazon RDS us-west-2 Root CA ECC384 G2'
    pki_root east 'Amazon RDS us-east-1 Root CA RSA2048 G1'
    pki_root new 'Amazon RDS xx-north-9 Root CA ECC384 G1'
    pki_root foreign 'Example Root CA'
    pki_root proxy 'Amazon Root CA 1'
    pki_root expired 'Amazon RDS us-west-2 Root CA RSA4096 G1' ECC384 \
        '-1 hour'
    pki_region us-gov-west-1
    pki_sub sub-a a 'Amazon RDS us-west-2 Subordinate CA RSA2048 G1.A.1'
    pki_leaf leaf a db.cluster-abc123def.us-west-2.rds.amazonaws.com
}

# ---- what a file replaces ---------------------------------------------------

no_directory() {
    rm -rf "$DIR"
    built_in 'without a directory the built-in anchors answer' $WEST
    fresh
    built_in 'with an empty directory, too' $WEST
}

replaced() {
    fresh
    bundle us-west-2-bundle.pem a
    answers 'a file replaces the anchors of its region' $WEST a
    built_in 'other regions stay' $EAST
    finds $((ALL_COUNT - 2)) rds://all
    finds 1 rds://file/rds-ca-2019-us-west-2.pem
    finds 5 "$WEST?expired=include"
    answers 'rds://file/ follows' rds://file/us-west-2-bundle.pem a
    answers 'rds://sha256/ finds an anchor of a file' \
        "rds://sha256/$(pki_sha256 a)" a
    finds 1 rds://all -fingerprint "$(pki_sha256 a)" -sha256
    rm "$DIR/us-west-2-bundle.pem"
    built_in 'without the file the built-in anchors are back' $WEST
}

# Nothing that is valid gives way to what is not.
expired() {
    fresh
    bundle us-west-2-bundle.pem expired
    built_in 'a file whose roots have expired replaces nothing' $WEST
    bundle us-west-2-bundle.pem expired b
    answers '... but one with a valid root does' $WEST b
    bundle aws-global-bundle.pem expired
    touch -d '+1 hour' "$DIR/aws-global-bundle.pem"
    touch -d '-1 hour' "$DIR/us-west-2-bundle.pem"
    answers '... and a newer file of expired roots not even that' $WEST b
}

# AWS's file of 2020 under a name of today, with a date of today.
frozen() {
    local old=$SHARED/truststore/legacy/rds-combined-ca-bundle.pem
    local log=$TMP/frozen.log

    if [[ ! -r $old ]]; then
        skip "AWS's file of 2020" 'no ../shared'
        return
    fi
    fresh
    install -m 644 "$old" "$DIR/aws-global-bundle.pem"
    built_in "AWS's file of 2020 replaces nothing that is valid" rds://all
    export RDS_PROVIDER_DEBUG=file:$log,level:1
    run openssl storeutl -noout -certs $WEST
    unset RDS_PROVIDER_DEBUG
    like "$(<"$log")" 'aws-global-bundle.pem: has no valid root for ' \
        '... and the log names the file' || show_run
    is "$(grep -c . "$log")" 1 '... in one line'
}

# A CA that AWS takes back is not in the next file.
withdrawn() {
    local sha=86e22f41c79b0de5777054189cfadbddf633a8a1dc09ef134db07a756e494abe

    fresh
    answer_of $WEST/rds-ca-ecc384-g1 >"$DIR/us-west-2-bundle.new"
    answer_of $WEST/rds-ca-rsa4096-g1 >>"$DIR/us-west-2-bundle.new"
    mv "$DIR/us-west-2-bundle.new" "$DIR/us-west-2-bundle.pem"
    is "$(names_of $WEST)" 'Amazon RDS us-west-2 Root CA ECC384 G1
Amazon RDS us-west-2 Root CA RSA4096 G1' 'a withdrawn anchor disappears'
    refuses $WEST/rds-ca-rsa2048-g1 \
        "region 'us-west-2' has no certificate of 'rds-ca-rsa2048-g1'"
    refuses "rds://sha256/$sha" \
        "'Amazon RDS us-west-2 Root CA RSA2048 G1', which is not at hand"
}

# A new region or a next generation needs no release.
new_names() {
    fresh
    bundle us-west-2-bundle.pem b
    answers 'a second generation is known by its name' \
        $WEST/rds-ca-ecc384-g2 b
    refuses rds://region/xx-north-9 "unknown region 'xx-north-9'"
    bundle xx-north-9-bundle.pem new
    answers 'a new region is known by its file' rds://region/xx-north-9 new
    answers '... and its hosts' \
        rds://host/db.abc123.xx-north-9.docdb.amazonaws.com new
    finds $((1 + 5)) rds://host/db.abc123.xx-north-9.rds.amazonaws.com
    run openssl storeutl rds://list
    like "$out" rds://region/xx-north-9/rds-ca-ecc384-g1 \
        '... and rds://list names it'
}

gov_cloud() {
    fresh
    bundle us-gov-west-1-bundle.pem sub-us-gov-west-1 root-us-gov-west-1
    answers 'GovCloud works from a file' $GOV sub-us-gov-west-1 \
        root-us-gov-west-1
    is "$(names_of $GOV)" 'Amazon RDS us-gov-west-1 Root CA ECC384 G1
Amazon RDS us-gov-west-1 Subordinate CA ECC384 G1.A.1' \
        '... the root stands first'
    answers '... role=intermediate has an answer there' \
        "$GOV?role=intermediate" sub-us-gov-west-1
    refuses rds://region/us-gov-east-1 'rdsca update us-gov-east-1'
}

# Files in AWS's form, with what surrounds the certificates.
forms_of_text() {
    fresh
    { echo 'A comment' && cat "$PKI/a.pem" && echo; } | sed 's/$/\r/' \
        >"$DIR/us-west-2-bundle.pem"
    answers 'comments and CR LF do no harm' $WEST a
}

# The directory itself may be a link.
linked_directory() {
    fresh
    bundle us-west-2-bundle.pem a
    ln -s "$DIR" "$TMP/link"
    use_conf "rds-bundles=$TMP/link"
    answers 'a link to the directory is followed' $WEST a
    use_conf "rds-bundles=$DIR"
}

# ---- real files -------------------------------------------------------------

real_files() {
    local aws=$SHARED/truststore/aws gov=$SHARED/truststore/aws-us-gov

    if [[ ! -r $aws/global/global-bundle.pem ]]; then
        skip "AWS's real files" 'no ../shared'
        return
    fi
    fresh
    finds "$ALL_COUNT" rds://all
    install -m 644 "$aws/global/global-bundle.pem" \
        "$DIR/aws-global-bundle.pem"
    finds "$ALL_COUNT" rds://all
    finds "$GLOBAL_COUNT" rds://global
    is "$(fingerprints_of rds://region/ca-west-1 | sort)" \
        "$(fingerprints_of_pem <"$aws/ca-west-1/ca-west-1-bundle.pem" | sort)" \
        "AWS's global file answers for a region as its own file"
    built_in '... as what is built in' $WEST
    finds "$(fingerprints_of_pem <"$aws/global/global-bundle.pem" | wc -l)" \
        rds://file/global-bundle.pem
    refuses $GOV 'rdsca update us-gov-west-1'
    install -m 644 "$gov/global/global-bundle.pem" \
        "$DIR/aws-us-gov-global-bundle.pem"
    finds 5 $GOV
    finds 10 rds://partition/aws-us-gov
    finds $((ALL_COUNT + 10)) rds://all
}

# ---- which file wins --------------------------------------------------------

stale() {
    fresh
    bundle us-west-2-bundle.pem a
    bundle us-gov-west-1-bundle.pem root-us-gov-west-1
    touch -d 2020-01-01 "$DIR"/*.pem
    built_in 'a file older than the built-in set does not hide it' $WEST
    answers '... but answers for a region that is not built in' $GOV \
        root-us-gov-west-1
    touch -d "$(grep -E '^[0-9]{4}-' provider/anchors/DATE)" "$DIR"/*.pem
    answers 'a file of the date of the built-in set counts' $WEST a
    touch -d "$(grep -E '^[0-9]{4}-' provider/anchors/DATE) -1 second" \
        "$DIR"/*.pem
    built_in 'one that is a second older does not' $WEST
}

regional_and_global() {
    fresh
    bundle us-west-2-bundle.pem a
    bundle aws-global-bundle.pem b east
    touch -d '-2 hours' "$DIR/us-west-2-bundle.pem"
    touch -d '-1 hour' "$DIR/aws-global-bundle.pem"
    answers 'the newer of two files wins: the global one' $WEST b
    answers '... which answers for its other regions' $EAST east
    built_in '... but not for those that it does not hold' \
        rds://region/eu-west-1
    touch "$DIR/us-west-2-bundle.pem"
    answers 'the newer of two files wins: the regional one' $WEST a
    answers '... for its region only' $EAST east
    touch -r "$DIR/us-west-2-bundle.pem" "$DIR/aws-global-bundle.pem"
    answers 'of two of the same age the regional one wins' $WEST a
}

# ---- what a file may hold ---------------------------------------------------

left_out() {
    local log=$TMP/left-out.log

    fresh
    bundle us-west-2-bundle.pem east foreign leaf expired a a
    RDS_PROVIDER_DEBUG=file:$log answers \
        'what is not of the region, not of AWS or no CA is left out' $WEST a
    like "$(cat "$log")" 'certificate 1 left out: not of the region' \
        '... another region, says the log'
    like "$(cat "$log")" "2 left out: 'Example Root CA' is not the name of" \
        '... another name'
    like "$(cat "$log")" '3 left out: ' '... a leaf'
    like "$(cat "$log")" '6 left out: it stands in the file twice' \
        '... a copy'
    answers 'an expired one is only there on demand' "$WEST/rds-ca-rsa4096-g1" \
        expired
}

# A certificate that no reader can parse must not hide those after it.
unreadable_certificate() {
    fresh
    printf -- '-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n' \
        "$(printf '0\003\002\001\000' | base64)" >"$DIR/broken"
    cat "$DIR/broken" "$PKI/a.pem" >"$DIR/us-west-2-bundle.pem"
    answers 'an unreadable certificate does not hide the next' $WEST a
}

# Only the package carries Amazon Trust Services.
no_proxy_roots_from_files() {
    fresh
    bundle aws-global-bundle.pem proxy a
    built_in 'a file cannot change rds://proxy' rds://proxy
    answers '... while its other anchors count' $WEST a
    refuses "rds://sha256/$(pki_sha256 proxy)" 'unknown SHA-256'
}

unrelated_files() {
    fresh
    cp "$PKI/a.pem" "$DIR/us-west-2.pem"
    cp "$PKI/a.pem" "$DIR/us-west-2-bundle.pem.bak"
    cp "$PKI/a.pem" "$DIR/US-WEST-2-bundle.pem"
    cp "$PKI/a.pem" "$DIR/global-bundle.pem"
    echo nonsense >"$DIR/README"
    built_in 'files of other names are not read' $WEST
}

# ---- refused files ----------------------------------------------------------

# A good file for a region that is built in, and one that is not.
two_files() {
    fresh
    bundle us-west-2-bundle.pem a
    bundle us-gov-west-1-bundle.pem root-us-gov-west-1
}

# on_both COMMAND...: runs it with each of the two files.
on_both() {
    "$@" "$DIR/us-west-2-bundle.pem"
    "$@" "$DIR/us-gov-west-1-bundle.pem"
}

# refused WHAT TEXT: the built-in answer stays, and where there is none the
# reason is given.
refused() {
    built_in "$1: the built-in anchors answer" $WEST
    refuses $GOV "us-gov-west-1-bundle.pem: $2"
    like "$err" "region 'us-gov-west-1'" "$1: the error names the region"
}

refused_modes() {
    two_files
    on_both chmod 664
    refused 'writable by the group' \
        "writable by group or others (mode 0664, owner $EUID)"
    on_both chmod 646
    refused 'writable by others' \
        "writable by group or others (mode 0646, owner $EUID)"
    on_both chmod 644
    answers 'with good modes again the file counts' $WEST a
}

refused_directory() {
    two_files
    chmod 757 "$DIR"
    built_in 'a directory writable by others: the built-in anchors' $WEST
    refuses $GOV "the directory is writable by group or others (mode 0757"
    like "$err" "$DIR: " '... and the error names it'
    chmod 775 "$DIR"
    refuses $GOV "(mode 0775, owner $EUID)"
    chmod 755 "$DIR"
    use_conf "rds-bundles=$DIR/us-west-2-bundle.pem"
    built_in 'a file as directory: the built-in anchors' $WEST
    refuses $GOV 'cannot open the directory: Not a directory'
    use_conf "rds-bundles=$DIR"
}

refused_owner() {
    if ((EUID != 0)); then
        skip 'a file of another owner' 'only root can make one'
        return
    fi
    two_files
    on_both chown $STRANGER
    refused 'a file of another owner' "owned by user $STRANGER (mode 0644)"
    chown $STRANGER "$DIR"
    answers "a file of the directory's owner counts" $WEST a
    chown 0 "$DIR"
    as_stranger
    is "$("${stranger[@]}" openssl storeutl -certs $WEST 2>/dev/null |
        fingerprints_of_pem)" "$(pki_sha256 a)" \
        "a file of the process's own user counts"
}

# Sets `stranger` to the words that run a command as another user.
as_stranger() {
    stranger=(setpriv "--reuid=$STRANGER" "--regid=$STRANGER" --clear-groups)
}

refused_permission() {
    if ((EUID != 0)); then
        skip 'a file that cannot be read' 'only root can change the user'
        return
    fi
    two_files
    on_both chmod 600
    as_stranger
    run "${stranger[@]}" openssl storeutl -noout -certs $GOV
    like "$err" 'us-gov-west-1-bundle.pem: cannot read: Permission denied' \
        'a file that cannot be read is an error that says so'
    run "${stranger[@]}" openssl storeutl -noout -certs $WEST
    like "$out" 'Total found: 3' '... and the built-in anchors answer'
}

# replace_with COMMAND... FILE: the file is made anew by the command.
# shellcheck disable=SC2317 # on_both calls it
replace_with() {
    local file=${*: -1}

    rm -rf "$file"
    "$@"
}

refused_kinds() {
    two_files
    RUN_SECONDS=10
    on_both replace_with mkfifo
    refused 'a pipe does not block' 'not a regular file (mode 0644'
    on_both replace_with mkdir
    refused 'a directory in place of a file' 'not a regular file (mode 0755'
    on_both replace_with ln -s /dev/zero
    refused 'a device' 'not a regular file (mode 0666'
    on_both replace_with ln -s /nonexistent
    refused 'a link to nothing' 'cannot read: No such file or directory'
    on_both replace_with ln -s /
    refused 'a link to a directory' 'not a regular file (mode 0'
    on_both replace_with link_to_itself
    refused 'a loop' 'cannot read: Too many levels of symbolic links'
    on_both replace_with make_socket
    refused 'a socket' 'not a regular file (mode 0'
    on_both replace_with ln -s /proc/self/environ
    refused 'a file of /proc without a size' 'empty; fetch the file again'
    on_both replace_with ln -s /proc/self/fd/0
    refused 'standard input' 'not a regular file (mode 0'
    RUN_SECONDS=30
}

# shellcheck disable=SC2317 # replace_with calls them
link_to_itself() {
    ln -s "$1" "$1"
}

# shellcheck disable=SC2016,SC2317 # Perl
make_socket() {
    perl -MIO::Socket::UNIX -e \
        'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die' "$1"
}

refused_sizes() {
    two_files
    on_both replace_with touch
    refused 'an empty file' 'empty; fetch the file again'
    on_both truncate -s 5M
    refused 'an oversized file' '5242880 bytes are too many'
    on_both truncate -s 1G
    refused 'a much larger one' '1073741824 bytes are too many'
    on_both truncate -s 1T
    refused 'a sparse file of 1 TiB' '1099511627776 bytes are too many'
    on_both replace_with truncate -s 4M
    refused 'the largest file, of zeros' 'no PEM certificate in it'
}

# Files that are not ours, in number and with names at the limits.
# shellcheck disable=SC2016 # Perl
# Links to one file cost no more than the file, in time and in the log.
many_links() {
    local a b log=$TMP/links.log

    fresh
    yes -- "$(<"$PKI/foreign.pem")" | head -c 4000000 >"$DIR/junk"
    for a in {a..j}; do
        for b in {a..j}; do
            ln -s junk "$DIR/us-$a$b-1-bundle.pem"
        done
    done
    export RDS_PROVIDER_DEBUG=file:$log,level:1
    run openssl storeutl -noout -certs $WEST
    unset RDS_PROVIDER_DEBUG
    like "$out" 'Total found: 3' 'of 100 links to one large file ...'
    is "$(grep -o 'us-[a-j]*-1-bundle.pem' "$log" | sort -u)" \
        $'us-aa-1-bundle.pem\nus-ab-1-bundle.pem' '... one is read'
    is "$(grep -o 'us-ab-1.*' "$log")" \
        'us-ab-1-bundle.pem: not read: with the files before it, there are more than 4194304 bytes of bundles' \
        '... and one line tells of the others'
}

odd_names() {
    two_files
    perl -e 'chdir shift or die;
        for (1 .. 5000, "a" x 255, "b" x 244 . "-bundle.pem", "new\nline-bundle.pem",
            "\xff\xfe-bundle.pem", "..-bundle.pem", "-bundle.pem") {
            open my $f, ">", $_ or die "$_: $!" }' "$DIR"
    answers '5000 files of other names, and odd ones' $WEST a
    answers '... are not in the way' $GOV root-us-gov-west-1
    perl -e 'chdir shift or die;
        for my $x ("a" .. "z") { for (1 .. 30) {
            open my $f, ">", "xx-$x-$_-bundle.pem" or die $! } }' "$DIR"
    run openssl storeutl -noout -certs $WEST
    ok "$status" 'as many bundles as nobody needs: an answer' || show_run
    [[ $out == *'Total found: '[13] ]]
    ok $? '... of the bundle, or of what is built in' || show_run
}

# ---- failures ---------------------------------------------------------------

# shellcheck disable=SC2317 # a function as an argument
west_or_built_in() {
    local found

    found=$(fingerprints_of_pem <<<"$out" | sort)
    [[ $status == 0 && -z $err && ($found == "$west" || $found == "$plain") ]] ||
        { echo "status $status: $out$err" && return 1; }
}

# shellcheck disable=SC2317 # a function as an argument
gov_or_reason() {
    [[ $(fingerprints_of_pem <<<"$out") == "$gov" && $status == 0 ]] && return
    [[ $out != *CERTIFICATE* && $status != 0 &&
        $err == *"region 'us-gov-west-1': "*'Input/output error'* ]] && return
    [[ $err == *'changed while it was read, or unreadable'* ]] ||
        { echo "status $status: $out$err" && return 1; }
}

# Each call of the module that reads the directory fails once, in a new process.
failing_calls() {
    local west gov plain

    has cc 'each call fails' && make_shim || return
    two_files
    west=$(pki_sha256 a)
    gov=$(pki_sha256 root-us-gov-west-1)
    plain=$(OPENSSL_CONF=$TMP/plain.cnf fingerprints_of $WEST | sort)
    each_call_fails "$DIR" true west_or_built_in openssl storeutl -certs $WEST
    is "$wrong" '' 'each call fails once: the bundle or the built-in anchors'
    ((failed >= 10))
    ok $? "... at $failed calls"
    each_call_fails "$DIR" true gov_or_reason openssl storeutl -certs $GOV
    is "$wrong" '' '... the bundle, or an error with the reason'
}

# fill TEXT FILE
fill() {
    printf '%s\n' "$1" >"$2"
}

refused_contents() {
    two_files
    on_both fill 'no such bucket'
    refused 'a page of text' 'no PEM certificate in it'
    on_both cp "$PKI/a.key"
    refused 'a private key alone' 'holds a private key'
    on_both fill "$(cat "$PKI/a.pem" "$PKI/a.key")"
    refused 'a private key behind a certificate' 'holds a private key'
    on_both fill "$(cat "$PKI/a.pem"; openssl rsa -in "$PKI/rsa.key" \
        -traditional -aes128 -passout pass:x 2>/dev/null)"
    refused 'an encrypted private key' 'holds a private key'
    on_both fill "$(openssl pkey -in "$PKI/a.key" -pubout)"
    refused 'a public key' "holds 'PUBLIC KEY'"
    on_both fill "$(head -n 8 "$PKI/a.pem")"
    refused 'a cut file' 'damaged PEM after certificate 0'
    on_both fill "$(cat "$PKI/a.pem"; head -n 8 "$PKI/b.pem")"
    refused 'a file cut later' 'damaged PEM after certificate 1'
    on_both cp "$PKI/east.pem"
    refused 'a file of another region' \
        'no certificate of its region or partition in it'
}

# The global file counts where the regional one is refused, and the reverse.
refused_beside_good() {
    fresh
    bundle aws-us-gov-global-bundle.pem root-us-gov-west-1
    fill garbage "$DIR/us-gov-west-1-bundle.pem"
    answers 'a good global file answers beside a refused one' $GOV \
        root-us-gov-west-1
    rm "$DIR"/*
    fill garbage "$DIR/aws-us-gov-global-bundle.pem"
    refuses $GOV 'aws-us-gov-global-bundle.pem: no PEM certificate in it'
    refuses rds://partition/aws-us-gov \
        'aws-us-gov-global-bundle.pem: no PEM certificate in it'
    bundle us-gov-west-1-bundle.pem root-us-gov-west-1
    answers 'a good regional file answers beside a refused global one' $GOV \
        root-us-gov-west-1
}

# ---- ConfigMap --------------------------------------------------------------

# volume HOW DIRECTORY-MODE FILE-MODE COMMAND...: runs it inside a mount
# namespace of its own, where the directory is a volume as kubelet writes it:
# files are links to ..data/FILE, ..data is a link to a dated folder of mode
# 0755, and all is root's.  The volume of a ConfigMap has mode 0777, that of a
# Secret 01777, with an fsGroup setgid, too; files have defaultMode, which is
# 0644 unless the pod says otherwise.
# HOW: rw, ro (the file system is read-only), bind (the mount is).
volume() {
    # shellcheck disable=SC2016 # the inner shell expands it
    run "${mounting[@]}" bash -ec '
        dir=$1 source=$2 how=$3 mode=$4 files=$5
        shift 5
        mount -t tmpfs -o mode="$mode" volume "$dir"
        mkdir -m 0755 "$dir/..2026_09_01"
        for file in "$source"/*-bundle.pem; do
            install -m "$files" "$file" "$dir/..2026_09_01/"
            ln -s "..data/${file##*/}" "$dir/"
        done
        ln -s ..2026_09_01 "$dir/..data"
        case $how in
        ro) mount -t tmpfs -o remount,ro,mode="$mode" volume "$dir" ;;
        bind) mount --bind "$dir" "$dir" && mount -o remount,bind,ro "$dir" ;;
        esac
        exec "$@"' sh "$DIR" "$TMP/volume" "$@"
}

# volume_answers EXPECTED NAME URI HOW DIRECTORY-MODE FILE-MODE
volume_answers() {
    volume "${@:4}" openssl storeutl -certs "$3"
    is "$(fingerprints_of_pem <<<"$out" | sort)" "$1" "$2" || show_run
}

# volume_refused TEXT NAME HOW DIRECTORY-MODE FILE-MODE
volume_refused() {
    volume_answers "$plain" "$2" $WEST "${@:3}"
    volume "${@:3}" openssl storeutl -certs $GOV
    like "$err" "$1" '... with the reason' || show_run
}

mounting_works() {
    mounting=(unshare -m)
    ((EUID == 0)) || mounting=(unshare -Urm)
    "${mounting[@]}" true 2>/dev/null
}

config_map_layout() {
    local plain a gov how
    local -a mounting

    if ! mounting_works; then
        skip 'a ConfigMap volume' 'no mount namespace may be made here'
        return
    fi
    two_files
    mkdir "$TMP/volume"
    mv "$DIR"/*.pem "$TMP/volume"
    plain=$(OPENSSL_CONF=$TMP/plain.cnf fingerprints_of $WEST | sort)
    a=$(pki_sha256 a)
    gov=$(pki_sha256 root-us-gov-west-1)
    for how in ro bind; do
        volume_answers "$a" "a ConfigMap volume counts where it is read-only ($how)" \
            $WEST $how 0777 0644
        volume_answers "$gov" '... GovCloud, too' $GOV $how 0777 0644
        volume_answers "$a" '... and a Secret' $WEST $how 01777 0400
        volume_answers "$a" '... with an fsGroup' $WEST $how 02777 0640
        volume_refused 'writable by group or others (mode 0666' \
            "... but no file that others could write ($how)" $how 0777 0666
        volume_refused 'writable by group or others (mode 0664' \
            '... or a group' $how 0755 0664
    done
    volume_refused 'the directory is writable by group or others (mode 0777' \
        'on a writable mount the same volume is refused' rw 0777 0644
}

# A service with ProtectSystem=strict, or `docker run -v DIR:DIR:ro`, sees as
# read-only what others write outside.
read_only_for_one_process() {
    local -a mounting

    if ! mounting_works; then
        skip 'a mount read-only for one process' 'none may be made here'
        return
    fi
    two_files
    on_both chmod 666
    # shellcheck disable=SC2016 # the inner shell expands it
    run "${mounting[@]}" bash -ec '
        mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"
        ! : 2>/dev/null >"$1/new" && shift && exec "$@"' sh "$DIR" \
        openssl storeutl -certs $GOV
    like "$err" 'us-gov-west-1-bundle.pem: writable by group or others (mode 0666' \
        'a file that others can write elsewhere is refused where the mount is read-only' ||
        show_run
}

# ---- user namespace ---------------------------------------------------------

# inside COMMAND...: as another user in a namespace that maps only him, as root.
inside() {
    run "${stranger[@]}" unshare -Ur "$@"
}

# Files of root and of anybody else seem to belong to nobody there, and nobody
# can tell whose they are.
user_namespace() {
    local -a stranger=()

    if ! unshare -Ur true 2>/dev/null; then
        skip 'a user namespace' 'none may be made here'
        return
    fi
    two_files
    ((EUID == 0)) && as_stranger
    if ((EUID == 0)); then
        inside stat -c %U "$DIR/us-west-2-bundle.pem"
        is "$out" nobody "in the namespace root's files belong to nobody"
        inside openssl storeutl -certs $GOV
        like "$err" 'us-gov-west-1-bundle.pem: owned by user 65534 (mode 0644), which can stand for any owner that a user namespace does not map' \
            '... and are refused, with the reason' || show_run
        inside openssl storeutl -noout -certs $WEST
        like "$out" 'Total found: 3' '... so the built-in anchors answer'
        chown -R $STRANGER "$DIR"
    else
        skip "in the namespace root's files belong to nobody" 'needs root'
    fi
    inside openssl storeutl -certs $WEST
    is "$(fingerprints_of_pem <<<"$out")" "$(pki_sha256 a)" \
        'in a user namespace the files of its own user count' || show_run
    on_both chmod 666
    inside openssl storeutl -certs $GOV
    like "$err" 'writable by group or others (mode 0666' \
        '... and the rules hold'
}

# ---- rds-distrust -----------------------------------------------------------

distrust() {
    local rsa=86e22f41c79b0de5777054189cfadbddf633a8a1dc09ef134db07a756e494abe
    local ecc=01926d42a0dc63915005f3d2b8d7c07efd9451fc14889142d8c4fa6021a6a95e
    local colons

    fresh
    bundle us-gov-west-1-bundle.pem root-us-gov-west-1 sub-us-gov-west-1
    use_conf "rds-bundles=$DIR" "rds-distrust=$rsa"
    finds 2 $WEST
    finds $((ALL_COUNT - 1)) rds://global+partition/aws-cn
    refuses "rds://sha256/$rsa" 'withdrawn or distrusted'
    refuses $WEST/rds-ca-rsa2048-g1 'rds-ca-rsa2048-g1'
    colons=$(sed 's/../&:/g; s/:$//' <<<"${ecc@U}")
    use_conf "rds-bundles=$DIR" "rds-distrust=$rsa, $colons"
    is "$(names_of $WEST)" 'Amazon RDS us-west-2 Root CA RSA4096 G1' \
        'rds-distrust takes several, and the form that openssl prints'
    use_conf "rds-bundles=$DIR" \
        "rds-distrust=$(pki_sha256 root-us-gov-west-1)"
    answers 'rds-distrust removes an anchor of a file' $GOV sub-us-gov-west-1
    use_conf "rds-bundles=$DIR"
}

# ---- a running process ------------------------------------------------------

start_client() {
    compile "$TMP/reopen" "$ROOT/tests/system/reopen.c" -lcrypto || return 1
    coproc CLIENT { exec "$TMP/reopen" 2>&1; }
    pids+=("$CLIENT_PID")
    ask_client 'the client has loaded the provider' '' loaded
}

# ask_client NAME URI PATTERN: the client's next line is PATTERN.
ask_client() {
    local line=

    [[ -z $2 ]] || echo "$2" >&"${CLIENT[1]}"
    IFS= read -r -t "$RUN_SECONDS" -u "${CLIENT[0]}" line
    # shellcheck disable=SC2053 # a pattern
    [[ $line == $3 ]]
    ok $? "$1" || diag "got:      '$line'"$'\n'"expected: '$3'"
}

# sees NAME CERTIFICATE: the client now gets this one for us-west-2.
sees() {
    ask_client "a running process: $1" $WEST "1 $(pki_sha256 "$2")"
}

sees_new_files() {
    ask_client 'a running process starts with what is built in' $WEST '3 *'
    ask_client '... and has no GovCloud' $GOV '*rdsca update us-gov-west-1*'
    bundle us-west-2-bundle.pem a
    sees 'a new file' a
    bundle us-gov-west-1-bundle.pem root-us-gov-west-1
    ask_client '... and another' $GOV "1 $(pki_sha256 root-us-gov-west-1)"
    bundle us-west-2-bundle.pem b
    sees 'a file moved over another' b
    cat "$PKI/a.pem" >"$DIR/us-west-2-bundle.pem"
    sees 'a file written in place' a
    cp "$PKI/b.pem" "$DIR/b.new"
    touch -r "$DIR/us-west-2-bundle.pem" "$DIR/b.new"
    mv "$DIR/b.new" "$DIR/us-west-2-bundle.pem"
    sees 'a file of the same time as before' b
}

keeps_the_last_good() {
    fill garbage "$DIR/us-west-2-bundle.pem"
    sees 'a damaged file leaves the last good one' b
    chmod 666 "$DIR/us-west-2-bundle.pem"
    sees '... so does a refused one' b
    chmod 777 "$DIR"
    sees '... so does a refused directory' b
    chmod 755 "$DIR"
    bundle us-west-2-bundle.pem a
    sees 'a repaired file counts' a
    rm "$DIR/us-west-2-bundle.pem"
    ask_client 'without the file the built-in anchors are back' $WEST '3 *'
}

sees_the_directory() {
    rm -rf "$DIR"
    ask_client 'without the directory, too' $WEST '3 *'
    ask_client '... and GovCloud stays as it was (chroot)' $GOV '[1-9] *'
    mkdir -m 755 "$DIR"
    bundle us-west-2-bundle.pem a
    sees 'a new directory' a
}

# Kubernetes swaps ..data; the links to it stay.
sees_a_swapped_link() {
    fresh
    mkdir "$DIR/..1" "$DIR/..2"
    bundle ..1/us-west-2-bundle.pem a
    bundle ..2/us-west-2-bundle.pem b
    ln -s ..1 "$DIR/..data"
    ln -s ..data/us-west-2-bundle.pem "$DIR/us-west-2-bundle.pem"
    sees 'a file behind links' a
    ln -s ..2 "$DIR/..new"
    mv -T "$DIR/..new" "$DIR/..data"
    sees 'a swapped link' b
}

# Kernels stamp files with the time of their last tick: two changes can look
# the same.  The two contents have the same size, and no program is started
# between the changes.
sees_fast_changes() {
    local -A text=() sha=()
    local i name line wrong=0

    fresh
    for name in a b; do
        sha[$name]=$(pki_sha256 "$name")
        printf -v "text[$name]" '%-2000s' "$(<"$PKI/$name.pem")"$'\n'
    done
    for i in {1..100}; do
        for name in a b; do
            printf '%s\n' "${text[$name]}" >"$DIR/us-west-2-bundle.pem"
            echo $WEST >&"${CLIENT[1]}"
            IFS= read -r -t "$RUN_SECONDS" -u "${CLIENT[0]}" line
            [[ $line == "1 ${sha[$name]}" ]] || wrong=$((wrong + 1))
        done
    done
    is $wrong 0 "a running process sees each of $((2 * i)) fast changes"
}

# Everything that can happen to a file, as fast as it goes, but for its going:
# the last good content answers throughout.
# shellcheck disable=SC2016 # Perl
churn() {
    exec perl -MPOSIX=mkfifo -MIO::Socket::UNIX -e '
        my ($dir, $a, $b, $gov) = @ARGV;
        chdir $dir or die;
        my %text = map { $_ => do { local (@ARGV, $/) = $_; <> } } $a, $b, $gov;
        sub put { open my $f, ">", $_[0] or die; print $f $_[1]; close $f }
        my @west = ($a, $b);
        my @make = (
            sub { put("x.new", $text{$_[0]}) },
            sub { put("x.new", substr $text{$_[0]}, 0, 300) },
            sub { put("x.new", "") },
            sub { put("x.new", "garbage\n" x 100) },
            sub { put("x.new", $text{$_[0]}); truncate "x.new", 1 << 40 },
            sub { put("x.new", $text{$_[0]}); chmod 0666, "x.new" },
            sub { mkfifo("x.new", 0644) },
            sub { symlink "x.new", "x.new" },
            sub { symlink "/dev/zero", "x.new" },
            sub { symlink "/proc/self/environ", "x.new" },
            sub { symlink "/", "x.new" },
            sub { IO::Socket::UNIX->new(Local => "x.new", Listen => 1) });
        for my $i (0 .. $#make * 200) {
            for my $file ("us-west-2", "us-gov-west-1") {
                my $good = $file eq "us-west-2" ? $west[$i % 2] : $gov;
                $make[$i % @make]->($good);
                rename "x.new", "$file-bundle.pem" or die $!;
                next if $i % 7;
                put("x.new", $text{$good});
                rename "x.new", "$file-bundle.pem" or die $!;
                open my $f, "+<", "$file-bundle.pem" or die;
                truncate $f, 200 * ($i % 3);
                print $f "more\n";
            }
            select undef, undef, undef, 0.001;
        }' "$DIR" "$PKI/a.pem" "$PKI/b.pem" "$PKI/root-us-gov-west-1.pem"
}

keeps_its_head() {
    local line asked=0 wrong='' churning west gov
    local -A seen=()

    pki_sha256 a >"$TMP/a.sha"
    pki_sha256 b >"$TMP/b.sha"
    pki_sha256 root-us-gov-west-1 >"$TMP/gov.sha"
    two_files
    sees 'before the files go wild' a
    ask_client '... of GovCloud' $GOV "1 $(pki_sha256 root-us-gov-west-1)"
    churn 2>"$TMP/churn" &
    churning=$!
    pids+=("$churning")
    while kill -0 "$churning" 2>/dev/null; do
        printf '%s\n' $WEST $GOV >&"${CLIENT[1]}"
        for line in west gov; do
            IFS= read -r -t "$RUN_SECONDS" -u "${CLIENT[0]}" "${line?}" ||
                break 2
        done
        seen[$west]=1
        [[ $west == "1 $(<"$TMP/a.sha")" || $west == "1 $(<"$TMP/b.sha")" ]] ||
            wrong+=$'\n'"$west"
        [[ $gov == "1 $(<"$TMP/gov.sha")" ]] || wrong+=$'\n'"$gov"
        asked=$((asked + 1))
    done
    wait "$churning"
    ok $? 'the files go wild' || diag "$(<"$TMP/churn")"
    is "$wrong" '' "... asked $asked times, a running process keeps what was good"
    ((asked >= 20 && ${#seen[@]} == 2))
    ok $? '... and sees what is good' || diag "${!seen[*]}"
    two_files
    bundle us-west-2-bundle.pem b
    sees 'after it' b
}

running_process() {
    has cc 'a running process sees changes' || return
    fresh
    if ! start_client; then
        ok 1 'the client can be compiled'
        return
    fi
    sees_new_files
    keeps_the_last_good
    sees_the_directory
    sees_a_swapped_link
    sees_fast_changes
    keeps_its_head
}

# -----------------------------------------------------------------------------

rds_conf "$TMP/plain.cnf"
use_conf "rds-bundles=$DIR"
make_pki
pki_key rsa RSA2048
no_directory
replaced
expired
frozen
withdrawn
new_names
gov_cloud
forms_of_text
linked_directory
real_files
stale
regional_and_global
left_out
unreadable_certificate
no_proxy_roots_from_files
unrelated_files
refused_modes
refused_directory
refused_owner
refused_permission
refused_kinds
refused_sizes
many_links
odd_names
failing_calls
refused_contents
refused_beside_good
config_map_layout
read_only_for_one_process
user_namespace
distrust
running_process
done_testing
