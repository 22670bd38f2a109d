#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves what `rdsca update` takes from a file of settings, /etc/default/rdsca
# by default: each name in it; that the command line and the environment come
# first; that sh reads the same values; and that a file which others could
# have written, or a line that cannot be understood, stops the update.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"
serve
use_conf "rds-bundles=$DIR"

SETTINGS=$TMP/settings

# settings LINE...: the file holds these lines.
settings() {
    printf '%s\n' "$@" >"$SETTINGS"
}

# with ARGUMENT...: an update with that file, led to nginx.
with() {
    run "$RDSCA" update --settings "$SETTINGS" --directory "$DIR" \
        --connect-to "127.0.0.1:$PORT" "$@"
}

# refused NAME STATUS TEXT [ARGUMENT...]
refused() {
    unharmed "$1" "$2" "$3" with "${@:4}"
}

names() {
    fresh
    settings '# what to fetch' '' "RDSCA_UPDATE=us-west-2" \
        "RDSCA_MIRROR=$MIRROR/good" "RDSCA_CACERT='$CA'" 'RDSCA_TRIES=1'
    with
    is "$status" 0 'the file says what, from where, and whom to believe' ||
        show_run
    like "$out" "$FILE: installed, 3 certificates, 3 pinned, from $MIRROR/good/" \
        '... and is obeyed'
    fresh
    settings "RDSCA_UPDATE=\"us-west-2  aws-cn\"" "RDSCA_CACERT=$CA"
    with
    is "$(cd "$DIR" && echo *.pem)" "aws-cn-global-bundle.pem $FILE" \
        'regions and partitions may be mixed' || show_run
    fresh
    settings "RDSCA_CACERT=$CA" RDSCA_UPDATE=all RDSCA_TRIES=1
    with us-west-2
    is "$(cd "$DIR" && echo *.pem)" "$FILE" \
        'the command line says what, and RDSCA_UPDATE is not asked'
    settings "RDSCA_MIRROR=$MIRROR/denied" "RDSCA_CACERT=/nonexistent" \
        RDSCA_UPDATE=us-west-2
    fresh
    with --mirror "$MIRROR/good" --cacert "$CA"
    is "$status" 0 '--mirror and --cacert come before the file' || show_run
    fresh
    settings 'RDSCA_UPDATE=' "RDSCA_CACERT=$CA"
    refused 'an empty value is none' 2 'nothing to update: no rds-trust'
}

numbers() {
    local begun=$SECONDS

    fresh
    settings "RDSCA_CACERT=$CA" RDSCA_TRIES=1 "RDSCA_MIRROR=$MIRROR/busy"
    with us-west-2
    is "$status $(requests "/busy/us-west-2/$FILE")" '3 1' \
        'RDSCA_TRIES=1 asks once'
    with --tries 2 us-west-2
    is "$(requests "/busy/us-west-2/$FILE")" 3 '... --tries comes before it'
    settings RDSCA_TRIES=11
    refused 'RDSCA_TRIES=11' 2 "--tries takes a number from 1 to 10, not '11'" \
        us-west-2
    settings RDSCA_TIMEOUT=soon
    refused 'RDSCA_TIMEOUT=soon' 2 \
        "--timeout takes a number from 1 to 3600, not 'soon'" us-west-2
    serve_odd || { skip 'RDSCA_TIMEOUT' 'no Python' && return; }
    settings "RDSCA_CACERT=$CA" RDSCA_TIMEOUT=2 RDSCA_TRIES=1 \
        "RDSCA_MIRROR=$MIRROR/silent"
    begun=$SECONDS
    with --connect-to "127.0.0.1:$ODD_PORT" us-west-2
    is "$status" 3 'RDSCA_TIMEOUT=2 gives a silent server up' || show_run
    ((SECONDS - begun < 20))
    ok $? '... long before the 120 seconds'
}

# Nothing listens where the proxy should be, so that the error tells.
proxies() {
    local -a lines=("RDSCA_CACERT=$CA" RDSCA_TRIES=1)
    local other name

    other=$(free_port)
    fresh
    settings "${lines[@]}" "https_proxy=http://127.0.0.1:$CLOSED_PORT"
    refused 'https_proxy' 3 "port $CLOSED_PORT" us-west-2 \
        --mirror "$MIRROR/good"
    settings "${lines[@]}" "https_proxy=http://127.0.0.1:$CLOSED_PORT" \
        'no_proxy=mirror.example'
    with us-west-2 --mirror "$MIRROR/good"
    is "$status" 0 'no_proxy' || show_run
    settings "${lines[@]}" "all_proxy=http://127.0.0.1:$CLOSED_PORT"
    refused 'all_proxy' 3 "port $CLOSED_PORT" us-west-2 \
        --mirror "$MIRROR/good"
    fresh
    no_proxy='*' with us-west-2 --mirror "$MIRROR/good"
    is "$status" 0 'the environment comes before the file' || show_run
    settings "${lines[@]}" 'no_proxy=other.example' \
        "https_proxy=http://127.0.0.1:$CLOSED_PORT"
    NO_PROXY='*' with us-west-2 --mirror "$MIRROR/good"
    is "$status" 0 '... in capitals, too' || show_run
    for name in https_proxy HTTPS_PROXY; do
        export "$name=http://127.0.0.1:$other"
        refused "$name of the environment" 3 "port $other" us-west-2 \
            --mirror "$MIRROR/good"
        unset "$name"
    done
}

