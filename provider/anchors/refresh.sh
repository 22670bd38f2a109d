#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# refresh.sh: brings into this folder what AWS serves and no package carries.
#
# The built `rdsca` fetches the global files of all three partitions into a
# folder of its own.  What is pinned, served and not yet in the tree goes into
# *-fetched.pem; pins.tsv and PROVENANCE.md say from where; DATE becomes the
# day of the comparison.
#
# Refuses: a certificate that is not pinned (reported, with its line for
# pins.tsv; pinning is a human's act); one that rdsca left out since it does not
# know the name (provider/model/anchor.c must learn it first); one whose name or dates differ from its
# pin; one whose signature is bad; a set that lacks a certificate which the
# tree has and which has not expired (AWS withdrew it, and a human decides); a
# source that must not stand in a public file.  On a refusal, and where one of
# the three files cannot be had, nothing is written.

# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# What `rdsca update --all` writes, and where AWS serves it.
declare -A address=(
    [aws-global-bundle.pem]=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
    [aws-us-gov-global-bundle.pem]=https://truststore.pki.us-gov-west-1.rds.amazonaws.com/global/global-bundle.pem
    [aws-cn-global-bundle.pem]=https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem
)
begin_mark='<!-- refresh.sh writes from here -->'
end_mark='<!-- to here -->'

usage() {
    cat <<'END'
usage: refresh.sh [--tree DIR] [--rdsca FILE] [OPTION OF RDSCA...]
       refresh.sh -o DIR [--tree DIR] [--rdsca FILE] [OPTION OF RDSCA...]

Fetches what AWS serves and what the tree lacks, verifies it, and writes it
into the tree: *-fetched.pem, pins.tsv, PROVENANCE.md and DATE.  Certificates
that are not in pins.tsv are reported, with their lines for it on standard
output, and nothing is written.

  -o DIR        write the PEM files into DIR and leave the tree alone;
                `make ANCHORS=DIR` builds them in
  --tree DIR    the folder with pins.tsv (default: the folder of this script)
  --rdsca FILE  the command that fetches (default: build/rdsca)
  --help        this text

Options of `rdsca update` that are passed on: --mirror URL, --cacert FILE,
--connect-to H:P, --settings FILE, --timeout S, --tries N.

Exit codes: 0 fine; 1 refused, or a finding; 2 usage; 3 a file or a needed
program cannot be had.  Nothing is written but on 0.
END
}

# ---- arguments --------------------------------------------------------------

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rdsca=${tree%/*/*}/build/rdsca
out=''
options=()

while [ $# -gt 0 ]; do
    case $1 in
    -o | --tree | --rdsca)
        [ -n "${2-}" ] || misused "$1 needs a value"
        case $1 in
        -o) out=$2 ;;
        --tree) tree=$2 ;;
        --rdsca) rdsca=$2 ;;
        esac
        shift
        ;;
    --mirror | --cacert | --connect-to | --settings | --timeout | --tries)
        [ -n "${2-}" ] || misused "$1 needs a value"
        options+=("$1" "$2")
        shift
        ;;
    --mirror=* | --cacert=* | --connect-to=* | --settings=* | --timeout=* | \
        --tries=*) options+=("$1") ;;
    -h | --help) usage; exit 0 ;;
    *) misused "unknown argument '$1'" ;;
    esac
    shift
done
[ -z "$out" ] || [ ! "$out" -ef "$tree" ] ||
    misused "$out is the tree; leave -o out"
for name in pins.tsv PROVENANCE.md DATE; do
    [ -f "$tree/$name" ] || misused "$tree/$name: no such file"
done

need cmp
perl -MJSON::PP -e 1 2>/dev/null || die 3 "perl's JSON::PP is needed"
[[ $rdsca == */* ]] || rdsca=./$rdsca
[ -x "$rdsca" ] || die 3 "$rdsca: no such command; run make first"
umask 022

