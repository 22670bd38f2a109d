#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The snippets for AppArmor and SELinux, by the tools that compile them; no
# kernel takes part.  They must compile, cover the files of this project, and
# give nobody a right to write.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
FC=conf/selinux/rds-ca.fc
INSTALLED=/usr/lib/x86_64-linux-gnu/ossl-modules/rds.so

# What a process that uses the module reads; links of a ConfigMap, too.
OURS=(/etc/rds-ca/rds.cnf /etc/rds-ca/postgres.service.cnf
    /var/lib/rds-ca/us-west-2-bundle.pem
    /var/lib/rds-ca/retired/rds-ca-2015-root.pem
    /var/lib/rds-ca/..data/us-west-2-bundle.pem)
OTHERS=(/etc/shadow /etc/rds-ca.old/rds.cnf /var/lib/rds/x /var/lib/rds-cax
    /usr/lib/x86_64-linux-gnu/ossl-modules/legacy.so)

# ---- AppArmor ---------------------------------------------------------------

# parse PROFILE: compiles it and loads it nowhere.
parse() {
    run apparmor_parser -Q -K -q -I "$TMP/apparmor.d" -D rule-exprs "$1"
}

# rules_of TEXT: `MASK REGEX` of each rule that names us.
rules_of() {
    sed -n 's/^rule: .*  ->  \(.*\) (\(0x[0-9a-f]*\)\/.*/\2 \1/p' <<<"$1" |
        grep -F -e rds | sed 's/\\x0/\\x00/g'
}

# allowed RULES PATH: prints the masks of the rules that fit, joined.
allowed() {
    perl -e '
        my ($rules, $path) = @ARGV;
        my $mask = 0;
        for (split /\n/, $rules) {
            my ($bits, $regex) = split / /, $_, 2;
            $mask |= hex $bits if $path =~ /^$regex$/;
        }
        printf "%s%s%s", $mask & 4 ? "r" : "", $mask & 2 ? "w" : "",
            $mask & 0x40 ? "m" : ""' "$1" "$2"
}

apparmor() {
    local folder=$TMP/apparmor.d/abstractions profile=$TMP/profile path rules
    local wrong=''

    has apparmor_parser 'the snippet for AppArmor' || return 0
    mkdir -p "$folder"
    sed "s|@MODULE@|$INSTALLED|" conf/apparmor/rds-ca.in >"$folder/rds-ca"
    cat >"$profile" <<'END'
profile client /usr/bin/client {
    include <abstractions/rds-ca>
}
END
    parse "$profile"
    ok "$status" 'a profile that includes it compiles' || show_run
    rules=$(rules_of "$out$err")
    for path in "${OURS[@]}" /run/rds-ca/{,x.cnf} {/etc,/var/lib}/rds-ca/; do
        [[ $(allowed "$rules" "$path") == r ]] || wrong+=" $path"
    done
    is "$wrong" '' 'our files can be read, not written'
    is "$(allowed "$rules" $INSTALLED)" rm 'the module can be loaded'
    wrong=
    for path in "${OTHERS[@]}"; do
        [[ -z $(allowed "$rules" "$path") ]] || wrong+=" $path"
    done
    is "$wrong" '' 'nothing else'
    mkdir "$folder/rds-ca.d"
    echo '/srv/rds-ca/** r,' >"$folder/rds-ca.d/local"
    parse "$profile"
    is "$(allowed "$(rules_of "$out$err")" /srv/rds-ca/x.pem)" r \
        'an addition of the administrator counts'
    echo '/var/lib/rds-ca/** rr rds' >>"$folder/rds-ca"
    parse "$profile"
    ((status != 0))
    ok $? 'a line that is wrong does not compile'
}

# ---- SELinux ----------------------------------------------------------------

# types_of PATH...: the type of each, in one line.
types_of() {
    local path

    for path; do
        selabel_lookup -b file -f "$TMP/contexts" -k "$path" -t file -r 2>&1 |
            sed -n 's/^Default context: .*:\([a-z_]*_t\):s0$/\1/p; t; s/.*/none/p'
    done | sort -u | paste -sd ' '
}

selinux() {
    local name='the contexts for SELinux'

    if has sefcontext_compile "$name" && has selabel_lookup "$name"; then
        cp "$FC" "$TMP/contexts"
        run_ok "$name compile" sefcontext_compile -o "$TMP/contexts.bin" \
            "$TMP/contexts"
        is "$(types_of "${OURS[@]}" /etc/rds-ca /var/lib/rds-ca)" cert_t \
            'our files have the type of certificates'
        is "$(types_of $INSTALLED /usr/lib64/ossl-modules/rds.so)" lib_t \
            'the module has that of libraries'
        is "$(types_of "${OTHERS[@]}")" none 'nothing else has one'
    fi
    if has checkmodule "$name" && has semodule_package "$name"; then
        printf 'module rds-ca 1.0;\nrequire { type cert_t; type lib_t; }\n' \
            >"$TMP/rds-ca.te"
        run_ok 'the module of a policy compiles' checkmodule -M -m \
            -o "$TMP/rds-ca.mod" "$TMP/rds-ca.te"
        run_ok "$name go into it" semodule_package -o "$TMP/rds-ca.pp" \
            -m "$TMP/rds-ca.mod" -f "$FC"
    fi
}

apparmor
selinux

done_testing
