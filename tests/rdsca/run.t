#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves `rdsca run`: the command is the same process, with its own exit status
# and environment; it and its children have the module, and with --trust reach
# an RDS server; what its own configuration forbids stays forbidden; and where
# that cannot be had, or the file would not be safe, it is not started.

# shellcheck disable=SC2016 # expanded by other shells
# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
need openssl perl
need_module
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=enable.sh
. "$ROOT/tests/rdsca/enable.sh"
in_namespace

HOST=mydb.abc123def.us-west-2.rds.amazonaws.com

# started: runs it; nothing on stderr.
started() {
    run "$RDSCA" run "$@"
}

# not_started NAME STATUS TEXT OPTION...: one line, and the command, which
# would make a file, was not started.
not_started() {
    run "$RDSCA" run "${@:4}"
    [[ $status == "$2" && $err == *"$3"* && $(wc -l <<<"$err") == 1 ]] &&
        [[ -z $out && ! -e $TMP/was-started ]]
    ok $? "$1" || { show_run && diag "expected: $3"; }
    rm -f "$TMP/was-started"
}
start_it=(-- touch "$TMP/was-started")

# ---- a process --------------------------------------------------------------

same_process() {
    run sh -c 'echo $$; exec "$0" run -- sh -c "echo \$\$"' "$RDSCA"
    is "$(uniq <<<"$out" | wc -l)" 1 'the command has the process of rdsca' ||
        show_run
    started -- sh -c 'exit 7'
    is "$status $err" '7 ' 'its exit status'
    run sh -c '"$0" run -- sh -c "kill -TERM \$\$"; exit $?' "$RDSCA"
    is "$status" 143 '... or its signal'
    started --trust "$WEST" -- printf '%s,' 'a b' --help '' -- --trust
    is "$out" 'a b,--help,,--,--trust,' 'its arguments are its own'
    run sh -c 'echo in | "$0" run -- cat' "$RDSCA"
    is "$out" in 'its standard input, too'
    run ls /proc/self/fd
    open=$out
    started -- ls /proc/self/fd
    is "$out" "$open" 'no descriptor is left open for it'
    is "$(ls -A "$TMP/tmp")" '' '... and no temporary file'
    run env RDS_PROVIDER_DEBUG="file:$TMP/log,level:3" OPENSSL_MODULES=/none \
        X=y "$RDSCA" run -- env
    is "$(grep -c -x -e "RDS_PROVIDER_DEBUG=file:$TMP/log,level:3" \
        -e OPENSSL_MODULES=/none -e X=y <<<"$out")" 3 \
        'its environment, but for what is set'
    [[ ! -e $TMP/log ]]
    ok $? '... and the trials wrote no log'
}

statuses() {
    not_started 'a command that is not there' 127 \
        "rdsca run: '/none/x': No such file or directory" -- /none/x
    not_started 'a command that cannot be executed' 126 \
        "rdsca run: '$SO': Permission denied" -- "$SO"
    run env PATH="$TMP/none" "$RDSCA" run -- touch x
    is "$status" 127 '... or is not in PATH'
    not_started 'no command' 2 "the command stands behind '--'"
    not_started 'a command without --' 2 "the command stands behind '--'" \
        touch "$TMP/was-started"
    not_started 'nothing behind --' 2 "no command behind '--'" --
    not_started 'an unknown option' 2 "unknown option '--turst'" --turst x \
        "${start_it[@]}"
    not_started 'a bad URI' 2 '--trust: ' --trust rds://x "${start_it[@]}"
    not_started 'a URI without an answer' 125 \
        "run 'rdsca update us-gov-west-1'" --trust rds://region/us-gov-west-1 \
        "${start_it[@]}"
}

# ---- the configuration ------------------------------------------------------

