#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that a bundle is replaced whole: `rdsca update` killed at random
# moments and at each step of the writing; what reaches the disk, and in which
# order; a full disk and a limit on the size of files; one writer at a time;
# two updaters and ten readers at once.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"
serve

KILLS=${RDS_KILLS:-200} # at random moments
FILE=aws-global-bundle.pem

# Two global bundles that the mirror serves: all built-in roots, and all but
# the last of them, whose region keeps two more.
make_bundles() {
    local name

    mkdir -p "$WWW/mirror/a/global" "$WWW/mirror/b/global"
    cat provider/anchors/aws-g1-beta-preview.pem provider/anchors/aws-g1.pem \
        >"$WWW/mirror/a/global/global-bundle.pem"
    pem_of rds://region/us-west-2 | nth_pem 1 >"$TMP/left-out"
    without "$(fingerprints_of_pem <"$TMP/left-out")" \
        <"$WWW/mirror/a/global/global-bundle.pem" \
        >"$WWW/mirror/b/global/global-bundle.pem"
    for name in a b; do
        fresh
        bundle_from "$name"
        ok "$status" "bundle $name is installed" || show_run
        cp "$DIR/$FILE" "$TMP/$name"
    done
    ! cmp -s "$TMP/a" "$TMP/b"
    ok $? 'they differ'
}

# without SHA256: the PEM text on stdin but for this certificate.
without() {
    perl -MMIME::Base64 -MDigest::SHA=sha256_hex -0777 -ne '
        BEGIN { $not = shift }
        while (/-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----\n/sg) {
            print $& if sha256_hex(decode_base64($1)) ne $not }' "$1"
}

# from NAME: sets command, an update from that bundle.
from() {
    command=("$RDSCA" update --settings - --directory "$DIR" --cacert "$CA"
        --tries 1 --connect-to "127.0.0.1:$PORT" --partition aws --quiet
        --mirror "$MIRROR/$1")
}

bundle_from() {
    from "$1"
    run "${command[@]}"
}

# which: a or b, the bundle that is there; else what is wrong with it.
which() {
    if cmp -s "$DIR/$FILE" "$TMP/a"; then
        echo a
    elif cmp -s "$DIR/$FILE" "$TMP/b"; then
        echo b
    else
        echo "torn: $(wc -c <"$DIR/$FILE") bytes"
    fi
}

other() {
    [[ $1 == a ]] && echo b || echo a
}

# ---- killed -----------------------------------------------------------------

# The moments are spread over a span that grows where the kill came in time
# and shrinks where it came late: so they cover a whole update on any machine.
killed_at_random() {
    local span=50000 now=b wanted got i wrong='' hit=0 old=0 new=0

    fresh
    bundle_from b
    for ((i = 0; i < KILLS; i++)); do
        wanted=$(other "$now")
        from "$wanted"
        "${command[@]}" >/dev/null 2>&1 &
        sleep "$(printf '0.%06d' $((RANDOM * span / 32768)))"
        kill -KILL $! 2>/dev/null
        wait $! 2>/dev/null
        if [[ $? == 137 ]]; then
            hit=$((hit + 1)) span=$((span < 700000 ? span * 5 / 4 : span))
        else
            span=$((span * 4 / 5 + 100))
        fi
        got=$(which)
        case $got in
        "$now") old=$((old + 1)) ;;
        "$wanted") new=$((new + 1)) ;;
        *) wrong+=" $i: $got" ;;
        esac
        now=$got
    done
    is "$wrong" '' "after $KILLS kills the bundle is the old or the new one"
    ((hit > KILLS / 10))
    ok $? "... of which enough came in time ($hit)"
    diag "$old times the old one, $new times the new one"
    bundle_from a && bundle_from b
    is "$status $(which)" '0 b' 'the next update is not held up'
}

