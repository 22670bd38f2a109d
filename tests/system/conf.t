#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves what a person meets around openssl.cnf: the module lists itself
# without a warning; it works under `fips=yes` properties; a value that it
# cannot use makes every open fail with the reason, and never an answer; the
# debug log is private, appended to, and off unless asked for; loading and
# answering opens no socket and writes nothing.  Two traps of OpenSSL are stated
# as facts: what happens without the default provider, and with a module that
# is missing.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need openssl
need_module

URI=rds://region/us-west-2

# ---- listing ----------------------------------------------------------------

listing() {
    local date

    use_conf
    date=$(grep -oE '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' provider/anchors/DATE)
    run_ok 'openssl list -providers works' \
        openssl list -providers -verbose
    is "$err" '' '... without a warning'
    out=$(sed -n '/^  rds$/,$p' <<<"$out")
    like "$out" 'Amazon RDS' '... it shows the name'
    grep -qE '^ *version: [0-9]+\.[0-9]+\.[0-9]+$' <<<"$out"
    ok $? '... the version' || show_run
    like "$(grep 'build info:' <<<"$out")" "${date:-no date}" \
        '... and the date of the built-in anchors'
    like "$out" 'status: active' '... and that it is active'
    run_ok 'openssl list -store-loaders works' openssl list -store-loaders
    like "$out" 'rds @ rds' '... it shows our loader'
    like "$out" 'file @ default' '... beside the file loader'
}

# ---- properties -------------------------------------------------------------

properties() {
    use_conf default_properties=fips=yes
    finds 3 $URI
    use_conf default_properties=provider=rds
    finds 3 $URI
}

# ---- two traps of OpenSSL ---------------------------------------------------

# A provider in the configuration turns the implicit default provider off.
without_the_default_provider() {
    use_conf default=no
    finds 3 $URI
    run_fails 'without the default provider TLS breaks in the whole process' \
        'library has no ciphers' openssl s_client -connect 127.0.0.1:1
    run_fails '... and so do digests' unsupported openssl dgst -sha256 "$0"
    use_conf
    run_ok 'beside the default provider digests work' \
        openssl dgst -sha256 "$0"
}

# OpenSSL says nothing of a module that it cannot load; one has to look.
missing_module() {
    local MODULE=$TMP/missing.so

    use_conf
    run_ok 'a missing module is not fatal' openssl list -providers
    unlike "$out" rds '... but it is not in the list'
    refuses $URI 'unregistered scheme'
}

# ---- values that cannot be used ---------------------------------------------

# bad_value TEXT KEY=VALUE: no URI has an answer, and the reason is TEXT.
bad_value() {
    use_conf "$2"
    refuses $URI "$1"
    like "$err" 'bad provider configuration' "... because of $2"
    refuses rds://list "$1"
    run openssl list -providers
    like "$(sed -n '/^  rds$/,$p' <<<"$out")" 'status: inactive' \
        '... and the provider says that it is inactive'
}

bad_values() {
    local sha=86e22f41c79b0de5777054189cfadbddf633a8a1dc09ef134db07a756e494abe

    bad_value "rds-bundles = 'bundles': write an absolute directory" \
        rds-bundles=bundles
    bad_value "rds-bundles = '': write an absolute directory" rds-bundles=
    bad_value "rds-distrust: '12ab' is not a SHA-256" rds-distrust=12ab
    bad_value "rds-distrust: '${sha}0' is not a SHA-256" "rds-distrust=${sha}0"
    bad_value "rds-distrust: '${sha%e}g' is not a SHA-256" \
        "rds-distrust=${sha%e}g"
    bad_value "rds-distrust: 'and' is not a SHA-256" \
        "rds-distrust=$sha and $sha"
    bad_value 'rds-distrust is empty' rds-distrust=
}

# ---- the debug log ----------------------------------------------------------

