#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that packages and `rdsca enable` fit: an upgrade leaves what it wrote,
# and does not warn; a removal of the module does, in words that lead to
# `rdsca disable`, which takes it back byte for byte when the module is gone.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

before=$(sums "$CNF")
apt_ok 'the lower version' install "$OLDER"/*.deb
run_ok 'rdsca enable' rdsca enable
answers 'openssl answers'
enabled=$(sums "$CNF")
apt_ok 'an upgrade' install "$DEBS"/*.deb
unlike "$out$err" 'warning: line' 'it does not warn'
is "$(sums "$CNF")" "$enabled" 'it leaves openssl.cnf as it is'
answers 'openssl answers still'

apt_ok 'a removal of the module' remove openssl-provider-rds
like "$out$err" "of $CNF still names $MODULE" 'it warns'
like "$out$err" "run 'rdsca disable'" 'and says what to run' || show_run
run_ok 'rdsca disable' rdsca disable
is "$(sums "$CNF")" "$before" 'openssl.cnf is as it was'
apt_ok 'a purge' purge rdsca openssl-provider-rds
unlike "$out$err" 'warning: line' 'which does not warn'
done_testing
