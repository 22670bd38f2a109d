#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves `rdsca export`: that each format is read back, by openssl and by
# Java, as the very certificates of the answer; that a file is replaced whole,
# left alone where nothing changed, and never put in the place of something
# that is no file; that a -CApath directory verifies servers and that foreign
# files in it stay; and each error.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
need openssl perl
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"

RDSCA=${RDSCA:-build/rdsca}
[[ $RDSCA == /* ]] || RDSCA=$ROOT/$RDSCA
[[ -x $RDSCA ]] || { ok 1 "$RDSCA exists; run make first" || done_testing; }

WEST=rds://region/us-west-2
MANY='rds://all+proxy?expired=include'
DIR=$TMP/bundles
HASH=$TMP/hash

# A configuration that names the module, for its settings, without loading it.
configure() {
    printf '%s\n' 'openssl_conf = init' '[init]' 'providers = providers' \
        '[providers]' 'rds = rds_section' '[rds_section]' \
        'module = /nowhere/rds.so' "rds-bundles = $1" >"$TMP/openssl.cnf"
    export OPENSSL_CONF=$TMP/openssl.cnf
}

rdsca_export() {
    run "$RDSCA" export "$@"
}

# fails STATUS NAME TEXT ARGUMENT...: one line on stderr, no output.
fails() {
    local code=$1 name=$2 text=$3

    shift 3
    rdsca_export "$@"
    [[ $status == "$code" && -z $out && $err == "rdsca export: "*"$text"* &&
        $err != *$'\n'* ]]
    ok $? "$name" || { show_run && diag "expected: $text"; }
}

# exports URI FILE COUNT: a file with so many certificates.
exports() {
    rm -f "$2"
    rdsca_export "$1" -o "$2"
    is "$status $out$err" "0 $2: $3 certificates, written" \
        "$1 goes to ${2##*/}"
}

# The fingerprints of the answer, by the list command.
answer() {
    "$RDSCA" list --fingerprint "$1" | awk 'NF == 0 { exit } NR > 1 { print $NF }'
}

# Two regions of our own, one with two roots of the same name.
make_pki() {
    pki_region us-west-2
    pki_leaf db us-west-2 db.abc.us-west-2.rds.amazonaws.com
    pki_root twin 'Amazon RDS us-west-2 Root CA ECC384 G1'
    pki_sub sub-twin twin 'Amazon RDS us-west-2 Subordinate CA ECC384 G1.A.1'
    pki_leaf other twin other.abc.us-west-2.rds.amazonaws.com issuer=sub-twin
    mkdir -m 755 "$DIR"
    pki_bundle "$DIR/us-west-2-bundle.pem" root-us-west-2 twin
}

# ---- PEM --------------------------------------------------------------------

pem() {
    exports "$WEST" "$TMP/a.pem" 3
    is "$(fingerprints_of_pem <"$TMP/a.pem")" "$(answer "$WEST")" \
        '... the certificates of the answer, in its order'
    is "$(grep -Evc '^-----(BEGIN|END) CERTIFICATE-----$|^[A-Za-z0-9+/]{1,64}=?=?$' \
        "$TMP/a.pem")" 0 '... nothing but PEM'
    is "$(stat -c %a "$TMP/a.pem")" 644 '... that all may read'
    run "$RDSCA" export "$WEST"
    is "$out" "$(cat "$TMP/a.pem")" 'without a file: standard output'
    run "$RDSCA" export -o - "$WEST"
    is "$out" "$(cat "$TMP/a.pem")" "'-': standard output"
    exports "$MANY" "$TMP/many.crt" "$(answer "$MANY" | wc -l)"
    is "$(fingerprints_of_pem <"$TMP/many.crt")" "$(answer "$MANY")" \
        '... all there are'
}

suffixes() {
    local file

    for file in a.PEM a.cer plain dir.p12/plain .hidden.pem; do
        mkdir -p "$TMP/dir.p12"
        exports "$WEST" "$TMP/$file" 3
        is "$(head -n 1 "$TMP/$file")" '-----BEGIN CERTIFICATE-----' \
            '... as PEM'
    done
    rdsca_export "$WEST" -o "$TMP/odd.jks" --format p7b
    is "$status $(head -n 1 "$TMP/odd.jks")" '0 -----BEGIN PKCS7-----' \
        '--format wins over the suffix'
    fails 2 'an unknown suffix' "the suffix '.jks' names no format that we \
write; add --format pem, p7b or p12; try" "$WEST" -o "$TMP/b.jks"
    fails 2 'an unknown format' "unknown format 'der': pem, p7b or p12; try" \
        "$WEST" --format der
    [[ ! -e $TMP/b.jks ]]
    ok $? '... and no file'
}

# ---- PKCS#7 -----------------------------------------------------------------