# What killed updates left is removed by the next one, and nothing else is.
swept() {
    local name

    fresh
    bundle_from a
    for name in ".$FILE.a1B2c3.new" "..$FILE.etag.ZZZZZZ.new"; do
        echo cut >"$DIR/$name"
    done
    for name in ".$FILE.new" notes.new .notes.abc.new "$FILE.a1B2c3.new"; do
        echo mine >"$DIR/$name"
    done
    mkdir "$DIR/.folder.a1B2c3.new"
    ln -s "$TMP/a" "$DIR/.link.a1B2c3.new"
    bundle_from b
    is "$status $(which)" '0 b' 'an update beside the traces of killed ones'
    is "$(cd "$DIR" && find . -name '*new' | sort | tr '\n' ' ')" \
        "./.$FILE.new ./.folder.a1B2c3.new ./.link.a1B2c3.new \
./.notes.abc.new ./$FILE.a1B2c3.new ./notes.new " \
        '... removes those, and nothing else'
}

# with_shim NAME [VARIABLE=VALUE...]: an update from that bundle.  The shell
# between says nothing of a process that was killed.
# shellcheck disable=SC2016 # expanded inside
with_shim() {
    from "$1"
    run sh -c '"$@"; exit $?' sh env "LD_PRELOAD=$TMP/shim.so" "SHIM_DIRECTORY=$DIR" \
        ASAN_OPTIONS=verify_asan_link_order=0 "${@:2}" "${command[@]}"
}

killed_at_each_step() {
    local steps i wrong=''

    fresh
    bundle_from a
    with_shim b "SHIM_LOG=$TMP/steps"
    is "$status $(which)" '0 b' 'an update whose calls are counted'
    steps=$(wc -l <"$TMP/steps")
    ((steps >= 5))
    ok $? '... has steps' || diag "$(cat "$TMP/steps")"
    for ((i = 1; i <= steps; i++)); do
        fresh
        bundle_from a
        with_shim b "SHIM_KILL_AT=$i"
        [[ $status == 137 ]] || wrong+=" $i: status $status"
        [[ $(which) == [ab] ]] || wrong+=" $i: $(which)"
        [[ $(find "$DIR" -name '*-bundle.pem' -size -1k) == '' ]] ||
            wrong+=" $i: an empty bundle"
        finds_whole || wrong+=" $i: the module does not read it"
        bundle_from b
        [[ $status == 0 && $(which) == b ]] || wrong+=" $i: no update after it"
    done
    is "$wrong" '' "killed at each of $steps steps: the old one or the new one"
}

# The module answers from the bundle, whatever stands beside it.
finds_whole() {
    [[ $(openssl storeutl -noout -certs rds://partition/aws 2>&1 |
        tail -n 1) == "Total found: "* ]]
}

# What must be on the disk before the name points to it, and after.
order() {
    local calls

    calls=$(sed -n "s|^\([a-z]*\) $DIR/\.$FILE\..*new|\1 beside|p
        s|^rename $DIR/$FILE\$|rename|p
        s|^fsync $DIR\$|fsync directory|p" "$TMP/steps" | uniq |
        grep -v -e fchmod -e futimens | head -n 4)
    is "$calls" $'write beside\nfsync beside\nrename\nfsync directory' \
        'written beside, synced, renamed, and the directory synced'
    is "$(grep -c -e "^[a-z]* $DIR/$FILE\$" "$TMP/steps")" 1 \
        'the bundle itself is only renamed to'
}

# ---- no room ----------------------------------------------------------------

# stays NAME TEXT COMMAND...: from bundle a, COMMAND ends with 4 and TEXT, the
# bundle stays, and nothing is left beside it.
stays() {
    fresh
    bundle_from a
    touch -d '-1 day' "$DIR/$FILE"
    rm -f "$DIR"/.*.etag
    from b
    unharmed "$1" 4 "$2" run "${@:3}" "${command[@]}"
    is "$(which)" a '... the old bundle stays, whole'
}

