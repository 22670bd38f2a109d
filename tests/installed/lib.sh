# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
#
# The tests of the files that are installed: as tests/clients/lib.sh, for the
# module and the command that `make installcheck` names, else those that the
# machine finds.  Nothing of the build folder is used.
#
#   RDS_MODULE   the module; else rds.so where `openssl version -m` says
#   RDSCA        the command; else the rdsca of PATH.  May be absent: the two
#                are installed apart
#   RDS_CNF      the file of settings that comes with the command

# modules_folder: of the openssl command.
modules_folder() {
    openssl version -m | cut -d '"' -f 2
}

RDS_MODULE=${RDS_MODULE:-$(modules_folder)/rds.so}
RDSCA=${RDSCA:-$(command -v rdsca)}
RDS_CNF=${RDS_CNF:-/etc/rds-ca/rds.cnf}
[[ $RDS_MODULE == /* ]] || RDS_MODULE=$PWD/$RDS_MODULE
export RDS_MODULE
# shellcheck source-path=SCRIPTDIR source=../clients/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../clients/lib.sh"

# provider_says TEXT NAME [VARIABLE=VALUE...]: openssl lists the provider, and
# TEXT among what it says of itself.
provider_says() {
    run env "${@:3}" openssl list -providers -verbose
    [[ $status == 0 && $out == *$'\n  rds\n'*"$1"* ]]
    ok $? "$2" || show_run
}
