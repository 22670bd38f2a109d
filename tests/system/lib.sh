# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The harness of the system tests.  A test sources it first:
#
#     . "$(dirname "$0")/lib.sh"
#
# It gives a clean environment, a folder of the test's own ($TMP, removed at
# exit), TAP output for prove, commands with a time limit, servers that end
# with the test, and configurations that load the provider.
#
# What a test may rely on:
#   ROOT    the project's root, which is also the working directory
#   SHARED  ../shared, real trust-store files; may be absent
#   MODULE  the module under test: $RDS_MODULE, else build/rds.so; absolute
#   out, err, status   of the last run
#   RDS_COVERAGE   set by make coverage: counters are written at exit
#
# A missing program is a skip that names it.  With RDS_NO_SKIP=1 it is a
# failure.

set -u
export LC_ALL=C TZ=UTC
PATH=$PATH:/usr/sbin:/sbin
umask 022

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$ROOT" || exit 1
SHARED=$ROOT/../shared
MODULE=${RDS_MODULE:-build/rds.so}
[[ $MODULE == /* ]] || MODULE=$ROOT/$MODULE
RUN_SECONDS=30  # how long one command may take
WAIT_SECONDS=30 # how long a server may take to start

# How many certificates some URIs answer with, from the lines of pins.tsv, so
# that the next region changes no test: rds://all, rds://global; and the lines
# of AWS's combined file.
pins() {
    awk -F '\t' -v name="$1" '
        !/^#/ && $1 != "sha256" && $2 ~ name && $5 != "-"' \
        "$ROOT/provider/anchors/pins.tsv" | wc -l
}
ALL_COUNT=$(pins '^Amazon RDS [a-z]+-[a-z]+-[0-9] Root CA [A-Z0-9]+ G1$')
# shellcheck disable=SC2034 # the tests use them
GLOBAL_COUNT=$((ALL_COUNT - $(pins '^Amazon RDS cn-.* Root CA .* G1$')))
# shellcheck disable=SC2034
COMBINED_COUNT=$(grep -vc '^#' \
    "$ROOT/provider/anchors/rds-combined-ca-bundle.list")

# ---- environment ------------------------------------------------------------

# Nothing outside the test may decide what is trusted, loaded or reached.
scrub() {
    local name

    for name in $(compgen -e); do
        case $name in
        SSL_CERT_* | OPENSSL_* | CURL_* | RDS_PROVIDER_* | PG* | MYSQL_* | \
            NODE_* | *_proxy | *_PROXY | QLOGDIR | SSLKEYLOGFILE)
            unset "$name"
            ;;
        esac
    done
}

# ---- TAP --------------------------------------------------------------------

test_count=0
test_failed=0

# Shows text as diagnostics; prove passes them on.
diag() {
    local text=$*

    printf '# %s\n' "${text//$'\n'/$'\n# '}" >&2
}

# ok CONDITION NAME: CONDITION is an exit status.
ok() {
    test_count=$((test_count + 1))
    if (($1 == 0)); then
        printf 'ok %d - %s\n' "$test_count" "${2//#/no.}"
        return 0
    fi
    test_failed=$((test_failed + 1))
    printf 'not ok %d - %s\n' "$test_count" "${2//#/no.}"
    diag "failed: $2 (${0##*/}, line $(caller_line))"
    return 1
}

