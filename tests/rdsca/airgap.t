#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every command of docs/airgap.md as it stands there, in a machine of its
# own: namespaces in which AWS's hosts and mirror.example.com are nginx on
# loopback, and /etc, /srv and /var/lib are copies.  Then: what the page says
# that a mirror cannot do.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
PAGE=docs/airgap.md

need unshare ip nginx curl openssl perl
# shellcheck source=page.sh
. "$ROOT/tests/rdsca/page.sh"
own_machine "$@"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"

# ---- a machine of its own ---------------------------------------------------

HOSTS='truststore.pki.rds.amazonaws.com mirror.example mirror.example.com'

make_machine() {
    if ! { cp -a /etc "$TMP/etc" && mount --bind "$TMP/etc" /etc &&
        mount -t tmpfs -o mode=755 none /srv &&
        mount -t tmpfs -o mode=755 none /var/lib && ip link set lo up; }; then
        ok 1 'a machine of its own'
        done_testing
    fi
    printf '127.0.0.1 localhost %s\n' "$HOSTS" >/etc/hosts
    rm -f /etc/default/rdsca
}

# The rdsca of the page is ours.  AWS's hosts are not AWS's, so it is told whom
# to believe where the page does not.
make_rdsca() {
    mkdir "$TMP/bin"
    cat >"$TMP/bin/rdsca" <<END
#!/bin/sh
case "\$* \$(cat /etc/default/rdsca 2>/dev/null)" in
*--mirror* | *RDSCA_MIRROR*) exec $RDSCA "\$@" ;;
"update "*) exec $RDSCA "\$@" --cacert $CA ;;
*) exec $RDSCA "\$@" ;;
esac
END
    chmod +x "$TMP/bin/rdsca"
    PATH=$TMP/bin:$PATH
    export CURL_CA_BUNDLE=$CA
}

# What AWS serves, for a machine without ../shared.
make_regions() {
    real && return
    mkdir -p "$WWW/aws/eu-west-1" "$WWW/aws/global"
    pem_of 'rds://region/eu-west-1?role=root' \
        >"$WWW/aws/eu-west-1/eu-west-1-bundle.pem"
    cat provider/anchors/aws-g1.pem provider/anchors/aws-g1-beta-preview.pem \
        >"$WWW/aws/global/global-bundle.pem"
}

# ---- the page ---------------------------------------------------------------