p7b() {
    exports "$MANY" "$TMP/a.p7b" "$(answer "$MANY" | wc -l)"
    is "$(head -n 1 "$TMP/a.p7b")" '-----BEGIN PKCS7-----' \
        '... in PEM, as AWS has it'
    run_ok '... openssl reads it' openssl pkcs7 -in "$TMP/a.p7b" -print_certs
    is "$(fingerprints_of_pem <<<"$out")" "$(answer "$MANY")" \
        '... as the certificates of the answer'
    run openssl crl2pkcs7 -nocrl -certfile "$TMP/many.crt"
    is "$(cat "$TMP/a.p7b")" "$out" '... and would write the same bytes'
    rdsca_export "$WEST" --format=p7b
    is "$(openssl pkcs7 -print_certs <<<"$out" | fingerprints_of_pem)" \
        "$(answer "$WEST")" 'p7b to standard output'
}

# ---- PKCS#12 ----------------------------------------------------------------

p12() {
    exports "$MANY" "$TMP/a.p12" "$(answer "$MANY" | wc -l)"
    run_ok '... openssl reads it' \
        openssl pkcs12 -in "$TMP/a.p12" -passin pass:changeit -nokeys
    is "$(fingerprints_of_pem <<<"$out")" "$(answer "$MANY")" \
        '... as the certificates of the answer'
    is "$(grep -c '2.16.840.1.113894.746875.1.1' <<<"$out")" \
        "$(answer "$MANY" | wc -l)" '... each with the attribute of Java'
    run_fails '... its integrity is checked' 'Mac verify error' \
        openssl pkcs12 -in "$TMP/a.p12" -passin pass:wrong -nokeys
    cp "$TMP/a.p12" "$TMP/before.p12"
    rdsca_export "$MANY" -o "$TMP/a.p12"
    like "$out" ', unchanged' '... a second time it is unchanged'
    exports "$WEST" "$TMP/b.PFX" 3
    rdsca_export "$WEST" --format p12 --password 'öther' -o "$TMP/c.p12"
    run_ok '--password' \
        openssl pkcs12 -in "$TMP/c.p12" -passin pass:öther -nokeys
    "$RDSCA" export "$WEST" --format p12 --password öther |
        cmp - "$TMP/c.p12"
    ok $? '... and p12 to a pipe'
    fails 2 'a password for PEM' '--password is for p12, this is pem; try' \
        "$WEST" --password x
}

java() {
    has keytool 'Java' || return
    run_ok 'keytool reads the p12' \
        keytool -list -keystore "$TMP/a.p12" -storepass changeit
    is "$(grep -c ', trustedCertEntry, *$' <<<"$out")" \
        "$(answer "$MANY" | wc -l)" '... all of them trusted'
    is "$(sed -n 's/:\([0-9A-F][0-9A-F]\)/\1/g; s/.*SHA-256): *//p' <<<"$out" |
        tr A-F a-f | sort)" "$(answer "$MANY" | sort)" \
        '... the certificates of the answer'
    like "$out" $'\nus-west-2-rds-ca-ecc384-g1, ' '... by their names'
    run_fails '... a wrong password is refused' 'ntegrity check' \
        keytool -list -keystore "$TMP/a.p12" -storepass another
    run_ok '... who gives none reads them, too' \
        keytool -list -keystore "$TMP/a.p12"
    is "$(grep -c ', trustedCertEntry, *$' <<<"$out")" \
        "$(answer "$MANY" | wc -l)" '... all of them'
    rdsca_export "$WEST" --directory "$DIR" -o "$TMP/twins.p12"
    run_ok 'two of the same name' \
        keytool -list -keystore "$TMP/twins.p12" -storepass changeit
    is "$(grep -c trustedCertEntry <<<"$out")" 2 '... are both there'
    like "$out" 'us-west-2-rds-ca-ecc384-g1, ' '... one by the name alone'
    grep -Eq '^us-west-2-rds-ca-ecc384-g1-[0-9a-f]{16}, ' <<<"$out"
    ok $? '... the other with its fingerprint'
}

terminal() {
    has script 'a terminal' || return
    run script -qec "'$RDSCA' export $WEST --format p12" /dev/null
    is "$status ${out%$'\r'}" "2 rdsca export: p12 is binary, and standard \
output is a terminal; name a file with -o; try 'rdsca export --help'" \
        'binary to a terminal is refused'
    run script -qec "'$RDSCA' export $WEST" /dev/null
    is "${out//$'\r'/}" "$(cat "$TMP/a.pem")" 'PEM is not'
}

# ---- replacing --------------------------------------------------------------

state() {
    stat -c '%i %Z %Y %a %s' "$1"
}

