#!/usr/bin/env bash
# shellcheck disable=SC2016 # the dollars are those of Perl
# SPDX-License-Identifier: Apache-2.0
#
# Proves the verdicts of `rdsca probe`: with real PostgreSQL and MariaDB
# servers, and with servers that send each kind of chain; that what it says of
# rds-trust is what rds-trust says, by clause; that its own process may have
# rds-trust in it; and the JSON.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# Debian keeps the server's programs in a folder for each version.
for folder in /usr/lib/postgresql/*/bin; do
    PATH=$folder:$PATH
done
need openssl perl python3
need_module
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=peers.sh
. "$ROOT/tests/rdsca/peers.sh"

ACCOUNT=abc123def.us-west-2.rds.amazonaws.com
HOST=db.cluster-$ACCOUNT
OTHER=db.cluster-zzz999zzz.us-west-2.rds.amazonaws.com
EU_HOST=db.cluster-abc123def.eu-west-1.rds.amazonaws.com
GOV_HOST=db.abc123def.us-gov-west-1.rds.amazonaws.com
WRITER=db.global-abc123def.global.rds.amazonaws.com
# 70 characters, and an identifier as long as RDS allows.
LONG=orders-production-aurora-pg-1.abc123def456.us-west-2.rds.amazonaws.com
LONGEST=orders-production-aurora-postgresql-blue-green-2026-instance-01.abc123def456.us-west-2.rds.amazonaws.com
LONG_READER=${LONG/-1./.cluster-ro-}
ECC=rds-ca-ecc384-g1
ELSEWHERE='check the name, DNS and tunnels'
FOREIGN='a name that is no endpoint in scope'

# ---- chains -----------------------------------------------------------------

make_cas() {
    pki_region us-west-2
    pki_region eu-west-1
    pki_region us-gov-west-1
    pki_region ap-east-9
    # A CA whose time is over, and one whose time has not come.
    pki_root old-root 'Amazon RDS us-west-2 Root CA RSA4096 G1' ECC384 \
        '-1 hour'
    pki_sub old-sub old-root \
        'Amazon RDS us-west-2 Subordinate CA RSA4096 G1.A.1'
    # The name of the root that is at hand, and another key.
    pki_root twin-root 'Amazon RDS us-west-2 Root CA ECC384 G1'
    pki_sub twin-sub twin-root \
        'Amazon RDS us-west-2 Subordinate CA ECC384 G1.A.1'
    # A generation that is not at hand, of a region that is.
    pki_root next-root 'Amazon RDS us-west-2 Root CA ECC384 G2'
    pki_sub next-sub next-root \
        'Amazon RDS us-west-2 Subordinate CA ECC384 G2.A.1'
    pki_root private 'Private Root'
    mkdir "$TMP/west" "$TMP/gov" "$TMP/gov-sub" "$TMP/empty"
    pki_bundle "$TMP/west/us-west-2-bundle.pem" root-us-west-2 old-root
    pki_bundle "$TMP/west/eu-west-1-bundle.pem" root-eu-west-1
    pki_bundle "$TMP/gov/us-gov-west-1-bundle.pem" root-us-gov-west-1 \
        sub-us-gov-west-1
    pki_bundle "$TMP/gov-sub/us-gov-west-1-bundle.pem" sub-us-gov-west-1
}

make_leaves() {
    pki_leaf db us-west-2 "$HOST"
    pki_leaf eu eu-west-1 "$EU_HOST"
    pki_leaf astray eu-west-1 "$HOST"
    pki_leaf gov us-gov-west-1 "$GOV_HOST"
    pki_leaf far ap-east-9 "$HOST"
    pki_leaf expired us-west-2 "$HOST" 'from=-9 days' 'to=-2 days'
    pki_leaf early us-west-2 "$HOST" 'from=+2 days'
    pki_leaf soon us-west-2 "$HOST" 'to=+12 days +1 hour'
    pki_leaf old us-west-2 "$HOST" issuer=old-sub
    pki_leaf twin us-west-2 "$HOST" issuer=twin-sub
    pki_leaf next us-west-2 "$HOST" issuer=next-sub
    pki_leaf mine us-west-2 "$HOST" issuer=private
    pki_leaf mail us-west-2 "$HOST" eku=emailProtection
    pki_leaf mixed us-west-2 "$HOST" "san=DNS:$HOST,DNS:www.example.com"
    pki_leaf unnamed us-west-2 "$HOST" san=none
    pki_leaf writer us-west-2 "$HOST" "san=DNS:$HOST,DNS:$WRITER"
    pki_leaf lone_writer us-west-2 "$WRITER"
    pki_leaf custom us-west-2 db.example.com
    pki_leaf long us-west-2 "$LONG" eku=none usage=none \
        "san=DNS:${LONG/-1./.cluster-},DNS:$LONG_READER,DNS:$LONG"
    pki_leaf longest us-west-2 "$LONGEST" eku=none usage=none
    pki_leaf cut us-west-2 "$LONG" "subject=/CN=${LONG:0:64}"
    pki_key own ECC384
    pki_leaf own us-west-2 "$HOST" issuer=own
}

make_peers() {
    local name

    for name in db expired early soon mail mixed unnamed writer lone_writer \
        custom longest cut; do
        peer $name postgres $name $name sub-us-west-2
    done
    peer direct tls db db sub-us-west-2
    peer long postgres long long sub-us-west-2{,,} root-us-west-2
    peer with_root postgres db db sub-us-west-2 root-us-west-2
    peer eu postgres eu eu sub-eu-west-1
    peer astray postgres astray astray sub-eu-west-1
    peer alone postgres db db
    peer gov postgres gov gov
    peer far postgres far far sub-ap-east-9
    peer old postgres old old old-sub
    peer twin postgres twin twin twin-sub
    peer next postgres next next next-sub
    peer mine postgres mine mine
    peer own postgres own own
    peers
}

# counted NAME LINE: the line says how many days the certificate has left; a
# certificate of whole days loses one with its first second.
counted() {
    local left

    left=$(days_left "$1")
    [[ $2 == *" $left days left"* || $2 == *" $((left + 1)) days left"* ]]
}

# ---- a good server ----------------------------------------------------------

good() {
    local dates

    at db "$HOST"
    verdict 'a good server' 0 "verified by $ECC of us-west-2; use rds://host/$HOST"
    is "$(head -n 1 <<<"$out")" "$HOST" '... the host comes first'
    like "$(line connected)" "127.0.0.1 port ${ports[db]}, PostgreSQL, TLSv1.3, TLS_" \
        '... where it is, and how it speaks'
    is "$(line endpoint)" \
        'RDS or Aurora in us-west-2, account label abc123def' \
        '... what the name says'
    dates="$(day db notBefore) to $(day db notAfter)"
    like "$(line 'chain 0')" "'$HOST' issued by 'Amazon RDS us-west-2 Subordinate CA ECC384 G1.A.1', $dates, " \
        '... its certificate'
    counted db "$(line 'chain 0')"
    ok $? '... and its days' || show_run
    is "$(line names)" "'$HOST'" '... and its names'
    like "$(line 'chain 1')" "'Amazon RDS us-west-2 Subordinate CA ECC384 G1.A.1' issued by 'Amazon RDS us-west-2 Root CA ECC384 G1', " \
        '... the subordinate'
    is "$(line 'chain 2')" '' '... and no more'
    is "$(line anchor | sed 's/ [0-9]* days/ N days/')" "us-west-2, us-west-2-bundle.pem of $(date -u +%Y-%m-%d), $(day root-us-west-2 notBefore) to $(day root-us-west-2 notAfter), N days left, SHA-256 $(pki_sha256 root-us-west-2)" \
        '... the anchor'
    counted root-us-west-2 "$(line anchor)"
    ok $? '... and its days' || show_run
    is "$(line CA)" $ECC '... the CA identifier'
    is "$(line rds-trust)" "rds://host/$HOST (recommended): would trust" \
        '... and what rds-trust says'
    is "$(peer_saw db)" "0 $HOST" \
        'the name is asked for, and nothing is sent in TLS'
    at db "${HOST^^}."
    verdict 'capitals and a final dot' 0 "verified by $ECC of us-west-2; use rds://host/$HOST"
    at with_root "$HOST"
    verdict 'a server that sends its root, too' 0 \
        "verified by $ECC of us-west-2; use rds://host/$HOST"
    at direct "$HOST" --protocol tls
    verdict 'TLS from the first byte' 0 \
        "verified by $ECC of us-west-2; use rds://host/$HOST"
    like "$(line connected)" 'TLS without STARTTLS, TLSv1.3' '... is told'
}

# As real servers are: whole common names beyond the 64 characters of RFC 5280,
# no usages, subordinates sent twice, the root sent.
long_names() {
    local name

    at long "$LONG_READER"
    verdict "a common name of ${#LONG} characters" 0 \
        "verified by $ECC of us-west-2; use rds://host/$LONG_READER"
    like "$(line 'chain 0')" "'$LONG' issued by 'Amazon RDS us-west-2 Sub" \
        '... shown whole'
    is "$(line names)" "'${LONG/-1./.cluster-}', '$LONG_READER', '$LONG'" \
        '... beside the names'
    is "$(line rds-trust)" "rds://host/$LONG_READER (recommended): would trust" \
        '... and what rds-trust says'
    at longest "$LONGEST"
    verdict "a common name of ${#LONGEST} characters" 0 \
        "verified by $ECC of us-west-2; use rds://host/$LONGEST"
    like "$(line 'chain 0')" "'$LONGEST' issued by " '... shown whole'
    at longest --json "$LONGEST"
    is "$(json '$d->{hosts}[0]{chain}[0]{cn}, $d->{hosts}[0]{trust}[0]{trusts}')" \
        "$LONGEST 1" '... and in JSON'
    at cut "$LONG"
    name=${LONG:0:64}
    is "$(line rds-trust)" "rds://host/$LONG (recommended): would refuse: name '$name', clause: a common name that is no endpoint in scope" \
        'a common name cut at 64 characters'
}

# day NAME notBefore/notAfter: as 2026-11-23.
day() {
    date -u -d "$(openssl x509 -in "$PKI/$1.pem" -noout -dates |
        sed -n "s/^$2=//p")" +%Y-%m-%d
}

# Whole days; a second may have passed since the probe.
days_left() {
    echo $((($(date -d "$(openssl x509 -in "$PKI/$1.pem" -noout -enddate |
        cut -d = -f 2)" +%s) - $(date +%s)) / 86400))
}

# ---- other verdicts ---------------------------------------------------------

regions() {
    at astray "$HOST"
    verdict 'the CA of another region' 1 "the name is of us-west-2, but its certificate is by $ECC of eu-west-1; no rds: URI trusts that: $ELSEWHERE"
    is "$(line rds-trust)" "rds://host/$HOST (recommended): would refuse: in scope, but the root of this chain, $ECC of eu-west-1, is none that this URI gives for these names" \
        '... which rds-trust refuses'
    at eu "$HOST"
    verdict 'a server of another region' 1 "the certificate is for '$EU_HOST', by $ECC of eu-west-1, not for '$HOST' (the name is of us-west-2); $ELSEWHERE"
    at far "$HOST"
    verdict 'a CA of a region that is not at hand, with another name' 1 \
        "its root 'Amazon RDS ap-east-9 Root CA ECC384 G1', $ECC of ap-east-9 (the name is of us-west-2), is not at hand; run 'rdsca update ap-east-9'"
    is "$(line anchor)" 'none at hand' '... has no anchor'
    is "$(line CA)" "$ECC, by its name alone" '... but claims a CA'
}

names() {
    at db "$OTHER"
    verdict 'another host' 1 "the certificate is for '$HOST', by $ECC of us-west-2, not for '$OTHER'; $ELSEWHERE"
    is "$(line rds-trust)" "rds://host/$OTHER (recommended): would refuse: name '$HOST', clause: $FOREIGN" \
        '... out of the scope of its account'
    at db db.example.com
    verdict 'a name that is no endpoint' 1 "'db.example.com' is not the name of an endpoint; the server is '$HOST': clients must connect by that name, with rds://host/$HOST"
    is "$(line rds-trust)" "rds://host/$HOST (recommended): would refuse: name 'db.example.com', clause: the application expects another identity" \
        '... and what rds-trust says of it'
    probe "127.0.0.1:${ports[db]}" --protocol postgres
    verdict 'an address' 1 "'127.0.0.1' is not the name of an endpoint; the server is '$HOST': clients must connect by that name, with rds://host/$HOST"
    is "$(line rds-trust)" "rds://host/$HOST (recommended): would refuse: clause: the application expects another identity" \
        '... and what rds-trust says of it'
    is "$(peer_saw db)" '0 None' '... which is not asked for in TLS'
    at custom db.example.com
    verdict 'a name of its own' 1 "verified by $ECC of us-west-2, but 'db.example.com' is not the name of an endpoint, so rds-trust never helps it; rds://all does as a CA store"
    at custom "$HOST"
    verdict 'an endpoint that is not in the certificate' 1 "the certificate, of 'db.example.com' by $ECC of us-west-2, is not for '$HOST'; $ELSEWHERE"
    at writer "$WRITER"
    verdict 'a global writer: the regional endpoint is named' 0 \
        "verified by $ECC of us-west-2; use rds://host/$HOST"
    at lone_writer "$WRITER"
    verdict 'a global writer alone' 1 "verified by $ECC of us-west-2, but rds-trust takes no global writer's name, and the certificate has no other; rds://host/$WRITER does as a CA store"
}

dates() {
    local now

    at expired "$HOST"
    verdict_like 'a certificate that has expired' 1 \
        "the server's certificate expired on $(day expired notAfter); rotate it (this machine's clock says "
    now=$(line verdict) now=${now##* says } now=${now%)}
    ((took = $(date +%s) - $(date -u -d "$now" +%s), took >= 0 && took < 20))
    ok $? '... with the time of this machine'
    like "$(line 'chain 0')" ', expired' '... in the chain, too'
    is "$(line rds-trust)" "rds://host/$HOST (recommended): would refuse: in scope, but OpenSSL says: certificate has expired" \
        '... which rds-trust does not change'
    at early "$HOST"
    verdict_like 'a certificate whose time has not come' 1 \
        "the server's certificate is valid from $(day early notBefore) on only; is this machine's clock right? It says "
    like "$(line 'chain 0')" ', not yet valid' '... in the chain, too'
    at old "$HOST"
    verdict_like 'a CA that has expired' 1 "rds-ca-rsa4096-g1 of us-west-2 expired on $(day old-root notAfter); move the server to a CA in force, as by modify-db-instance --ca-certificate-identifier (this "
    is "$(line CA)" rds-ca-rsa4096-g1 '... is named'
    at soon "$HOST"
    verdict 'a certificate that expires soon' 1 "verified by $ECC of us-west-2, but the server's certificate expires on $(day soon notAfter), in 12 days; rotate it before"
    at soon "$HOST" --expiring 12
    verdict '... is fine for who looks 12 days ahead' 0 \
        "verified by $ECC of us-west-2; use rds://host/$HOST"
    at db "$HOST" --expiring 400
    verdict_like '... and a good one is not for who looks 400 ahead' 1 \
        'expires on'
    at db "$HOST" --expiring 100000
    verdict_like 'the certificate that expires first is named' 1 \
        "but the server's certificate expires on $(day db notAfter)"
}

issuers() {
    at twin "$HOST"
    verdict 'a root of the same name with another key' 1 "its CA has the name of $ECC of us-west-2, but not the key that is at hand; run 'rdsca update us-west-2', and if that does not help it is not AWS's server"
    at db "$HOST" --directory "$TMP/empty"
    verdict_like 'the same for a set that is stale' 1 "run 'rdsca update us-west-2'"
    at next "$HOST"
    verdict 'a generation that is not at hand' 1 "its root 'Amazon RDS us-west-2 Root CA ECC384 G2', rds-ca-ecc384-g2 of us-west-2, is not at hand; run 'rdsca update us-west-2'"
    at alone "$HOST"
    verdict 'a server that sends no intermediate' 1 "the server does not send 'Amazon RDS us-west-2 Subordinate CA ECC384 G1.A.1', which issued its certificate, so no client can build the chain; rotate the server's certificate"
    is "$(line CA)" "$ECC, by its name alone" '... whose CA is known by name'
    at own "$HOST"
    verdict 'a self-signed certificate' 1 "the server's certificate is self-signed, so nobody vouches for it; RDS servers have no such ones: $ELSEWHERE"
    at mine "$HOST"
    verdict 'a private CA' 1 "its issuer 'Private Root' is no RDS CA, and no intermediate is sent: not AWS's server, or something in between intercepts TLS; $ELSEWHERE"
    is "$(line CA)" unknown '... is no CA of ours'
    at mine db.example.com
    verdict 'a private CA and a name that is no endpoint' 1 "its issuer 'Private Root' is no RDS CA, and no intermediate is sent; rds: URIs do not help there, give clients the file of that CA"
    at mail "$HOST"
    verdict_like 'a certificate for another purpose' 1 "the chain to $ECC of us-west-2 does not verify: uns"
    like "$(line verdict)" 'certificate purpose' '... which is told'
    is "$(line rds-trust)" "rds://host/$HOST (recommended): would refuse: name '$HOST', clause: not for TLS servers (extended key usage)" \
        '... by its clause'
}

# GovCloud's bundles have the intermediates, and rds-trust offers roots only.
gov() {
    at gov "$GOV_HOST" --directory "$TMP/empty"
    verdict 'GovCloud: a leaf alone' 1 "the server does not send 'Amazon RDS us-gov-west-1 Subordinate CA ECC384 G1.A.1', which issued its certificate; AWS's file for GovCloud may hold it: run 'rdsca update us-gov-west-1'"
    at gov "$GOV_HOST" --directory "$TMP/gov"
    verdict '... which the bundle completes, but not for rds-trust' 1 \
        "verified by $ECC of us-gov-west-1, but rds-trust = rds://host/$GOV_HOST would refuse: in scope, but no root at hand is that of this chain"
    at gov "$GOV_HOST" --directory "$TMP/gov-sub"
    verdict_like '... but not without its root' 1 \
        "run 'rdsca update us-gov-west-1'"
    is "$(line anchor)" 'none at hand' '... since an intermediate is no anchor'
}

# ---- rds-trust --------------------------------------------------------------

# says NAME URI TEXT: what rds-trust = URI says of the server NAME.
says() {
    at "$1" "$HOST" --trust "$2"
    is "$(line rds-trust | head -n 1)" "$2 (in force): $3" \
        "$1, rds-trust = $2: ${3%%:*}"
}

trust() {
    says db rds://region/us-west-2 'would trust'
    verdict '... and then the verdict is good' 0 \
        "verified by $ECC of us-west-2; rds-trust covers it"
    is "$(line rds-trust | tail -n 1)" \
        "rds://host/$HOST (recommended): would trust" \
        '... and the recommended one stands beside it'
    says db rds://all+proxy 'would trust'
    says db "rds://region/us-west-2/$ECC" 'would trust'
    says db "rds://sha256/$(pki_sha256 root-us-west-2)" 'would trust'
    at db "$HOST" --trust "rds://host/$HOST"
    is "$(line rds-trust)" "rds://host/$HOST (in force, recommended): would trust" \
        'the recommended one in force stands there once'
    says db rds://region/eu-west-1 \
        "would refuse: name '$HOST', clause: $FOREIGN"
    verdict '... and then it is not' 1 "verified by $ECC of us-west-2, but rds-trust = 'rds://region/eu-west-1' does not cover it; use rds://host/$HOST"
    says db "rds://host/$OTHER" "would refuse: name '$HOST', clause: $FOREIGN"
    says db rds://proxy "would refuse: in scope, but the root of this chain, $ECC of us-west-2, is none that this URI gives for these names"
    says db rds://region/us-west-2/rds-ca-rsa2048-g1 "would refuse: region 'us-west-2' has no certificate of 'rds-ca-rsa2048-g1'"
    says db "rds://sha256/$(pki_sha256 root-eu-west-1)" "would refuse: in scope, but the root of this chain, $ECC of us-west-2, is none that this URI gives for these names"
    says db 'rds://all?role=intermediate' \
        'would refuse: role=intermediate trusts nothing: only roots are offered'
    says mixed rds://all "would refuse: name 'www.example.com', clause: $FOREIGN"
    verdict 'a certificate that rds-trust always refuses' 1 "verified by $ECC of us-west-2, but rds-trust = rds://host/$HOST would refuse: name 'www.example.com', clause: $FOREIGN"
    says unnamed rds://all 'would refuse: clause: no subjectAltName extension'
    at db "$HOST" --trust $'rds://x\033y'
    like "$(line rds-trust | head -n 1)" 'rds://x\x1by (in force): would refuse: ' \
        'a URI that cannot be read'
    verdict_like '... is a finding' 1 "rds-trust = 'rds://x\\x1by' does not cover it"
    agrees
}

# What the module itself does with each of these servers.
agrees() {
    local name uri said

    for name in db astray mixed unnamed mail expired writer twin; do
        for uri in "rds://host/$HOST" rds://region/us-west-2 rds://all \
            rds://proxy "rds://host/$OTHER"; do
            use_conf "rds-bundles=$TMP/west"
            at "$name" "$HOST" --trust "$uri"
            said=$(line rds-trust | sed -n '1s/.*): \(would [a-z]*\).*/\1/p')
            use_conf "rds-bundles=$TMP/west" "rds-trust=$uri"
            s_client postgres "${ports[$name]}" "$HOST"
            is "$said" "$([[ $out == *'Verification: OK'* ]] &&
                echo would trust || echo would refuse)" \
                "$name under $uri: as the module does"
        done
    done
    use_conf "rds-bundles=$TMP/west"
}

