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
provider_says 'status: active' 'openssl lists the module as active'
finds 3 rds://region/us-west-2
finds 11 rds://region/us-west-2,eu-west-1+proxy
refuses rds://region/us-wets-2 \
    "unknown region 'us-wets-2', did you mean 'us-west-2'?"
done_testing
