#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that `rdsca import` and `rdsca update` end in order whichever
# allocation fails: with a status that is documented and one line that says
# why, the old bundle or the new one whole, nothing beside it, the directory
# unlocked and no memory lost.  Each allocation of its own fails in turn, alone
# and with all behind it; of those of libcurl and OpenSSL some, or with
# RDS_FAULTS=all each (an hour).  RDS_FAULTS=valgrind runs a few under valgrind.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"
serve

PRELOAD=${RDSCA%/*}/faults.so
[[ -r $PRELOAD ]] || { ok 1 "$PRELOAD exists; run make rdsca-check" || done_testing; }
SAMPLE=40
RUN_SECONDS=600 # for a sweep
[[ ${RDS_FAULTS:-} != all ]] || SAMPLE=0 RUN_SECONDS=7200

# swept NAME KIND RUNS ARGUMENT...: see sweep.pl.
swept() {
    local name=$1 kind=$2 runs=$3

    shift 3
    run perl "$ROOT/tests/rdsca/sweep.pl" "$PRELOAD" "$DIR" "$TMP/old" \
        "$TMP/$FILE" "$kind" "$runs" "$RDSCA" "$@"
    ok "$status" "$name: ${out##*$'\n'}" || show_run
}

# each NAME ARGUMENT...: all that is rdsca's own, and some of the libraries'.
each() {
    local name=$1

    shift
    swept "$name, one fails" own 0 "$@"
    swept "$name, all behind it, too" lasting 0 "$@"
    swept "$name, one of the libraries'" libraries "$SAMPLE" "$@"
}

# Without --mirror: with it libcurl looks for a .netrc, and glibc 2.36 crashes
# in getpwuid_r() where memory ends.
AWS=(--cacert "$CA" --connect-to "127.0.0.1:$PORT" --tries 1
    --directory "$DIR")

fresh
update_ok 'a bundle to come' us-west-2
cp "$DIR/$FILE" "$TMP/$FILE"
built_in_pem | nth_pem 1 2 >"$TMP/old"
mkdir "$TMP/in"
built_in_pem >"$TMP/in/$FILE"
printf 'RDSCA_UPDATE="us-west-2"\n' >"$TMP/settings"

if [[ ${RDS_FAULTS:-} == valgrind ]]; then
    need valgrind
    RUN_SECONDS=3000
    export RDS_SLOW=30 RDS_SWEEP_UNDER="valgrind -q --trace-children=yes \
        --trace-children-skip=*/env --soname-synonyms=somalloc=nouserintercepts \
        --leak-check=full --errors-for-leak-kinds=definite,indirect \
        --error-exitcode=9"
    swept 'import under valgrind' own 16 import --directory "$DIR" \
        "$TMP/in/$FILE"
    swept 'import --json under valgrind' own 16 import --json \
        --directory "$DIR" "$TMP/in/$FILE"
    swept 'import under valgrind, the libraries' libraries 16 import \
        --directory "$DIR" "$TMP/in/$FILE"
    swept 'update under valgrind' own 16 update us-west-2 --settings - \
        "${AWS[@]}"
    swept 'update under valgrind, all behind it' lasting 16 \
        update us-west-2 --settings - "${AWS[@]}"
    done_testing
fi

each import import --directory "$DIR" "$TMP/in/$FILE"
swept 'import --json, one fails' own 0 \
    import --json --directory "$DIR" "$TMP/in/$FILE"
swept 'import --json, all behind it, too' lasting 0 \
    import --json --directory "$DIR" "$TMP/in/$FILE"
each update update us-west-2 --settings - "${AWS[@]}"
swept 'update --json, one fails' own 0 \
    update us-west-2 --json --settings - "${AWS[@]}"
swept 'update from a mirror, one fails' own 0 \
    update us-west-2 --settings - "${AWS[@]}" --mirror "$MIRROR/good"
swept 'update as the settings say, one fails' own 0 \
    update --settings "$TMP/settings" "${AWS[@]}"
swept 'update what is there, one fails' own 0 \
    update --settings - "${AWS[@]}"
done_testing
