#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every command of README.md as it stands there, from the first, in a
# machine of its own: namespaces in which /etc, /usr and /var/lib are copies,
# the database of the examples is PostgreSQL at its real port, and AWS's hosts
# are nginx.  Of `make check` it is only proven that there is such a target,
# and of systemctl that its unit is installed.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
PAGE=README.md

for folder in /usr/lib/postgresql/*/bin; do
    PATH=$folder:$PATH
done
need unshare ip nginx openssl perl psql initdb postgres systemd-sysusers
# shellcheck source=page.sh
. "$ROOT/tests/rdsca/page.sh"
own_machine "$@"
# shellcheck source=../clients/lib.sh
. "$ROOT/tests/clients/lib.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"

BUILD=${RDSCA%/*}
DB=$(sed -n 's/^DB=//p' "$PAGE" | head -n 1)
SYSTEM_FILE=$(realpath "$system_file")
MODULES=$(pkg-config --variable=modulesdir libcrypto)
UNITS=$(pkg-config --variable=systemdsystemunitdir systemd)
BUNDLES=/var/lib/rds-ca

# ---- a machine of its own ---------------------------------------------------

make_machine() {
    local host

    layers /etc /usr /var/lib
    ip link set lo up
    mkdir "$TMP/here" "$TMP/bin"
    ln -s "$BUILD" "$TMP/here/build"
    ln -sf certs/ca-certificates.crt /etc/ssl/cert.pem
    rm -rf /etc/default/rdsca /etc/rds-ca "$BUNDLES" "$MODULES/rds.so" \
        /usr/local/bin/rdsca
    for host in "$DB" mirror.example.com ${AWS_HOSTS//[,:]/ }; do
        printf '127.0.0.1 %s\n' "$host"
    done >>/etc/hosts
}

# program NAME: takes a program that the page calls from stdin.
program() {
    cat >"$TMP/bin/$1" && chmod 755 "$TMP/bin/$1"
}

make_programs() {
    program sudo <<<$'#!/bin/sh\nexec "$@"'
    # It says what it did where complaints go.
    program systemd-sysusers <<<$'#!/bin/sh\nexec /usr/bin/systemd-sysusers "$@" 2>&1'
    # No systemd runs here.
    program systemctl <<EOF
#!/bin/sh
for unit; do :; done
ls "$UNITS/\$unit" >/dev/null && echo "systemctl \$*"
EOF
    # The packages are there; `make check` would come back to this.
    program make <<EOF
#!/bin/sh
make() {
    $(command -v make) -s -C $ROOT BUILD=${BUILD#"$ROOT/"} NO_DEPS=1 "\$@"
}
case \$1 in
check) make -n check >/dev/null && echo 'make check' ;;
*) make "\$@" ;;
esac
EOF
    # AWS's hosts are not AWS's, so it is told whom to believe.
    program rdsca <<EOF
#!/bin/sh
case \$1 in
update) exec /usr/local/bin/rdsca "\$@" --cacert $CA ;;
*) exec /usr/local/bin/rdsca "\$@" ;;
esac
EOF
    PATH=$TMP/bin:$PATH
    export DB HOME=$TMP/here
}

# The database of the examples, with a root of our own below Amazon's name.
serve_database() {
    pki_region us-west-2
    leaf db "$DB"
    make_postgres
    free_port() { echo 5432; }
    postgres_server db
}

# The root of that database arrives as a bundle would.
trust_database() {
    mkdir -p "$BUNDLES"
    pki_bundle "$BUNDLES/us-west-2-bundle.pem" root-us-west-2
}

# What AWS's hosts have, and a mirror, and the file that was carried here.
make_aws() {
    local gov=us-gov-west-1

    pki_leaf aws none mirror.example.com issuer=ca \
        "san=$AWS_HOSTS,DNS:mirror.example.com"
    pinned_retired "$WWW/s3-us-gov/rds-downloads"
    mkdir -p "$WWW/s3/rds-downloads" "$WWW/mirror/rds"
    cp "$WWW/s3-us-gov/rds-downloads/$COMBINED" "$WWW/s3/rds-downloads"
    real || return 0
    ln -s "$WWW/aws-us-gov" "$WWW/mirror/rds/aws-us-gov"
    cp "$SHARED/truststore/aws-us-gov/$gov/$gov-bundle.pem" "$TMP/here"
}

aws_http() {
    local host folder

    echo 'access_log off;'
    while read -r host folder; do
        nginx_server 443 aws "$host" "$folder"
    done <<'EOF'
truststore.pki.rds.amazonaws.com aws
truststore.pki.us-gov-west-1.rds.amazonaws.com aws-us-gov
s3.amazonaws.com s3
s3.us-gov-west-1.amazonaws.com s3-us-gov
mirror.example.com mirror
EOF
}

# ---- the page ---------------------------------------------------------------

number=0 # of the last block

# next NAME: follows the next block of shell.
next() {
    number=$((number + 1))
    follow "$1" "$number"
}

# pass NAME: the next block needs ../shared, which is absent.
pass() {
    number=$((number + 1))
    take "$number"
    skip "$1" 'no ../shared'
}

# counts: each line of the last block whose comment states a count.
counts() {
    local line wrong=''

    while IFS= read -r line; do
        [[ $line == *'  # '[0-9]* ]] || continue
        run bash -c "$line"
        [[ ${out##*$'\n'} == "Total found: ${line##*# }" ]] ||
            wrong+="${line%%  #*}: ${out##*$'\n'}"$'\n'
    done <"$TMP/block"
    is "$wrong" '' '... and answers with as many as the page says'
}

# untrusted NAME: psql, as in the page, refuses the server.
untrusted() {
    block sh 3 >"$TMP/block"
    run bash "$TMP/block"
    [[ $status != 0 && $err == *'certificate verify failed'* ]]
    ok $? "$1" || show_run
}

in_60_seconds() {
    local before

    before=$(sha256sum <"$SYSTEM_FILE")
    next 'it builds and installs'
    is "$(ls "$MODULES/rds.so")" "$MODULES/rds.so" '... the module'
    is "$(sha256sum <"$SYSTEM_FILE")" "$before" '... and changes no openssl.cnf'
    trust_database
    untrusted 'psql refuses the server'
    next 'it is turned on'
    next 'psql verifies the server'
    like "$out" '(1 row)' '... and has an answer'
    next 'doctor and probe find nothing wrong'
    like "$out" "$DB" '... with this server'
    next 'it is turned off'
    is "$(sha256sum <"$SYSTEM_FILE")" "$before" '... and openssl.cnf is as it was'
    untrusted '... and psql refuses the server'
}

ways() {
    next 'it is shown first, and used by one command'
    like "$out" "rds-trust = rds://host/$DB" '... what would be written'
    like "$out" '(1 row)' '... and the command has an answer'
    untrusted '... and nothing else does'
}

rotation() {
    next 'it updates each week'
    like "$out" 'systemctl enable --now rdsca.timer' '... by a timer that is there'
    run_ok '... as a user that is there' id rds-ca
}

# activate OPTION...: anew.
activate() {
    run_ok 'rdsca disable' sudo rdsca disable
    run_ok "rdsca enable${*:+ $*}" sudo rdsca enable "$@"
}

in_trouble() {
    next 'doctor finds nothing wrong'
}

uris() {
    rm "$BUNDLES/us-west-2-bundle.pem"
    next 'URIs have answers'
    like "$out" 'Name: rds://region/us-west-2' '... and there is a list of them'
    counts
    trust_database
    number=$((number + 1))
    take "$number"
    run bash "$TMP/block"
    [[ $status == 0 && $out == *'Verification: OK'* ]]
    ok $? "s_client verifies the server by a URI (block $number)" || show_run
}

regions() {
    if real; then
        next 'rdsca fetches a region'
        like "$out" 'Total found: ' '... which has an answer then'
        next 'rdsca takes a file, and a mirror'
    else
        pass 'rdsca fetches a region'
        pass 'rdsca takes a file, and a mirror'
    fi
    next 'rdsca fetches retired files'
    like "$out" 'Total found: 1' '... which have an answer then'
    next 'rdsca lists and exports'
    run openssl verify -CAfile "$TMP/here/us-west-2.pem" "$PKI/root-us-west-2.pem"
    is "$status" 0 '... what is at hand'
}

by_hand() {
    next 'openssl says where things are'
    like "$out" "MODULESDIR: \"$MODULES\"" '... the module'
    run_ok 'rdsca disable' sudo rdsca disable
    block ini 1 | sed "s|/usr/lib/x86_64-linux-gnu/ossl-modules|$MODULES|" \
        >>"$SYSTEM_FILE"
    next 'openssl shows that it works'
    like "$out" 'name: rds (Amazon RDS' '... the provider'
    next 'the debug log'
    like "$(cat "$HOME/rds.log")" "$DB" '... tells of the connection'
}

at_the_end() {
    rm "$BUNDLES/us-west-2-bundle.pem"
    next 'without installing'
    like "$out" 'All of this works as shown.' '... the demonstration'
    like "$out" 'make check' '... the tests'
    next 'a build loads from its folder'
    like "$out" 'Total found: ' '... and answers'
    next 'it is removed'
    [[ ! -e $MODULES/rds.so && ! -e /usr/local/bin/rdsca ]]
    ok $? '... with what belongs to it'
}

make_machine
serve
unset OPENSSL_CONF
make_programs
serve_database
make_aws
start_nginx "$TMP/aws" 443 'AWS is there' < <(aws_http)
in_60_seconds
ways
rotation
activate --trust "rds://host/$DB"
in_trouble
activate
uris
regions
by_hand
at_the_end
is "$blocks" "$(count_blocks sh)" 'every block of the page was run'

done_testing
