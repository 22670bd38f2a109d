#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves what all subcommands of `rdsca` have in common: help on standard
# output, one line on standard error for wrong usage, with the nearest known
# word, and exit codes; and that a full standard output is no success.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
RDSCA=${RDSCA:-build/rdsca}
[[ $RDSCA == /* ]] || RDSCA=$ROOT/$RDSCA

# misused NAME TEXT ARGUMENT...: exit 2, TEXT and the way to the help in one
# line, nothing on standard output.
misused() {
    run "$RDSCA" "${@:3}"
    [[ $status == 2 && -z $out && $err == "$2"* && $err != *$'\n'* &&
        $err == *"; try 'rdsca "*"--help'" ]]
    ok $? "$1" || { show_run && diag "expected: $2"; }
}

# The names that the help lists, in its order.
commands() {
    "$RDSCA" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'
}

whole_command() {
    local help

    run "$RDSCA" --help
    is "$status $err" '0 ' '--help'
    help=$out
    like "$help" $'usage: rdsca COMMAND [OPTION...]\n' '... shows the usage'
    like "$help" 'Exit status: 0 fine, 1 a finding, 2 usage, 3 unreachable' \
        '... and the exit codes'
    for word in -h help 'help frobnicate'; do
        # shellcheck disable=SC2086 # words are meant
        run "$RDSCA" $word
        is "$status $out" "0 $help" "$word does the same"
    done
    run "$RDSCA" --version
    is "$status" 0 '--version'
    [[ $out =~ ^rdsca\ [0-9]+\.[0-9]+\.[0-9]+,\ [0-9]+\ anchors\ of\ [0-9-]{10}$ ]]
    ok $? '... names the version and the built-in set' || show_run
    misused 'no command' 'rdsca: no command'
    misused 'a mistyped command' \
        "rdsca: unknown command 'updaet', did you mean 'update'?" updaet
    misused 'a command with a control character' \
        "rdsca: unknown command 'up\\x1bdate'" $'up\edate'
    misused 'an option for a command' "rdsca: unknown command '--quiet'" --quiet
}

each_command() {
    local name

    is "$(commands | sort | uniq -d)" '' 'each command is listed once'
    (($(commands | wc -l) >= 5))
    ok $? 'there are some'
    for name in $(commands); do
        run "$RDSCA" "$name" --help
        [[ $status == 0 && -z $err && $out == "usage: rdsca $name "* &&
            $out == *"Exit status: "* ]]
        ok $? "$name --help: usage, and exit codes" || show_run
        is "$(awk 'length > 79' <<<"$out")" '' \
            "... in lines of at most 79 characters"
        is "$("$RDSCA" help "$name")" "$out" "... as help $name"
        is "$("$RDSCA" "$name" --frobnicate -h 2>&1)" "$out" \
            '... whatever else stands there'
        misused "$name: an unknown option" \
            "rdsca $name: unknown option '--frobnicate'" "$name" --frobnicate
        misused "$name: an unknown letter" \
            "rdsca $name: unknown option '-Z'" "$name" -Z
        options "$name"
    done
}

# options COMMAND: each long option of its help is one, says so where it lacks
# its value or has one too many, and is suggested for a mistyped one.
options() {
    local name=$1 option value wrong='' count=0

    while read -r option value; do
        count=$((count + 1))
        if [[ -n $value ]]; then
            run "$RDSCA" "$name" "$option"
            [[ $status == 2 &&
                $err == "rdsca $name: $option needs a value; try "* ]]
        else
            run "$RDSCA" "$name" "$option=x"
            [[ $status == 2 &&
                $err == "rdsca $name: $option takes no value; try "* ]]
        fi || wrong+=" $option"
        run "$RDSCA" "$name" "${option}xx"
        [[ $err == *"unknown option '${option}xx', did you mean '$option'?"* ]] ||
            wrong+=" hint:$option:$err"
    done < <("$RDSCA" "$name" --help |
        sed -nE 's/^  (-[a-zA-Z], )?(--[a-z-]+)( [A-Z:.]+)?( .*)?$/\2\3/p')
    is "$wrong" '' "$name: every option of the help is known"
    ((count > 0))
    ok $? "... and there are some"
}

full_disk() {
    [[ -w /dev/full ]] || { skip 'a full disk' 'no /dev/full' && return; }
    local word

    for word in --help --version 'update --help'; do
        # shellcheck disable=SC2086 # words are meant
        "$RDSCA" $word >/dev/full 2>"$TMP/full"
        is "$? $(cut -d: -f2- "$TMP/full")" \
            '4  cannot write all of the output' "$word to a full disk"
    done
}

whole_command
each_command
full_disk
done_testing
