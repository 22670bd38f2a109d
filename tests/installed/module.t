#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that OpenSSL takes the installed module, which answers to storeutl from
# what is built in, and refuses what is mistyped.

# shellcheck disable=SC2119 # no arguments are meant
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
diag "module: $MODULE"

use_conf
run_ok 'openssl lists its providers' openssl list -providers
like "$out" $'\n  rds\n' 'rds is one of them' || show_run
like "${out##*$'\n  rds\n'}" 'status: active' 'and active' || show_run
finds 3 rds://region/us-west-2
finds 11 rds://region/us-west-2,eu-west-1+proxy
refuses rds://region/us-wets-2 \
    "unknown region 'us-wets-2', did you mean 'us-west-2'?"
done_testing
