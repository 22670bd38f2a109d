#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that Python's ssl, of the distribution's interpreter, reaches a TLS
# server by the line rds-trust alone: with create_default_context(), with a
# stale cafile, and through urllib.

# shellcheck disable=SC2016,SC2317 # other languages; functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
PYTHON=/usr/bin/python3
need "$PYTHON"
need_names
make_pki
make_refused
https_servers

# ask_ssl HOST PORT CA
ask_ssl() {
    named "$PYTHON" -c '
import socket, ssl, sys
host, port, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca or None)
assert context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED
with socket.create_connection((host, port), 10) as plain:
    with context.wrap_socket(plain, server_hostname=host) as tls:
        tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
        text = b""
        while part := tls.recv(65536):
            text += part
print(text.decode())' "$@"
}

ask_urllib() {
    named "$PYTHON" -c '
import ssl, sys, urllib.request
host, port, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca) if ca else None
print(urllib.request.urlopen("https://%s:%s/" % (host, port), timeout=10,
                             context=context).read().decode())' "$@"
}

CHAIN='unable to get local issuer certificate'
NAME='Hostname mismatch'

version 'Python ssl' "$("$PYTHON" -c 'import platform, ssl
print(platform.python_version(), ssl.OPENSSL_VERSION, sep=", ")')"
client_cases 'Python ssl' ask_ssl "$CHAIN" "$NAME"
version 'Python urllib' "$("$PYTHON" -V)"
client_cases 'Python urllib' ask_urllib "$CHAIN" "$NAME"
done_testing
