#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that docs/rdsca.1 says what the program does: each subcommand has a
# section with every option of its help in a tagged list, and the page has every
# name of /etc/default/rdsca, every exit code, and every member of the JSON
# documents.  apropos finds it by what people look for.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"
need perl man mandoc mandb apropos

PAGE=docs/rdsca.1
rds_conf "$TMP/plain.cnf"
export OPENSSL_CONF=$TMP/plain.cnf

# rendered: the page as text, in one width, without marks.
rendered() {
    MAN_KEEP_FORMATTING='' MANWIDTH=200 man -l "$PAGE" 2>/dev/null |
        sed 's/.\x08//g'
}

# section NAME: below that heading, up to the next one that is as far left.
section() {
    awk -v wanted="$1" '
        match($0, /[^ ]/) && RSTART < 5 {
            if (inside && RSTART <= depth) inside = 0
            if ($0 ~ "^ *" wanted "$") { inside = 1; depth = RSTART; next }
        }
        inside' "$TMP/page"
}

# lacks TEXT WORD...: the words that do not stand in the text.
lacks() {
    local word lacking='' text
    text=$(tr -c 'A-Za-z0-9_-' ' ' <<<"$1")

    shift
    for word; do
        [[ " $text " == *" $word "* ]] || lacking+=" $word"
    done
    echo "$lacking"
}

warnings() {
    local page

    for page in docs/*.[1-8]; do
        is "$(LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 \
            >/dev/null)" '' "$page is clean"
    done
    is "$(mandoc -Tlint docs/*.[1-8] 2>&1)" '' '... and for mandoc'
}

# found WORD: the names of the pages that apropos finds, in a manpath of only
# these pages.
found() {
    local tree=$TMP/man page

    for page in docs/*.[1-8]; do
        mkdir -p "$tree/man${page##*.}"
        cp "$page" "$tree/man${page##*.}"
    done
    # -C: the machine's map of manpaths to caches is not for this tree.
    : >"$TMP/man.conf"
    mandb -C "$TMP/man.conf" -q -c "$tree" 2>/dev/null
    apropos -C "$TMP/man.conf" -M "$tree" "$1" 2>/dev/null | sed 's/ .*//'
}

headings() {
    like "$(found trust)" rdsca 'apropos trust finds rdsca'
    is "$(sed -n 's/^\.SH //p' "$PAGE" | grep -E '^(ENVIRONMENT|FILES)$')" \
        $'ENVIRONMENT\nFILES' 'ENVIRONMENT stands before FILES'
}

# untagged SECTION OPTION...: the options that are no tag of a list there.
untagged() {
    local option untagged='' text=$1

    shift
    for option; do
        grep -qE "^ +(-[a-z], )?$option( |\$)" <<<"$text" ||
            untagged+=" $option"
    done
    echo "$untagged"
}

subcommands() {
    local command options
    local -a commands

    mapfile -t commands < <("$RDSCA" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
    ((${#commands[@]} >= 5))
    ok $? "rdsca has subcommands: ${commands[*]}"
    for command in "${commands[@]}"; do
        mapfile -t options < <("$RDSCA" "$command" --help |
            sed -nE 's/^  (-[a-z], )?(--[a-z-]+).*/\2/p')
        is "$(untagged "$(section "$command")" "${options[@]}")" '' \
            "$command: every option of its help is a tag"
        like "$(section SYNOPSIS)" "rdsca $command" '... and how it is called'
    done
}

names() {
    local -a names

    mapfile -t names < <(sed -n 's/^    {"\([A-Za-z_]*\)", offsetof.*/\1/p' \
        provider/rdsca/fetch/defaults.c)
    ((${#names[@]} >= 8))
    ok $? 'there are names of settings'
    is "$(lacks "$(section FILES)" "${names[@]}")" '' \
        'every name of /etc/default/rdsca'
    mapfile -t names < <(sed -nE 's/^    RDSCA_[A-Z]+ = ([0-9]+),.*/\1/p' \
        provider/rdsca/cli/command.h)
    is "${#names[@]} $(lacks "$(section 'EXIT STATUS')" "${names[@]}")" '5 ' \
        'every exit code'
}

# members: of the JSON document on stdin, at any depth.
members() {
    perl -MJSON::PP -0777 -ne '
        sub walk { my $x = shift;
            if (ref $x eq "HASH") {
                $seen{$_}++, walk($x->{$_}) for keys %$x }
            elsif (ref $x eq "ARRAY") { walk($_) for @$x } }
        walk(decode_json($_)); print "$_\n" for sort keys %seen'
}

documents() {
    local -a found

    built_in_pem >"$TMP/$FILE"
    mapfile -t found < <("$RDSCA" list --json --directory "$TMP" \
        rds://region/us-west-2 | members)
    is "$(lacks "$(section JSON)" "${found[@]}")" '' \
        "the ${#found[@]} members of list --json"
    mapfile -t found < <("$RDSCA" import --json --check \
        --directory "$TMP/none" "$TMP/$FILE" | members)
    is "$(lacks "$(section JSON)" "${found[@]}" error)" '' \
        "the ${#found[@]} members of import --json"
}

rendered >"$TMP/page"
warnings
headings
subcommands
names
documents

done_testing
