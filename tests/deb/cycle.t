#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves the life of both packages on one machine: installed, they change no
# configuration and work; an upgrade keeps what was edited, the bundles, and
# what runs; when they go, they warn, and TLS works on; a purge leaves nothing.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"

HOST=db.abc123def.us-west-2.rds.amazonaws.com
SETTINGS=(/etc/default/rdsca /etc/rds-ca/rds.cnf)

make_pki() {
    pki_region us-west-2
    pki_leaf db us-west-2 "$HOST"
    pki_bundle "$TMP/chain.pem" db sub-us-west-2
    pki_root private 'Private Root'
    pki_sub private-sub private 'Private Sub'
    pki_leaf www '' www.example.com issuer=private-sub
    pki_bundle "$TMP/www.pem" www private-sub
}

# unrelated WHEN: TLS with a server of another CA, under the system's
# configuration.
unrelated() {
    local port

    port=$(free_port)
    start "$TMP/www.log" openssl s_server -www -accept "127.0.0.1:$port" \
        -cert "$PKI/www.pem" -cert_chain "$TMP/www.pem" -key "$PKI/www.key"
    wait_port "$port" "$pid" "$TMP/www.log"
    run openssl s_client -connect "127.0.0.1:$port" -verify_return_error \
        -verify_hostname www.example.com -CAfile "$PKI/private.pem"
    stop "$pid"
    [[ $status == 0 && $out == *'Verification: OK'* ]]
    ok $? "$1: TLS works" || show_run
}

# ---- the steps --------------------------------------------------------------