# The configured rds-trust, in a process that has it loaded: what it would add
# to every store of the process must not add to the verdict.
loaded() {
    local log=$TMP/provider.log

    use_conf "rds-bundles=$TMP/west" rds-trust=rds://all+proxy
    RDS_PROVIDER_DEBUG=file:$log,level:3 at db "$HOST"
    verdict 'rds-trust is loaded: a good server' 0 \
        "verified by $ECC of us-west-2; rds-trust covers it"
    like "$(line rds-trust)" 'rds://all+proxy (in force): would trust' \
        '... the configured one is in force'
    rm -f "$log"
    RDS_PROVIDER_DEBUG=file:$log,level:3 at db "$HOST" --directory "$TMP/empty"
    verdict_like '... a root that only rds-trust has does not count' 1 \
        'but not the key that is at hand'
    like "$(<"$log")" 'rds-trust: rds://all+proxy' '... and it was loaded'
    unlike "$(<"$log")" ' trust: ' '... but never asked'
    at db "$HOST" --directory "$TMP/west" --trust rds://region/eu-west-1
    like "$(line rds-trust)" 'rds://region/eu-west-1 (in force)' \
        '--trust stands in its place'
    unlike "$(line rds-trust)" 'all+proxy' '... alone'
    use_conf "rds-bundles=$TMP/west" rds-trust=rds://host/db.example.com
    at db "$HOST"
    like "$(line rds-trust | head -n 1)" "rds://host/db.example.com (in force): would refuse: " \
        'a configured URI that cannot be used'
    verdict_like '... is a finding' 1 'does not cover it'
    use_conf "rds-bundles=$TMP/west"
}