# Of before the download begins.
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
today=${now%T*}
date=$(grep -v '^#' "$tree/DATE") || :
[[ $date =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || die 1 'DATE: no date in it'

# ---- what AWS serves --------------------------------------------------------

declare -A source_of sum_of # file -> its URL, the SHA-256 of what came
declare -A served           # sha256 -> file
declare -A base64_of        # sha256 -> base64, of what is served

# A new root is taken from a mirror, too: not into the tree, but to be
# reported here, with all others.
run_rdsca() {
    local code=0
    "$rdsca" update --all --json --accept-new --directory "$work/bundles" \
        ${options[@]+"${options[@]}"} >"$work/report" || code=$?
    case $code in
    0) ;;
    2) die 2 'an option was refused; nothing was written' ;;
    3) die 3 "a file cannot be had; nothing was written, DATE stays at $date" ;;
    4) die 1 "refused; nothing was written, DATE stays at $date" ;;
    *) die 1 "$rdsca ended with $code; nothing was written" ;;
    esac
}

# What is written down is public, so the source is an address and no more: no
# user, no password, no query.
read_report() {
    local file url sum
    perl -MJSON::PP -0777 -e '
        for my $b (@{decode_json(<STDIN>)->{bundles}}) {
            printf "left out: \x27%s\x27, SHA-256 %s, from %s: its name is " .
                "unknown to rdsca, which must learn it first\n",
                @$_{qw(subject sha256)}, $b->{source}
                for grep { $_->{change} eq "unknown, left out" }
                    @{$b->{anchors} // []};
        }' <"$work/report" >"$work/left-out" 2>/dev/null ||
        die 1 "$rdsca: a report that cannot be read"
    perl -MJSON::PP -0777 -e '
        printf "%s %s %s\n", @$_{qw(file source sha256)}
            for grep { $_->{result} eq "installed" }
                @{decode_json(<STDIN>)->{bundles}}' \
        <"$work/report" >"$work/arrived" 2>/dev/null ||
        die 1 "$rdsca: a report that cannot be read"
    while read -r file url sum; do
        [[ $url =~ ^https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._~-]+)+$ ]] ||
            die 1 "$file: its source must not stand in the tree; name a mirror without user, query and the like"
        [[ $sum =~ ^[0-9a-f]{64}$ ]] || die 1 "$file: its SHA-256 is missing"
        source_of[$file]=$url
        sum_of[$file]=$sum
    done <"$work/arrived"
}

read_served() {
    local file sha body
    run_rdsca
    read_report
    for file in "${!address[@]}"; do
        [ -n "${source_of[$file]-}" ] ||
            die 1 "$file: $rdsca did not bring it; nothing was written"
        certificates_of <"$work/bundles/$file" >"$work/list" ||
            die 1 "$file: a damaged certificate"
        while read -r sha body; do
            served[$sha]=$file
            base64_of[$sha]=$body
        done <"$work/list"
    done
}

# ---- what the tree has ------------------------------------------------------

declare -A in_tree                     # sha256 -> file
declare -A from_url from_day from_sum  # of what is or will be fetched

# Prints URL, day and SHA-256 of the download for each certificate of a file
# of ours, "-" where one is not there.
origins_of() {
    awk '
        BEGIN { url = day = sum = "-" }
        /^# from https:/ { url = $3 }
        /^# on / { day = substr($3, 1, 10); sum = $NF }
        /^-----END CERTIFICATE-----/ {
            print url, day, sum
            url = day = sum = "-"
        }' "$1"
}