# What sh would make of the same file.
as_sh() {
    local line

    for line in "RDSCA_UPDATE=us-west-2" "RDSCA_UPDATE='us-west-2'" \
        'RDSCA_UPDATE="us-west-2"' '  RDSCA_UPDATE=us-west-2  '; do
        fresh
        settings "$line" "RDSCA_CACERT=$CA"
        with
        is "$status $(sh -c '. "$1"; echo "$RDSCA_UPDATE"' sh "$SETTINGS")" \
            '0 us-west-2' "sh reads the same in: $line" || show_run
    done
}

bad_lines() {
    local line

    fresh_with_old
    settings '# one' RDSCA_UPDATE=us-west-2 "RDSCA_MIROR=$MIRROR/good"
    refused 'an unknown name' 2 "$SETTINGS, line 3: unknown name \
'RDSCA_MIROR', did you mean 'RDSCA_MIRROR'?" us-west-2
    settings RDSCA_ACCEPT_NEW=1
    refused 'new roots are not accepted by a file' 2 \
        "line 1: unknown name 'RDSCA_ACCEPT_NEW'" us-west-2
    settings 'export RDSCA_TRIES=1'
    refused 'export' 2 "line 1: unknown name 'export RDSCA_TRIES'" us-west-2
    settings RDSCA_UPDATE
    refused 'no equals sign' 2 'line 1: not of the form NAME=VALUE' us-west-2
    settings $'RDSCA\e=1'
    refused 'a control character' 2 'line 1: holds a control character' \
        us-west-2
    # shellcheck disable=SC2016 # as they stand in the file
    for line in 'RDSCA_UPDATE=us-west-2 us-east-1' 'RDSCA_UPDATE="$HOME"' \
        'RDSCA_UPDATE=$(id)' 'RDSCA_UPDATE="a' "RDSCA_UPDATE='a'b'" \
        'RDSCA_UPDATE=a;b' 'RDSCA_UPDATE=a # b' 'RDSCA_UPDATE="a\"b"'; do
        settings "$line"
        refused "refused: $line" 2 "$SETTINGS, line 1: a value with spaces or special characters stands in quotes, and nothing is expanded in it" us-west-2
    done
    settings 'RDSCA_UPDATE="us-west-2 westeros"'
    refused 'no region' 2 "'westeros' does not have the shape of a region"
    settings 'RDSCA_UPDATE=aws-us-gv'
    refused 'no partition' 2 \
        "unknown partition 'aws-us-gv', did you mean 'aws-us-gov'?"
}

bad_files() {
    fresh_with_old
    settings RDSCA_UPDATE=us-west-2
    chmod 664 "$SETTINGS"
    refused 'writable by the group' 2 \
        "$SETTINGS: writable by group or others; run chmod go-w on it"
    chmod 646 "$SETTINGS"
    refused 'writable by others' 2 'writable by group or others'
    chmod 644 "$SETTINGS"
    if ((EUID == 0)); then
        chown 12345 "$SETTINGS"
        refused 'owned by somebody else' 2 "$SETTINGS: owned by user 12345, \
who is neither root nor this process"
        chown 0 "$SETTINGS"
    else
        skip 'owned by somebody else' 'not root'
    fi
    rm "$SETTINGS"
    refused 'absent, though named' 2 "$SETTINGS: No such file"
    mkfifo "$SETTINGS"
    refused 'a pipe' 2 "$SETTINGS: not a regular file"
    rm "$SETTINGS"
    printf 'RDSCA_TRIES=1\0\n' >"$SETTINGS"
    refused 'a NUL byte' 2 "$SETTINGS: holds a NUL byte"
    head -c 20000 /dev/zero | tr '\0' '#' >"$SETTINGS"
    refused 'too large' 2 "$SETTINGS: larger than 16384 bytes"
}

names
numbers
proxies
as_sh
bad_lines
bad_files

done_testing
