# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: Apache-2.0
#
# What extract.sh and refresh.sh share: certificates, pins and the layout of
# the PEM files.  They source it, have a function `usage`, and set $tree to
# the folder with pins.tsv.
#
# A certificate goes by its SHA-256.  What it says stands in cert_* once it was
# learned, and its DER lies in $work/der; what its pin says stands in pin_*.
#
# Refuses: pins.tsv with a bad line; a signature that does not verify.

set -euo pipefail
export LC_ALL=C

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { local code=$1; shift; say "$@"; exit "$code"; }
misused() { say "$@"; usage >&2; exit 2; }

differences=0
differs() { say "$@"; differences=$((differences + 1)); }

# need PROGRAM...: and what both scripts need.
need() {
    local program
    for program in awk base64 openssl perl sha256sum "$@"; do
        command -v "$program" >/dev/null || die 3 "'$program' is needed"
    done
    case $(openssl version) in
    'OpenSSL '[3-9]*) ;;
    *) die 3 'OpenSSL 3 is needed' ;;
    esac
}

# ---- the work folder --------------------------------------------------------

unfinished=()
work=$(mktemp -d)
clean_up() { rm -rf -- "$work" ${unfinished[@]+"${unfinished[@]}"}; }
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/der" "$work/set"

# put_files FROM TO NAME...: all are written beside before the first one
# takes its place, and they take it in this order.
put_files() {
    local from=$1 to=$2 name
    shift 2
    for name; do
        unfinished+=("$to/.$name.new")
        cp -- "$from/$name" "$to/.$name.new" || die 1 "$to/$name: cannot write"
    done
    for name; do
        mv -f -- "$to/.$name.new" "$to/$name"
    done
}

# ---- certificates -----------------------------------------------------------

declare -A cert_cn cert_issuer cert_start cert_end

# Prints the base64 of each certificate of a text, one a line.  The text is
# PEM, or JavaScript with PEM in string literals: those that '+' joins are
# joined, and each \n becomes the end of a line.
split_certificates() {
    awk '
        { text = text $0 "\n" }
        END {
            quote = "[\"\047`]"
            gsub(/\r/, "", text)
            wanted = gsub(/BEGIN CERTIFICATE/, "&", text)
            gsub(quote "[ \t\n]*[+][ \t\n]*" quote, "", text)
            gsub(/\\n/, "\n", text)
            count = split(text, line, "\n")
            for (i = 1; i <= count; i++) {
                if (line[i] ~ /-----BEGIN CERTIFICATE-----$/) {
                    if (inside)
                        exit 1
                    inside = 1
                    body = ""
                } else if (inside && line[i] ~ /^-----END CERTIFICATE-----/) {
                    print body
                    inside = 0
                    found++
                } else if (inside) {
                    if (line[i] !~ "^[A-Za-z0-9+/=]+$")
                        exit 1
                    body = body line[i]
                }
            }
            if (inside || found + 0 != wanted)
                exit 1
        }'
}

# Prints SHA-256 and base64 of each certificate of a text, one a line.
certificates_of() {
    split_certificates | perl -MMIME::Base64 -MDigest::SHA=sha256_hex -lne '
        my $der = decode_base64($_);
        exit 1 if $der eq "" || encode_base64($der, "") ne $_;
        print sha256_hex($der), " $_"'
}

# Prints subject CN, issuer CN, start and end of a DER file, with tabs.
describe() {
    openssl x509 -inform DER -in "$1" -noout -subject -issuer -dates \
        -nameopt multiline,utf8 -dateopt iso_8601 2>/dev/null |
        awk '
            /^(subject|issuer)=/ { who = substr($0, 1, index($0, "=") - 1) }
            /^ +commonName +=/ { sub(/^[^=]*= /, ""); cn[who] = $0 }
            /^not(Before|After)=/ {
                sub(/ /, "T")
                date[substr($0, 1, index($0, "=") - 1)] = \
                    substr($0, index($0, "=") + 1)
            }
            END {
                printf "%s\t%s\t%s\t%s\n", cn["subject"], cn["issuer"], \
                    date["notBefore"], date["notAfter"]
            }'
}

# learn SHA BASE64: writes the DER and sets cert_*.  Fails where it cannot be
# read or has no name.
learn() {
    local cn issuer start end text
    base64 -d <<<"$2" >"$work/der/$1"
    text=$(describe "$work/der/$1") || return 1
    IFS=$'\t' read -r cn issuer start end <<<"$text"
    [ -n "$end" ] || return 1
    cert_cn[$1]=$cn
    cert_issuer[$1]=$issuer
    cert_start[$1]=$start
    cert_end[$1]=$end
}

# verify_signatures FILE...: PEM files of one certificate, under the roots in
# $work/roots.pem.  Dates are left aside: most of the set has expired.
verify_signatures() {
    openssl verify -no_check_time -check_ss_sig -no-CApath -no-CAstore \
        -CAfile "$work/roots.pem" "$@" >"$work/verify.log" 2>&1 || {
        grep -v ': OK$' "$work/verify.log" |
            sed "s|$work/der/\\([0-9a-f]*\\).pem|\\1|; s/^/  /" >&2
        die 1 'a signature does not verify'
    }
}