# holds NAME DIRECTORY FILE...: what AWS serves for these stands there.
holds() {
    local directory=$2 file from name=$1 wrong=''

    shift 2
    for file; do
        from=${file%-bundle.pem}
        from=${from#aws-}
        [[ $(fingerprints_of_pem <"$directory/$file" | sort) == \
            $(fingerprints_of_pem <"$WWW/aws/$from/$from-bundle.pem" |
                sort) && -s $directory/$file ]] || wrong+=" $file"
    done
    is "$wrong" '' "$name"
}

# An empty machine: no bundles, no settings.
blank() {
    rm -rf /var/lib/rds-ca /etc/default/rdsca "$TMP/here" /srv/rds
    mkdir "$TMP/here"
}

by_hand() {
    blank
    follow 'rdsca fetches what is carried' 1
    holds '... all of it' "$TMP/here/carry" us-west-2-bundle.pem \
        eu-west-1-bundle.pem aws-global-bundle.pem
    rm -rf "$TMP/here/carry"
    follow 'curl fetches what is carried' 2
    holds '... all of it' "$TMP/here/carry" us-west-2-bundle.pem \
        aws-global-bundle.pem
    touch -d '-3 days' "$TMP/here"/carry/*
    follow 'the other side takes it' 3
    like "$out" "us-west-2-bundle.pem of $(date -d '-3 days' +%F)" \
        '... with the date that it came with'
    holds '... all of it' /var/lib/rds-ca us-west-2-bundle.pem \
        aws-global-bundle.pem
    finds 3 rds://region/us-west-2
}

mirror_http() {
    echo 'access_log off;'
    block nginx 1 | sed "$1"
    # AWS's host, at its real port.
    nginx_server 443 web truststore.pki.rds.amazonaws.com aws |
        sed 's/listen 127.0.0.1:/listen /'
}

# serve_mirror FILTER: nginx with the page's server, changed by sed.
serve_mirror() {
    mkdir -p /etc/ssl/private
    pki_leaf mirror none mirror.example.com issuer=ca
    cp "$PKI/mirror.pem" /etc/ssl/mirror.pem
    cp "$PKI/mirror.key" /etc/ssl/private/mirror.key
    cp "$CA" /etc/ssl/mirror-ca.pem
    start_nginx "$TMP/mirror" 443 'nginx takes the server of the page' \
        < <(mirror_http "$1")
    MIRROR_PID=$pid
}

mirror_of_rdsca() {
    blank
    follow "the mirror's rdsca fetches" 4
    holds '... what is asked for' /var/lib/rds-ca us-west-2-bundle.pem \
        eu-west-1-bundle.pem aws-global-bundle.pem
    # The machine becomes one that uses the mirror.
    mv /var/lib/rds-ca /var/lib/mirror
    stop "$MIRROR_PID"
    serve_mirror 's|/var/lib/rds-ca/|/var/lib/mirror/|'
    use_mirror
    run_ok 'a global file comes through it' rdsca update --partition aws
    holds '... all of it' /var/lib/rds-ca aws-global-bundle.pem
    run curl -sS -o /dev/null -w '%{http_code}' --cacert "$CA" \
        https://mirror.example.com/rds/aws/global/../../../../etc/passwd \
        --path-as-is
    like "$out" 40 'the mirror gives nothing else'
    run curl -sS -o /dev/null -w '%{http_code}' --cacert "$CA" \
        https://mirror.example.com/rds/aws/us-west-2/eu-west-1-bundle.pem
    is "$out" 404 '... nor a region under the name of another'
}

mirror_of_curl() {
    blank
    follow 'curl keeps a mirror' 5
    stop "$MIRROR_PID"
    # As the page says: root in the place of the three locations.
    serve_mirror '/^    location /,/^    }/d; /ssl_certificate /i root /srv;'
    use_mirror
    echo old >/srv/rds/aws/us-west-2/us-west-2-bundle.pem
    mv "$WWW/aws" "$WWW/gone"
    block sh 5 >"$TMP/block"
    run bash "$TMP/block"
    is "$(cat /srv/rds/aws/us-west-2/us-west-2-bundle.pem)" old \
        'what does not come replaces nothing'
    mv "$WWW/gone" "$WWW/aws"
}

use_mirror() {
    rm -f /etc/default/rdsca
    follow 'a machine uses the mirror' 6
    like "$out" 'from https://mirror.example.com/rds/aws/us-west-2/us-west-2-bundle.pem' \
        '... and no other'
    holds '... all of it' /var/lib/rds-ca us-west-2-bundle.pem
    follow 'the same by its settings' 7
    like "$out" 'us-west-2-bundle.pem: unchanged, confirmed by the server' \
        '... where an ETag is enough'
    follow 'what is stale' 8
    like "$out" "us-west-2-bundle.pem of $(date +%F)" \
        '... shows the day of the last confirmation'
    like "$out" 'nothing expires within 90 days' '... and what expires'
    unlike "$out" /var/lib/rds-ca/ '... and nothing old'
    touch -d '-30 days' /var/lib/rds-ca/us-west-2-bundle.pem
    follow 'after a month' 8
    like "$out" $'\n/var/lib/rds-ca/us-west-2-bundle.pem' '... it is named'
    blocks=$((blocks - 1))
}

# ---- what the page says of a mirror -----------------------------------------

# says NAME STATUS TEXT MIRROR: an update from there.
says() {
    run "$RDSCA" update us-west-2 --settings - --cacert "$CA" --tries 1 \
        --connect-to "127.0.0.1:$PORT" --mirror "$MIRROR/$4"
    [[ $status == "$2" && $out$err == *"$3"* ]]
    ok $? "$1" || show_run
}

pins() {
    blank
    pki_root g2 'Amazon RDS us-west-2 Root CA ECC384 G2'
    { built_in_pem && cat "$PKI/g2.pem"; } | mirrored g2
    built_in_pem | nth_pem 1 | mirrored one
    pki_root none 'Amazon RDS us-west-2 Root CA ECC384 G1' ECC384 '-1 hour'
    mirrored none <"$PKI/none.pem"
    pem_of rds://region/eu-west-1 | mirrored other
    says 'a pinned root is as good as from AWS' 0 '3 pinned' good
    says 'it cannot add a root' 4 ' is new, SHA-256 ' g2
    says 'it can leave out roots' 0 'WITHDRAWN' one
    says '... and that shows' 0 'unchanged, confirmed' one
    says 'it can bring them back' 0 '3 pinned' good
    says 'it cannot leave out the last one' 4 'would lose its last root in force' \
        none
    says '... nor put another region there' 4 'is not of the region' other
    holds '... and the bundle is as it was' /var/lib/rds-ca \
        us-west-2-bundle.pem
}

make_machine
serve
rds_conf "$TMP/openssl.cnf" rds-bundles=/var/lib/rds-ca
make_rdsca
make_regions
serve_mirror ''
by_hand
mirror_of_rdsca
mirror_of_curl
pins
is "$blocks" "$(($(count_blocks sh) + 3))" \
    'every block of the page was run' # 6 to 8 for two mirrors
is "$(count_blocks nginx)" 1 '... and there is one of nginx'

done_testing
