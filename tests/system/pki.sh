# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A generated PKI of the shape that AWS uses since 2021 ("G1"): root <-
# subordinate <- leaf.  Sourced after lib.sh.
#
# A certificate has a NAME.  pki_* functions make $PKI/NAME.key and
# $PKI/NAME.pem.  The subject's parts stand in AWS's order: for a CA
# C, O, OU, ST, CN, L; for a leaf CN, OU, O, L, ST, C.
#
# Keys are EC by default, since they are fast to make.  RSA2048 is possible.
#
#     pki_region us-west-2                # root-us-west-2, sub-us-west-2
#     pki_leaf db us-west-2 HOST          # db, issued by sub-us-west-2
#     pki_bundle chain.pem db sub-us-west-2   # what a server sends

PKI=$TMP/pki
mkdir -p "$PKI"

CA_SUBJECT='/C=US/O=Amazon Web Services, Inc./OU=Amazon RDS/ST=WA/CN=%s/L=Seattle'
LEAF_SUBJECT='/CN=%s/OU=RDS/O=Amazon.com/L=Seattle/ST=Washington/C=US'

# pki_date TEXT: "now +40 years" as GeneralizedTime.
pki_date() {
    date -u -d "$1" +%Y%m%d%H%M%SZ
}

# pki_key NAME ALG: a key, unless it is there already.
pki_key() {
    local -a options=(EC -pkeyopt ec_paramgen_curve:P-384)

    [[ -f $PKI/$1.key ]] && return
    case $2 in
    RSA*) options=(RSA -pkeyopt "rsa_keygen_bits:${2#RSA}") ;;
    esac
    openssl genpkey -algorithm "${options[@]}" -out "$PKI/$1.key" 2>/dev/null
}

# The configuration of `openssl ca` for one certificate.  The extensions are
# read from stdin.  AWS's common names are longer than the 64 characters that
# OpenSSL allows by default (RFC 5280, ub-common-name).
pki_configuration() {
    printf '%s\n' 'openssl_conf = init' '[init]' 'stbl_section = names' \
        '[names]' 'commonName = min:1,max:255' '[ca]' 'default_ca = own' '[own]' \
        "database = $PKI/index" "new_certs_dir = $PKI" \
        'default_md = sha384' 'policy = any' \
        'unique_subject = no' 'rand_serial = yes' 'x509_extensions = ext' \
        '[any]' 'commonName = optional' '[req]' \
        'distinguished_name = none' '[none]' '[ext]'
    cat
}

# pki_sign NAME ISSUER SUBJECT FROM TO: ISSUER may be NAME itself.  The
# extensions are read from stdin.
pki_sign() {
    local name=$1 issuer=$2 subject=$3 from=$4 to=$5 work=$PKI/.$1
    local -a by=(-cert "$PKI/$issuer.pem")

    [[ $name == "$issuer" ]] && by=(-selfsign)
    : >"$PKI/index"
    pki_configuration >"$work.cnf"
    if ! openssl req -new -utf8 -config "$work.cnf" -key "$PKI/$name.key" \
        -subj "$subject" -out "$work.csr" 2>"$work.log" ||
        ! openssl ca -batch -notext -preserveDN -config "$work.cnf" "${by[@]}" \
            -keyfile "$PKI/$issuer.key" -in "$work.csr" -out "$PKI/$name.pem" \
            -startdate "$from" -enddate "$to" 2>>"$work.log"; then
        diag "cannot make the certificate $name:"$'\n'"$(cat "$work.log")"
        exit 1
    fi
    rm -f "$work".* "$PKI"/[0-9A-F][0-9A-F]*.pem "$PKI"/index*
}

# pki_root NAME CN [ALG [TO]]: a self-signed root.
pki_root() {
    local subject

    # shellcheck disable=SC2059 # the format is ours
    printf -v subject "$CA_SUBJECT" "$2"
    pki_key "$1" "${3:-ECC384}"
    pki_sign "$1" "$1" "$subject" "$(pki_date '-1 day')" \
        "$(pki_date "${4:-+40 years}")" <<'END'
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
keyUsage = critical, digitalSignature, keyCertSign, cRLSign
END
}

