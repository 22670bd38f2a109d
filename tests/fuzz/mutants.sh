#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Proves that the fuzzer can find something: puts bugs into a copy of the
# code, one at a time, and lets the target that should find it run from the
# seeds alone.  A bug that is not found is a failure, and so is a line that
# does not change its file any more.
#
# usage: mutants.sh BUILD SECONDS [TARGET]
set -u
cd "$(dirname "$0")/../.." || exit 1

seconds=$2
only=${3:-}
tree=$1/mutants
passed=0
failed=0

rm -rf "$tree"
mkdir -p "$tree"
cp -r Makefile provider include conf tests "$tree" || exit 1

# mutant TARGET FILE COMMAND: true where the fuzzer finds it.
mutant() {
    sed -E -i "$3" "$tree/$2"
    if cmp -s "$2" "$tree/$2"; then
        echo "  $2 has no such line any more"
        return 1
    fi
    rm -rf "$tree/build/fuzz/findings" "$tree/build/fuzz/corpus"
    if make -C "$tree" fuzz TARGET="$1" SECONDS="$seconds" NO_DEPS=1 \
        >"$tree/output" 2>&1; then
        echo '  NOT FOUND'
        return 1
    fi
    if ! grep -q FINDING "$tree/output"; then
        echo "  it does not build: $tree/output"
        return 1
    fi
    sed -n 's/^  \(.*does not hold: .*\|.*ERROR: Addr.*\)/  found: \1/p' \
        "$tree/output" | head -n 1
}

while IFS='|' read -r target file rest; do
    case $target in \#*) continue ;; esac
    [ -z "$only" ] || [ "$only" = "$target" ] || continue
    command=${rest%|*}
    echo "$target: ${rest##*|}"
    if mutant "$target" "$file" "$command" </dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    cp "$file" "$tree/$file"
done <tests/fuzz/mutants
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