# ---- pins.tsv ---------------------------------------------------------------

declare -A pin_cn pin_start pin_end pin_source

# Tabs are turned to a character that does not merge with its neighbours.
read_pins() {
    local sha cn start end source header=yes
    while IFS=$'\037' read -r sha cn start end source; do
        if [ $header = yes ]; then
            [ "$sha $source" = 'sha256 source' ] ||
                die 1 'pins.tsv: the header line is missing'
            header=no
            continue
        fi
        [[ $sha =~ ^[0-9a-f]{64}$ && -n $cn && -n $start && -n $end &&
            -n $source ]] || die 1 "pins.tsv: bad line '$sha $cn'"
        [ -z "${pin_cn[$sha]-}" ] || die 1 "pins.tsv: $sha stands there twice"
        pin_cn[$sha]=$cn
        pin_start[$sha]=$start
        pin_end[$sha]=$end
        pin_source[$sha]=$source
    done < <(awk '!/^(#|$)/' "$tree/pins.tsv" | tr '\t' '\037')
    [ ${#pin_cn[@]} -ne 0 ] || die 1 'pins.tsv: no pin in it'
}

# Whether a source in pins.tsv is one of refresh.sh.
is_url() { [[ $1 == https://* ]]; }

# pin_agrees SHA: names and dates are those of the pin.
pin_agrees() {
    [ "${pin_cn[$1]}" = "${cert_cn[$1]}" ] &&
        [ "${pin_start[$1]}" = "${cert_start[$1]}" ] &&
        [ "${pin_end[$1]}" = "${cert_end[$1]}" ]
}

# pin_differs SHA: says so.
pin_differs() {
    echo "pins.tsv: SHA-256 $1 is '${cert_cn[$1]}', valid ${cert_start[$1]} - ${cert_end[$1]}, and not what the pin says"
}

# ---- the PEM files ----------------------------------------------------------

# Those of refresh.sh end in -fetched.pem, so that each script knows its own.
is_fetched() { [[ $1 == *-fetched.pem ]]; }

# The file for a certificate, from its subject and issuer.
file_of() {
    local generation=${2##* G}
    [[ $generation =~ ^[0-9]$ ]] || generation=1
    case "$1|$2" in
    *'|Amazon RDS Beta '*" G$generation" | \
        *'|Amazon RDS Preview '*" G$generation")
        echo "aws-g$generation-beta-preview.pem" ;;
    *'|Amazon RDS cn-'*" G$generation") echo "aws-cn-g$generation.pem" ;;
    *'|Amazon RDS us-gov-'*" G$generation")
        echo "aws-us-gov-g$generation.pem" ;;
    *'|Amazon RDS '*-*" G$generation") echo "aws-g$generation.pem" ;;
    *'|Amazon RDS CN Root 2019 CA') echo aws-cn-2019.pem ;;
    *'|Amazon RDS '*'Root 2019 CA' | *'|Amazon RDS '*-*' Root CA')
        echo aws-2019.pem ;;
    *'|Amazon RDS GovCloud Root CA') echo aws-us-gov-2017.pem ;;
    *'|Amazon RDS Root CA') echo aws-2015.pem ;;
    *'|aws.amazon.com/rds/') echo aws-2010.pem ;;
    *'|Amazon Root CA '? | *'|Starfield Services Root '*)
        echo amazon-trust-services.pem ;;
    *) return 1 ;;
    esac
}

# Orders the certificates of a file: beta and preview last; by issuer, the
# algorithms as AWS lists them; a root before what it issued; by name.
order_of() {
    local stage=0 issuer=$2 role=1
    case $1 in *' Beta '* | *' Preview '* | *' preview-'*) stage=1 ;; esac
    issuer=${issuer/ RSA2048 / 1 }
    issuer=${issuer/ RSA4096 / 2 }
    issuer=${issuer/ ECC384 / 3 }
    [ "$1" != "$2" ] || role=0
    printf '%s\t%s\t%s\t%s' $stage "$issuer" $role "$1"
}

# sort_set SHA...: prints file and SHA-256 of each, in the order of the files.
sort_set() {
    local sha file
    for sha; do
        file=$(file_of "${cert_cn[$sha]}" "${cert_issuer[$sha]}") ||
            die 1 "'${cert_cn[$sha]}', SHA-256 $sha: file_of has no file for it"
        printf '%s\t%s\t%s\n' "$file" "$sha" \
            "$(order_of "${cert_cn[$sha]}" "${cert_issuer[$sha]}")"
    done >"$work/unsorted"
    sort -t $'\t' -k 1,1 -k 3 -k 2,2 "$work/unsorted" | cut -f 1,2
}

# write_certificate SHA FROM...: with the lines that say from where it is.
write_certificate() {
    local sha=$1
    shift
    printf '# %s\n# SHA-256 %s\n# valid %s - %s\n' \
        "${cert_cn[$sha]}" "$sha" "${cert_start[$sha]}" "${cert_end[$sha]}"
    printf '# %s\n' "$@"
    echo '-----BEGIN CERTIFICATE-----'
    base64 -w 64 "$work/der/$sha"
    echo '-----END CERTIFICATE-----'
}