# ---- JSON -------------------------------------------------------------------

json_good() {
    at db --json "$HOST:5432"
    is "$status,$err" 0, '--json answers'
    is "$(json 'join ",", sort keys %$d')" directory,hosts,schema,time \
        '... with these members'
    is "$(json '$d->{schema}, $d->{directory}, scalar @{$d->{hosts}}')" \
        "1 $TMP/west 1" '... schema 1'
    is "$(json 'join ",", sort keys %{$d->{hosts}[0]}')" \
        'address,anchor,ca,chain,endpoint,exit,host,port,protocol,text,tls,trust,verdict' \
        '... and these of a host'
    is "$(json 'map { $d->{hosts}[0]{$_} } qw(host address port protocol ca verdict exit)')" \
        "$HOST 127.0.0.1 ${ports[db]} postgres $ECC verified 0" '... its facts'
    is "$(json '$d->{hosts}[0]{text}')" \
        "verified by $ECC of us-west-2; use rds://host/$HOST" '... the verdict'
    is "$(json 'map { $d->{hosts}[0]{endpoint}{$_} } qw(kind region partition label)')" \
        'RDS or Aurora us-west-2 aws abc123def' '... the endpoint'
    is "$(json '$d->{hosts}[0]{tls}{version}')" TLSv1.3 '... TLS'
    is "$(json 'map { $_->{sha256} } @{$d->{hosts}[0]{chain}}')" \
        "$(pki_sha256 db) $(pki_sha256 sub-us-west-2)" '... the chain'
    is "$(json 'join ",", sort keys %{$d->{hosts}[0]{chain}[0]}')" \
        cn,days_left,issuer,issuer_cn,key,names,not_after,not_before,sha256,subject \
        '... the members of a certificate'
    is "$(json 'map { $d->{hosts}[0]{chain}[0]{$_} } qw(cn issuer_cn key days_left)')" \
        "$HOST Amazon RDS us-west-2 Subordinate CA ECC384 G1.A.1 EC P-384 $(days_left db)" \
        '... its facts'
    is "$(json 'map { $d->{hosts}[0]{chain}[0]{$_} } qw(subject issuer)')" \
        "$(openssl x509 -in "$PKI/db.pem" -noout -subject -issuer -nameopt RFC2253 | sed 's/^[a-z]*=//' | tr '\n' ' ' | sed 's/ $//')" \
        '... its Names as openssl has them'
    is "$(json '@{$d->{hosts}[0]{chain}[0]{names}}')" "$HOST" '... its names'
    is "$(json 'map { $d->{hosts}[0]{anchor}{$_} } qw(ca region family source file sha256)')" \
        "$ECC us-west-2 rds directory us-west-2-bundle.pem $(pki_sha256 root-us-west-2)" \
        '... the anchor'
    is "$(json 'map { $d->{hosts}[0]{trust}[0]{$_} } qw(uri in_force recommended trusts clause name text)')" \
        "rds://host/$HOST 0 1 1 null null would trust" '... rds-trust'
}