# pki_sub NAME ISSUER CN [ALG [UNTIL]]: a subordinate that issues leaves only.
pki_sub() {
    local subject

    # shellcheck disable=SC2059 # the format is ours
    printf -v subject "$CA_SUBJECT" "$3"
    pki_key "$1" "${4:-ECC384}"
    pki_sign "$1" "$2" "$subject" "$(pki_date '-1 day')" \
        "$(pki_date "${5:-+5 years}")" <<'END'
basicConstraints = critical, CA:TRUE, pathlen:0
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
keyUsage = critical, digitalSignature, keyCertSign, cRLSign
END
}

# pki_region REGION [ALG]: root-REGION and sub-REGION, named as AWS names
# them.  Works for us-gov-west-1 as for any other region.
pki_region() {
    local region=$1 alg=${2:-ECC384}

    pki_root "root-$region" "Amazon RDS $region Root CA $alg G1" "$alg"
    pki_sub "sub-$region" "root-$region" \
        "Amazon RDS $region Subordinate CA $alg G1.A.1" "$alg"
}

# pki_leaf NAME REGION HOST [OPTION=VALUE...]: a leaf of sub-REGION.
#   san=TEXT       the extension, as "DNS:a,DNS:b"; default DNS:HOST; "none"
#                  leaves it out; "DER:3000" is an empty one
#   eku=TEXT       extendedKeyUsage; default serverAuth,clientAuth; or "none"
#   usage=TEXT     keyUsage; default that of a server; or "none"
#   subject=TEXT   the whole subject, as "/CN=127.0.0.1"
#   issuer=NAME    another issuer
#   from=, to=     dates as date(1) reads them, as "-1 day"; 13 months
#   alg=ALG        ECC384 or RSA2048
#   extra=LINE     a further extension
pki_leaf() {
    local name=$1 issuer=sub-$2 host=$3 san="DNS:$3" extra=''
    local eku=serverAuth,clientAuth subject alg=ECC384
    local usage='critical, digitalSignature, keyEncipherment'
    local from='-1 day' to='+13 months' pair

    # shellcheck disable=SC2059 # the format is ours
    printf -v subject "$LEAF_SUBJECT" "$host"
    shift 3
    for pair; do
        local -n option=${pair%%=*}
        # shellcheck disable=SC2034 # a reference to one of the above
        option=${pair#*=}
        unset -n option
    done
    pki_key "$name" "$alg"
    pki_leaf_extensions "$san" "$eku" "$usage" "$extra" |
        pki_sign "$name" "$issuer" "$subject" "$(pki_date "$from")" \
            "$(pki_date "$to")"
}

# pki_leaf_extensions SAN EKU USAGE EXTRA
pki_leaf_extensions() {
    printf '%s\n' 'basicConstraints = critical, CA:FALSE' \
        'subjectKeyIdentifier = hash' 'authorityKeyIdentifier = keyid'
    [[ $1 == none ]] || printf 'subjectAltName = %s\n' "$1"
    [[ $2 == none ]] || printf 'extendedKeyUsage = %s\n' "$2"
    [[ $3 == none ]] || printf 'keyUsage = %s\n' "$3"
    [[ -z $4 ]] || printf '%s\n' "$4"
}

# pki_bundle FILE NAME...: a PEM file of these certificates, in this order.
# Moved into place, as `rdsca` does it.
pki_bundle() {
    local file=$1 name

    shift
    for name; do
        cat "$PKI/$name.pem"
    done >"$file.new" && mv "$file.new" "$file"
}

# pki_sha256 NAME: the fingerprint of a certificate.
pki_sha256() {
    fingerprints_of_pem <"$PKI/$1.pem"
}
