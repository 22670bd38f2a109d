#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Proves that the fuzzer, or the threads of tests/stress, can find something:
# puts bugs into a copy of the code, one at a time, and lets the target that
# should find it run, a fuzzer from the seeds alone.  A bug that is not found
# is a failure, and so is a line that does not change its file any more.
#
# usage: mutants.sh LIST BUILD SECONDS [TARGET]
set -u
cd "$(dirname "$0")/../.." || exit 1

list=$1
seconds=$3
only=${4:-}
tree=$2/mutants
evidence='FINDING|wrong answer|faults: |^# allocation|^# stdout:  allocation|WARNING: Thread|ERROR: Addr|runtime error'
passed=0
failed=0

rm -rf "$tree"
mkdir -p "$tree"
cp -r Makefile provider include conf tests "$tree" || exit 1

# try TARGET: fails where a bug is found.
try() {
    case $1 in
    stress* | *faults*) make -C "$tree" "$1" SECONDS="$seconds" NO_DEPS=1 ;;
    *) make -C "$tree" fuzz TARGET="$1" SECONDS="$seconds" NO_DEPS=1 ;;
    esac
}

# mutant TARGET FILE COMMAND: true where it is found.
mutant() {
    sed -E -i "$3" "$tree/$2"
    if cmp -s "$2" "$tree/$2"; then
        echo "  $2 has no such line any more"
        return 1
    fi
    rm -rf "$tree/build/fuzz/findings" "$tree/build/fuzz/corpus"
    if try "$1" >"$tree/output" 2>&1; then
        echo '  NOT FOUND'
        return 1
    fi
    if ! grep -qE "$evidence" "$tree/output"; then
        echo "  it does not build: $tree/output"
        return 1
    fi
    sed -nE 's/.*(does not hold: |Sanitizer: |wrong answer |faults: .*: allocation |: *allocation ).*/  found: &/p' \
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
done <"$list"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
