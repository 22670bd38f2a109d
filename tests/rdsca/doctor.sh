# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the tests of `rdsca doctor` share.  Sourced after lib.sh and pki.sh.
#
#     healthy [KEY=VALUE...]   writes a configuration without fault to $CNF,
#                              as rds_conf does, with a copy of the module and
#                              an empty directory of bundles
#     doctor [OPTION...]       runs it on $CNF
#     sound NAME               nothing but "ok" was found, and the status is 0
#     problem NAME CHECK TEXT  exactly one problem, by CHECK, that says TEXT,
#                              no note, and the status is 1
#     note NAME CHECK TEXT     exactly one note, no problem, and 0
#     mend NAME                does what the one finding says, in the way that
#                              a person would, and finds nothing any more
#
# After a run $FINDINGS has a line for each finding, level, check and text,
# separated by tabs.  $MENDS/N has what mends the Nth of those that are not
# "ok": how, file and lines, each on a line.  Findings about the machine
# itself (its OpenSSL, the user) are set apart in $MACHINE.

# shellcheck disable=SC2034,SC2154 # set here for the tests, and in lib.sh
RDSCA=${RDSCA:-build/rdsca}
[[ $RDSCA == /* ]] || RDSCA=$ROOT/$RDSCA
[[ -x $RDSCA ]] || { ok 1 "$RDSCA exists; run make first" || done_testing; }

PATH=${RDSCA%/*}:$PATH # mends name it
CNF=$TMP/openssl.cnf
DIR=$TMP/bundles
SO=$TMP/module/rds.so # a copy, to be damaged
FINDINGS=$TMP/findings
MACHINE=$TMP/machine
MENDS=$TMP/mends
WEST=rds://host/mydb.abc123def.us-west-2.rds.amazonaws.com

# Reads the JSON, and dies where it is not what doctor promises.
cat >"$TMP/digest.pl" <<'END'
use strict; use JSON::PP;
my ($findings, $machine, $mends) = @ARGV;
my $d = JSON::PP->new->decode(do { local $/; <STDIN> });
die "members\n" if join(' ', sort keys %$d) ne 'findings notes problems schema';
die "schema\n" if $d->{schema} != 1;
my (%count, $n);
open(my $all, '>', $findings) or die; open(my $own, '>', $machine) or die;
for my $f (@{$d->{findings}}) {
    die "members of a finding\n" if join(' ', sort keys %$f) ne 'check level mend text';
    die "level\n" if $f->{level} !~ /^(ok|note|problem)$/;
    die "text\n" if $f->{text} !~ /^[\x20-\x7e]+$/;
    $count{$f->{level}}++;
    my $m = $f->{mend};
    die "$f->{level} with or without a mend: $f->{text}\n"
        if ($f->{level} eq 'ok') != !defined $m;
    my $to = $f->{check} eq 'openssl' ? $own : $all;
    print $to join("\t", @$f{qw(level check text)}), "\n";
    next if !defined $m || $to == $own;
    die "mend\n" if join(' ', sort keys %$m) ne 'file how lines' ||
        $m->{how} !~ /^(run|append|remove|do)$/ || !@{$m->{lines}} ||
        defined $m->{file} != ($m->{how} =~ /^(append|remove)$/);
    die "line of a mend\n" if grep { !/^[\x20-\x7e]*$/ } @{$m->{lines}};
    open(my $out, '>', "$mends/" . ++$n) or die;
    print $out join("\n", $m->{how}, $m->{file} // '', @{$m->{lines}}), "\n";
}
die "counts\n" if $d->{problems} != ($count{problem} // 0) ||
    $d->{notes} != ($count{note} // 0);
END

healthy() {
    rm -rf "$CNF" "$DIR" "$TMP/module"
    mkdir "$DIR" "$TMP/module"
    cp "$MODULE" "$SO"
    MODULE=$SO rds_conf "$CNF" "rds-bundles=$DIR" "$@"
}

# Of a run that wrote JSON to $out.
examine() {
    rm -rf "$MENDS"
    mkdir "$MENDS"
    : >"$FINDINGS"
    perl "$TMP/digest.pl" "$FINDINGS" "$MACHINE" "$MENDS" <<<"$out" \
        2>"$TMP/digest" && [[ -z $err ]] && ((status < 2)) && return
    ok 1 "the report is in order ($ran)"
    diag "$(<"$TMP/digest")"
    show_run
}

# shellcheck disable=SC2120
doctor() {
    run env "${environment[@]}" "$RDSCA" doctor --json --conf "$CNF" "$@"
    examine
}

# The run may have variables.
environment=()

of_level() {
    grep -c "^$1"$'\t' "$FINDINGS"
}

show_findings() {
    diag "status:   $status"
    diag "$(grep -v '^ok' "$FINDINGS")"
    tail -n +1 "$MENDS"/* 2>/dev/null | while IFS= read -r line; do
        diag "$line"
    done
}

sound() {
    [[ $status == 0 && $(of_level problem) == 0 && $(of_level note) == 0 ]] &&
        [[ -s $FINDINGS ]]
    ok $? "$1" || show_findings
}

# found LEVEL CHECK TEXT: whether it was.
found() {
    level=$1 check=$2 text=$3 awk -F '\t' '
        $1 == ENVIRON["level"] && $2 == ENVIRON["check"] &&
            index($3, ENVIRON["text"]) { n++ }
        END { exit n != 1 }' "$FINDINGS"
}

problem() {
    [[ $status == 1 && $(of_level problem) == 1 && $(of_level note) == 0 ]] &&
        found problem "$2" "$3"
    ok $? "$1" || { show_findings && diag "expected: $2: $3"; }
}

note() {
    [[ $status == 0 && $(of_level problem) == 0 && $(of_level note) == 1 ]] &&
        found note "$2" "$3"
    ok $? "$1" || { show_findings && diag "expected: $2: $3"; }
}

# fine CHECK TEXT NAME: an "ok" that says so.
fine() {
    found ok "$1" "$2"
    ok $? "$3" || { diag "$(<"$FINDINGS")" && diag "expected: $1: $2"; }
}

# mend_is NAME HOW TEXT: the first line of what mends the first finding.
mend_is() {
    [[ $(sed -n 1p "$MENDS/1") == "$2" && $(sed -n 3p "$MENDS/1") == *"$3"* ]]
    ok $? "$1" || { show_findings && diag "expected: $2: $3"; }
}

# Does what mends the Nth finding.
apply() {
    local how file line

    how=$(sed -n 1p "$MENDS/$1")
    file=$(sed -n 2p "$MENDS/$1")
    sed 1,2d "$MENDS/$1" >"$TMP/lines"
    case $how in
    run)
        # Modes and owners of the test's own files, and of no others.
        ! grep -E '^ch(mod|own) ' "$TMP/lines" | grep -vqF "$TMP/" ||
            return 1
        sh -e "$TMP/lines" >/dev/null
        ;;
    append) cat "$TMP/lines" >>"$file" ;;
    remove)
        while IFS= read -r line; do
            grep -qxF -- "$line" "$file" || return 1
            grep -vxF -- "$line" "$file" >"$file.new"
            cat "$file.new" >"$file"
            rm "$file.new"
        done <"$TMP/lines"
        ;;
    *) return 1 ;;
    esac
}

mend() {
    local count

    count=$(find "$MENDS" -type f | wc -l)
    while ((count > 0)); do
        apply "$count" || { ok 1 "$1: a mend that can be done" && return; }
        count=$((count - 1))
    done
    # shellcheck disable=SC2119
    doctor
    sound "$1"
}