replacing() {
    local before

    exports "$WEST" "$TMP/r.pem" 3
    chmod 600 "$TMP/r.pem"
    before=$(state "$TMP/r.pem")
    rdsca_export "$WEST" -o "$TMP/r.pem"
    is "$out" "$TMP/r.pem: 3 certificates, unchanged" 'unchanged'
    is "$(state "$TMP/r.pem")" "$before" '... and untouched'
    rdsca_export "$WEST/rds-ca-ecc384-g1" -o "$TMP/r.pem"
    is "$out" "$TMP/r.pem: 1 certificate, written" 'changed'
    [[ $(stat -c %i "$TMP/r.pem") != "${before%% *}" ]]
    ok $? '... and replaced whole'
    is "$(echo "$TMP/r.pem"*)" "$TMP/r.pem" '... with nothing beside it'
    before=$(state "$TMP/r.pem")
    (
        trap '' XFSZ
        ulimit -f 8
        exec "$RDSCA" export rds://all -o "$TMP/r.pem" 2>"$TMP/.full"
    )
    is "$? $(cat "$TMP/.full")" \
        "4 rdsca export: $TMP/r.pem: cannot write: File too large" \
        'a full disk'
    is "$(state "$TMP/r.pem")" "$before" '... leaves the old file'
    is "$(echo "$TMP/r.pem"*)" "$TMP/r.pem" '... and nothing beside it'
    not_files
}

not_files() {
    fails 4 'a directory that is not there' \
        "$TMP/nix/a.pem: cannot write beside it: No such file" \
        "$WEST" -o "$TMP/nix/a.pem"
    fails 4 'a device is not replaced' \
        '/dev/null: is a device or a pipe, not a regular file; '"'-' is" \
        "$WEST" -o /dev/null
    [[ -c /dev/null ]]
    ok $? '... and stays one'
    ln -s r.pem "$TMP/link.pem"
    fails 4 'a link is not replaced' "$TMP/link.pem: is a symbolic link" \
        "$WEST" -o "$TMP/link.pem"
    fails 4 'a directory is not replaced' "$DIR: is a directory" \
        "$WEST" --format pem -o "$DIR"
    fails 2 'an empty name' "--output '': an empty name; try" "$WEST" -o ''
    if [[ -c /dev/full ]]; then
        "$RDSCA" export rds://all >/dev/full 2>"$TMP/.full"
        is "$? $(cat "$TMP/.full")" \
            '4 rdsca export: cannot write all of the output' \
            'a full standard output'
    else
        skip 'a full standard output' 'no /dev/full'
    fi
}

# ---- directories for -CApath ------------------------------------------------

# hashed NAME SUMMARY [OPTION...] URI: status 0, and what it says.
hashed() {
    local name=$1 summary=$2

    shift 2
    rdsca_export --hash-dir "$HASH" "$@"
    is "$status $out$err" "0 $HASH: $summary" "$name"
}

# The fingerprints of the files that are named so.
hashed_fingerprints() {
    cat "$HASH"/*.[0-9] 2>/dev/null | fingerprints_of_pem | sort
}

verifies() {
    run openssl verify -no-CAfile -no-CAstore -CApath "$HASH" "$@"
    [[ $status == 0 && $out == *': OK' ]]
}

hash_directory() {
    local file bad=0 count

    count=$(answer rds://all | wc -l)
    hashed 'a directory is made' \
        "$count certificates, $count written, 0 removed" rds://all
    is "$(stat -c %a "$HASH" "$HASH"/*.0 | sort -u)" $'644\n755' \
        '... readable by all'
    is "$(hashed_fingerprints)" "$(answer rds://all | sort)" \
        '... with the certificates of the answer'
    for file in "$HASH"/*; do
        verifies "$file" || bad=1
    done
    ok "$bad" '... each of which openssl finds' || show_run
    is "$(openssl x509 -noout -subject_hash -in "$file")" \
        "$(basename "$file" .0)" '... by the hash of its subject'
    hashed 'the same again' "$count certificates, 0 written, 0 removed" \
        rds://all
    hashed 'fewer' "3 certificates, 0 written, $((count - 3)) removed" "$WEST"
    is "$(hashed_fingerprints)" "$(answer "$WEST" | sort)" \
        '... and no others are left'
    rm -r "$HASH"
    hashed 'two of the same name' '2 certificates, 2 written, 0 removed' \
        --directory "$DIR" "$WEST"
    is "$(cd "$HASH" && echo *.?)" \
        "$(openssl x509 -noout -subject_hash -in "$PKI/twin.pem" |
            sed 's/.*/&.0 &.1/')" '... get two numbers'
    verifies -untrusted "$PKI/sub-us-west-2.pem" "$PKI/db.pem"
    ok $? '... and a server is verified' || show_run
    verifies -untrusted "$PKI/sub-twin.pem" "$PKI/other.pem"
    ok $? '... by either' || show_run
}

