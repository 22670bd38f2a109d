#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that Ruby's openssl reaches a TLS server by the line rds-trust alone:
# through Net::HTTP and through OpenSSL::SSL::SSLSocket, with the default trust
# and with a stale ca_file.

# shellcheck disable=SC2016,SC2317 # other languages; functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need ruby
need_names
make_pki
make_refused
https_servers

# ask_http HOST PORT CA
ask_http() {
    named ruby -rnet/http -e '
        host, port, ca = ARGV
        http = Net::HTTP.new(host, port.to_i, nil)
        http.use_ssl = true
        http.ca_file = ca unless ca.empty?
        puts http.get("/").body' -- "$@"
}

ask_socket() {
    named ruby -rsocket -ropenssl -e '
        host, port, ca = ARGV
        context = OpenSSL::SSL::SSLContext.new
        context.set_params(ca.empty? ? {} : {ca_file: ca})
        plain = TCPSocket.new(host, port.to_i)
        tls = OpenSSL::SSL::SSLSocket.new(plain, context)
        tls.hostname = host
        tls.connect
        tls.post_connection_check(host)
        tls.write("GET / HTTP/1.0\r\n\r\n")
        puts tls.read' -- "$@"
}

CHAIN='unable to get local issuer certificate'

version 'Ruby Net::HTTP' "$(ruby -ropenssl -e \
    'puts "#{RUBY_VERSION}, #{OpenSSL::OPENSSL_LIBRARY_VERSION}"')"
client_cases 'Ruby Net::HTTP' ask_http "$CHAIN" 'hostname mismatch'
version 'Ruby OpenSSL::SSL' "$(ruby -ropenssl -e 'puts OpenSSL::VERSION')"
client_cases 'Ruby OpenSSL::SSL' ask_socket "$CHAIN" 'hostname'
done_testing
