#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Puts what a command prints between two marks of a page.  Leaves the page as
# it is where the command fails or prints nothing, or a mark is missing.
#
# usage: page.sh PAGE COMMAND...
set -eu

begin='<!-- bench: begin -->'
end='<!-- bench: end -->'

page=$1
shift
for mark in "$begin" "$end"; do
    [ "$(grep -cxF -e "$mark" "$page")" -eq 1 ] || {
        echo "page.sh: $page: not one line '$mark'" >&2
        exit 1
    }
done

table=$(mktemp)
new=$(mktemp "$page.XXXXXX")
trap 'rm -f "$table" "$new"' EXIT
trap 'exit 1' INT TERM
"$@" >"$table"
[ -s "$table" ] || {
    echo "page.sh: nothing was printed" >&2
    exit 1
}
awk -v begin="$begin" -v end="$end" -v table="$table" '
    $0 == end { inside = 0 }
    !inside { print }
    $0 == begin {
        inside = 1
        while ((getline line < table) > 0)
            print line
    }
    END { exit inside }' "$page" >"$new"
chmod 644 "$new"
mv -f "$new" "$page"
