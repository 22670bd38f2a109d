#!/usr/bin/env bash
# shellcheck disable=SC2016 # the dollars are those of Perl
# SPDX-License-Identifier: Apache-2.0
#
# Proves that `rdsca probe` finds its way to a server: ports, protocols,
# addresses, lists of hosts; that odd and hostile servers get a verdict in
# bounded time, and nothing of what they send reaches a terminal or breaks the
# JSON; and each wrong usage.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
need openssl perl python3
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=peers.sh
. "$ROOT/tests/rdsca/peers.sh"

HOST=db.cluster-abc123def.us-west-2.rds.amazonaws.com
GOOD="verified by rds-ca-ecc384-g1 of us-west-2; use rds://host/$HOST"
CONTROL='[^[:print:]]'

make_peers() {
    local mode

    pki_region us-west-2
    pki_leaf db us-west-2 "$HOST"
    mkdir "$TMP/west"
    pki_bundle "$TMP/west/us-west-2-bundle.pem" root-us-west-2
    make_hostile
    peer postgres postgres db db sub-us-west-2
    peer mysql mysql db db sub-us-west-2
    peer tls tls db db sub-us-west-2
    peer patient patient db db sub-us-west-2
    peer long tls db db sub-us-west-2{,,,,,,,,,,,,,,,}
    peer longest tls db db sub-us-west-2{,,,,,,,,,,,,,,}
    for mode in no error letter smuggle plain blocked many huge large banner \
        close silent drip drip_tls hang_tls close_tls garbage_tls full; do
        odd $mode $mode
    done
    # 127/8 is this machine; nobody listens there by chance.
    peer_at at_3306 mysql 127.31.7.1 3306 db db sub-us-west-2
    peer_at both_5432 postgres 127.31.7.2 5432 db db sub-us-west-2
    peer_at both_3306 mysql 127.31.7.2 3306 db db sub-us-west-2
    odd full_5432 full 127.31.7.3 5432
    peer_at full_3306 mysql 127.31.7.3 3306 db db sub-us-west-2
    peers
}

# ---- finding the server -----------------------------------------------------

# free_places NAME: skips where somebody else has one of the fixed ports.
free_places() {
    [[ " ${ports[*]} " != *' taken '* ]] && return
    skip "$1" 'a port at 127.31.7.1 to 3 is taken'
    return 1
}

default_ports() {
    free_places 'ports by default' || return
    probe --connect-to 127.31.7.1 "$HOST"
    verdict 'without a port: 5432 is refused, 3306 is taken' 0 "$GOOD"
    like "$(line connected)" '127.31.7.1 port 3306, MySQL, ' '... as MySQL'
    probe --connect-to 127.31.7.2 "$HOST"
    verdict '... and 5432 comes first' 0 "$GOOD"
    like "$(line connected)" '127.31.7.2 port 5432, PostgreSQL, ' \
        '... as PostgreSQL'
    probe --connect-to 127.31.7.2 --protocol mysql "$HOST"
    like "$(line connected)" '127.31.7.2 port 3306, MySQL, ' \
        '--protocol mysql: 3306 only'
    probe --connect-to 127.31.7.1 --protocol postgres "$HOST"
    verdict '--protocol postgres: 5432 only' 3 \
        'unreachable: 127.31.7.1 port 5432: Connection refused'
    probe --connect-to 127.31.7.4 "$HOST"
    verdict 'neither port' 3 'unreachable: 127.31.7.4 port 5432: Connection refused, 127.31.7.4 port 3306: Connection refused'
    probe --connect-to 127.31.7.3 --timeout 4 "$HOST"
    verdict 'a firewall at 5432 leaves time for 3306' 0 "$GOOD"
    like "$(line connected)" 'port 3306, MySQL, ' '... which is found'
    ((took <= 10))
    ok $? '... in time' || diag "took $took seconds"
    probe 127.31.7.2
    like "$(line connected)" '127.31.7.2 port 5432, PostgreSQL' \
        'an address without a port'
    probe 127.31.7.2:3306
    like "$(line connected)" '127.31.7.2 port 3306, MySQL' \
        'an address with a port'
}

