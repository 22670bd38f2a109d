#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves what the commands do with a directory or a file that cannot be read or
# is hostile: each call that reads the bundle directory fails once; things that
# are no files stand in it, or are given to `rdsca import`; names at the limits;
# more files than anyone needs.  A command ends in time, with a status that it
# documents and in one line, and harms nothing.

# shellcheck disable=SC2016,SC2317 # Perl; functions as arguments
# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"
serve
use_conf "rds-bundles=$DIR"

WEST=rds://region/us-west-2
IN=$TMP/in

# A good bundle of one root of us-west-2, for a state that no other has: what
# is built in has three, and the server offers three.
one_root() {
    fresh
    built_in_pem | nth_pem 1 >"$DIR/$FILE"
    touch -d '-1 day' "$DIR/$FILE"
}

# ---- each call fails --------------------------------------------------------

# orderly STATUS...: the last run ended with one of these, and an error is a
# line that names the command.  doctor puts all into its report.
orderly() {
    local line

    [[ " $* " == *" $status "* ]] || return 1
    while IFS= read -r line; do
        [[ -z $line || $line == 'rdsca '* ]] || return 1
    done <<<"$err"
}

# each_call NAME STATUSES STATE COMMAND...: STATE says what is wrong with what
# there is after a run.
each_call() {
    local name=$1 statuses=$2 state=$3

    shift 3
    each_call_fails "$DIR" one_root in_order "$@"
    ok $? "$name: no call fails" || show_run
    is "$wrong" '' "$name: each of the calls that read fails once"
    ((failed >= 5))
    ok $? "... these are some ($failed)"
}

# What is wrong after a run of each_call.
in_order() {
    # shellcheck disable=SC2086 # words are meant
    orderly $statuses || { echo "status $status: $err" && return 1; }
    "$state"
}

# The bundle is as it was, and nothing is beside it.
untouched() {
    [[ $(installed "$FILE") == "$one" ]] || { echo "$FILE changed" && return 1; }
    alone
}

alone() {
    [[ $(ls "$DIR") == "$FILE" ]] || { ls -A "$DIR" && return 1; }
}

# The old bundle where the command failed, else the new one.  Where only the
# directory could not be synced, that is an error after the new one is there.
replaced_or_untouched() {
    if ((status == 0)) || [[ $err == *'cannot sync its directory'* ]]; then
        [[ $(installed "$FILE") == "$three" ]] || { echo 'not installed' && return 1; }
        alone
    else
        untouched
    fi
}

# What the bundle says, or what is built in and why: nothing else.
listed() {
    untouched || return 1
    case $(json_of_list) in
    "$one") ;;
    "$three") [[ -n $err ]] || { echo 'built in, and no reason' && return 1; } ;;
    *) echo "listed: $out" && return 1 ;;
    esac
}

json_of_list() {
    json 'map { "$_->{sha256}\n" } sort { $a->{sha256} cmp $b->{sha256} }
        @{$d->{anchors}}' | sed 's/^ //'
}

# Where the directory cannot be read, that is a problem.
diagnosed() {
    untouched || return 1
    ((status == 1)) || [[ $out == *"$FILE: "* || $out == *"$FILE of "* ]] ||
        { echo "not diagnosed: $out" && return 1; }
}

each_call_of_each_command() {
    has cc 'each call fails' && make_shim || return
    three=$(built_in_pem | fingerprints_of_pem | sort)
    one=$(built_in_pem | nth_pem 1 | fingerprints_of_pem)
    each_call list '0 1' listed "$RDSCA" list --json $WEST
    each_call doctor '0 1' diagnosed "$RDSCA" doctor --conf "$OPENSSL_CONF"
    each_call import '0 4' replaced_or_untouched "$RDSCA" import \
        "$IN/$FILE"
    each_call update '0 4' replaced_or_untouched "$RDSCA" update --settings - \
        --cacert "$CA" --tries 1 --connect-to "127.0.0.1:$PORT" \
        --mirror "$MIRROR/good"
    each_read_of_export
}

