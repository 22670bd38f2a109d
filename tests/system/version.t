#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The version is the Makefile's in every place that repeats it, the packages'
# changelog is the one made from docs/CHANGELOG.md, and the headers of
# include/rds say that they are internal.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$ROOT" || exit 1
VERSION=$(sed -n 's/^VERSION := //p' Makefile)

pages() {
    local page

    for page in docs/*.[1-8]; do
        is "$(sed -n 's/^\.TH .*"rds-provider \([^"]*\)".*/\1/p' "$page")" \
            "$VERSION" "$page is of this version"
    done
}

changelogs() {
    local newest

    newest=$(sed -n 's/^## \[\([0-9][^]]*\)\] - .*/\1/p' docs/CHANGELOG.md |
        head -n 1)
    is "$newest" "$VERSION" 'the newest release of docs/CHANGELOG.md'
    is "$(cat conf/debian/changelog)" "$(conf/debian-changelog)" \
        'conf/debian/changelog is what make changelog writes'
    is "$(awk 'length > 80 && !/^ --/' conf/debian/changelog)" '' \
        '... in lines of 80 characters'
}

# A changelog with a line that is neither a heading nor an item is an error, and
# is not printed in part.
unreadable() {
    mkdir -p "$TMP/docs" "$TMP/conf/debian"
    cp conf/debian-changelog "$TMP/conf"
    cp conf/debian/control "$TMP/conf/debian"
    printf '## [1.0.0] - 2030-01-01\n\n* other mark\n' >"$TMP/docs/CHANGELOG.md"
    run "$TMP/conf/debian-changelog"
    is "$status $out" '1 ' 'a line that cannot be read'
    is "$err" 'debian-changelog: cannot read: * other mark' '... is named'
}

headers() {
    is "$(grep -L 'Internal to rds-provider: no public API' include/rds/*.h)" '' \
        'every header of include/rds says that it is internal'
}

pages
changelogs
unreadable
headers

done_testing