# The line of the test script that led here.
caller_line() {
    local i

    for ((i = 0; i < ${#BASH_SOURCE[@]}; i++)); do
        if [[ ${BASH_SOURCE[i]} == "$0" ]]; then
            echo "${BASH_LINENO[i - 1]}"
            return
        fi
    done
}

# is GOT EXPECTED NAME
is() {
    [[ $1 == "$2" ]]
    ok $? "$3" || show_difference "$1" "$2"
}

show_difference() {
    if [[ $1$2 == *$'\n'* ]]; then
        diag "$(diff -U1 --label got --label expected \
            <(printf '%s\n' "$1") <(printf '%s\n' "$2") | head -n 20)"
    else
        diag "got:      '$1'"$'\n'"expected: '$2'"
    fi
}

# like TEXT PART NAME: PART stands in TEXT, letter by letter.
like() {
    [[ $1 == *"$2"* ]]
    ok $? "$3" || diag "got:      '$1'"$'\n'"lacks:    '$2'"
}

unlike() {
    [[ $1 != *"$2"* ]]
    ok $? "$3" || diag "got:      '$1'"$'\n'"contains: '$2'"
}

skip() {
    test_count=$((test_count + 1))
    printf 'ok %d - %s # SKIP %s\n' "$test_count" "$1" "$2"
}

skip_all() {
    printf '1..0 # SKIP %s\n' "$1"
    exit 0
}

done_testing() {
    if ((test_count == 0)); then
        echo 'not ok 1 - some test ran'
        test_count=1 test_failed=1
    fi
    printf '1..%d\n' "$test_count"
    exit $((test_failed != 0))
}

# has PROGRAM NAME: whether the program is there; else skips the test NAME.
has() {
    command -v "$1" >/dev/null && return 0
    if [[ ${RDS_NO_SKIP:-} == 1 ]]; then
        ok 1 "$2: no $1"
    else
        skip "$2" "no $1"
    fi
    return 1
}

# need PROGRAM...: skips the whole file where one is missing.
need() {
    local program

    for program; do
        command -v "$program" >/dev/null && continue
        [[ ${RDS_NO_SKIP:-} == 1 ]] || skip_all "no $program"
        ok 1 "$program is installed"
        done_testing
    done
}

# Skips the whole file where the files of ../shared are not at hand.
need_shared() {
    [[ -r $SHARED/truststore/anchors.tsv ]] || skip_all 'no ../shared'
}

need_module() {
    [[ -f $MODULE ]] && return
    ok 1 "$MODULE exists; run make, or make install, first"
    done_testing
}

# ---- running commands -------------------------------------------------------

# run COMMAND...: sets out, err and status.  124: the time limit.
# stdin is empty.
run() {
    ran="$*"
    timeout -k 5 "$RUN_SECONDS" "$@" </dev/null >"$TMP/.out" 2>"$TMP/.err"
    status=$?
    out=$(tr -d '\0' <"$TMP/.out")
    err=$(tr -d '\0' <"$TMP/.err")
}

show_run() {
    diag "command: $ran"$'\n'"status:  $status"
    diag "stdout:  $(tail -n 15 <<<"$out")"
    diag "stderr:  $(tail -n 15 <<<"$err")"
}

# run_ok NAME COMMAND...: ends with 0.
run_ok() {
    local name=$1

    shift
    run "$@"
    ok "$status" "$name" || show_run
}

# run_fails NAME TEXT COMMAND...: ends with another status than 0, in time,
# not by a signal, and says TEXT.
run_fails() {
    local name=$1 text=$2

    shift 2
    run "$@"
    ((status != 0 && status < 124)) && [[ $out$err == *"$text"* ]]
    ok $? "$name" || { show_run && diag "expected: $text"; }
}

# trace COMMAND...: writes its system calls to $TMP/calls; as run.
trace() {
    run strace -f -y -o "$TMP/calls" "$@"
    [[ -z ${RDS_COVERAGE:-} ]] || sed -i '/\.gcda[">]/d' "$TMP/calls"
}

# calls PATTERN: the system calls whose names match, with their arguments.
calls() {
    grep -E "^[0-9]* *($1)\(" "$TMP/calls"
}

# ---- asking the provider ----------------------------------------------------

# finds COUNT URI [OPTION...]: storeutl answers with so many certificates and
# no error.
finds() {
    local count=$1 uri=$2

    shift 2
    run openssl storeutl -noout -certs "$@" "$uri"
    ((status == 0)) && [[ ${out##*$'\n'} == "Total found: $count" ]] &&
        [[ $(grep -c '^[0-9]*: Certificate$' <<<"$out") == "$count" ]] &&
        [[ -z $err ]]
    ok $? "$uri${*:+ $*} finds $count" || show_run
}

# refuses URI TEXT [OPTION...]: an error that says TEXT, and no answer.
refuses() {
    local uri=$1 text=$2

    shift 2
    run openssl storeutl -noout -certs "$@" "$uri"
    ((status != 0 && status < 124)) && [[ $err == *"$text"* ]] &&
        [[ $out != *Certificate* && $out != *Total* ]]
    ok $? "$uri${*:+ $*} is refused: $text" || { show_run && diag "expected: $text"; }
}

# answer_of URI [OPTION...]: the certificates as PEM.
answer_of() {
    local uri=$1

    shift
    timeout "$RUN_SECONDS" openssl storeutl -certs "$@" "$uri" 2>/dev/null
}

# anchors_of URI [OPTION...]: the certificates, one line each: SHA-256, a
# space, common name.  In the order of the answer.
anchors_of() {
    answer_of "$@" | describe_pem
}

# The same for PEM text on stdin.
describe_pem() {
    local line pem=

    while IFS= read -r line; do
        case $line in
        *'BEGIN CERTIFICATE'*) pem=$line ;;
        *'END CERTIFICATE'*) describe_certificate <<<"$pem"$'\n'"$line" ;;
        *) pem+=$'\n'$line ;;
        esac
    done
}

describe_certificate() {
    openssl x509 -noout -fingerprint -sha256 -subject -nameopt sep_multiline |
        awk '/ingerprint=/ { sub(/.*=/, ""); gsub(/:/, ""); sha = tolower($0) }
             /^ *CN=/ { sub(/^ *CN=/, ""); cn = $0 }
             END { print sha, cn }'
}

# fingerprints_of URI [OPTION...]: in the order of the answer.
fingerprints_of() {
    answer_of "$@" | fingerprints_of_pem
}

# The same for PEM text on stdin.
fingerprints_of_pem() {
    perl -MMIME::Base64 -MDigest::SHA=sha256_hex -0777 -ne '
        print sha256_hex(decode_base64($1)), "\n"
            while /BEGIN CERTIFICATE-----(.*?)-----END/sg'
}

# names_of URI [OPTION...]: the common names, in the order of the answer.
names_of() {
    anchors_of "$@" | cut -d ' ' -f 2-
}

# ---- configuration ----------------------------------------------------------

# rds_conf FILE [KEY=VALUE...]: writes a configuration that loads the module
# beside the default provider.  Keys of our section: rds-bundles (default: a
# folder that does not exist), rds-distrust, rds-trust, ...  Further keys:
#   default_properties=TEXT   as the key of that name
#   default=no                leaves the default provider out
rds_conf() {
    local file=$1 pair default=yes properties='' bundles=$TMP/no-bundles
    local -a lines=()

    shift
    for pair; do
        case $pair in
        default=*) default=${pair#*=} ;;
        default_properties=*) properties=${pair#*=} ;;
        rds-bundles=*) bundles=${pair#*=} ;;
        *) lines+=("${pair%%=*} = ${pair#*=}") ;;
        esac
    done
    {
        printf 'openssl_conf = init\nnodejs_conf = init\n\n[init]\n'
        printf 'providers = providers\n'
        [[ -z $properties ]] || printf 'alg_section = algorithms\n'
        printf '\n[providers]\n'
        [[ $default == no ]] || printf 'default = default_section\n'
        printf 'rds = rds_section\n'
        [[ $default == no ]] || printf '\n[default_section]\nactivate = 1\n'
        printf '\n[rds_section]\nmodule = %s\n' "$MODULE"
        printf 'rds-bundles = %s\n' "$bundles"
        ((${#lines[@]} == 0)) || printf '%s\n' "${lines[@]}"
        printf 'activate = 1\n'
        [[ -z $properties ]] ||
            printf '\n[algorithms]\ndefault_properties = %s\n' "$properties"
    } >"$file"
}

# use_conf [KEY=VALUE...]: writes $TMP/openssl.cnf and uses it from here on.
use_conf() {
    rds_conf "$TMP/openssl.cnf" "$@"
    export OPENSSL_CONF=$TMP/openssl.cnf
}

# compile OUT SOURCE [OPTION...]
compile() {
    local output=$1 source=$2

    shift 2
    cc -std=c11 -O1 -g -Wall -Wextra -o "$output" "$source" "$@" \
        2>"$TMP/.cc" || { diag "$(cat "$TMP/.cc")" && return 1; }
}

# make_shim: compiles tests/system/shim.c; else a failed test.
make_shim() {
    compile "$TMP/shim.so" "$ROOT/tests/system/shim.c" -shared -fPIC -ldl ||
        { ok 1 'the shim compiles' || return 1; }
}

# shimmed DIRECTORY [VARIABLE=VALUE...] COMMAND...: run, with the shim before
# the calls on files of the directory.
shimmed() {
    local directory=$1

    shift
    run env "LD_PRELOAD=$TMP/shim.so" "SHIM_DIRECTORY=$directory" \
        ASAN_OPTIONS=verify_asan_link_order=0 "$@"
}

# each_call_fails DIRECTORY PREPARE CHECK COMMAND...: one of the calls that read
# the directory fails, each in turn; before a run PREPARE is called, after it
# CHECK, which says on its output what is wrong.  Sets wrong, and failed, how
# many calls there were.  Returns 1 where the command fails without that.
each_call_fails() {
    local directory=$1 prepare=$2 check=$3 call count i problem

    shift 3
    wrong='' failed=0
    "$prepare"
    rm -f "$TMP/reads"
    shimmed "$directory" "SHIM_READS=$TMP/reads" "$@"
    ((status == 0)) || return 1
    while read -r count call; do
        for ((i = 1; i <= count; i++)); do
            "$prepare"
            shimmed "$directory" "SHIM_FAIL=$call $i" "$@"
            problem=$("$check") || wrong+=$'\n'"$call $i: $problem"
            failed=$((failed + 1))
        done
    done < <(sort "$TMP/reads" | uniq -c)
}

# ---- servers ----------------------------------------------------------------

pids=()

# A port of 127.0.0.1 that the kernel says is free.
free_port() {
    perl -MIO::Socket::INET -e '
        print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1",
            LocalPort => 0, Proto => "tcp")->sockport' ||
        { diag 'no free port' && exit 1; }
}

# as_user USER: sets `as` to the words that run a command as that user, for
# servers that refuse to run as root.  Nothing where the test is not root.
as_user() {
    as=()
    ((EUID == 0)) || return 0
    # shellcheck disable=SC2034 # the tests use it
    as=(setpriv "--reuid=$1" "--regid=$(id -g "$1")" --init-groups)
}

# start LOG COMMAND...: starts a server and sets pid.
start() {
    local log=$1

    shift
    "$@" </dev/null >"$log" 2>&1 &
    pid=$!
    pids+=("$pid")
}

# wait_port PORT PID LOG: until the server accepts connections.
wait_port() {
    local deadline=$((SECONDS + WAIT_SECONDS))

    while ((SECONDS < deadline)) && kill -0 "$2" 2>/dev/null; do
        (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
        sleep 0.1
    done
    diag "no server at port $1:"$'\n'"$(tail -n 20 "$3")"
    return 1
}

# stop PID: ends a process that this test started.
stop() {
    local deadline=$((SECONDS + 10))

    kill "$1" 2>/dev/null || return 0
    while kill -0 "$1" 2>/dev/null && ((SECONDS < deadline)); do
        sleep 0.05
    done
    kill -KILL "$1" 2>/dev/null || :
    wait "$1" 2>/dev/null || :
}

# s_client STARTTLS PORT NAME [OPTION...]: sets out, err and status.
s_client() {
    local starttls=$1 port=$2 name=$3

    shift 3
    run openssl s_client -starttls "$starttls" -connect "127.0.0.1:$port" \
        -servername "$name" -verify_hostname "$name" -verify_return_error "$@"
}

# connects NAME STARTTLS PORT HOST [OPTION...]: the server is verified.
connects() {
    local name=$1

    shift
    s_client "$@"
    ((status == 0)) && [[ $out == *'Verification: OK'* ]]
    ok $? "$name" || show_run
}

# connects_not NAME ERROR STARTTLS PORT HOST [OPTION...]: it is not verified,
# and the verify error is ERROR ("num=19:...").
connects_not() {
    local name=$1 error=$2

    shift 2
    s_client "$@"
    ((status != 0 && status < 124)) && [[ $err == *"verify error:$error"* ]] &&
        [[ $out != *'Verification: OK'* ]]
    ok $? "$name" || { show_run && diag "expected: $error"; }
}

# ---- start and end ----------------------------------------------------------

clean_up() {
    local code=$? pid

    set +e # a script that sources this may have it on
    trap - EXIT
    for pid in ${pids[@]+"${pids[@]}"}; do
        stop "$pid"
    done
    rm -rf "$TMP"
    exit "$code"
}

scrub
TMP=$(mktemp -d "${TMPDIR:-/tmp}/rds.XXXXXX") || exit 1
chmod 711 "$TMP"
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