# A folder that cannot be listed may hold what AWS has withdrawn.
each_read_of_export() {
    local folder=$TMP/hashes i

    run_ok 'export into a folder' "$RDSCA" export --hash-dir "$folder" $WEST
    for i in 1 2 3; do
        shimmed "$folder" "SHIM_FAIL=readdir $i" "$RDSCA" export             --hash-dir "$folder" rds://region/us-east-1
        [[ $status == 4 && $err == 'rdsca export: '*'Input/output error' ]]
        ok $? "... that cannot be listed, at call $i" || show_run
    done
    run_ok '... and then can' "$RDSCA" export --hash-dir "$folder" \
        rds://region/us-east-1
    like "$out" '0 written' '... removes what is not in the answer'
}

# ---- what import is given ---------------------------------------------------

# refused NAME TEXT FILE
refused() {
    unharmed "$1" 4 "$2" run "$RDSCA" import --for us-west-2 "$3"
}

import_faults() {
    local name long odd

    one_root
    RUN_SECONDS=20
    refused 'import /dev/zero' 'larger than 4194304 bytes' /dev/zero
    refused 'import /dev/null' 'empty' /dev/null
    truncate -s 1T "$TMP/sparse"
    refused 'import a sparse file of 1 TiB' 'larger than 4194304 bytes' \
        "$TMP/sparse"
    ln -s loop "$TMP/loop"
    refused 'import a loop' 'cannot read: Too many levels' "$TMP/loop"
    refused 'import a file of /proc' 'cannot read: Input/output error' \
        /proc/self/mem
    perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => $ARGV[0],
        Listen => 1) or die' "$TMP/socket"
    refused 'import a socket' 'cannot read: No such device' "$TMP/socket"
    name=$(printf 'a%.0s' {1..255})
    cp "$IN/$FILE" "$TMP/$name"
    run_ok 'import a file with a name of 255 bytes' "$RDSCA" import \
        --directory "$DIR" --for us-west-2 "$TMP/$name"
    refused '... with one of 256' 'cannot read: File name too long' \
        "$TMP/${name}a"
    long=$(printf '/./%.0s' {1..2000})
    refused '... with a path that is too long' 'File name too long' \
        "$TMP$long$FILE"
    for odd in $'a\nrdsca import: b' $'\xff\xfe' $'\e[31m'; do
        refused "import a file with an odd name (${odd@Q})" \
            'cannot read: No such file' "$TMP/$odd"
        cp "$IN/$FILE" "$TMP/$odd"
        run_ok '... that is there' "$RDSCA" import --for us-west-2 "$TMP/$odd"
        [[ $(wc -l <<<"$out") == 1 && $out == *[[:print:]]* ]] &&
            ! grep -q '[^ -~]' <<<"$out"
        ok $? '... is told in one line of printable characters' || show_run
    done
}

# A pipe is read: rdsca import <(curl ...).  It ends when the writer does.
import_pipe() {
    fresh
    mkfifo "$TMP/pipe"
    cat "$IN/$FILE" >"$TMP/pipe" &
    run_ok 'import a pipe' "$RDSCA" import --for us-west-2 "$TMP/pipe"
    is "$(installed "$FILE")" "$(fingerprints_of_pem <"$IN/$FILE" | sort)" \
        '... what came is installed'
}

import_unreadable() {
    local -a stranger=(setpriv --reuid=12345 --regid=12345 --clear-groups)

    if ((EUID != 0)); then
        skip 'import an unreadable file' 'only root can change the user'
        return
    fi
    fresh
    install -m 600 "$IN/$FILE" "$TMP/secret.pem"
    run "${stranger[@]}" "$RDSCA" import --check --for us-west-2 \
        "$TMP/secret.pem"
    [[ $status == 4 && $err == *'cannot read: Permission denied' ]]
    ok $? 'import an unreadable file' || show_run
}

# ---- what stands in the directory -------------------------------------------

# stands NAME COMMAND... FILE: makes the bundle's place something else; every
# command must end, and a bundle that can be put there must be.
stands() {
    local name=$1 word

    shift
    fresh
    "$@" "$DIR/$FILE"
    for word in list doctor; do
        run "$RDSCA" $word
        orderly 0 1
        ok $? "$name: $word ends" || show_run
    done
    update us-west-2
    if [[ -d $DIR/$FILE && ! -L $DIR/$FILE ]]; then
        [[ $status == 4 && $err == *'cannot replace it: Is a directory' ]]
    else
        [[ $status == 0 && -f $DIR/$FILE && ! -L $DIR/$FILE ]]
    fi
    ok $? "$name: update puts a file in its place, if it can" || show_run
}

