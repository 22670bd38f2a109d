#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/CONTRIBUTING.md keeps up with the code: its paths exist, and its checklist
# for a selector has every file that names one.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$ROOT" || exit 1
PAGE=docs/CONTRIBUTING.md

# checklist TITLE: what is below that heading.
checklist() {
    awk -v title="## $1" '/^## /{ inside = $0 == title } inside' "$PAGE"
}

paths() {
    local path missing='' count=0

    # shellcheck disable=SC2016 # these are Markdown's marks
    while IFS= read -r path; do
        count=$((count + 1))
        [[ -e $path ]] || missing+=" $path"
    done < <(grep -oE '`(provider|tests|include|conf|docs)/[a-z0-9_./-]+`' \
        "$PAGE" | tr -d '`')
    ((count > 20))
    ok $? "$PAGE names $count paths"
    is "$missing" '' '... which exist'
}

# unlisted TEXT PATTERN: files of provider/ with the pattern that the text does
# not name, by their path or by its last two parts.
unlisted() {
    local file short

    while IFS= read -r file; do
        short=${file#provider/rdsca/}
        [[ $1 == *"\`$file\`"* || $1 == *"\`$short\`"* ]] || echo "$file"
    done < <(grep -rlE --include=*.c "$2" provider)
}

paths
is "$(unlisted "$(checklist 'Add a selector')" 'RDS_SELECT_')" '' \
    'every file that names selectors is in the checklist'
is "$(unlisted "$(checklist 'Add a clause of the scope')" \
    'clause = RDS_CLAUSE_[A-Z]|return RDS_CLAUSE_[A-Z]')" '' \
    'every file that decides by a clause is in the checklist'

done_testing