foreign() {
    local name before

    rm -r "$HASH"
    mkdir "$HASH"
    name=$(openssl x509 -noout -subject_hash -in "$PKI/twin.pem")
    # Files of other people, some with names like ours.
    cp "$PKI/db.pem" "$HASH/0a1b2c3d.0"
    echo text >"$HASH/0a1b2c3d.1"
    cp "$PKI/db.pem" "$HASH/server.pem"
    ln -s server.pem "$HASH/deadbeef.0"
    mkdir "$HASH/cafecafe.0"
    before=$(listing)
    hashed 'foreign files do not hinder' \
        '2 certificates, 2 written, 0 removed' --directory "$DIR" "$WEST"
    # And ours with additions.
    cp "$HASH/$name.0" "$TMP/ours"
    sed '1s/^/# more\n/' "$TMP/ours" >"$HASH/01010101.0"
    cat "$TMP/ours" "$PKI/db.pem" >"$HASH/01010101.1"
    before+=$'\n'$(listing 01010101.0 01010101.1)
    hashed 'ours go' '5 certificates, 5 written, 2 removed' rds://proxy
    is "$(listing | grep -v '#$' | sort)" \
        "$(sort <<<"$before")" '... foreign files stay, and ours with additions'
    for file in text additions link directory; do
        in_the_way "$file" "$HASH/$name.0"
        before=$(listing)
        fails 4 "$file in the way" "$HASH/$name.0: was not written by rdsca \
export; move it away, or name another directory" \
            --directory "$DIR" --hash-dir "$HASH" "$WEST"
        is "$(listing)" "$before" '... and nothing is written or removed'
        rm -r "${HASH:?}/$name.0"
    done
}

# listing [NAME...]: of $HASH; whole files of ours are marked with #.
listing() {
    local name

    (
        cd "$HASH" || exit
        [[ $# != 0 ]] || set -- *
        for name; do
            stat -c '%i %n %Y %s' "$name" | tr '\n' ' '
            # Only ours begin so and have one certificate at the end.
            [[ -f $name && $(head -n 1 "$name") == '# written by rdsca'* &&
                $(grep -c BEGIN "$name") == 1 ]] && printf '#'
            echo
        done
    )
}

# in_the_way WHAT PATH
in_the_way() {
    case $1 in
    text) echo text >"$2" ;;
    additions) sed '1s/$/ really/' "$TMP/ours" >"$2" ;;
    link) ln -s "$TMP/ours" "$2" ;;
    directory) mkdir "$2" ;;
    esac
}

hash_errors() {
    fails 2 'a format for a directory' \
        '--hash-dir goes without --output, --format and --password; try' \
        "$WEST" --hash-dir "$HASH" -o "$TMP/x.pem"
    fails 2 'no directory' "--hash-dir '': an empty name; try" \
        "$WEST" --hash-dir ''
    fails 4 'a file in place of the directory' "$TMP/a.pem: Not a directory" \
        "$WEST" --hash-dir "$TMP/a.pem"
    fails 4 'a directory that cannot be made' \
        "$TMP/nix/dir: No such file or directory" \
        "$WEST" --hash-dir "$TMP/nix/dir"
    (
        trap '' XFSZ
        ulimit -f 0
        exec "$RDSCA" export "$WEST" --hash-dir "$TMP/full" 2>/dev/null
    )
    is "$? $(compgen -G "$TMP/full*")" '4 ' \
        'a full disk leaves no directory behind'
}

# ---- errors -----------------------------------------------------------------

errors() {
    fails 2 'no URI' "no URI, such as $WEST or rds://all; try \
'rdsca export --help'"
    fails 2 'a word too much' "'rds:' is too much" "$WEST" rds:
    fails 2 'an unknown option' \
        "unknown option '--formta', did you mean '--format'?" --formta=pem
    fails 2 'a value too few' '--output needs a value' "$WEST" -o
    fails 2 'an unknown region' "unknown region 'us-wets-2'" \
        rds://region/us-wets-2 -o "$TMP/none.pem"
    fails 2 'a region without certificates' "'us-gov-west-1'" \
        rds://region/us-gov-west-1 -o "$TMP/none.pem"
    fails 2 'rds://list' 'rds://list' rds://list -o "$TMP/none.pem"
    fails 2 'a directory that is not there' "--directory '$TMP/nix': No such" \
        "$WEST" --directory "$TMP/nix" -o "$TMP/none.pem"
    is "$(compgen -G "$TMP/none*")" '' '... and no file is left'
}

configure "$TMP/none"
make_pki
pem
suffixes
p7b
p12
java
terminal
replacing
hash_directory
foreign
hash_errors
errors
run "$RDSCA" export --help
like "$out" 'usage: rdsca export ' '--help'
like "$out" "default 'changeit'" '... says the password'
done_testing