directory_faults() {
    RUN_SECONDS=20
    stands 'a FIFO' mkfifo
    stands 'a directory' mkdir
    stands 'a link to nothing' ln -s nothing
    stands 'a link to /dev/zero' ln -s /dev/zero
    stands 'a link to /proc/self/mem' ln -s /proc/self/mem
    stands 'a link to a directory' ln -s /
    stands 'a loop' ln -s "$FILE"
    stands 'a sparse file of 1 TiB' truncate -s 1T
    stands 'an empty file' touch
    stands 'a socket' perl -MIO::Socket::UNIX -e \
        'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die'
    # The ETag's file is ours, too.
    for name in 'mkfifo' 'ln -s /dev/zero' 'truncate -s 1T' 'mkdir'; do
        fresh
        built_in_pem >"$DIR/$FILE"
        # shellcheck disable=SC2086 # words are meant
        $name "$DIR/.$FILE.etag"
        update us-west-2
        is "$status" 0 "the ETag's file, by $name: update works" || show_run
    done
}

# Names that are not ours, at the limits, and thousands of them.
odd_names() {
    local i

    one_root
    cd "$DIR" || exit 1
    touch "$(printf 'a%.0s' {1..251}).pem" $'new\nline-bundle.pem' \
        $'\xff\xfe-bundle.pem' $'\e[31m.pem' "$(printf 'b%.0s' {1..255})"
    perl -e 'for (1 .. 5000) { open my $f, ">", "stray-$_.txt" or die }'
    cd "$ROOT" || exit 1
    run "$RDSCA" list --json $WEST
    is "$status $(json_of_list)" "0 $(built_in_pem | nth_pem 1 |
        fingerprints_of_pem)" 'odd names, 5000 files: list answers' || show_run
    run "$RDSCA" doctor --conf "$OPENSSL_CONF"
    orderly 0 1 && ! grep -q '[^ -~]' <<<"$out"
    ok $? '... doctor ends, in printable characters' || show_run
    like "$out" 'new\x0aline-bundle.pem' '... and names what is not read'
    update us-west-2
    is "$status $(installed "$FILE" | wc -l)" '0 3' '... update works' || show_run
    # As many bundles as nobody needs.
    for ((i = 0; i < 300; i++)); do
        printf -v name 'xx-%c%c-%d-bundle.pem' \
            "\\$(printf %o $((97 + i / 26)))" "\\$(printf %o $((97 + i % 26)))" 1
        : >"$DIR/$name"
    done
    run "$RDSCA" list $WEST
    orderly 0 1
    ok $? '300 more bundles: list ends' || show_run
    run "$RDSCA" doctor --conf "$OPENSSL_CONF"
    orderly 0 1
    ok $? '... and doctor' || show_run
}

# A read-only mount of a directory with a mode that only such a mount excuses.
read_only() {
    local -a inside=(unshare -m sh -c 'mount -t tmpfs -o mode=0777 none "$1" &&
        install -p -m 0644 "$2" "$1" && mount -o remount,ro,mode=0777 none "$1" ||
            exit 99
        shift 2; exec "$@"' sh "$DIR" "$TMP/$FILE")

    fresh
    built_in_pem | nth_pem 1 >"$TMP/$FILE"
    touch -d '-1 day' "$TMP/$FILE"
    if ! "${inside[@]}" true 2>/dev/null; then
        skip 'a read-only mount' 'cannot mount a tmpfs'
        return
    fi
    run "${inside[@]}" "$RDSCA" list --json $WEST
    is "$status $(json_of_list)" "0 $(fingerprints_of_pem <"$TMP/$FILE")" \
        'a read-only mount: list' || show_run
    run "${inside[@]}" "$RDSCA" doctor --conf "$OPENSSL_CONF"
    [[ $status == 0 && $out == *"$FILE of "*' is in force for 1 region'* ]]
    ok $? '... doctor' || show_run
    run "${inside[@]}" "$RDSCA" import "$IN/$FILE"
    [[ $status == 4 && $err == *"$FILE: cannot write"*'Read-only file system' ]]
    ok $? '... import says why it cannot write' || show_run
}

mkdir "$IN"
built_in_pem >"$IN/$FILE"
each_call_of_each_command
import_faults
import_pipe
import_unreadable
directory_faults
odd_names
read_only
done_testing