protocols() {
    local name

    for name in postgres mysql tls; do
        probe --connect-to "127.0.0.1:${ports[$name]}" "$HOST"
        verdict "auto: $name" 0 "$GOOD"
        probe --json --connect-to "127.0.0.1:${ports[$name]}" "$HOST"
        is "$(json '$d->{hosts}[0]{protocol}')" $name '... is found out'
        probe --connect-to "127.0.0.1:${ports[$name]}" --protocol $name "$HOST"
        verdict "--protocol $name" 0 "$GOOD"
    done
    probe --connect-to "127.0.0.1:${ports[patient]}" --timeout 6 "$HOST"
    verdict 'auto: a TLS server that waits for more' 0 "$GOOD"
    # The port of the name counts, not that of the tunnel.
    probe --connect-to "127.0.0.1:${ports[tls]}" "$HOST:27017"
    verdict 'a known port' 0 "$GOOD"
    is "$(head -n 1 <<<"$out")" "$HOST:27017" '... is shown'
    probe --connect-to "127.0.0.1:${ports[postgres]}" "$HOST:27017"
    verdict '... and is not asked what it speaks' 3 \
        'unreachable: the server closes the connection in the TLS handshake'
    probe --connect-to "127.0.0.1:${ports[postgres]}" "$HOST:3306" --timeout 2
    verdict 'a known port with something else behind it' 3 \
        'unreachable: the server accepts the connection and then keeps silent'
}

addresses() {
    local port

    port=$(perl -MIO::Socket::IP -e 'my $s = IO::Socket::IP->new(Listen => 1,
        LocalHost => "::1", LocalPort => 0) or exit; print $s->sockport')
    if [[ -z $port ]]; then
        skip 'IPv6' 'no ::1'
    else
        probe "[::1]:$port"
        verdict 'IPv6 with a port' 3 \
            "unreachable: ::1 port $port: Connection refused"
        is "$(head -n 1 <<<"$out")" "[::1]:$port" '... shown as given'
        probe --connect-to "[::1]:$port" --json ::1
        is "$(json 'map { $d->{hosts}[0]{$_} } qw(host text)')" \
            "::1 unreachable: ::1 port $port: Connection refused" \
            '... and without brackets'
    fi
    probe --connect-to "localhost:${ports[postgres]}" --protocol postgres "$HOST"
    verdict 'a name that has several addresses' 0 "$GOOD"
    probe nowhere.invalid
    verdict_like 'a name that is none' 3 \
        "unreachable: cannot resolve 'nowhere.invalid': "
}

# A resolver that does not answer.
slow_names() {
    cat >"$TMP/slow.c" <<'END'
#define _GNU_SOURCE
#include <netdb.h>
#include <unistd.h>
int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **out)
{
    (void)node, (void)service, (void)hints, (void)out;
    sleep(60);
    return EAI_AGAIN;
}
END
    if ! has cc 'slow name servers' ||
        ! compile "$TMP/slow.so" "$TMP/slow.c" -shared -fPIC; then
        return
    fi
    LD_PRELOAD=$TMP/slow.so probe --timeout 1 "$HOST"
    verdict 'name servers that do not answer' 3 "unreachable: cannot resolve '$HOST': the name servers take too long"
    ((took <= 10))
    ok $? '... cost no more than the timeout' || diag "took $took seconds"
}

# ---- odd servers ------------------------------------------------------------

# meets NAME STATUS TEXT ARGUMENT...: the verdict on an odd server, word for
# word, in no more than 10 seconds: without a bound it would be the 30 of run.
meets() {
    local name=$1 expected=$2 text=$3

    shift 3
    at "$name" --timeout 1 "$@" "$HOST"
    verdict "$name ${*:-postgres}: ${text:0:40}" "$expected" "$text"
    ((took <= 10)) || { ok 1 '... in time' && diag "took $took seconds"; }
    grep -q "$CONTROL" <<<"$out"
    (($? == 1))
    ok $? '... without control characters'
}

odd_servers() {
    local hint='--protocol says what the server speaks' my='--protocol mysql'
    local silent='unreachable: the server accepts the connection and then keeps silent'
    local closes='unreachable: the server closes the connection before TLS begins'
    local no_tls='the server offers no TLS, so nobody knows who answers; RDS always can: set rds.force_ssl=1 (MySQL: require_secure_transport=ON), or see what stands in between'

    meets no 1 "$no_tls"
    meets error 3 "the server turns us away: 'could not fork \\x1b[31mnew process'; try again later"
    meets letter 1 "the server says '\\x1b', which is not what PostgreSQL says; $hint"
    meets close 3 "$closes"
    meets silent 3 "$silent"
    meets full 3 "unreachable: 127.0.0.1 port ${ports[full]}: no answer (a firewall or a security group?)"
    # shellcheck disable=SC2086 # two words
    {
        meets plain 1 "$no_tls" $my
        meets blocked 3 "the server turns us away: 'Host \\x27x\\x27 is blocked'; try again later" $my
        meets many 3 "the server turns us away: 'Too many connections'; try again later" $my
        meets huge 1 "the server says '\\xff\\xff\\xff\\x00', which is not what MySQL says; $hint" $my
        meets banner 1 "the server says 'SSH-', which is not what MySQL says; $hint" $my
        meets close 3 "$closes" $my
        meets silent 3 "$silent" $my
        meets drip 3 "$silent" $my
        at large $my "$HOST"
        verdict_like 'a large packet that is no greeting' 1 \
            "the server says '\\x0axxxxxxx"
    }
    meets drip_tls 3 'unreachable: the server takes too long in the TLS handshake'
    meets hang_tls 3 'unreachable: the server takes too long in the TLS handshake'
    meets close_tls 3 'unreachable: the server closes the connection in the TLS handshake'
    meets garbage_tls 1 "the TLS handshake fails: wrong version number; $hint"
    meets smuggle 1 "the TLS handshake fails: wrong version number; $hint"
}