configuration() {
    local file

    started --trust "$WEST" -- sh -c 'echo "$OPENSSL_CONF"; openssl list -providers -verbose'
    file=$(head -n 1 <<<"$out")
    like "$out" "rds-trust: $WEST" 'the URI is in force'
    [[ $file == /run/rds-ca/*.cnf ]]
    ok $? '... by a file in /run/rds-ca' || show_run
    is "$(stat -c '%a %u' "$file" "${file%/*}" | paste -sd ' ')" \
        "644 $EUID 755 $EUID" '... that everybody reads, and only we write'
    rm -r /run/rds-ca
    (umask 077 && "$RDSCA" run --trust "$WEST" -- true)
    is "$(stat -c '%a' "$file" "${file%/*}" | paste -sd ' ')" '644 755' \
        '... whatever the umask'
    started --trust "$WEST" -- true
    started --trust "$EAST" -- true
    started -- true
    is "$(find /run/rds-ca -type f | wc -l)" 3 \
        'one file for each configuration, not for each run'
    chmod 600 "$file"
    echo '# edited' >>"$file"
    started --trust "$WEST" -- sh -c 'cat "$OPENSSL_CONF"'
    unlike "$out" '# edited' 'a file that was edited is written anew'
    started -- openssl storeutl -noout -certs rds://region/us-west-2
    is "${out##*$'\n'}" 'Total found: 3' 'without --trust URIs have answers'
}

# What the command would read stays in force.
base() {
    shape ubuntu
    sed -i 's/@SECLEVEL=2/@SECLEVEL=2:!AES128/' "$CNF"
    run env OPENSSL_CONF="$CNF" "$RDSCA" run -- openssl ciphers -s
    is "$out" "$(OPENSSL_CONF=$CNF openssl ciphers -s)" \
        'the policy of the file in OPENSSL_CONF holds'
    started -- openssl ciphers -s
    like "$out" AES128 '... which is not the one of the system'
    run env OPENSSL_CONF= "$RDSCA" run -- sh -c 'cat "$OPENSSL_CONF"'
    is "$status $(grep -c include <<<"$out")" '0 0' \
        'an empty OPENSSL_CONF means no file'
    (cd "$ETC" && OPENSSL_CONF=openssl.cnf "$RDSCA" run -- sh -c 'cd / && openssl ciphers -s') \
        >"$TMP/out"
    is "$(<"$TMP/out")" "$(OPENSSL_CONF=$CNF openssl ciphers -s)" \
        'a relative one is the same in another directory'
    export OPENSSL_CONF=$ETC/none.cnf
    not_started 'a file that is not there' 125 \
        'OPENSSL_CONF: No such file or directory; correct or unset it' \
        "${start_it[@]}"
    export OPENSSL_CONF=$CNF
    echo '[broken' >>"$CNF"
    not_started 'a malformed file' 125 "'$CNF': line " "${start_it[@]}"
    mkdir "$ETC/a b"
    cp "$SHAPES/debian12" "$ETC/a b/o.cnf"
    export OPENSSL_CONF="$ETC/a b/o.cnf"
    not_started 'a path with a blank' 125 'cannot stand in a configuration' \
        "${start_it[@]}"
    unset OPENSSL_CONF
}

fips() {
    has cc 'with FIPS in force' || return 0
    compile "$TMP/fips.so" "$ROOT/tests/rdsca/fips.c" -shared -fPIC -lcrypto
    shape rhel-fips
    run env OPENSSL_CONF="$CNF" "$RDSCA" run --trust "$WEST" -- \
        openssl list -providers
    is "$(sed -n 's/^  \([a-z0-9]*\)$/\1/p' <<<"$out" | paste -sd ' ')" \
        'base fips rds' 'FIPS stays FIPS'
}

# Over a system on which it is on, and within another run.
twice() {
    run "$RDSCA" enable --trust "$EAST"
    is "$status" 0 'on a system that is on' || show_run
    started --trust "$WEST" -- openssl list -providers -verbose
    like "$out" "rds-trust: $WEST" '... the URI of the command holds'
    started -- openssl list -providers -verbose
    like "$out" "rds-trust: $EAST" '... else that of the system'
    run "$RDSCA" disable
    started --trust "$EAST" -- "$RDSCA" run --trust "$WEST" -- \
        openssl list -providers -verbose
    is "$status $err" '0 ' 'a run within a run' || show_run
    like "$out" "rds-trust: $WEST" '... the inner URI holds'
}

# ---- what it is for ---------------------------------------------------------

reaches() {
    local port

    pki_region us-west-2
    pki_leaf db us-west-2 "$HOST"
    pki_bundle "$TMP/chain.pem" db sub-us-west-2
    mkdir /var/lib/rds-ca
    pki_bundle /var/lib/rds-ca/us-west-2-bundle.pem root-us-west-2
    port=$(free_port)
    start "$TMP/server.log" openssl s_server -quiet -accept "127.0.0.1:$port" \
        -cert "$PKI/db.pem" -cert_chain "$TMP/chain.pem" -key "$PKI/db.key"
    wait_port "$port" "$pid" "$TMP/server.log" || done_testing
    client=(openssl s_client -connect "127.0.0.1:$port" -servername "$HOST"
        -verify_hostname "$HOST" -verify_return_error)
    run "${client[@]}"
    unlike "$out" 'Verification: OK' 'an RDS server is not reached'
    started --trust "$WEST" -- "${client[@]}"
    like "$out" 'Verification: OK' '... but in a run'
    started --trust "$WEST" -- sh -c '"$@"' sh "${client[@]}"
    like "$out" 'Verification: OK' '... by a child, too'
    started --trust "$WEST" -- perl -e '
        use POSIX; POSIX::close($_) for 3 .. 255;
        exec @ARGV' -- "${client[@]}"
    like "$out" 'Verification: OK' '... that closes all descriptors'
    started --trust "$EAST" -- "${client[@]}"
    unlike "$out" 'Verification: OK' '... but not with another URI'
    in_node "$port"
    as_other "${client[@]}"
}

in_node() {
    local script='const s = require("tls").connect({host: "127.0.0.1",
        port: process.argv[1], servername: process.argv[2]},
        () => { console.log("reached"); s.end(); });
        s.on("error", e => { console.log(e.code); });'

    has node 'Node.js in a run' || return 0
    started -- node -e "$script" -- "$1" "$HOST"
    unlike "$out" reached 'Node.js does not reach it without --trust'
    started --trust "$WEST" -- node -e "$script" -- "$1" "$HOST"
    is "$out" reached '... and does with it' || show_run
    run env NODE_OPTIONS='--no-warnings --openssl-config=/none' "$RDSCA" run \
        --trust "$WEST" -- node -e "$script" -- "$1" "$HOST"
    is "$out" reached '... whatever NODE_OPTIONS says of another file' || show_run
    run env NODE_OPTIONS=--no-warnings "$RDSCA" run -- sh -c 'echo "$NODE_OPTIONS"'
    like "$out" '--no-warnings --openssl-config=/run/rds-ca/' \
        '... and its other options stay'
}

# An entry point that gives up being root.
as_other() {
    has setpriv 'as another user' || return 0
    chmod 755 "$TMP/bin"
    started --trust "$WEST" -- setpriv --reuid=nobody --regid=nogroup \
        --clear-groups "$@"
    like "$out" 'Verification: OK' '... and by a command that changes its user'
}

# ---- where the file is ------------------------------------------------------

# nobody COMMAND...: as a user without a directory in /run.
nobody() {
    run setpriv --reuid=nobody --regid=nogroup --clear-groups env -u TMPDIR "$@"
}
show=(run -- sh -c 'echo "$OPENSSL_CONF"')

places() {
    local user

    has setpriv 'as another user' || return 0
    user=$(id -u nobody)
    # /tmp goes out of sight.
    install -d -m 755 /run/test
    cp -r "$TMP/bin" /run/test
    chmod 755 /run/test/bin
    TMP=/run/test RDSCA=/run/test/bin/rdsca
    mount -t tmpfs -o mode=1777 none /tmp
    mount -t tmpfs -o mode=1777 none /dev/shm
    nobody "$RDSCA" "${show[@]}"
    is "$status ${out%/*}" "0 /tmp/rds-ca-$user" 'a user: in /tmp' || show_run
    mkdir -m 700 /run/user
    chown nobody /run/user
    nobody env XDG_RUNTIME_DIR=/run/user "$RDSCA" "${show[@]}"
    is "${out%/*}" /run/user/rds-ca '... or in XDG_RUNTIME_DIR'
    rm -r "/tmp/rds-ca-$user"
    mkdir "/tmp/rds-ca-$user" # of root's
    nobody "$RDSCA" "${show[@]}"
    is "$status ${out%/*}" "0 /dev/shm/rds-ca-$user" \
        'a directory of another user is not used'
    rm -r "/tmp/rds-ca-$user"
    install -d -o nobody -m 777 "/tmp/rds-ca-$user"
    nobody "$RDSCA" "${show[@]}"
    is "${out%/*}" "/dev/shm/rds-ca-$user" '... nor one that others write to'
    rm -r "/tmp/rds-ca-$user"
    install -d -o nobody /tmp/mine
    ln -s mine "/tmp/rds-ca-$user"
    nobody "$RDSCA" "${show[@]}"
    is "${out%/*}" "/dev/shm/rds-ca-$user" '... nor a symbolic link'
    rm -r "/dev/shm/rds-ca-$user"
    mkdir "/dev/shm/rds-ca-$user"
    nobody "$RDSCA" run -- true
    is "$status $(wc -l <<<"$err")" '125 1' '... and where there is none: 125'
    like "$err" 'no directory for the configuration: ' '... which says why'
}

same_process
statuses
configuration
base
fips
twice
reaches
places

done_testing
