#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that the module works with the libcrypto that loaded it, and with no
# other: in a program that has its own libcrypto inside and exports its
# symbols, as Node.js does, even beside the system's libcrypto; not at all,
# and without harm, where the symbols are hidden; and in Node.js itself.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need openssl
need_module

URI=rds://region/us-west-2
SYSTEM=libcrypto.so.3 # the system's libcrypto

# ---- programs with a libcrypto inside ---------------------------------------

# static_program OUT [OPTION...]: all of libcrypto.a is in it.
static_program() {
    local -a more=()

    read -ra more <<<"$(pkg-config --static --libs libcrypto 2>/dev/null)"
    compile "$1" "$ROOT/tests/system/reopen.c" "${@:2}" \
        -Wl,--whole-archive -l:libcrypto.a -Wl,--no-whole-archive \
        "${more[@]/#-lcrypto/-lpthread}" -ldl
}

# has_static_library NAME: else skips the test NAME.
has_static_library() {
    has cc "$1" || return
    [[ $(cc -print-file-name=libcrypto.a) == */* ]] && return
    if [[ ${RDS_NO_SKIP:-} == 1 ]]; then
        ok 1 "$1: no libcrypto.a"
    else
        skip "$1" 'no libcrypto.a'
    fi
    return 1
}

# ask PROGRAM [LIBRARY]: sets out, err and status.  The log is in $TMP/log;
# err names the objects that were loaded.
ask() {
    rm -f "$TMP/log"
    # shellcheck disable=SC2016 # the inner shell expands it
    run env "RDS_PROVIDER_DEBUG=file:$TMP/log,level:3" LD_DEBUG=files \
        bash -c 'echo "$1" | "${@:2}"' bash "$URI" "$@"
}

# answers NAME PROGRAM [LIBRARY]
answers() {
    local name=$1 expected

    shift
    expected="loaded"$'\n'"3 $(fingerprints_of $URI | paste -sd ' ')"
    ask "$@"
    is "$out" "$expected" "$name" || show_run
}

exported_symbols() {
    local program=$TMP/exported

    static_program "$program" -rdynamic
    ok $? 'a program with its own libcrypto can be made' || return
    answers 'it loads the module and gets the answer' "$program"
    like "$err" "$MODULE" '... from this module'
    unlike "$err" 'file=libcrypto.so' '... without another libcrypto'
    answers "the same beside the system's libcrypto" "$program" "$SYSTEM"
    like "$err" "file=$SYSTEM" '... which is there'
}

# The module must not take the functions of another libcrypto instead.
hidden_symbols() {
    local program=$TMP/hidden library

    static_program "$program"
    ok $? 'a program that hides its libcrypto can be made' || return
    for library in '' "$SYSTEM"; do
        ask "$program" ${library:+"$library"}
        [[ $status == 0 && $out == 'not loaded'$'\n''error unsupported: '* ]]
        ok $? "a hidden libcrypto is refused${library:+ beside $library}" ||
            show_run
        like "$(cat "$TMP/log")" \
            "('the main program') does not export" '... the log says why'
    done
}

system_library() {
    compile "$TMP/shared" "$ROOT/tests/system/reopen.c" -lcrypto
    ok $? 'a program with the shared libcrypto can be made' || return
    answers 'it gets the same answer' "$TMP/shared"
}

# ---- Node.js ----------------------------------------------------------------

node_is_static() {
    [[ $(node -p process.config.variables.node_shared_openssl) == false ]]
}

node_answers() {
    local script='try { process.dlopen({ exports: {} }, process.argv[1]); }
        catch (e) { if (!/self-register/.test(e.message)) throw e; }'

    compile "$TMP/node.so" "$ROOT/tests/system/node.c" -shared -fPIC
    ok $? 'a shared object for node can be made' || return
    run node -e "$script" "$TMP/node.so"
    is "$(sed -n 1p <<<"$out")" loaded 'Node.js loads the module' || show_run
    is "$(sed -n 2p <<<"$out")" 3 \
        '... and its own OpenSSL gets the three roots of us-west-2'
    like "$(sed -n 3p <<<"$out")" node '... which is the one inside node'
}

node_js() {
    local name='the module works in Node.js'

    has node "$name" && has cc "$name" || return
    if ! node_is_static; then
        skip "$name" 'this Node.js uses the shared libcrypto'
        return
    fi
    node_answers
}

# -----------------------------------------------------------------------------

# shellcheck disable=SC2119 # no keys
use_conf
if has_static_library 'programs with their own libcrypto'; then
    exported_symbols
    hidden_symbols
fi
! has cc 'a program with the shared libcrypto' || system_library
node_js
done_testing
