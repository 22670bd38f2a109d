#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs fuzz targets one after another, each for some seconds, and prints a
# line for each: executions, and edges of the code that were reached.  A
# finding is kept, and the output of the run beside it.
#
# usage: run.sh BUILD SECONDS TARGET...
set -u
cd "$(dirname "$0")/../.." || exit 1

build=$1
seconds=$2
shift 2
passed=0
failed=0

export ASAN_OPTIONS=detect_stack_use_after_return=1:quarantine_size_mb=32
export UBSAN_OPTIONS=print_stacktrace=1
# Where there is one, a file system in memory, since a target syncs files.
TMPDIR=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM

# A number of the run's statistics.
statistic() {
    sed -n "s/^stat::$1: *//p" "$log" | tail -n 1
}

# The longest input of a target, in bytes.
longest() {
    case $1 in
    bundle | vet) echo 16384 ;;
    uri) echo 4200 ;;
    *) echo 2048 ;;
    esac
}

# fuzz TARGET: true where the run ended without a finding.
fuzz() {
    target=$1
    found=$build/findings/$target
    corpus=$build/corpus/$target
    log=$build/$target.log
    mkdir -p "$found" "$corpus"
    set -- "$corpus"
    for folder in tests/fuzz/corpus/"$target" tests/fuzz/regress/"$target" \
        "$build/seeds/$target"; do
        [ -d "$folder" ] && set -- "$@" "$folder"
    done
    [ -f "tests/fuzz/dict/$target" ] &&
        set -- -dict="tests/fuzz/dict/$target" "$@"
    "$build/fuzz-$target" -max_total_time="$seconds" \
        -max_len="$(longest "$target")" -timeout=20 -rss_limit_mb=1024 \
        -malloc_limit_mb=64 -print_final_stats=1 \
        -artifact_prefix="$found/" "$@" >"$log" 2>&1
    status=$?
    runs=$(statistic number_of_executed_units)
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    printf '%-14s %10s executions %6s edges %5s s' "$target" "${runs:-0}" \
        "${edges:-0}" "$seconds"
    if [ "$status" -ne 0 ]; then
        echo '  FINDING'
        kept=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
        cp "$log" "${kept:-$found/without-input}.log"
        echo "  ${kept:-$found/without-input} and .log:"
        grep -m 3 -E 'does not hold|ERROR:|runtime error|SUMMARY' "$log" |
            sed 's/^/  /'
        return 1
    fi
    # A target that reaches nothing finds nothing.
    if [ "${runs:-0}" -lt 100 ] || [ "${edges:-0}" -lt 20 ]; then
        echo "  TOO LITTLE, see $log"
        return 1
    fi
    echo
}

for name; do
    if fuzz "$name"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
