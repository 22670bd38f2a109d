# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the tests of `rdsca enable`, `disable` and `run` share.  Sourced after
# lib.sh.  Nothing of the machine's own is touched: $ETC stands for /etc, and
# what must be at its real place is there in a mount namespace only.
#
#     shape NAME           $CNF has this shape (tests/rdsca/openssl.cnf)
#     enable, disable      runs it on $CNF
#     providers            those that $CNF makes active, in one line
#     state                all in $ETC: names, modes, owners, dates, content;
#                          not the dates of directories

# shellcheck disable=SC2034,SC2154 # set here for the tests, and in lib.sh
RDSCA=${RDSCA:-build/rdsca}
[[ $RDSCA == /* ]] || RDSCA=$ROOT/$RDSCA
[[ -x $RDSCA ]] || { ok 1 "$RDSCA exists; run make first" || done_testing; }

ETC=$TMP/etc
CNF=$ETC/openssl.cnf
SHAPES=$ROOT/tests/rdsca/openssl.cnf
WEST=rds://host/mydb.abc123def.us-west-2.rds.amazonaws.com
EAST=rds://host/mydb.abc123def.us-east-1.rds.amazonaws.com

# The command with a module of the test's own, which it finds beside itself
# where none is installed.
mkdir -p "$ETC" "$TMP/bin" "$TMP/tmp"
export TMPDIR=$TMP/tmp
install -m 755 "$RDSCA" "$TMP/bin/rdsca"
install -m 644 "$MODULE" "$TMP/bin/rds.so"
RDSCA=$TMP/bin/rdsca
SO=$TMP/bin/rds.so
installed=$(openssl version -m | cut -d '"' -f 2)/rds.so
[[ ! -e $installed ]] || SO=$installed

# shape NAME: with the directories that it includes.
shape() {
    rm -rf "$ETC"
    mkdir -p "$ETC/pki/tls/openssl.d" "$ETC/ssl/openssl.cnf.d" \
        "$ETC/crypto-policies/back-ends"
    cp "$SHAPES/policy.config" \
        "$ETC/crypto-policies/back-ends/opensslcnf.config"
    : >"$ETC/crypto-policies/back-ends/openssl_fips.config"
    sed "s|@ETC@|$ETC|; s|@FIPS@|$TMP/fips.so|" "$SHAPES/$1" >"$CNF"
    touch -d '2025-04-15 10:00:00' "$CNF"
}

enable() {
    run "$RDSCA" enable --conf "$CNF" "$@"
}

disable() {
    run "$RDSCA" disable --conf "$CNF" "$@"
}

providers() {
    OPENSSL_CONF=$CNF openssl list -providers 2>&1 |
        sed -n 's/^  \([a-z0-9]*\)$/\1/p' | sort | paste -sd ' '
}

state() {
    (cd "$ETC" && find . -mindepth 1 -type d -printf '%p %m %u %g\n' | sort &&
        find . ! -type d -printf '%p %y %m %u %g %l %T@\n' | sort &&
        find . -type f -exec sha256sum {} + | sort -k 2)
}

# in_force: what is in force by $CNF, as the module says it.
in_force() {
    OPENSSL_CONF=$CNF openssl list -providers -verbose 2>&1 |
        sed -n 's/.*build info:.*; rds-trust: //p'
}

# unchanged NAME TEXT: the last run ended with 4 and one line on stderr that says
# TEXT, with nothing on stdout; the state is as in $before.
unchanged() {
    [[ $status == 4 && -z $out && $err == rdsca\ * && $err == *"$2"* ]] &&
        [[ $(wc -l <<<"$err") == 1 && $(state) == "$before" ]]
    ok $? "$1" || {
        show_run
        diag "expected: $2"
        diag "$(diff <(echo "$before") <(state))"
    }
}

# Whether a mount namespace can be had.
can_unshare() {
    ((EUID == 0)) && unshare -m mount -t tmpfs none "$TMP/tmp" 2>/dev/null
}

# in_namespace: goes on with /etc, /run and /var/lib of the test's own, in a
# mount namespace that ends with it; else skips the file.  To be called first.
in_namespace() {
    local propagation=private own=${RDS_NAMESPACE:-}

    if [[ -n $own ]]; then
        unset RDS_NAMESPACE
        mount -t tmpfs -o mode=755 none "$own" && cp -a /etc "$own/etc" &&
            mount --bind "$own/etc" /etc &&
            mount -t tmpfs -o mode=755 none /run &&
            mount -t tmpfs -o mode=755 none /var/lib
        ok $? 'a mount namespace of its own' || done_testing
        return
    fi
    can_unshare || skip_all 'may not mount here'
    mountpoint -q / || propagation=unchanged # in a chroot
    mkdir "$TMP/own"
    RDS_NAMESPACE=$TMP/own unshare -m --propagation "$propagation" bash "$0"
    exit
}
