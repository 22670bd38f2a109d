#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves the completion of rdsca for bash: that it offers what each subcommand
# takes, and nothing that one refuses; that URIs are completed although bash
# cuts them at ':' and '='; that odd words do no harm; and that it works on a
# machine without bash-completion and on one with it.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"
COMPLETION=${RDSCA%/*}/rdsca.bash-completion
[[ -f $COMPLETION ]] || { ok 1 "$COMPLETION exists; run make" || done_testing; }
export PATH=${RDSCA%/*}:$PATH
BASH_COMPLETION=/usr/share/bash-completion/bash_completion

mkdir "$TMP/empty"
use_conf rds-trust=rds://proxy

# ---- asking bash ------------------------------------------------------------

# What bash does at TAB, but for readline.  The arguments are the line and the
# words that bash makes of it; prints a line for each reply, and "default!" for `compopt -o default`.
cat >"$TMP/ask" <<'END'
compopt() { echo "$2!"; }
COMP_LINE=$1 COMP_POINT=${COMP_POINT:-${#1}}
COMP_WORDS=("${@:2}")
COMP_CWORD=$(($# - 2))
function=$(complete -p rdsca | sed 's/.* -F \([^ ]*\) .*/\1/')
"$function" rdsca "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
END

# ask LINE WORD...: sets out.  In a shell of its own, without helpers.
ask() {
    run bash --norc --noprofile -uc '. "$0"; . "$1"; shift; . "$@"' \
        "${BEFORE:-/dev/null}" "$COMPLETION" "$TMP/ask" "$@"
    [[ -z $err ]] || ok 1 "no complaint for: $1" || show_run
}

# offers NAME EXPECTED LINE WORD...: EXPECTED is one line, in any order.
offers() {
    local name=$1 expected=$2

    shift 2
    ask "$@"
    is "$(sort <<<"$out" | paste -sd ' ')" \
        "$(tr ' ' '\n' <<<"$expected" | sort | paste -sd ' ')" "$name"
}

# offered LINE WORD...: the replies.
offered() {
    ask "$@"
    grep -v '!$' <<<"$out"
}

# ---- subcommands and options ------------------------------------------------

# What the program itself lists.
mapfile -t COMMANDS < <("$RDSCA" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')

subcommands() {
    local list="${COMMANDS[*]}"

    ((${#COMMANDS[@]} >= 5))
    ok $? "rdsca has subcommands: $list"
    offers 'after rdsca' "$list help --help --version" 'rdsca ' rdsca ''
    offers 'the beginning of one' 'update' 'rdsca up' rdsca up
    offers 'help has them, too' "$list" 'rdsca help ' rdsca help ''
    offers 'help of one is enough' '' 'rdsca help list ' rdsca help list ''
    offers 'no such subcommand: --help only' --help 'rdsca updat -' rdsca updat -
}

# The cursor is where bash says, not at the end of the line.
cursor() {
    COMP_POINT=8 offers 'text behind the cursor does not count' 'update' \
        'rdsca up --json' rdsca up
}

# options_of COMMAND: offered and true.  What the program says of an option
# shows whether it takes a value; the second one keeps it from doing anything.
options_of() {
    local command=$1 option wrong='' takes offers_value
    local -a options

    mapfile -t options < <(offered "rdsca $command --" rdsca "$command" -- | sort)
    is "${options[*]}" "$("$RDSCA" "$command" --help |
        grep -oE -- '--[a-z][a-z-]+' | cat - <(echo --help) | sort -u |
        paste -sd ' ')" "$command: the options of its help are offered"
    for option in "${options[@]}"; do
        [[ $option != --help ]] || continue
        run "$RDSCA" "$command" "$option=x" --no-such-option
        takes=$([[ $err == *"$option takes no value"* ]] && echo no || echo yes)
        [[ $status == 2 ]] || wrong+=" $option:$status"
        ask "rdsca $command $option -" rdsca "$command" "$option" -
        offers_value=$(grep -q '^--help' <<<"$out" && echo no || echo yes)
        [[ $takes == "$offers_value" ]] || wrong+=" $option"
        [[ $err != *"unknown option '$option'"* ]] || wrong+=" $option:unknown"
    done
    is "$wrong" '' "$command: options that take a value are known as such"
}

short_options() {
    offers 'a short option' '-q' 'rdsca update -q' rdsca update -q
    offers '... with its value' 'default!' 'rdsca export -o ' \
        rdsca export -o ''
}

# Behind `--` the words are those of another command.
other_command() {
    offers 'before --' '--help --trust' 'rdsca run -' rdsca run -
    mkdir "$TMP/commands"
    install -m 755 /dev/null "$TMP/commands/completion_test"
    offers 'a URI' '//global' 'rdsca run --trust rds://gl' rdsca run --trust rds : //gl
    ask 'rdsca run -- completion_t' rdsca run -- completion_t
    is "$out" 'default!' 'behind -- no option of rdsca, but files'
    PATH=$TMP/commands:$PATH ask 'rdsca run -- completion_t' rdsca run -- completion_t
    is "$out" $'default!\ncompletion_test' '... and commands'
    offers '... only in the first place' 'default!' 'rdsca run -- ls --tr' \
        rdsca run -- ls --tr
}

# ---- values -----------------------------------------------------------------

# known WORD...: a region or a partition.  No file of that name is there, so
# nothing is installed.
known() {
    local word wrong=''

    for word; do
        run "$RDSCA" import --for "$word" --directory "$TMP/empty" "$TMP/none"
        [[ $err == *"$TMP/none: cannot read"* ]] || wrong+=" $word"
    done
    echo "$wrong"
}

values() {
    local -a regions formats

    mapfile -t regions < <(offered 'rdsca update ' rdsca update '')
    is "$(known "${regions[@]}")" '' 'regions are regions'
    is "${regions[*]}" "$(perl -ne '
        print "$1\n" if /\tAmazon RDS (\S+) Root CA RSA2048 G1\t/' \
        provider/anchors/pins.tsv | grep -v -e Beta -e Preview | sort -u |
        paste -sd ' ')" '... and all that have a pinned root'
    if real; then
        is "$(cd "$SHARED/truststore/aws" && echo -- *-*-* | cut -c 4-)" \
            "$(grep -v -e '^cn-' -e '^us-gov-' \
                <<<"$(printf '%s\n' "${regions[@]}")" | paste -sd ' ')" \
            '... and all of AWS'
    else
        skip '... and all of AWS' 'no ../shared'
    fi
    offers 'partitions' 'aws aws-us-gov aws-cn' 'rdsca update --partition ' \
        rdsca update --partition ''
    is "$(known aws aws-us-gov aws-cn)" '' '... are partitions'
    offers '--for has regions and partitions' 'aws aws-cn aws-us-gov' \
        'rdsca import --for aw' rdsca import --for aw
    mapfile -t formats < <(offered 'rdsca export --format ' rdsca export \
        --format '')
    is "${formats[*]}" 'pem p7b p12' 'formats'
    for format in "${formats[@]}"; do
        run_ok "... $format is one" "$RDSCA" export rds://proxy \
            --directory "$TMP/empty" --format "$format" -o "$TMP/format"
    done
    offers 'files are left to bash' 'default!' \
        'rdsca update --cacert x' rdsca update --cacert x
    offers 'directories, too' 'dirnames!' \
        'rdsca list --directory ' rdsca list --directory ''
    offers 'a FILE that is no value' 'default!' 'rdsca import ' \
        rdsca import ''
    offers 'a value that nobody knows' '' 'rdsca update --tries ' \
        rdsca update --tries ''
}

equals() {
    offers '--partition=' 'aws-us-gov aws-cn' 'rdsca update --partition=aws-' \
        rdsca update --partition = aws-
    offers '... with nothing behind it' 'aws aws-us-gov aws-cn' \
        'rdsca update --partition=' rdsca update --partition =
    offers '--output= leaves it to bash' 'default!' \
        'rdsca export --output=x' rdsca export --output = x
    BEFORE=$TMP/uncut
    printf 'COMP_WORDBREAKS=%q\n' $' \t\n"\'><;|&(' >"$BEFORE"
    offers '... where bash does not cut at =' \
        '--partition=aws-us-gov --partition=aws-cn' \
        'rdsca update --partition=aws-' rdsca update --partition=aws-
    offers '... nor at :' 'rds://proxy' 'rdsca list rds://pro' \
        rdsca list rds://pro
    BEFORE=
}

# ---- URIs -------------------------------------------------------------------

SELECTORS='all global proxy region/ partition/ host/ ca/ file/ sha256/'

# with PREFIX WORD...
with() {
    local prefix=$1

    shift
    printf "$prefix%s\n" "$@" | paste -sd ' '
}

# shellcheck disable=SC2086 # words are meant
uris() {
    local uri wrong=''

    offers 'a URI' "$(with rds:// $SELECTORS)" 'rdsca list ' rdsca list ''
    offers '... begun' "$(with rds:// $SELECTORS)" 'rdsca export rd' \
        rdsca export rd
    offers '... cut at its colon' "$(with // $SELECTORS)" 'rdsca list rds:' \
        rdsca list rds :
    offers '... behind its colon' '//region/ nospace!' \
        'rdsca list rds://reg' rdsca list rds : //reg
    offers 'a region of it' '//region/us-gov-east-1 //region/us-gov-west-1' \
        'rdsca timeline rds://region/us-g' rdsca timeline rds : //region/us-g
    offers 'a second region' //region/us-west-2,il-central-1 \
        'rdsca list rds://region/us-west-2,il' \
        rdsca list rds : //region/us-west-2,il
    offers 'a CA of a region' "$(with //region/us-west-2/rds-ca-rsa \
        2048-g1 4096-g1)" 'rdsca list rds://region/us-west-2/rds-ca-r' \
        rdsca list rds : //region/us-west-2/rds-ca-r
    offers 'a union' //region/us-west-2+proxy \
        'rdsca list rds://region/us-west-2+pr' rdsca list rds : \
        //region/us-west-2+pr
    offers 'a partition' '//partition/aws-cn' \
        'rdsca list rds://partition/aws-c' rdsca list rds : //partition/aws-c
    offers 'a filter' 'rds://all?role=root rds://all?role=intermediate' \
        "rdsca list 'rds://all?ro" rdsca list "'rds://all?ro"
    offers '... in the other quotes' rds://all?expired=include \
        'rdsca list "rds://all?ex' rdsca list '"rds://all?ex'
    offers '... without quotes' include 'rdsca list rds://all?expired=' \
        rdsca list rds : //all?expired =
    offers 'a second filter' 'rds://all?role=root&ca= nospace!' \
        "rdsca list 'rds://all?role=root&c" rdsca list \
        "'rds://all?role=root&c"
    offers '... and its value' 'rds://all?role=root&ca=rds-ca-ecc384-g1' \
        "rdsca list 'rds://all?role=root&ca=rds-ca-e" rdsca list \
        "'rds://all?role=root&ca=rds-ca-e"
    for uri in $(offered "rdsca list 'rds://ca/" rdsca list "'rds://ca/") \
        $(offered "rdsca list 'rds://all?" rdsca list "'rds://all?") \
        $(offered 'rdsca list ' rdsca list ''); do
        [[ $uri != *[/=] ]] || continue
        run "$RDSCA" list --directory "$TMP/empty" "$uri"
        [[ $err != *unknown* && $err != *malformed* && $status != 4 ]] ||
            wrong+=" $uri"
    done
    is "$wrong" '' 'and none that rdsca does not understand'
}

# ---- odd words --------------------------------------------------------------

# shellcheck disable=SC1003,SC2016 # meant as they stand
odd_words() {
    local word
    local -a odd=("\$(touch $TMP/harm)" "\`touch $TMP/harm\`" ']' '%s%n' '*'
        "a b" '[$(touch '"$TMP"'/harm)]' '\' '--=' '=' '--x=%d' 'rds://%s+' "''")

    cd "$TMP/empty" || exit 1
    for word in "${odd[@]}"; do
        ask "rdsca $word x" rdsca "$word" x
        ask "rdsca update $word" rdsca update "$word"
        ask "rdsca update $word u" rdsca update "$word" u
        ask "rdsca list --directory '$word' rds://pro" \
            rdsca list --directory "'$word'" rds : //pro
        is "$out" //proxy "behind $word"
    done
    cd "$ROOT" || exit 1
    [[ ! -e $TMP/harm ]]
    ok $? 'nothing of it is run'
    PATH=$TMP/empty:/usr/bin:/bin offers 'no rdsca in PATH: nothing' '' \
        'rdsca up' rdsca up
}

# The rdsca of the working directory is not run by a TAB.
own_rdsca() {
    printf '#!/bin/sh\ntouch %s\n' "$TMP/harm" >"$TMP/empty/rdsca"
    chmod +x "$TMP/empty/rdsca"
    cd "$TMP/empty" || exit 1
    offers 'typed as ./rdsca, completed by that of PATH' update \
        './rdsca up' ./rdsca up
    cd "$ROOT" || exit 1
    [[ ! -e $TMP/harm ]]
    ok $? '... and not run'
}

# ---- with bash-completion, and with readline --------------------------------

with_bash_completion() {
    if [[ ! -r $BASH_COMPLETION ]]; then
        skip 'with bash-completion' "no $BASH_COMPLETION"
        return
    fi
    mkdir -p "$TMP/user/completions"
    cp "$COMPLETION" "$TMP/user/completions/rdsca"
    BEFORE=$TMP/load
    printf '%s\n' 'set +u' "BASH_COMPLETION_USER_DIR=$TMP/user" \
        ". $BASH_COMPLETION" >"$BEFORE"
    # It is found by its name: nothing else defines a completion here.
    COMPLETION=/dev/stdin
    run bash --norc --noprofile -c \
        '. "$0"; _completion_loader rdsca; complete -p rdsca' "$BEFORE"
    is "$out" 'complete -F _rdsca rdsca' 'bash-completion finds it' || show_run
    COMPLETION=$TMP/user/completions/rdsca
    offers '... and it works beside it' //region/us-gov-west-1 \
        'rdsca list rds://region/us-gov-w' rdsca list rds : \
        //region/us-gov-w
    BEFORE=
}

# Types into an interactive bash; what the line became is written to a file, one
# word a line.  ^A is the start of the line, and TAB what this is about.
write_typist() {
    cat <<'END'
import os, pty, select, sys, time

completion, folder, result, *typed = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.chdir(folder)
    os.environ.update(TERM="dumb", INPUTRC="/dev/null", HISTFILE="")
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
os.write(fd, (". '%s'\n" % completion + "\t".join(typed) + "\t" +
    "\x01printf '%%s\\n' >'%s' \nexit\n" % result).encode())
deadline = time.monotonic() + 20
while time.monotonic() < deadline:
    if select.select([fd], [], [], 1)[0]:
        try:
            os.read(fd, 4096)
        except OSError:
            sys.exit(0)
os.kill(pid, 9)
sys.exit("bash does not end")
END
}

# types NAME EXPECTED TEXT...: with a TAB after each TEXT; EXPECTED has a
# blank between two words, and _ for a blank within one.
types() {
    rm -f "$TMP/line"
    run /usr/bin/python3 "$TMP/typist.py" "$COMPLETION" "$TMP/folder" \
        "$TMP/line" "${@:3}"
    is "$(tr ' \n' '_ ' <"$TMP/line")" "$2 " "$1" || show_run
}

readline() {
    if ! [[ -x /usr/bin/python3 ]]; then
        skip 'at a real prompt' 'no /usr/bin/python3'
        return
    fi
    write_typist >"$TMP/typist.py"
    mkdir -p "$TMP/folder/a folder"
    touch "$TMP/folder/a bundle.pem"
    types 'at a prompt: subcommand, option' 'rdsca update --partition aws-cn' \
        'rdsca upd' '--part' 'aws-c'
    types 'a URI' 'rdsca export rds://region/us-gov-west-1 --json' \
        'rdsca exp' 'rds://reg' 'us-gov-w' ' --json'
    types 'a URI in quotes' 'rdsca list rds://all?expired=include --json' \
        "rdsca list 'rds://all?ex" '--json'
    types 'a file with a blank' 'rdsca import a_bundle.pem' \
        'rdsca import a\ b'
    types '... in quotes' 'rdsca import a_bundle.pem' "rdsca import 'a b"
    types '... behind --output=' 'rdsca export --output=a_bundle.pem' \
        'rdsca export --output=a\ b'
    types 'directories only' 'rdsca list --directory a_folder/' \
        'rdsca list --dir' 'a'
}

subcommands
cursor
for command in "${COMMANDS[@]}"; do
    options_of "$command"
done
short_options
other_command
values
equals
uris
odd_words
own_rdsca
with_bash_completion
readline

done_testing