# The same servers, when nobody says what they are.
odd_guesses() {
    local hint='--protocol says what the server speaks'

    meets banner 1 "the server says 'SSH-', which is not what MySQL says; $hint" --protocol auto
    meets blocked 3 "the server turns us away: 'Host \\x27x\\x27 is blocked'; try again later" --protocol auto
    meets no 1 'the server offers no TLS, so nobody knows who answers; RDS always can: set rds.force_ssl=1 (MySQL: require_secure_transport=ON), or see what stands in between' --protocol auto
    meets silent 3 'unreachable: the server takes too long in the TLS handshake' --protocol auto
    meets letter 3 'unreachable: the server closes the connection in the TLS handshake' --protocol auto
}

chains() {
    at long --protocol tls "$HOST"
    verdict 'a chain of 17' 1 'the server sends 17 certificates; 1 to 16 are read; --protocol says what the server speaks'
    at longest --protocol tls "$HOST"
    verdict 'a chain of 16' 0 "$GOOD"
}

# ---- hostile certificates ---------------------------------------------------

# The bytes of a name, in hexadecimal, as a subjectAltName of these names.
raw_san() {
    perl -e '
        sub der { my ($tag, $value) = @_; my $n = length $value;
            my $size = $n < 128 ? chr $n : $n < 256 ? "\x81" . chr $n
                : "\x82" . pack("n", $n);
            $tag . $size . $value }
        my $all = join "", map { s/\\x(..)/chr hex $1/ger }
            map { der("\x82", s/\\x(..)/chr hex $1/ger) } @ARGV;
        print "DER:", unpack("H*", der("\x30", $all))' "$@"
}

# patch NAME FROM TO: other bytes of the same number in a certificate; its
# signature does not fit any more.
patch() {
    openssl x509 -in "$PKI/$1.pem" -outform DER |
        perl -0777 -pe 'BEGIN { ($from, $to) = splice @ARGV, 0, 2;
            s/\\x(..)/chr hex $1/ge for $from, $to } s/\Q$from\E/$to/g' "$2" "$3" |
        openssl x509 -inform DER -out "$PKI/$1.new" &&
        mv "$PKI/$1.new" "$PKI/$1.pem"
}

make_hostile() {
    local long many=() i

    long=$(printf 'a%.0s' {1..300})
    for i in {1..70}; do
        many+=("h$i.abc123def.us-west-2.rds.amazonaws.com")
    done
    pki_leaf control us-west-2 "$HOST" "san=$(raw_san $'\033]0;owned\007.x' 'a"b'"'"'c\d' "$HOST\\x00.evil" '\xff\xfe')" \
        $'subject=/CN=\033[2J\rdb "quoted" \'x\' \\\\end/O=a'
    pki_leaf lengthy us-west-2 "$HOST" "san=$(raw_san "$long" "$HOST")"
    pki_leaf crowd us-west-2 "$HOST" "san=$(raw_san "${many[@]}")"
    pki_leaf others us-west-2 "$HOST" "san=DNS:$HOST,IP:127.0.0.1,email:a@b.c"
    pki_leaf bytes us-west-2 ZZZZZZZZ.example.com san=none
    # OpenSSL takes no UTF8String that is none, but any T61String.
    patch bytes '\x0c\x14ZZZZZZZZ' '\x14\x14\xff\xc3\x28\x1b\x00\x80\xed\xa0'
    pki_leaf forged us-west-2 "$HOST"
    patch forged Amazon.com Amazon.org
    pki_leaf nameless us-west-2 "$HOST" subject=/ "san=DNS:$HOST"
    pki_root evil-root $'Evil \033[31m Root'
    pki_leaf evil us-west-2 "$HOST" issuer=evil-root
    for i in control lengthy crowd others bytes forged nameless; do
        peer $i tls $i $i sub-us-west-2
    done
    peer evil tls evil evil evil-root
}

