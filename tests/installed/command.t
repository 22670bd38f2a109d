#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that the installed command runs, lists and exports what the module
# answers, and that its file of settings leads OpenSSL to the module.

# shellcheck disable=SC2119 # no arguments are meant
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
[[ -n $RDSCA || ${RDS_NO_SKIP:-} == 1 ]] || skip_all 'rdsca is not installed'
diag "command: $RDSCA, module: $MODULE"

use_conf
run_ok 'rdsca --version' "$RDSCA" --version
version=$(sed -n 's/^rdsca \([0-9.]*\),.*/\1/p' <<<"$out")
provider_says "version: $version"$'\n' \
    "the module has the same version, $version"

run_ok 'rdsca export' "$RDSCA" export -o "$TMP/out.pem" rds://region/us-west-2
is "$(fingerprints_of_pem <"$TMP/out.pem" | sort)" \
    "$(fingerprints_of rds://region/us-west-2 | sort)" \
    'it writes what the module answers'

# With DESTDIR it names the place where the module will be.  What it answers
# from there depends on the machine's bundles.
if [[ -r $RDS_CNF ]] && grep -qxF "module = $MODULE" "$RDS_CNF"; then
    provider_says 'status: active' "$RDS_CNF leads to the module" \
        "OPENSSL_CONF=$RDS_CNF"
elif [[ ${RDS_NO_SKIP:-} == 1 ]]; then
    ok 1 "$RDS_CNF names $MODULE"
else
    skip "$RDS_CNF leads to the module" 'it is not there, or names another'
fi
done_testing
