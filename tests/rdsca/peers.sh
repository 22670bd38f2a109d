# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Servers on loopback for the tests of `rdsca probe`.  Sourced after lib.sh
# and pki.sh.
#
#     peers             starts what peer() and odd() have asked for
#
# All of them are threads of one Python program, each on a port of its own,
# which is then in ${ports[NAME]}.  Its log, $PEERS_LOG, has a line for each
# connection: name, number of bytes that the client sent within TLS, and the
# name that it asked for (SNI).

# shellcheck disable=SC2034,SC2154 # set here for the tests, and in lib.sh
RDSCA=${RDSCA:-build/rdsca}
[[ $RDSCA == /* ]] || RDSCA=$ROOT/$RDSCA
[[ -x $RDSCA ]] || { ok 1 "$RDSCA exists; run make first" || done_testing; }

PEERS_LOG=$TMP/peers.log
PYTHON=/usr/bin/python3
[[ -x $PYTHON ]] || PYTHON=python3
declare -A ports=()
peer_lines=()

# peer NAME STARTTLS KEY CERTIFICATE...: a server that sends this chain, from
# $PKI, after STARTTLS: postgres, mysql, tls, which has none, or patient, which
# keeps silent at the first connection and has none after.
peer() {
    local name=$1 starttls=$2 key=$3

    shift 3
    pki_bundle "$TMP/$name-chain.pem" "$@"
    peer_lines+=("$name $starttls 127.0.0.1 0 $TMP/$name-chain.pem $PKI/$key.key")
}

# odd NAME MODE [ADDRESS PORT]: a server that no client is made for.
odd() {
    peer_lines+=("$1 $2 ${3:-127.0.0.1} ${4:-0} - -")
}

# peer_at NAME STARTTLS ADDRESS PORT KEY CERTIFICATE...: at that very place.
peer_at() {
    local name=$1 starttls=$2 address=$3 port=$4 key=$5

    shift 5
    pki_bundle "$TMP/$name-chain.pem" "$@"
    peer_lines+=("$name $starttls $address $port $TMP/$name-chain.pem $PKI/$key.key")
}

write_peers() {
    cat <<'END'
import socket, ssl, struct, sys, threading, time

GREETING = (b"\x0a8.0.36\0" + struct.pack("<I", 7) + b"abcdefgh\0" + b"\xff%c"
            + b"\x21\x02\x00\xff\xdf\x15" + bytes(10) + b"ijklmnopqrst\0"
            + b"caching_sha2_password\0")
log_lock = threading.Lock()


def log(*words):
    with log_lock:
        print(*words, flush=True)


def packet(payload, number=0):
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


def greeting(tls=True):
    return packet(GREETING % (b"\xff" if tls else b"\xf7"))


def read(client, size):
    got = b""
    while len(got) < size:
        more = client.recv(size - len(got))
        if not more:
            raise OSError("closed")
        got += more
    return got


def ask_postgres(client):
    if read(client, 8) != b"\0\0\0\x08\x04\xd2\x16\x2f":
        raise OSError("no SSLRequest")


# ---- good manners

def start_postgres(client):
    ask_postgres(client)
    client.sendall(b"S")


def start_mysql(client):
    client.sendall(greeting())
    request = read(client, 36)
    flags = struct.unpack("<I", request[4:8])[0]
    if request[:4] != b"\x20\0\0\x01" or flags & 0xa00 != 0xa00:
        raise OSError("no SSLRequest: %r" % request)


def start_tls(client):
    pass


def start_patient(client):  # silent at first; TLS for who comes again
    global patience
    patience += 1
    if patience == 1:
        read(client, 1 << 20)


patience = 0


# ---- bad ones

def odd_no(client):
    ask_postgres(client)
    client.sendall(b"N")
    read(client, 1)


def odd_error(client):
    ask_postgres(client)
    client.sendall(b"Ecould not fork \x1b[31mnew process\n\0")


def odd_letter(client):
    ask_postgres(client)
    client.sendall(b"\x1b" * 200)


def odd_smuggle(client):
    ask_postgres(client)
    client.sendall(b"S" + b"R\0\0\0\x08\0\0\0\0" * 20)
    time.sleep(30)


def odd_plain(client):
    client.sendall(greeting(False))
    read(client, 1)


def odd_blocked(client):
    client.sendall(packet(b"\xff\x69\x04Host 'x' is blocked"))


def odd_many(client):
    client.sendall(packet(b"\xff\x10\x04#08004Too many connections"))


def odd_huge(client):
    client.sendall(b"\xff\xff\xff\0")
    while True:
        client.sendall(bytes(65536))


def odd_large(client):  # as large as is still read, and no greeting
    client.sendall(packet(b"\x0a" + b"x" * 1023))
    read(client, 1)


def odd_banner(client):
    client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    read(client, 1)


def odd_close(client):
    client.shutdown(socket.SHUT_RDWR)


def odd_silent(client):
    read(client, 1 << 20)


def odd_drip(client):
    for byte in greeting() * 100:
        client.sendall(bytes([byte]))
        time.sleep(0.3)


def odd_drip_tls(client):
    ask_postgres(client)
    client.sendall(b"S")
    client.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\x00")
    while True:
        client.sendall(b"\x03")
        time.sleep(0.2)


def odd_hang_tls(client):
    start_postgres(client)
    read(client, 1 << 20)


def odd_close_tls(client):
    start_postgres(client)
    read(client, 8)


def odd_garbage_tls(client):
    start_postgres(client)
    client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
    time.sleep(1)


# ---- serving

def serve_tls(name, client, start, context):
    asked = []
    start(client)
    context.sni_callback = lambda sock, host, ctx: asked.append(host)
    client = context.wrap_socket(client, server_side=True)
    got = 0
    try:
        while True:
            more = client.recv(4096)
            if not more:
                break
            got += len(more)
    except OSError:
        pass
    log(name, got, asked[0] if asked else None)
    client.close()


def handle(name, mode, client, context):
    client.settimeout(60)
    try:
        if context is not None:
            serve_tls(name, client, globals()["start_" + mode], context)
        else:
            globals()["odd_" + mode](client)
    except OSError as problem:
        if "SSLRequest" in str(problem):
            log(name, "wrong", problem)
    finally:
        client.close()


def serve(name, mode, server, context):
    while True:
        client, _ = server.accept()
        threading.Thread(target=handle, args=(name, mode, client, context),
                         daemon=True).start()


def fill(server):
    """Takes all the room that a server has for those who wait."""
    waiting = []
    for _ in range(8):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(server.getsockname())
        waiting.append(client)
    time.sleep(0.2)
    return waiting


kept = []
with open(sys.argv[1]) as lines, open(sys.argv[2] + ".new", "w") as out:
    for line in lines:
        name, mode, address, port, chain, key = line.split()
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((address, int(port)))
        except OSError:
            print(name, "taken", file=out)
            continue
        context = None
        if chain != "-":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(chain, key)
        print(name, server.getsockname()[1], file=out)
        if mode == "full":
            server.listen(0)
            kept += [server] + fill(server)
            continue
        server.listen(16)
        threading.Thread(target=serve, args=(name, mode, server, context),
                         daemon=True).start()
import os
os.rename(sys.argv[2] + ".new", sys.argv[2])
while True:
    time.sleep(60)
END
}

# Ends the test where they do not start.
peers() {
    local name port deadline=$((SECONDS + WAIT_SECONDS))

    write_peers >"$TMP/peers.py"
    printf '%s\n' "${peer_lines[@]}" >"$TMP/peers.list"
    rm -f "$TMP/peers.ports"
    OPENSSL_CONF=/dev/null start "$PEERS_LOG" "$PYTHON" "$TMP/peers.py" \
        "$TMP/peers.list" "$TMP/peers.ports"
    while [[ ! -f $TMP/peers.ports ]] && ((SECONDS < deadline)) &&
        kill -0 "$pid" 2>/dev/null; do
        sleep 0.1
    done
    if [[ ! -f $TMP/peers.ports ]]; then
        diag "$(tail -n 20 "$PEERS_LOG")"
        ok 1 'the servers start'
        done_testing
    fi
    while read -r name port; do
        ports[$name]=$port
    done <"$TMP/peers.ports"
}

# peer_saw NAME: the last line of the log for it, without the name.
peer_saw() {
    local deadline=$((SECONDS + 5)) line

    while ((SECONDS < deadline)); do
        line=$(awk -v name="$1" '$1 == name { $1 = ""; last = $0 }
            END { print substr(last, 2) }' "$PEERS_LOG")
        [[ -z $line ]] || break
        sleep 0.05
    done
    printf '%s\n' "$line"
}

# ---- asking -----------------------------------------------------------------

# probe ARGUMENT...: without settings of the machine.  Sets took, in seconds.
probe() {
    local before=$SECONDS

    run "$RDSCA" probe "$@"
    took=$((SECONDS - before))
}

# at NAME [ARGUMENT...]: `rdsca probe`, led to that server, which is taken for
# PostgreSQL unless the arguments say otherwise.
at() {
    local name=$1

    shift
    probe --connect-to "127.0.0.1:${ports[$name]}" --protocol postgres "$@"
}

# The lines of the text that begin with KEY, without it.
line() {
    sed -n "s/^  $1: *//p" <<<"$out"
}

# verdict NAME STATUS TEXT: of the last probe, of one host: its exit status
# and its verdict, word for word; nothing on standard error.
verdict() {
    local got

    got=$(line verdict)
    [[ $status == "$2" && $got == "$3" && -z $err ]]
    ok $? "$1" || { diag "expected: $2, $3" && show_run; }
}

# verdict_like NAME STATUS PART: the verdict has PART in it.
verdict_like() {
    [[ $status == "$2" && $(line verdict) == *"$3"* && -z $err ]]
    ok $? "$1" || { diag "expected: $2, $3" && show_run; }
}

# json EXPRESSION: of the document $d on standard output, by Perl; "invalid"
# where that is none.
json() {
    perl -MJSON::PP -0777 -e '
        my $d = eval { decode_json(<STDIN>) } or print("invalid"), exit;
        print join " ", map { defined $_ ? $_ : "null" } eval $ARGV[0];' \
        "$1" <<<"$out"
}