# shellcheck disable=SC2016 # expanded inside
no_room() {
    local inside='mount -t tmpfs -o size=256k,mode=755 none "$1" || exit 99
        cp -p "$2" "$1" && before=$(cat "$1"/*.pem | sha256sum) && shift 2
        "$@"; status=$?
        [ "$(cat "$DIR"/*.pem | sha256sum)" = "$before" ] && echo whole
        ls "$DIR"
        exit $status'

    stays 'a limit on the size of files' \
        "$FILE: cannot write: File too large" \
        sh -c 'trap "" XFSZ; ulimit -f 100; exec "$@"' sh
    if ! unshare -m sh -c "mount -t tmpfs none '$DIR'" 2>/dev/null; then
        skip 'a full disk' 'cannot mount a tmpfs'
        return
    fi
    fresh
    cp "$TMP/a" "$TMP/$FILE"
    from b
    export DIR
    run unshare -m sh -c "$inside" sh "$DIR" "$TMP/$FILE" "${command[@]}"
    is "$status" 4 'a full disk: refused' || show_run
    like "$err" "$FILE: cannot write: No space left on device" '... says so'
    is "$out" $'whole\n'"$FILE" \
        '... the old bundle stays, and nothing beside it'
}

# ---- many at once -----------------------------------------------------------

# Each answers with one line for each look: a digest of what it saw.
reader() {
    local i

    for ((i = 0; i < 6; i++)); do
        if (($1 % 2 == 0)); then
            fingerprints_of rds://partition/aws
        else
            "$RDSCA" list --directory "$DIR" --json rds://partition/aws |
                perl -MJSON::PP -0777 -ne '
                    print "$_\n" for sort map { $_->{sha256} }
                        @{decode_json($_)->{anchors}}'
        fi | sort | sha256sum
    done >"$TMP/reader.$1" 2>&1
}

updater() {
    local i

    for ((i = 0; i < 12; i++)); do
        from "$1"
        timeout 30 "${command[@]}" >>"$TMP/updater.$1" 2>&1 ||
            echo "status $?" >>"$TMP/updater.$1"
    done
}

many_at_once() {
    local i seen wrong='' expected=''

    rm -rf "$TMP"/reader.* "$TMP"/updater.*
    for i in a b; do
        fresh
        bundle_from "$i"
        expected+=$(fingerprints_of rds://partition/aws | sort | sha256sum)$'\n'
    done
    is "$(sort -u <<<"${expected%$'\n'}" | wc -l)" 2 \
        'the two bundles give two answers'
    local -a running=()
    for i in a b; do
        updater "$i" &
        running+=($!)
    done
    for ((i = 0; i < 10; i++)); do
        reader "$i" &
        running+=($!)
    done
    wait "${running[@]}"
    seen=$(cat "$TMP"/reader.* | sort | uniq -c)
    while read -r _ line; do
        [[ $expected == *"$line"* ]] || wrong+=" $line"
    done <<<"$seen"
    is "$wrong" '' 'two updaters, ten readers: each sees one or the other'
    is "$(cat "$TMP"/reader.* | wc -l)" 60 '... whenever they look'
    is "$(wc -l <<<"$seen")" 2 '... and both are seen'
    is "$(cat "$TMP"/updater.*)" '' '... and no update fails'
    is "$(find "$DIR" -mindepth 1 ! -name ".$FILE.etag" -printf '%f\n')" \
        "$FILE" '... or leaves something beside it'
}

# in_no_time COMMAND...: runs it in a process whose pauses take no time.
in_no_time() {
    cat >"$TMP/hurry.c" <<'END'
#include <time.h>

int nanosleep(const struct timespec *pause, struct timespec *left)
{
    (void)pause;
    (void)left;
    return 0;
}
END
    compile "$TMP/hurry.so" "$TMP/hurry.c" -shared -fPIC || return
    run env "LD_PRELOAD=$TMP/hurry.so" \
        ASAN_OPTIONS=verify_asan_link_order=0 "$@"
}

# A writer waits for the one before it, and readers do not.
one_writer() {
    local fd

    has flock 'one writer at a time' || return 0
    fresh
    bundle_from a
    exec {fd}<"$DIR"
    flock "$fd"
    from b
    run timeout 2 "${command[@]}"
    is "$status $(which)" '124 a' 'a second writer waits'
    run_ok '... a reader does not' "$RDSCA" list --directory "$DIR"
    if has cc '... and gives up in the end'; then
        in_no_time "${command[@]}"
        is "$status $(which)" '4 a' '... and gives up in the end'
        is "$err" "rdsca update: $DIR: locked by another process for 300 seconds; 'fuser -v' shows which" \
            '... says why' || show_run
    fi
    exec {fd}>&-
    bundle_from b
    is "$status $(which)" '0 b' '... and goes on when the first is done'
}

make_bundles
use_conf "rds-bundles=$DIR"
killed_at_random
swept
if has cc 'killed at each step'; then
    if make_shim; then
        killed_at_each_step
        order
    fi
fi
no_room
one_writer
many_at_once

done_testing
