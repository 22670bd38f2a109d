#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that each package works without the other, in a tree as small as a
# container's: apt finds what it needs, which is not systemd.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

module_alone() {
    local packages

    packages=$(dpkg-query -W | wc -l)
    apt_ok 'the module alone' install "$DEBS"/openssl-provider-rds_*.deb
    is "$(dpkg-query -W | wc -l)" "$((packages + 1))" 'it brings nothing else'
    # shellcheck disable=SC2119 # no arguments are meant
    use_conf
    answers 'it answers'
    unset OPENSSL_CONF
    is "$(state rdsca)" not-installed 'there is no command'
    getent passwd rds-ca >/dev/null
    is $? 2 'and no user'
    for page in OSSL_STORE-rds OSSL_PROVIDER-rds; do
        [[ -f /usr/share/man/man7/$page.7.gz ]] || # minimal trees may drop them
            dpkg -L openssl-provider-rds | grep -q "/man7/$page.7.gz$"
        ok $? "$page(7)"
    done
    apt_ok 'a purge' purge openssl-provider-rds
    is "$out$err" "${out//warning: line/}$err" 'it does not warn'
}

command_alone() {
    apt_ok 'the command alone' install "$DEBS"/rdsca_*.deb
    is "$(state systemd)" not-installed 'it does not bring systemd'
    [[ ! -e $MODULE ]]
    ok $? 'nor the module'
    run_ok 'it runs' rdsca --version
    run_ok 'it exports' rdsca export rds://region/us-west-2
    is "$(grep -c 'BEGIN CERT' <<<"$out")" 3 'three certificates'
    [[ -r /usr/share/bash-completion/completions/rdsca ]]
    ok $? 'it has a completion'
    apt_ok 'a removal' remove rdsca
    is "$(state rdsca)" config-files 'conffiles stay'
    apt_ok 'a purge' purge rdsca
    is "$(state rdsca) $(find /etc /var/lib /usr/lib -name '*rdsca*' -o \
        -name rds-ca | grep -v '^/var/lib/dpkg')" 'not-installed ' 'nothing is left'
}

module_alone
command_alone
done_testing
