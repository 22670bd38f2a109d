#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs fuzz targets, as many at a time as there are processors (or $JOBS), each
# for some seconds, and prints a line for each: executions, and edges of the
# code that were reached.  A finding is kept, and the output of the run beside
# it.
#
# With $SEED, a number, a run is the same each time, but for how far it gets:
# it starts from the seeds alone, and what it learns is not kept.
#
# usage: run.sh BUILD SECONDS TARGET...
set -u
cd "$(dirname "$0")/../.." || exit 1

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

# What the output of a run came to: false for a finding, or for too little.
report() {
    runs=$(statistic number_of_executed_units)
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    printf '%-14s %10s executions %6s edges %5s s' "$target" "${runs:-0}" \
        "${edges:-0}" "$seconds"
    if [ "$1" -ne 0 ]; then
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

# fuzz: runs $target; true where the run ended without a finding.
fuzz() {
    found=$build/findings/$target
    corpus=${SEED:+$TMPDIR/corpus/$target}
    corpus=${corpus:-$build/corpus/$target}
    log=$build/$target.log
    mkdir -p "$found" "$corpus"
    set -- "$corpus"
    for folder in tests/fuzz/corpus/"$target" tests/fuzz/regress/"$target" \
        "$build/seeds/$target"; do
        [ -d "$folder" ] && set -- "$@" "$folder"
    done
    [ -f "tests/fuzz/dict/$target" ] &&
        set -- -dict="tests/fuzz/dict/$target" "$@"
    # Nobody else writes to the corpus; looking again would depend on the clock.
    "$build/fuzz-$target" ${SEED:+"-seed=$SEED"} -reload=0 \
        -max_total_time="$seconds" \
        -max_len="$(longest "$target")" -timeout=20 -rss_limit_mb=1024 \
        -malloc_limit_mb=64 -print_final_stats=1 \
        -artifact_prefix="$found/" "$@" >"$log" 2>&1
    # In one piece, whoever else prints.
    if line=$(report $?); then
        echo passed >>"$TMPDIR/results"
    else
        echo failed >>"$TMPDIR/results"
    fi
    printf '%s\n' "$line"
}

# How xargs calls it for each target.
if [ "$1" = --one ]; then
    build=$2
    seconds=$3
    target=$4
    fuzz
    exit
fi

build=$1
seconds=$2
shift 2
export ASAN_OPTIONS=detect_stack_use_after_return=1:quarantine_size_mb=32
export UBSAN_OPTIONS=print_stacktrace=1
# Where there is one, a file system in memory, since a target syncs files.
TMPDIR=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM

printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -I{} \
    tests/fuzz/run.sh --one "$build" "$seconds" {}
passed=$(grep -c passed "$TMPDIR/results")
echo "$passed passed, $(($# - passed)) failed"
[ "$passed" -eq $# ]