installed() {
    apt_ok 'the lower version is installed' install "$OLDER"/*.deb
    is "$(version rdsca) $(version openssl-provider-rds)" \
        "${later%-*}-0 ${later%-*}-0" 'both packages have it'
    is "$(sha256sum <"$CNF")" "$cnf" 'openssl.cnf is as it was'
    is "$(dpkg-query -W -f '${Conffiles}' rdsca | awk 'NF { print $1 }' | sort)" \
        "$(printf '%s\n' /etc/apparmor.d/abstractions/rds-ca "${SETTINGS[@]}")" \
        'conffiles'
    is "$(dpkg-query -W -f '${Conffiles}' openssl-provider-rds)" '' \
        'the module has none'
    is "$(getent passwd rds-ca | cut -d : -f 6-)" \
        /nonexistent:/usr/sbin/nologin 'the user has no home and no login'
    is "$(stat -c '%U:%G %a' "$BUNDLES")" 'rds-ca:rds-ca 755' \
        'the directory of bundles is its own'
    answers_by_file 'installed'
    is "$(find /etc/systemd -name '*rdsca*' 2>/dev/null)" '' \
        'no unit is enabled'
}

answers_by_file() {
    OPENSSL_CONF=/etc/rds-ca/rds.cnf answers "$1: OPENSSL_CONF=/etc/rds-ca/rds.cnf"
}

edited() {
    name_module
    cnf=$(sha256sum <"$CNF")
    answers 'openssl.cnf names the module: it answers'
    unrelated 'with it'
    echo 'RDSCA_UPDATE="us-west-2"' >>/etc/default/rdsca
    echo '# mine' >>/etc/rds-ca/rds.cnf
    pki_bundle "$BUNDLES/us-west-2-bundle.pem" root-us-west-2
    kept=("${SETTINGS[@]}" "$BUNDLES/us-west-2-bundle.pem")
    before=$(sums "${kept[@]}")
}

# A server that asks for certificates of RDS, and runs through the upgrade.
old_server() {
    old_port=$(free_port)
    start "$TMP/old.log" openssl s_server -accept "127.0.0.1:$old_port" -www \
        -cert "$PKI/www.pem" -cert_chain "$TMP/www.pem" -key "$PKI/www.key" \
        -Verify 3 -verify_return_error -CAstore rds://region/us-west-2
    old_pid=$pid
    wait_port "$old_port" "$pid" "$TMP/old.log"
    mapped "$old_pid" && [[ $map != *deleted* ]]
    ok $? 'a process has the module' || diag "$map"
}

# mapped PID: sets map to the line of the module.
mapped() {
    map=$(grep -m 1 "$MODULE" "/proc/$1/maps")
}

# A certificate of RDS is accepted, and only with one.
old_server_serves() {
    run openssl s_client -connect "127.0.0.1:$old_port" -cert "$PKI/db.pem" \
        -cert_chain "$TMP/chain.pem" -key "$PKI/db.key" -tls1_2 \
        -CAfile "$PKI/private.pem"
    [[ $status == 0 && $out == *'Verification: OK'* ]]
    ok $? "$1: a process that runs verifies as before" || show_run
    run openssl s_client -connect "127.0.0.1:$old_port" -cert "$PKI/www.pem" \
        -key "$PKI/www.key" -cert_chain "$TMP/www.pem" -tls1_2 \
        -CAfile "$PKI/private.pem"
    ((status != 0))
    ok $? "$1: and refuses as before" || show_run
}

upgraded() {
    old_server
    apt_ok 'an upgrade' install "$DEBS"/*.deb
    unlike "$out$err" 'warning: line' 'it does not warn'
    is "$(version rdsca) $(version openssl-provider-rds)" "$later $later" \
        'both packages have the new version'
    unchanged 'an upgrade'
    mapped "$old_pid" && [[ $map == *deleted* ]]
    ok $? 'the process keeps the old module' || diag "$map"
    old_server_serves 'after the upgrade'
    answers 'the new module answers'
    unlike "$(tail -c 6 "$MODULE" | tr -d '\0')" older 'it is another one'
    apt_ok 'a reinstallation' install --reinstall "$DEBS"/*.deb
    unchanged 'a reinstallation'
}

unchanged() {
    is "$(sums "${kept[@]}")" "$before" \
        "$1 keeps what was edited, and the bundles"
    is "$(sha256sum <"$CNF")" "$cnf" "$1 keeps openssl.cnf"
}

checked() {
    run make -C /mnt/source RDS_NO_SKIP=1 installcheck
    ok "$status" 'make installcheck' || show_run
}

# warning FILE LINE COMMAND
warning() {
    printf 'openssl-provider-rds: warning: line %s of %s still names %s, ' \
        "$2" "$1" "$MODULE"
    printf 'and OpenSSL goes on without it, silently: run '\''%s'\'', or ' "$3"
    printf 'take the section around that line out\n'
}

removed() {
    local line unit=/etc/rds-ca/db.service.cnf

    # As `rdsca enable --unit db` leaves it; and a line that loads nothing.
    printf '# module = %s\n[rds_sect]\n  module = "%s" # ours\n' \
        "$MODULE" "$MODULE" >"$unit"
    apt_ok 'a removal' remove rdsca openssl-provider-rds
    line=$(grep -n '^module = .*/rds.so$' "$CNF" | cut -d : -f 1)
    is "$(grep 'warning: line' <<<"$out$err")" \
        "$(warning "$CNF" "$line" 'rdsca disable'
            warning "$unit" 3 'rdsca disable --unit db')" \
        'it warns, in one line for each file' || show_run
    rm "$unit"
    [[ ! -e $MODULE && ! -e /usr/bin/rdsca ]]
    ok $? 'module and command are gone'
    unchanged 'a removal'
    unrelated 'the module is gone and openssl.cnf names it'
    old_server_serves 'after the removal'
    stop "$old_pid"
}

purged() {
    apt_ok 'installed again' install "$DEBS"/*.deb
    unchanged 'a new installation'
    answers 'it answers again'
    install -m 644 -D /dev/null "$BUNDLES/retired/rds-ca-2012-us-gov-west-1.pem"
    cp "$TMP/openssl.cnf.before" "$CNF"
    apt_ok 'a purge' purge rdsca openssl-provider-rds
    unlike "$out$err" 'warning: line' \
        'without the lines in openssl.cnf it does not warn'
    is "$(state rdsca), $(state openssl-provider-rds)" 'not-installed, not-installed' \
        'dpkg does not know them any more'
    is "$(files)" "$(cat "$TMP/before")" 'no file is left, none is missing'
    ok "$(getent passwd rds-ca >/dev/null; echo $?)" 'but the user stays'
}

# ---- the life ---------------------------------------------------------------

later=$(dpkg-deb -f "$(echo "$DEBS"/rdsca_*.deb)" Version)
apt_ok 'what the packages need of others' satisfy "$(needs)"
make_pki
cp -p "$CNF" "$TMP/openssl.cnf.before"
cnf=$(sha256sum <"$CNF")
files >"$TMP/before"
installed
edited
upgraded
checked
removed
purged
done_testing
