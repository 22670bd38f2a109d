#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that Perl's IO::Socket::SSL reaches a TLS server by the line rds-trust
# alone, with the default trust and with a stale SSL_ca_file.

# shellcheck disable=SC2016,SC2317 # other languages; functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need_names
has_client IO::Socket::SSL libio-socket-ssl-perl perl -MIO::Socket::SSL -e 1 ||
    done_testing
make_pki
make_refused
https_servers

# ask HOST PORT CA
ask() {
    named perl -MIO::Socket::SSL -e '
        my ($host, $port, $ca) = @ARGV;
        my $tls = IO::Socket::SSL->new(
            PeerHost => $host, PeerPort => $port,
            SSL_verifycn_scheme => "http", $ca ? (SSL_ca_file => $ca) : ())
            or die "$SSL_ERROR\n";
        print $tls "GET / HTTP/1.0\r\n\r\n";
        print while <$tls>;' -- "$@"
}

version IO::Socket::SSL "$(perl -MIO::Socket::SSL -e \
    'print "$IO::Socket::SSL::VERSION, Net::SSLeay $Net::SSLeay::VERSION"')"
client_cases IO::Socket::SSL ask 'certificate verify failed' \
    'hostname verification failed'
done_testing