read_fetched() {
    local name=${1##*/} url day sum body sha
    certificates_of <"$1" >"$work/list" || die 1 "$name: a damaged certificate"
    while read -r sha body url day sum; do
        [[ $url == https://* && $day =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ &&
            $sum =~ ^[0-9a-f]{64}$ ]] ||
            die 1 "$name: a certificate that does not say from where it is"
        [ -z "${in_tree[$sha]-}" ] || continue # a package has it by now
        learn "$sha" "$body" || die 1 "$name: a damaged certificate"
        in_tree[$sha]=$name
        from_url[$sha]=$url
        from_day[$sha]=$day
        from_sum[$sha]=$sum
    done < <(origins_of "$1" | paste -d ' ' "$work/list" -)
}

read_extracted() {
    local name=${1##*/} sha
    certificates_of <"$1" >"$work/list" || die 1 "$name: a damaged certificate"
    while read -r sha _; do
        in_tree[$sha]=$name
    done <"$work/list"
}

read_tree() {
    local file
    for file in "$tree"/*.pem; do
        [ ! -e "$file" ] || is_fetched "$file" || read_extracted "$file"
    done
    for file in "$tree"/*-fetched.pem; do
        [ ! -e "$file" ] || read_fetched "$file"
    done
}

# ---- comparing --------------------------------------------------------------

added=()

# Whether AWS's files are about this certificate.  Amazon's own roots, for
# proxies, never stand in them.
is_of_rds() {
    [[ ${pin_cn[$1]} != 'Amazon Root CA '* &&
        ${pin_cn[$1]} != 'Starfield Services Root '* ]]
}

expired() { [[ ${pin_end[$1]} < $now ]]; }

find_additions() {
    local sha file url
    for sha in "${!served[@]}"; do
        [ -z "${in_tree[$sha]-}" ] || [ -z "${pin_cn[$sha]-}" ] || continue
        file=${served[$sha]}
        url=${source_of[$file]}
        learn "$sha" "${base64_of[$sha]}" || die 1 "$file: a damaged certificate"
        if [ -z "${pin_cn[$sha]-}" ]; then
            printf '%s\t%s\t%s\t%s\t-\n' "$sha" "${cert_cn[$sha]}" \
                "${cert_start[$sha]}" "${cert_end[$sha]}" >>"$work/unpinned"
            echo "not pinned: '${cert_cn[$sha]}', SHA-256 $sha, valid ${cert_start[$sha]} - ${cert_end[$sha]}, from $url" >>"$work/refused"
            continue
        fi
        pin_agrees "$sha" || pin_differs "$sha" >>"$work/refused"
        added+=("$sha")
        from_url[$sha]=$url
        from_day[$sha]=$today
        from_sum[$sha]=${sum_of[$file]}
    done
}

find_withdrawn() {
    local sha file
    for sha in "${!in_tree[@]}"; do
        file=${in_tree[$sha]}
        if [ -z "${pin_cn[$sha]-}" ]; then
            echo "$file: SHA-256 $sha is not in pins.tsv"
        elif [ -n "${cert_cn[$sha]-}" ] && ! pin_agrees "$sha"; then
            pin_differs "$sha"
        elif [ -z "${served[$sha]-}" ] && is_of_rds "$sha" &&
            ! expired "$sha"; then
            echo "WITHDRAWN: '${pin_cn[$sha]}', SHA-256 $sha, is in $file and has not expired, but AWS no longer serves it; a human decides"
        fi
    done >>"$work/refused"
}

compare() {
    local line
    cat "$work/left-out" >"$work/refused"
    : >"$work/unpinned"
    find_additions
    find_withdrawn
    sort -o "$work/refused" "$work/refused"
    while read -r line; do
        differs "$line"
    done <"$work/refused"
    [ $differences -ne 0 ] || return 0
    if [ -s "$work/unpinned" ]; then
        say 'lines for pins.tsv, once a human has compared them with another source:'
        sort -t $'\t' -k 3,3 -k 1,1 "$work/unpinned"
    fi
    die 1 "$differences refused; nothing was written, DATE stays at $date"
}

# ---- the files --------------------------------------------------------------

# All that was ever fetched; for -o, what the tree lacks.
write_set() {
    local sha file
    local -a chosen=("${!from_url[@]}")
    [ -z "$out" ] || chosen=(${added[@]+"${added[@]}"})
    : >"$work/sorted"
    [ ${#chosen[@]} -eq 0 ] || sort_set "${chosen[@]}" >"$work/sorted"
    while read -r file sha; do
        write_certificate "$sha" "from ${from_url[$sha]}" \
            "on ${from_day[$sha]}, in a file of SHA-256 ${from_sum[$sha]}" |
            tee "$work/der/$sha.pem" >>"$work/set/${file%.pem}-fetched.pem"
    done <"$work/sorted"
}

verify_set() {
    local sha file
    local -a files=()
    for file in "$tree"/*.pem "$work/set"/*.pem; do
        [ ! -e "$file" ] || cat "$file" >>"$work/roots.pem"
    done
    while read -r _ sha; do
        files+=("$work/der/$sha.pem")
    done <"$work/sorted"
    [ ${#files[@]} -eq 0 ] || verify_signatures "${files[@]}"
}

# The table of what was fetched, from the set alone: so it is complete even
# where an earlier run was interrupted.
write_table() {
    local sha file count day url sum
    if [ ! -s "$work/sorted" ]; then
        echo 'Nothing so far.'
        return
    fi
    echo '| file | certificates | fetched from | SHA-256 of what came | day |'
    echo '|---|---:|---|---|---|'
    while read -r file sha; do
        echo "${file%.pem}-fetched.pem ${from_day[$sha]} ${from_url[$sha]} ${from_sum[$sha]}"
    done <"$work/sorted" | sort | uniq -c |
        while read -r count file day url sum; do
            echo "| \`$file\` | $count | $url | \`$sum\` | $day |"
        done
}

write_provenance() {
    write_table >"$work/table"
    awk -v begin="$begin_mark" -v end="$end_mark" -v table="$work/table" '
        $0 == end { inside = 0; ends += begins }
        !inside { print }
        $0 == begin {
            inside = 1
            begins++
            print ""
            while ((getline line <table) > 0)
                print line
            print ""
        }
        END { exit inside || begins != 1 || ends != 1 }' \
        "$tree/PROVENANCE.md" >"$work/set/PROVENANCE.md" ||
        die 1 "PROVENANCE.md: '$begin_mark' and '$end_mark' must stand there once, as lines of their own"
}

write_pins() {
    local sha
    for sha in "${!from_url[@]}"; do
        [ "${pin_source[$sha]}" != - ] || echo "$sha ${from_url[$sha]}"
    done >"$work/sources"
    awk -v sources="$work/sources" '
        BEGIN {
            FS = OFS = "\t"
            while ((getline line <sources) > 0) {
                split(line, word, " ")
                source[word[1]] = word[2]
            }
        }
        $1 in source { $5 = source[$1] }
        { print }' "$tree/pins.tsv" >"$work/set/pins.tsv"
}

# DATE is for what AWS itself serves, and never goes back.
write_date() {
    local file
    for file in "${!address[@]}"; do
        if [ "${source_of[$file]}" != "${address[$file]}" ]; then
            say "note: DATE stays at $date: ${source_of[$file]} is a mirror, and not AWS's own ${address[$file]}"
            return 0
        fi
    done
    if [[ $date > $today ]]; then
        say "note: DATE stays at $date, which is later than today"
        return 0
    fi
    sed "s/^$date\$/$today/" "$tree/DATE" >"$work/set/DATE"
    date=$today
}

# ---- writing ----------------------------------------------------------------

# Puts what differs, in this order, so that the tree is whole at any moment: a
# certificate first, what is said of it next, DATE last.
write_tree() {
    local name file
    local -a names=()
    write_provenance
    write_pins
    write_date
    for name in "$work/set"/*.pem pins.tsv PROVENANCE.md DATE; do
        name=${name##*/}
        [ ! -e "$work/set/$name" ] || cmp -s "$work/set/$name" "$tree/$name" ||
            names+=("$name")
    done
    put_files "$work/set" "$tree" ${names[@]+"${names[@]}"}
    for file in "$tree"/*-fetched.pem; do
        [ ! -e "$file" ] || [ -e "$work/set/${file##*/}" ] || rm -f -- "$file"
    done
    echo "$tree: ${#added[@]} certificates added, ${#in_tree[@]} were there; DATE is $date"
    check_counts $((${#in_tree[@]} + ${#added[@]}))
}

# The text of PROVENANCE.md is a human's.
check_counts() {
    grep -q "holds $1 CA certificates" "$tree/PROVENANCE.md" ||
        say "note: the tree now has $1 certificates; the counts in the text of PROVENANCE.md, in docs/ and in tests/ need a look"
}

write_out() {
    local file
    local -a names=()
    if [ ${#added[@]} -eq 0 ]; then
        echo "$tree has all that AWS serves; nothing was written to $out"
        return
    fi
    mkdir -p -- "$out" || die 1 "$out: cannot make the folder"
    for file in "$work/set"/*.pem; do
        names+=("${file##*/}")
    done
    put_files "$work/set" "$out" "${names[@]}"
    for file in "$out"/*.pem; do
        [ -e "$work/set/${file##*/}" ] ||
            say "note: $file is not of this run; left as it is"
    done
    echo "${#added[@]} certificates written to $out; make ANCHORS=$out builds them in"
}

# ---- main -------------------------------------------------------------------

read_pins
read_served
read_tree
compare
write_set
verify_set
if [ -n "$out" ]; then
    write_out
else
    write_tree
fi