# log_to VALUE [URI]: asks for something that is refused.
log_to() {
    RDS_PROVIDER_DEBUG=$1 run openssl storeutl -noout -certs \
        "${2:-rds://region/us-wets-2}"
}

log_is_written() {
    local log=$TMP/debug.log

    use_conf
    log_to "file:$log,level:2"
    grep -qE "^[0-9.]+ [0-9]+ rds error: unknown region 'us-wets-2'" "$log"
    ok $? 'the log has the error, with time and process' || show_run
    is "$(stat -c %a "$log")" 600 '... its mode is 0600'
    log_to "file:$log"
    is "$(grep -c 'us-wets-2' "$log")" 2 '... and it is appended to'
    log_to "file:$log,level:1" $'rds://region/a\nb\e[2J'
    is "$(grep -c "bad region 'a.x0ab.x1b\[2J'" "$log")" 1 \
        '... control characters are escaped'
    unlike "$(<"$log")" $'\e' '... all of them'
}

log_says_what_is_loaded() {
    local log=$TMP/trace.log

    use_conf
    log_to "file:$log,level:3" $URI
    like "$(cat "$log")" us-west-2-rds-ca-rsa2048-g1 \
        'level:3 names the certificates that are handed out'
}

# The configuration is read where nobody reads OpenSSL's error queue.
log_has_configuration_errors() {
    use_conf rds-distrust=12ab
    run env RDS_PROVIDER_DEBUG="file:$TMP/conf.log" openssl list -providers
    like "$(cat "$TMP/conf.log")" "rds-distrust: '12ab' is not a SHA-256" \
        'the log has errors of the configuration'
}

# log_is_off NAME VALUE PATH: PATH is not written.
log_is_off() {
    log_to "$2"
    [[ $err == *us-wets-2* && ! -s $3 ]]
    ok $? "$1" || show_run
}

log_is_refused() {
    use_conf
    : >"$TMP/target"
    ln -s "$TMP/target" "$TMP/link.log"
    log_is_off 'a symbolic link is not followed' "file:$TMP/link.log" \
        "$TMP/target"
    mkfifo "$TMP/fifo.log"
    log_is_off 'a pipe does not block' "file:$TMP/fifo.log" "$TMP/fifo.log"
    log_is_off 'a relative path is refused' file:rds-relative.log \
        rds-relative.log
    log_is_off 'a path without file: is refused' "$TMP/plain.log" \
        "$TMP/plain.log"
    log_is_off 'an unknown level is refused' "file:$TMP/l.log,level:9" \
        "$TMP/l.log"
}

# ---- what it does to the process --------------------------------------------

# Every system call of one answer.
trace_calls() {
    use_conf
    trace openssl storeutl -noout -certs $URI
    if ((status != 0)); then
        skip 'the system calls of an answer' 'strace may not trace here'
        return 1
    fi
    grep -q "openat(.*${MODULE##*/}\"" "$TMP/calls"
    ok $? 'strace sees the module being loaded'
}

system_calls() {
    has strace 'the system calls of an answer' || return
    trace_calls || return
    is "$(calls 'socket|connect|bind|send.*')" '' \
        'loading and answering opens no socket'
    is "$(calls 'open.*' | grep -E 'O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)')" '' \
        '... opens nothing to write'
    is "$(calls 'write.*|pwrite.*' | grep -o '([0-9]*' | sort -u)" '(1' \
        '... writes to standard output only'
    is "$(calls '(mkdir|unlink|rename|link|symlink|chmod|chown).*')" '' \
        '... changes no file'
    is "$(calls 'clone.*|fork|vfork')" '' '... starts no thread'
    is "$(calls 'execve.*' | wc -l)" 1 '... and no further program'
}

# -----------------------------------------------------------------------------

listing
properties
without_the_default_provider
missing_module
bad_values
log_is_written
log_says_what_is_loaded
log_has_configuration_errors
log_is_refused
system_calls
done_testing