# shows NAME KEY TEXT: in a line of the text; and the JSON of the same server
# is sound, and both are ASCII that a terminal can be given.
shows() {
    local bad

    at "$1" --protocol tls "$HOST"
    like "$(line "$2")" "$3" "$1: $2"
    bad=$(grep -c "$CONTROL" <<<"$out")
    at "$1" --protocol tls --json "$HOST"
    is "$bad $(json 'scalar @{$d->{hosts}}') $(LC_ALL=C grep -c "$CONTROL" <<<"$out")" \
        '0 1 0' "... $1: nothing but ASCII, and JSON"
}

hostile() {
    shows control 'chain 0' \
        "'\\x1b[2J\\x0ddb \"quoted\" \\x27x\\x27 \\x5cend' issued by"
    is "$(json '@{$d->{hosts}[0]{chain}[0]{names}}')" "\\x1b]0;owned\\x07.x a\"b\\x27c\\x5cd $HOST\\x00.evil \\xff\\xfe" \
        '... names in JSON'
    is "$(json '$d->{hosts}[0]{trust}[0]{clause}, $d->{hosts}[0]{trust}[0]{name}')" \
        'a malformed dNSName \x1b]0;owned\x07.x' '... and what rds-trust says'
    shows control verdict "the certificate, of '\\x1b[2J\\x0ddb "
    shows lengthy names "'aaaaaaaaaaaaaaa"
    is "$(json 'map { length } @{$d->{hosts}[0]{chain}[0]{names}}')" \
        "95 ${#HOST}" '... a long name is cut'
    is "$(json '$d->{hosts}[0]{verdict}')" no-uri '... and the verdict'
    shows crowd names "'h1.abc123def.us-west-2.rds.amazonaws.com', 'h2.abc123def.us-west-2.rds.amazonaws.com', 'h3.abc123def.us-west-2.rds.amazonaws.com', 'h4.abc123def.us-west-2.rds.amazonaws.com', and 66 more"
    is "$(json 'scalar @{$d->{hosts}[0]{chain}[0]{names}}')" 64 \
        '... of 70 names 64 are in JSON'
    shows others names "'$HOST', and 2 that are no host name"
    shows bytes 'chain 0' \
        "'\\xff\\xc3(\\x1b\\x00\\x80\\xed\\xa0.example.com' issued by"
    is "$(json '$d->{hosts}[0]{chain}[0]{subject}, $d->{hosts}[0]{verdict}')" \
        'C=US,ST=Washington,L=Seattle,O=Amazon.com,OU=RDS,CN=\C3\BF\C3\83(\1B\00\C2\80\C3\AD\C2\A0.example.com faulty-chain' \
        '... a Name in JSON'
    like "$(json '$d->{hosts}[0]{text}')" \
        'does not verify: certificate signature failure' '... and a finding'
    shows forged rds-trust "rds://host/$HOST (recommended): would refuse: in scope, but OpenSSL says: certificate signature failure"
    is "$(json '$d->{hosts}[0]{verdict}, $d->{hosts}[0]{trust}[0]{trusts}')" \
        'faulty-chain 0' '... nothing but its signature is wrong'
    shows nameless 'chain 0' "'' issued by 'Amazon RDS us-west-2 Sub"
    shows evil verdict "its issuer 'Evil \\x1b[31m Root' is no CA of Amazon's: not AWS"
}

# ---- lists of hosts ---------------------------------------------------------

# listed TEXT ARGUMENT...: with a list on standard input.
listed() {
    local text=$1

    shift
    "$RDSCA" probe --connect-to "127.0.0.1:${ports[postgres]}" \
        --protocol postgres "$@" - <<<"$text" >"$TMP/.out" 2>"$TMP/.err"
    status=$? out=$(<"$TMP/.out") err=$(<"$TMP/.err") ran="list: $text"
}

# list_fails NAME TEXT LIST
list_fails() {
    listed "$3"
    [[ $status == 2 && -z $out && $err == "rdsca probe: $2; try 'rdsca probe --help'" ]]
    ok $? "$1" || { show_run && diag "expected: $2"; }
}

