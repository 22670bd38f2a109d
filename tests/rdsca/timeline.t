#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves `rdsca timeline`: an SVG that is well-formed, refers to nothing and
# runs nothing; whose bars stand where the dates say, with today between what
# is past and what is to come; in which no text is cut or lies on another; and
# that the file is replaced whole or not at all.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
need openssl perl python3
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"

RDSCA=${RDSCA:-build/rdsca}
[[ $RDSCA == /* ]] || RDSCA=$ROOT/$RDSCA
[[ -x $RDSCA ]] || { ok 1 "$RDSCA exists; run make first" || done_testing; }

DIR=$TMP/bundles
SVG=$TMP/out.svg

# A configuration that names the module, for its settings, without loading it.
configure() {
    printf '%s\n' 'openssl_conf = init' '[init]' 'providers = providers' \
        '[providers]' 'rds = rds_section' '[rds_section]' \
        'module = /nowhere/rds.so' "rds-bundles = $1" >"$TMP/openssl.cnf"
    export OPENSSL_CONF=$TMP/openssl.cnf
}

timeline() {
    run "$RDSCA" timeline "$@"
}

# fails STATUS NAME TEXT ARGUMENT...: one line on stderr, no output.
fails() {
    local code=$1 name=$2 text=$3

    shift 3
    timeline "$@"
    [[ $status == "$code" && -z $out && $err == "rdsca timeline: "*"$text"* &&
        $err != *$'\n'* ]]
    ok $? "$name" || { show_run && diag "expected: $text"; }
}

# What the tests know of the file: rectangles and texts, with their places.
cat >"$TMP/svg.py" <<'END'
import datetime, re, sys
import xml.etree.ElementTree as ET

COLOURS = {"#2563eb": "in force", "#b45309": "ending", "#cbd5e1": "past"}
CHARACTER = {20: 12.5, 13: 7.8, 12: 7.7}  # DejaVu Sans, the widest we name
root = ET.parse(sys.argv[1]).getroot()
tag = lambda e: e.tag.split("}")[1]
number = lambda e, name: float(e.get(name))

def extent(text):
    size = int(text.get("font-size", 13))
    wide = len(text.text) * CHARACTER[size]
    at = {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor", "start")]
    x = number(text, "x") - wide * at
    return (x, number(text, "y") - size, x + wide, number(text, "y") + 3)

def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]

texts = [e for e in root.iter() if tag(e) == "text"]
years = [(number(t, "x"), int(t.text)) for t in texts
         if re.fullmatch(r"\d{4}", t.text)]

def date_of(x):
    (x0, y0), (x1, y1) = years[0], years[-1]
    a, b = datetime.date(y0, 1, 1), datetime.date(y1, 1, 1)
    return a + (b - a) * ((x - x0) / (x1 - x0))

# One line a bar: the tip, then its parts with the dates where they end.
def bars():
    for group in (e for e in root if tag(e) == "g"):
        parts = [(COLOURS[r.get("fill")], number(r, "x"),
                  number(r, "x") + number(r, "width"))
                 for r in group if tag(r) == "rect"]
        yield group.find("{*}title").text, parts

def near(x, date):
    pixel = abs((date_of(x + 1) - date_of(x)).days) + 1
    return abs((date_of(x) - datetime.date.fromisoformat(date)).days) <= pixel

def check_bars():
    today = [l for l in root.iter() if l.get("stroke") == "#dc2626"]
    assert len(today) == 1, "one line of today"
    now = number(today[0], "x1")
    assert near(now, datetime.datetime.utcnow().date().isoformat()), "today"
    for tip, parts in bars():
        dates = re.findall(r"\d{4}-\d\d-\d\d", tip)
        assert parts, tip + ": no bar"
        assert near(parts[0][1], dates[0]), tip + ": its beginning"
        assert near(parts[-1][2], dates[-1]), tip + ": its end"
        for kind, x0, x1 in parts:
            assert x1 > x0, tip
            past = kind == "past"
            assert (x1 <= now + 1 if past else x0 >= now - 1), tip + kind

def check_texts():
    wide, high = number(root, "width"), number(root, "height")
    boxes = [(extent(t), t.text) for t in texts]
    for box, text in boxes:
        assert box[0] >= 0 and box[2] <= wide and box[3] <= high, "cut: " + text
    for i, (box, text) in enumerate(boxes):
        for other, word in boxes[:i]:
            assert not overlap(box, other), text + " lies on " + word

def check_closed():
    allowed = {"svg", "title", "rect", "text", "line", "g"}
    for e in root.iter():
        assert tag(e) in allowed, tag(e)
        for name, value in e.attrib.items():
            assert "href" not in name and not name.startswith("on"), name
            assert "url(" not in value and "//" not in value, value
    first = next(e for e in root if tag(e) == "rect")
    assert (first.get("width"), first.get("height"), first.get("fill")) == \
        ("100%", "100%", "#ffffff"), "a white background"

what = sys.argv[2]
if what == "check":
    check_closed(), check_texts(), check_bars()
elif what == "texts":
    print("\n".join(t.text for t in texts))
else:
    for tip, parts in bars():
        print(tip + ": " + ", ".join(p[0] for p in parts))
END

svg() {
    python3 -W ignore "$TMP/svg.py" "$SVG" "$1"
}

# draws BARS URI [OPTION...]: a good drawing with so many bars.
draws() {
    local bars=$1 uri=$2 texts

    shift 2
    rm -f "$SVG"
    timeline "$uri" -o "$SVG" "$@"
    is "$status $out$err" "0 $SVG: $bars bar$([[ $bars == 1 ]] || echo s), written" \
        "$uri gives $bars bars"
    svg check 2>"$TMP/svg.err"
    ok $? '... closed, in place, at the right dates' ||
        diag "$(tail -n 3 "$TMP/svg.err")"
    texts=$(svg texts)
    like "$texts" "today, $(date -u +%Y-%m-%d)" '... with today'
    like "$texts" "$uri: " '... and what it is of'
}

bars() {
    local count

    draws 3 rds://region/us-west-2
    is "$(svg bars)" \
        'rds-ca-rsa2048-g1, 2021-05-24 to 2061-05-24: us-west-2: past, in force
rds-ca-rsa4096-g1, 2021-05-24 to 2121-05-24: us-west-2: past, in force
rds-ca-ecc384-g1, 2021-05-24 to 2121-05-24: us-west-2: past, in force' \
        '... one for each CA'
    draws 3 rds://region/us-west-2,eu-west-1
    like "$(svg texts)" $'\neu-west-1, us-west-2\n' '... two regions by name'
    draws 5 rds://proxy
    draws 7 'rds://region/us-west-2,eu-west-1?expired=include'
    is "$(svg bars | grep -c ': past$')" 4 '... what has expired is past'
    draws "$(groups rds://all)" rds://all
    like "$(svg texts)" ' regions' '... of more regions how many'
    count=$(svg bars | grep -o '[a-z]-[a-z]*-[0-9]' | wc -l)
    is "$count" "$("$RDSCA" export rds://all | grep -c BEGIN)" \
        '... and all of them in the tips'
    draws "$(groups 'rds://all?expired=include')" 'rds://all?expired=include'
    like "$(svg texts)" ', intermediate' '... intermediates are called so'
    is "$(svg bars | sed 's/,.*//' | uniq | sort | uniq -d)" '' \
        '... and the bars of a CA stand together'
}

# How many bars a URI must give: the answer's kinds.
groups() {
    run "$RDSCA" list --json "$1"
    python3 -c 'import json, sys
print(len({(a["family"], a["ca"], a["stage"], a["role"], a["region"] is None,
            a["not_before"][:4], a["not_after"][:4])
           for a in json.load(sys.stdin)["anchors"]}))' <<<"$out"
}

# CAs that end soon, that ended, and that have not begun.
ends() {
    pki_root soon 'Amazon RDS us-west-2 Root CA ECC384 G1' ECC384 '+40 days'
    pki_root later 'Amazon RDS us-west-2 Root CA ECC384 G2' ECC384 '+9 years'
    mkdir -m 755 "$DIR"
    pki_bundle "$DIR/us-west-2-bundle.pem" soon later
    draws 2 rds://region/us-west-2 --directory "$DIR"
    is "$(svg bars | sed 's/,.*:/:/')" \
        'rds-ca-ecc384-g1: past, ending
rds-ca-ecc384-g2: past, in force' '... what ends within 180 days stands out'
    draws 1 rds://region/us-west-2/rds-ca-ecc384-g1 --directory "$DIR"
}

file() {
    local first

    timeline rds://proxy -o "$SVG"
    first=$(stat -c '%i %Y %a' "$SVG")
    timeline rds://proxy --output="$SVG"
    is "$out" "$SVG: 5 bars, unchanged" 'the same drawing is not written again'
    is "$(stat -c '%i %Y %a' "$SVG")" "$first" '... the file is untouched'
    is "${first##* }" 644 '... and may be read by all'
    timeline -o "$SVG" rds://region/us-west-2
    isnt_inode "$first" 'another one replaces the file'
    is "$(echo "$SVG"*)" "$SVG" '... and leaves nothing beside it'
    timeline rds://region/us-west-2 -o -
    is "$out" "$(cat "$SVG")" "'-' is standard output"
    timeline -o -
    like "$out" 'rds://all: ' 'rds://all is the default'
    timeline 'rds://all?expired=include&role=root' -o -
    like "$out" '>rds://all?expired=include&amp;role=root: ' \
        'a URI is escaped'
}

isnt_inode() {
    [[ $(stat -c %i "$SVG") != "${1%% *}" ]]
    ok $? "$2"
}

errors() {
    fails 2 'no file' "name a file with -o, or '-' for standard output; try \
'rdsca timeline --help'"
    fails 2 'a value too few' '--output needs a value' -o
    fails 2 'an empty name' "--output '': an empty name" -o ''
    fails 2 'an unknown option' \
        "unknown option '--outptu', did you mean '--output'?" --outptu=x
    fails 2 'a word too much' "'rds:all' is too much" rds: rds:all -o "$SVG"
    fails 2 'an unknown region' "unknown region 'us-wets-2'" \
        rds://region/us-wets-2 -o "$TMP/none.svg"
    fails 4 'a directory that is not there' \
        "$TMP/nix/a.svg: cannot write beside it: No such file" \
        -o "$TMP/nix/a.svg"
    fails 4 'a directory in place of the file' \
        "$DIR: is a directory, not a regular file" -o "$DIR"
    ln -s out.svg "$TMP/link.svg"
    fails 4 'a link' "$TMP/link.svg: is a symbolic link" -o "$TMP/link.svg"
    mkfifo "$TMP/pipe"
    fails 4 'a pipe' "$TMP/pipe: is a device or a pipe" -o "$TMP/pipe"
    is "$(compgen -G "$TMP/none*")" '' 'nothing is left of them'
}

# Looks at what a viewer would draw.
render() {
    has rsvg-convert 'rendering' || return
    timeline 'rds://all?expired=include' -o "$SVG"
    run_ok 'librsvg draws it' rsvg-convert "$SVG" -o "$TMP/out.png"
    [[ $(head -c 4 "$TMP/out.png" | tail -c 3) == PNG ]]
    ok $? '... to a picture'
}

configure "$TMP/none"
bars
ends
file
errors
if has xmllint 'xmllint'; then
    run_ok 'xmllint finds no fault' xmllint --noout --nonet "$SVG"
fi
render
run "$RDSCA" timeline --help
like "$out" 'usage: rdsca timeline ' '--help'
done_testing