json_bad() {
    at db --json db.example.com --trust rds://region/eu-west-1
    is "$status $(json 'map { $d->{hosts}[0]{$_} } qw(host endpoint verdict exit)')" \
        '1 db.example.com null no-endpoint 1' 'JSON of a bad verdict'
    is "$(json 'map { $_->{uri}, $_->{in_force}, $_->{recommended}, $_->{trusts}, $_->{clause}, $_->{name} } @{$d->{hosts}[0]{trust}}')" \
        "rds://region/eu-west-1 1 0 0 $FOREIGN $HOST rds://host/$HOST 0 1 0 the application expects another identity db.example.com" \
        '... the clauses'
    at far --json "$HOST"
    is "$(json 'map { $d->{hosts}[0]{$_} } qw(ca anchor verdict)')" \
        "$ECC null not-at-hand" '... a claim without an anchor'
}

# Several hosts, and the worst of them.
several() {
    local closed

    closed=$(free_port)
    probe "127.0.0.1:${ports[db]}" "localhost:$closed" \
        "127.0.0.1:${ports[own]}" --protocol postgres
    is "$status" 3 'of a finding and an unreachable host the latter counts'
    is "$(grep -c '^$' <<<"$out")" 2 '... with a blank line between hosts'
    is "$(grep -v '^ \|^$' <<<"$out")" "127.0.0.1:${ports[db]}
localhost:$closed
127.0.0.1:${ports[own]}" '... in their order'
    is "$(line verdict | wc -l)" 3 '... each with a verdict'
    at db "$HOST" "$OTHER"
    is "$status" 1 'of a good host and a bad one the latter counts'
    at db --json "$HOST" "$OTHER" "$HOST"
    is "$status $(json 'map { $_->{verdict} } @{$d->{hosts}}')" \
        '1 verified other-name verified' '... in JSON, too'
    probe --json "127.0.0.1:${ports[db]}" "127.0.0.1:$closed" \
        --protocol postgres
    is "$status $(json 'map { $_->{port}, $_->{verdict}, $_->{exit} } @{$d->{hosts}}')" \
        "3 ${ports[db]} no-endpoint 1 $closed unreachable 3" \
        '... and each has its exit code'
    is "$(json 'map { $d->{hosts}[1]{$_} } qw(address protocol tls ca anchor)')" \
        'null null null null null' '... what is not known is null'
}