lists() {
    listed $'# ours\n\n  '"$HOST"$'  \r\n\t# more\n'"$HOST:5432"
    is "$status $(grep -v '^ \|^$' <<<"$out" | tr '\n' ' ')" \
        "0 $HOST $HOST:5432 " 'a list, with comments and blank lines'
    listed "$HOST" "other.$HOST"
    is "$status $(grep -v '^ \|^$' <<<"$out" | tr '\n' ' ')" \
        "1 other.$HOST $HOST " '... beside hosts'
    listed "$(printf "$HOST\n%.0s" {1..256})" --json
    is "$status $(json 'scalar @{$d->{hosts}}')" '0 256' '256 hosts'
    list_fails 'one more' 'line 257 of the list: more than 256 hosts at once' \
        "$(printf "$HOST\n%.0s" {1..257})"
    list_fails 'no host' 'the list names no host' $'# none\n\n'
    list_fails 'a bad line: nobody is asked' "line 3 of the list: 'a b': not a host name; write HOST or HOST:PORT, in ASCII" \
        $'x\n# y\na b\nz'
    list_fails 'a long line' 'line 2 of the list: too long, or not text' \
        "x"$'\n'"$(printf 'a%.0s' {1..600})"
    list_fails 'control characters' "line 1 of the list: '\\x1b[1mx': not a host name; write HOST or HOST:PORT, in ASCII" \
        $'\033[1mx'
    printf 'x\0y\nz\n' | "$RDSCA" probe - >"$TMP/.out" 2>"$TMP/.err"
    is "$? $(<"$TMP/.err")" "2 rdsca probe: line 1 of the list: too long, or not text; try 'rdsca probe --help'" \
        'a NUL'
}

# ---- usage ------------------------------------------------------------------

# misused NAME TEXT ARGUMENT...: status 2, one line on stderr, no output.
misused() {
    local name=$1 text=$2

    shift 2
    probe "$@"
    [[ $status == 2 && -z $out && $err == "rdsca probe: $text" ]]
    ok $? "$name" || { show_run && diag "expected: $text"; }
}

usage() {
    local try="; try 'rdsca probe --help'" host port

    run "$RDSCA" probe --help
    like "$out" 'usage: rdsca probe [OPTION...] HOST[:PORT]...' '--help'
    is "$status" 0 '... ends with 0'
    run "$RDSCA" --help
    like "$out" $'\n  probe      judge a server' 'rdsca --help names it'
    misused 'no host' "no host$try"
    misused 'an unknown option' "unknown option '--protocl', did you mean '--protocol'?$try" --protocl
    misused 'an unknown protocol' "unknown protocol 'oracle': auto, postgres, mysql or tls$try" --protocol oracle x
    misused 'a timeout of 0' "--timeout takes a number from 1 to 600, not '0'$try" --timeout 0 x
    misused 'a timeout that is none' "--timeout takes a number from 1 to 600, not 'x'$try" --timeout x x
    misused 'negative days' "--expiring takes a number from 0 to 100000, not '-1'$try" --expiring=-1 x
    misused 'a directory that is not there' "--directory '/nowhere': No such file or directory" --directory /nowhere x
    for port in 0 65536 x '' 5432x -1 +1 99999999999999999999; do
        misused "port '$port'" "'h:$port': the port is a number from 1 to 65535$try" "h:$port"
    done
    misused 'a bad --connect-to' "--connect-to 'h:x': the port is a number from 1 to 65535$try" --connect-to h:x x
    for host in 'a b' a/b postgres://h a..b .a a.-a ä 'a@b' 'h%1' "$(printf 'a%.0s' {1..64})"; do
        probe "$host"
        [[ $status == 2 && -z $out && $err == "rdsca probe: '"*"'"*"$try" &&
            $err != *$'\n'* ]]
        ok $? "host '$host' is refused" || show_run
    done
    misused 'no name' "'': no host name$try" ''
    misused 'no name before a port' "':5432': no host name$try" :5432
    misused 'a long name' "'$(printf 'a.%.0s' {1..46})...': longer than a host name can be$try" "$(printf 'a.%.0s' {1..127})aa"
    for host in '[::1' '[::1]5432' '[127.0.0.1]:1' '[db]'; do
        misused "$host" "'$host': an IPv6 address is written [ADDRESS]:PORT$try" "$host"
    done
    if [[ -c /dev/full ]]; then
        "$RDSCA" probe 127.0.0.1:1 >/dev/full 2>"$TMP/full"
        is "$? $(cat "$TMP/full")" \
            '4 rdsca probe: cannot write all of the output' 'a full disk'
    else
        skip 'a full disk' 'no /dev/full'
    fi
}

printf '%s\n' 'openssl_conf = init' '[init]' 'providers = providers' \
    '[providers]' 'rds = rds_section' '[rds_section]' \
    'module = /nowhere/rds.so' "rds-bundles = $TMP/west" >"$TMP/openssl.cnf"
export OPENSSL_CONF=$TMP/openssl.cnf
make_peers
default_ports
protocols
addresses
slow_names
odd_servers
odd_guesses
chains
hostile
lists
usage
done_testing
