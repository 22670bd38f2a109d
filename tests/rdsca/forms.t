#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that rdsca refuses, with the line and the reason, settings that sh
# and systemd would read otherwise, and mirrors that are no URL.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"

RDSCA=${RDSCA:-build/rdsca}
[[ $RDSCA == /* ]] || RDSCA=$ROOT/$RDSCA
SETTINGS=$TMP/settings
mkdir "$TMP/bundles"

# settings TEXT: an update with this file of settings.
settings() {
    # shellcheck disable=SC2059 # escapes are meant
    printf "$1" >"$SETTINGS"
    run "$RDSCA" update --settings "$SETTINGS" --directory "$TMP/bundles" \
        us-west-2
}

# refused NAME REASON TEXT: the settings end the update, with one line.
refused() {
    settings "$3"
    is "$status" 2 "$1: exit 2"
    is "$err" "rdsca update: $SETTINGS, $2" '... and why'
    is "$(ls -A "$TMP/bundles")" '' '... and nothing is written'
}

# taken NAME TEXT: the settings are read as far as --tries, which is too many.
taken() {
    settings "$2"'RDSCA_TRIES=11\n'
    is "$status" 2 "$1: exit 2"
    like "$err" "--tries takes a number from 1 to 10, not '11'" \
        '... for its last line'
}

CONTROL='holds a control character; are its line ends those of Windows?'
QUOTES='a value with spaces or special characters stands in quotes, and nothing is expanded in it'
COMMENT='systemd would take the next line for a part of a comment that ends with a backslash'

refused 'a carriage return at the end' "line 1: $CONTROL" \
    'RDSCA_TRIES=3\r\n'
refused 'a carriage return in a comment' "line 2: $CONTROL" \
    'RDSCA_TRIES=3\n# x\rRDSCA_MIRROR=https://evil.example\n'
refused 'a comment that systemd continues' "line 1: $COMMENT" \
    '# x \\\nRDSCA_TRIES=3\n'
refused 'a home directory' "line 1: $QUOTES" 'RDSCA_CACERT=~/ca.pem\n'
refused 'a home directory behind a colon' "line 1: $QUOTES" \
    'no_proxy=a:~root\n'
refused 'a byte that is no UTF-8' \
    'line 1: a value has nothing but ASCII in it' \
    'RDSCA_CACERT=/tmp/\377\n'
taken 'a tab, a comment with a backslash within, other letters in a comment' \
    '\tRDSCA_TIMEOUT=5\t\n# a \\ b \303\244\n'
taken 'a tilde in quotes' "RDSCA_CACERT='~/ca.pem'\n"

# mirror NAME URL TEXT
mirror() {
    run "$RDSCA" update --settings - --directory "$TMP/bundles" \
        --mirror "$2" us-west-2
    is "$status" 2 "$1: exit 2"
    is "$err" "rdsca update: $3" '... and why'
}

mirror 'a mirror without a host' 'https://' "'https://' names no host"
mirror 'a mirror of slashes' 'https:////' "'https:////' names no host"
mirror 'a mirror with a space' 'https://x.example/a b' \
    "a mirror's URL cannot hold ' '; AWS's path is added to it"
mirror 'a mirror with a line end' $'https://x.example/\nEvil: yes' \
    "a mirror's URL cannot hold '\\x0a'; AWS's path is added to it"

done_testing
