#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that with the installed module a real PostgreSQL server is verified:
# by s_client through a URI, and by psql through rds-trust alone; and that other
# servers are refused.

# shellcheck disable=SC2154 # the libraries set them
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need psql
make_pki
make_refused
postgres_servers
# shellcheck source=../clients/psql.sh
. "$ROOT/tests/clients/psql.sh"

without_line
connects_not 's_client without a URI: refused' \
    'num=20:unable to get local issuer certificate' \
    postgres "${ports[db]}" "$HOST"
connects "s_client -CAstore rds://region/$REGION: connects" \
    postgres "${ports[db]}" "$HOST" -CAstore "rds://region/$REGION"
connects_not 's_client -CAstore rds://region/eu-west-1: refused' \
    'num=20:unable to get local issuer certificate' \
    postgres "${ports[db]}" "$HOST" -CAstore rds://region/eu-west-1
client_cases psql ask_psql "$CHAIN" "$NAME"
done_testing
