# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The table of lines: rows, what failed, and the sum.

ROW='%-13s %-8s %-16s %-10s %-8s %-14s %-13s %-13s %s\n'
passed=0 failed=0 skipped=0

# print_row CELL...
print_row() {
    # shellcheck disable=SC2059 # a format is meant
    printf "$ROW" "$@"
}

# count GOOD BAD: adds to the sum.
count() {
    passed=$((passed + $1))
    failed=$((failed + $2))
}

skip_line() {
    printf '%-13s skipped: %s\n' "$1" "$2"
    skipped=$((skipped + 1))
    [[ ${RDS_NO_SKIP:-} != 1 ]] || failed=$((failed + 1))
}

# fail_line LINE WHAT LOG
fail_line() {
    printf '%-13s FAILED: %s\n' "$1" "$2"
    tail -n 15 "$3" | sed 's/^/    /'
    failed=$((failed + 1))
}

# result LOG STATUS: what CUnit counted, as `GOOD BAD`.  A program that did not
# come to its end has failed.
result() {
    awk -v status="$2" '
        $1 == "tests" { ran = $3; good = $4; bad = $5 }
        END {
            if (ran == 0 || (status != 0 && bad == 0))
                bad++
            print good + 0, bad
        }' "$1"
}

# show_failures LOG: the names of the tests and what they say.
show_failures() {
    grep -aE -A 4 'FAILED|had failures' "$1" | head -n 40 | sed 's/^/    /'
    grep -qaE '^ *tests ' "$1" || tail -n 5 "$1" | sed 's/^/    /'
}

# print_sum: and whether all is well.
print_sum() {
    printf '%d passed, %d failed' "$passed" "$failed"
    ((skipped == 0)) || printf ', %d lines skipped' "$skipped"
    echo
    ((failed == 0 && passed > 0))
}