# ---- real servers -----------------------------------------------------------

real_postgres() {
    local data=$TMP/pgdata port as ssl

    has initdb 'a real PostgreSQL' && has postgres 'a real PostgreSQL' ||
        return
    as_user postgres
    mkdir -m 700 "$data"
    ((EUID != 0)) || chown postgres "$data"
    run "${as[@]}" initdb -D "$data" -U test -A trust -E UTF8 --no-locale \
        --no-sync
    ok "$status" initdb || return
    install -m 600 "$TMP/db-chain.pem" "$data/server.crt"
    install -m 600 "$PKI/db.key" "$data/server.key"
    ((EUID != 0)) || chown postgres "$data"/server.*
    for ssl in on off; do
        port=$(free_port)
        start "$TMP/postgres.log" "${as[@]}" postgres -D "$data" -p "$port" \
            -h 127.0.0.1 -c unix_socket_directories= -c ssl=$ssl \
            -c fsync=off -c ssl_cert_file=server.crt \
            -c ssl_key_file=server.key -c shared_buffers=1MB
        wait_port "$port" "$pid" "$TMP/postgres.log"
        ok $? "PostgreSQL starts, TLS $ssl" || return
        if [[ $ssl == on ]]; then
            postgres_with_tls "$port"
        else
            postgres_without "$port"
        fi
        stop "$pid"
    done
}

