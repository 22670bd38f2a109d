#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Reads again, without libFuzzer, what was a finding once, and every seed.
#
# usage: regress.sh BUILD TARGET...
set -u
cd "$(dirname "$0")/../.." || exit 1

build=$1
shift
passed=0
failed=0

export ASAN_OPTIONS=abort_on_error=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=abort_on_error=1:print_stacktrace=1
TMPDIR=$(mktemp -d) || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

for name; do
    printf '%-14s ' "$name"
    if "$build/replay-$name" tests/fuzz/regress/"$name" \
        tests/fuzz/corpus/"$name" "$build/seeds/$name"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$name: FAILED"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
