#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that PHP's TLS streams (file_get_contents, and with them most HTTP
# libraries) reach a TLS server by the line rds-trust alone, with the default
# trust and with a stale cafile.

# shellcheck disable=SC2016,SC2317 # other languages; functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need php
need_names
make_pki
make_refused
https_servers

# ask HOST PORT CA
ask() {
    named php -r '
        [, $host, $port, $ca] = $argv;
        $context = stream_context_create(
            ["ssl" => $ca === "" ? [] : ["cafile" => $ca]]);
        $text = file_get_contents("https://$host:$port/", false, $context);
        if ($text === false) exit(1);
        echo $text;' -- "$@"
}

version 'PHP streams' "$(php -r 'echo PHP_VERSION;')"
client_cases 'PHP streams' ask 'certificate verify failed' \
    'did not match expected name'
done_testing