postgres_with_tls() {
    local protocol

    for protocol in auto postgres; do
        probe --connect-to "127.0.0.1:$1" --protocol $protocol "$HOST"
        verdict "PostgreSQL, --protocol $protocol" 0 \
            "verified by $ECC of us-west-2; use rds://host/$HOST"
        like "$(line connected)" "127.0.0.1 port $1, PostgreSQL, TLSv1." \
            '... is what it is'
    done
    probe --connect-to "127.0.0.1:$1" --protocol mysql --timeout 2 "$HOST"
    verdict 'PostgreSQL is no MySQL' 3 \
        'unreachable: the server accepts the connection and then keeps silent'
}

postgres_without() {
    local protocol

    for protocol in auto postgres; do
        probe --connect-to "127.0.0.1:$1" --protocol $protocol "$HOST"
        verdict "PostgreSQL without TLS, --protocol $protocol" 1 \
            'the server offers no TLS, so nobody knows who answers; RDS always can: set rds.force_ssl=1 (MySQL: require_secure_transport=ON), or see what stands in between'
    done
}

real_mariadb() {
    local data=$TMP/mydata port as ssl

    has mariadbd 'a real MariaDB' && has mariadb-install-db 'a real MariaDB' ||
        return
    as_user mysql
    mkdir -m 700 "$data"
    ((EUID != 0)) || chown mysql "$data"
    # It is slow where the disk is.
    RUN_SECONDS=180 run "${as[@]}" mariadb-install-db --no-defaults \
        --datadir="$data" --auth-root-authentication-method=normal \
        --skip-test-db --innodb-log-file-size=4M
    ok "$status" mariadb-install-db || return
    install -m 600 "$TMP/db-chain.pem" "$data/server.crt"
    install -m 600 "$PKI/db.key" "$data/server.key"
    ((EUID != 0)) || chown mysql "$data"/server.*
    for ssl in on off; do
        local -a options=(--skip-ssl)

        [[ $ssl == off ]] || options=("--ssl-cert=$data/server.crt"
            "--ssl-key=$data/server.key")
        port=$(free_port)
        start "$TMP/mariadb.log" "${as[@]}" mariadbd --no-defaults \
            --datadir="$data" --bind-address=127.0.0.1 --port="$port" \
            --socket=s.sock --pid-file="$data/pid" --skip-log-bin \
            --innodb-buffer-pool-size=8M --innodb-log-file-size=4M \
            "${options[@]}"
        wait_port "$port" "$pid" "$TMP/mariadb.log"
        ok $? "MariaDB starts, TLS $ssl" || return
        if [[ $ssl == on ]]; then
            mariadb_with_tls "$port"
        else
            mariadb_without "$port"
        fi
        stop "$pid"
    done
}

mariadb_with_tls() {
    local protocol

    for protocol in auto mysql; do
        probe --connect-to "127.0.0.1:$1" --protocol $protocol "$HOST"
        verdict "MariaDB, --protocol $protocol" 0 \
            "verified by $ECC of us-west-2; use rds://host/$HOST"
        like "$(line connected)" "127.0.0.1 port $1, MySQL, TLSv1." \
            '... is what it is'
    done
    probe --connect-to "127.0.0.1:$1" --protocol postgres "$HOST"
    [[ $status == 1 && $(line verdict) == "the server says '"*"', which is not what PostgreSQL says; --protocol says what the server speaks" ]]
    ok $? 'MariaDB is no PostgreSQL' || show_run
}

mariadb_without() {
    probe --connect-to "127.0.0.1:$1" "$HOST"
    verdict_like 'MariaDB without TLS' 1 \
        'the server offers no TLS, so nobody knows who answers'
}

use_conf "rds-bundles=$TMP/west"
make_cas
make_leaves
make_peers
good
long_names
regions
names
dates
issuers
gov
trust
loaded
json_good
json_bad
several
real_postgres
real_mariadb
done_testing
