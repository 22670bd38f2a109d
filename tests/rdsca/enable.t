#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves `rdsca enable` and `disable` on copies of the openssl.cnf of the
# distributions: the module is in force and what was so before still is; FIPS
# stays FIPS; nothing but the new lines changes; back again it is the same
# bytes; whatever is wrong gives one line and changes nothing; and who is
# killed at any step leaves the old file or the new one.

# shellcheck disable=SC1003,SC2016 # odd files; expanded by other shells
# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
need openssl perl
need_module
# shellcheck source=enable.sh
. "$ROOT/tests/rdsca/enable.sh"

# ---- the distributions ------------------------------------------------------

# What stands in the file's place: "block", or the drop-in below $ETC.
declare -A PLACES=(
    [alpine]=block [amazon2023]=block [debian12]=block [debian13]=block
    [empty]=block [fedora]=pki/tls/openssl.d/rdsca.cnf [rhel9]=block
    [rhel-fips]=pki/tls/openssl.d/rdsca.cnf [ubuntu]=block
    [upstream-dropins]=ssl/openssl.cnf.d/rdsca.cnf
)

# distribution SHAPE
distribution() {
    local place=${PLACES[$1]} before_providers after once name=$1

    shape "$name"
    before=$(state)
    before_providers=$(providers)
    enable --trust "$WEST"
    is "$status $err" '0 ' "$name: enable" || show_run
    is "$(providers)" "$(tr ' ' '\n' <<<"$before_providers rds" | sort |
        paste -sd ' ')" '... the same providers are active, and rds'
    is "$(in_force)" "$WEST" '... the URI is in force'
    if [[ $place == block ]]; then
        [[ $out == "$CNF: on"* && -f $CNF.rdsca-backup ]]
        ok $? '... by a block, with a backup' || show_run
    else
        [[ $out == "$ETC/$place: on"* ]] &&
            [[ $(state | grep -v "$place") == "$(grep -v "$place" <<<"$before")" ]]
        ok $? '... by a file in the directory for that, and no other change' ||
            show_run
    fi
    once=$(state)
    enable --trust "$WEST"
    is "$status $err $(state)" "0  $once" '... once more: nothing is written' ||
        show_run
    run "$RDSCA" doctor --quiet --conf "$CNF"
    is "$status $out" '0 ' '... and the doctor has nothing to say' || show_run
    disable
    after=$(state)
    is "$status $err $after" "0  $before" \
        '... disable: names, modes, dates and bytes are as before' || show_run
    disable
    is "$status $err $(state)" "0  $before" '... once more: it is off' ||
        show_run
    like "$out" 'it is off' '... says so'
}

distributions() {
    local name

    is "$(cd "$SHAPES" && find . -type f ! -name '*.*' -printf '%f\n' | sort |
        paste -sd ' ')" "$(printf '%s\n' "${!PLACES[@]}" | sort |
        paste -sd ' ')" 'every shape is tested'
    for name in $(printf '%s\n' "${!PLACES[@]}" | sort); do
        distribution "$name"
    done
}

# The crypto-policies hold as before, and FIPS is what is fetched.
policies() {
    local before_ciphers

    shape fedora
    before_ciphers=$(OPENSSL_CONF=$CNF openssl ciphers -s -v | sha256sum)
    enable
    is "$(OPENSSL_CONF=$CNF openssl ciphers -s -v | sha256sum)" \
        "$before_ciphers" 'the policy of the file still holds'
    isnt "$(OPENSSL_CONF='' openssl ciphers -s -v | sha256sum)" \
        "$before_ciphers" '... which is not what holds without it'
    shape rhel-fips
    enable --trust "$WEST"
    is "$(providers)" 'base fips rds' 'with FIPS no default provider is added'
    unlike "$(sed -n '/^\[provider_sect\]/,/^$/p' \
        "$ETC/pki/tls/openssl.d/rdsca.cnf")" default '... nor named for OpenSSL'
    sed -i 's/^# activate = 1/activate = 1/' "$CNF"
    disable
    enable
    is "$(providers)" 'base default fips rds' \
        'with FIPS and default both stay, as the administrator has it'
}

isnt() {
    [[ $1 != "$2" ]]
    ok $? "$3"
}

# Without --trust URIs have answers, and nothing is trusted.
without_trust() {
    shape debian12
    enable
    is "$status $(in_force) $(providers)" '0  default rds' 'without --trust'
    is "$(OPENSSL_CONF=$CNF openssl storeutl -noout -certs \
        rds://region/us-west-2 2>&1 | tail -n 1)" 'Total found: 3' \
        '... URIs have answers'
    disable
    shape debian12
    enable --trust rds://all+proxy
    is "$status $(in_force)" '0 rds://all+proxy' 'a wide URI is taken'
    like "$err" "note: 'all' admits the databases of every account" \
        '... with a note'
    is "$(wc -l <<<"$err")" 1 '... of one line'
}

# The trial server's certificate has the whole name as its CN, as AWS's have.
long_endpoint() {
    local uri=rds://host/an-endpoint-whose-name-is-longer-than-64-characters

    uri+=.abc123def.us-west-2.rds.amazonaws.com
    shape debian12
    enable --trust "$uri"
    is "$status $(in_force)" "0 $uri" 'an endpoint of 89 characters' ||
        show_run
}

# A directory that is included in the midst of a section: what follows would go
# to the last section of a drop-in.
in_the_midst() {
    local ciphers

    shape ubuntu
    sed -i "s|^ssl_conf|.include $ETC/ssl/openssl.cnf.d\n&|" "$CNF"
    sed -i 's/@SECLEVEL=2/&:!AES128/' "$CNF"
    ciphers=$(OPENSSL_CONF=$CNF openssl ciphers -s)
    before=$(state)
    enable --trust "$WEST"
    is "$status $(providers) $(OPENSSL_CONF=$CNF openssl ciphers -s)" \
        "0 default rds $ciphers" 'a directory in the midst of a section' ||
        show_run
    like "$out" "$CNF: on" '... is not used, for the sake of what follows'
    disable
    is "$status $(state)" "0 $before" '... and back'
}

# ---- odd files --------------------------------------------------------------

# there_and_back NAME: the file at $CNF.
there_and_back() {
    before=$(state)
    enable --trust "$WEST"
    is "$status $(providers) $(in_force)" "0 default rds $WEST" "$1: on" ||
        show_run
    disable
    is "$status $(state)" "0 $before" '... and back, byte for byte' || show_run
}

odd_files() {
    shape empty
    printf 'HOME = .\nopenssl_conf = x\n[x]' >"$CNF"
    there_and_back 'no line end at the end'
    printf 'HOME = .\n# a\\' >"$CNF"
    there_and_back 'a comment that goes on beyond the end'
    printf 'HOME = \\' >"$CNF"
    there_and_back 'a value that goes on beyond the end'
    printf 'HOME = .\n\n\n\n' >"$CNF"
    there_and_back 'empty lines at the end'
    printf 'openssl_conf = x\r\n[x]\r\na_section = y\r\n' | grep -v a_section >"$CNF"
    there_and_back 'line ends of another system'
    printf '\n' >"$CNF"
    there_and_back 'one line end'
    printf '# \xc3\xa4\xff\xfe \x01\n[ \tx\t ]\ny=z\n' >"$CNF"
    there_and_back 'bytes that are no ASCII'
    printf 'openssl_conf = my.own-start\n[my.own-start]\nproviders = list\n[list]\ndefault = d\nlegacy = l\n[d]\nactivate = yes\n[l]\n' >"$CNF"
    there_and_back 'names of the administrator'
    printf '[provider_sect]\nlegacy = legacy_sect\n[legacy_sect]\nactivate = 1\n[openssl_init]\nx = y\n' >"$CNF"
    there_and_back 'sections of the usual names that are not in use'
    perl -e 'print "# ", "x" x 1000, "\n" for 1 .. 900' >"$CNF"
    there_and_back 'a file of nearly 1 MiB'
    rm "$CNF"
    there_and_back 'no file at all'
    ln -s ssl/real.cnf "$CNF"
    echo 'HOME = .' >"$ETC/ssl/real.cnf"
    there_and_back 'a symbolic link'
    enable
    [[ -L $CNF ]] && grep -q '^\[rds_sect\]' "$ETC/ssl/real.cnf"
    ok $? '... which stays one, the file behind it is changed'
}

attributes() {
    local owner=root:root

    shape debian12
    chmod 640 "$CNF"
    if ((EUID == 0)); then
        owner=root:daemon
        chown "$owner" "$CNF"
    else
        owner=$(id -un):$(id -gn)
    fi
    enable
    is "$(stat -c '%a %U:%G' "$CNF" "$CNF.rdsca-backup" | paste -sd ' ')" \
        "640 $owner 640 $owner" 'owner and mode stay, also of the backup'
    disable
    is "$status $(stat -c '%a %U:%G %y' "$CNF")" \
        "0 640 $owner 2025-04-15 10:00:00.000000000 +0000" \
        '... and the date comes back'
}

# The label and the access list of the file (here: daemon may read it, too).
labels() {
    local access=0x020000000100060000ffffff02000400010000000400040000000000100004000000000020000000ffffffff
    local show='import os, sys
print([os.getxattr(sys.argv[1], n).hex() for n in ("security.selinux", "system.posix_acl_access")])'

    shape debian12
    if ! /usr/bin/python3 -c '
import os, sys
os.setxattr(sys.argv[1], "security.selinux", b"system_u:object_r:etc_t:s0\0")
os.setxattr(sys.argv[1], "system.posix_acl_access", bytes.fromhex(sys.argv[2]))' \
        "$CNF" "${access#0x}" 2>"$TMP/labels"; then
        skip 'label and access list' 'they cannot be set here'
        diag "$(tail -n 1 "$TMP/labels")"
        return
    fi
    before=$(/usr/bin/python3 -c "$show" "$CNF")
    enable
    is "$status $(/usr/bin/python3 -c "$show" "$CNF")" "0 $before" \
        'label and access list stay'
    disable
    is "$status $(/usr/bin/python3 -c "$show" "$CNF")" "0 $before" \
        '... and come back'
}

# Node.js gets a list of its own; a section that is there is completed.
node_section() {
    shape debian13
    enable
    like "$(<"$CNF")" $'[default]\nnodejs_conf = rds_node_sect\n' \
        'Node.js has a section of its own'
    disable
    printf 'nodejs_conf = openssl_init\n' | cat - "$SHAPES/debian13" >"$CNF"
    enable
    unlike "$(<"$CNF")" rds_node '... but not where it has OpenSSL'"'"'s'
    disable
    printf 'nodejs_conf = n\n[n]\nproviders = np\n[np]\nlegacy = l\n[l]\nactivate = 1\n' >"$CNF"
    before=$(state)
    enable
    like "$(<"$CNF")" $'\n[np]\nrds = rds_sect\n' \
        '... and a list of its own gets one line more'
    disable
    is "$(state)" "$before" '... which goes again'
}

# ---- edits between ----------------------------------------------------------

edits() {
    shape debian12
    enable
    sed -i 's/^commonName.*/commonName = edited/' "$CNF"
    printf '[mine]\nx = y\n' >>"$CNF"
    disable
    is "$status $err" '0 ' 'disable after edits'
    like "$out" 'what was edited in it since stays' '... says that they stay'
    is "$(diff "$SHAPES/debian12" "$CNF")" \
        "$(diff "$SHAPES/debian12" <(sed 's/^commonName.*/commonName = edited/' \
            "$SHAPES/debian12" && printf '[mine]\nx = y\n'))" \
        '... and so it is'
    cmp -s "$SHAPES/debian12" "$CNF.rdsca-backup"
    ok $? '... the file from before is kept, too'
    enable
    disable
    [[ $status == 0 && ! -e $CNF.rdsca-backup ]]
    ok $? 'the next time there is no edit'
    # The empty line before the block, and the last line end.
    shape empty
    printf 'HOME = .' >"$CNF"
    enable
    printf 'x = y\n' >>"$CNF"
    disable
    is "$(<"$CNF")" $'HOME = .\nx = y' 'an edit behind a last line without end'
    rm -f "$CNF"*
    enable
    echo 'x = y' >>"$CNF"
    disable
    is "$status $(<"$CNF")" '0 x = y' 'an edit of a file that was not there'
    shape debian12
    enable
    echo '[broken' >>"$CNF"
    disable
    is "$status $(tail -n 1 "$CNF")" '0 [broken' \
        'disable takes a file that OpenSSL does not understand'
}

# ---- what is refused --------------------------------------------------------

# refuses NAME TEXT OPTION...: to enable $CNF.
refuses_to_enable() {
    before=$(state)
    enable "${@:3}"
    unchanged "$1" "$2"
}

bad_files() {
    shape debian12
    echo '[broken' >>"$CNF"
    refuses_to_enable 'a malformed file' \
        "'$CNF': line 35: missing close square bracket"
    shape debian12
    printf 'a\0b\n' >>"$CNF"
    refuses_to_enable 'a NUL byte' "'$CNF': has a NUL byte"
    truncate -s 1048577 "$CNF"
    refuses_to_enable 'a file that is too large' \
        "'$CNF': larger than 1 MiB"
    rm "$CNF"
    mkfifo "$CNF"
    refuses_to_enable 'a pipe, without waiting for it' 'not a regular file'
    rm "$CNF"
    mkdir "$CNF"
    refuses_to_enable 'a directory' 'not a regular file'
    CNF=$ETC/none/openssl.cnf refuses_to_enable 'no such directory' \
        'No such file or directory'
    shape debian12
    printf '[openssl_init]\nproviders = gone\n' >>"$CNF"
    refuses_to_enable 'what OpenSSL gives up on already' \
        'something is wrong already, before any change: OpenSSL stops'
    shape debian12
    printf '[openssl_init]\nproviders = p\n[p]\nlegacy = l\n[l]\nactivate = 1\n' \
        >>"$CNF"
    refuses_to_enable 'TLS that does not work already' \
        'something is wrong already, before any change: '
    shape debian12
    printf '[openssl_init]\nproviders = odd$name\n' >>"$CNF"
    refuses_to_enable 'a variable that is not there' 'variable has no value'
    as_nobody
}

as_nobody() {
    if ((EUID != 0)); then
        skip 'a file that may not be read' 'only root can make one'
        return
    fi
    shape debian12
    chmod 711 "$TMP/bin"
    before=$(state)
    run setpriv --reuid=nobody --regid=nogroup --clear-groups \
        "$RDSCA" enable --conf "$CNF"
    unchanged 'a user who may not write' \
        "'$ETC': cannot be written to: Permission denied; run this as root"
    chmod 600 "$CNF"
    before=$(state)
    run setpriv --reuid=nobody --regid=nogroup --clear-groups \
        "$RDSCA" enable --conf "$CNF"
    unchanged 'a user who may not read' "'$CNF': Permission denied"
}

# What others can write to is not loaded, nor made a place of ours.
others_files() {
    shape debian12
    chmod 666 "$CNF"
    refuses_to_enable 'a file that others can write to' \
        "'$CNF' is writable by group or others (mode 0666)"
    ((EUID == 0)) || return 0
    shape debian12
    chown nobody "$CNF"
    refuses_to_enable 'a file of another user' \
        "'$CNF' is owned by user $(id -u nobody), who decides"
}

not_ours() {
    shape debian13
    printf '[rds_sect]\nx = y\n' >>"$CNF"
    refuses_to_enable 'a section of our name' \
        "'$CNF': there is a section [rds_sect] already"
    shape debian13
    printf '[provider_sect]\nrds = other\n[other]\nmodule = /lib/other.so\n' \
        >>"$CNF"
    refuses_to_enable 'a provider of our name' \
        "the provider 'rds' in [provider_sect] is not of 'rdsca enable'"
    shape debian13
    printf '[provider_sect]\naws = by_hand\n[by_hand]\nmodule = %s\nactivate = 1\n' \
        "$SO" >>"$CNF"
    sed -i 's/^# activate/activate/' "$CNF"
    refuses_to_enable 'the module by hand' \
        "[by_hand] loads rds.so already, by lines that are not of 'rdsca enable'"
    shape fedora
    echo '# mine' >"$ETC/pki/tls/openssl.d/rdsca.cnf"
    refuses_to_enable 'a drop-in of our name' \
        "'$ETC/pki/tls/openssl.d/rdsca.cnf': this file is not of 'rdsca enable'"
    before=$(state)
    disable
    unchanged '... nor does disable take it' "this file is not of 'rdsca enable'"
}

another_uri() {
    local name

    for name in debian12 fedora; do
        shape "$name"
        enable --trust "$WEST"
        refuses_to_enable "$name: another URI" \
            "it is on already, with rds-trust = '$WEST'; 'rdsca disable' first" \
            --trust "$EAST"
        refuses_to_enable '... or none' "with rds-trust = '$WEST'"
        disable
        enable
        refuses_to_enable '... or one, where there was none' \
            'it is on already, with no rds-trust' --trust "$EAST"
    done
}

bad_uris() {
    local uri

    shape debian12
    before=$(state)
    for uri in x rds://regoin/x rds://list rds://host/x.example.com '' \
        'rds://all?role=intermediate' $'rds://all\nx' 'rds://all$x' 'rds://all#'; do
        enable --trust "$uri"
        [[ $status == 2 && -z $out && $(wc -l <<<"$err") == 1 &&
            $err == *'--trust: '* && $(state) == "$before" ]]
        ok $? "--trust '${uri//$'\n'/}' is refused as usage" || show_run
    done
    refuses_to_enable 'a region without certificates' \
        "region 'us-gov-west-1' is known, but no certificate in force is at hand; run 'rdsca update us-gov-west-1'" \
        --trust rds://region/us-gov-west-1
}

# The marks: each damage, for both.
damaged() {
    local damage

    for damage in '/^# <<< rdsca/d' '/^# >>> rdsca/d' 's/^# >>> rdsca.*/&x/' \
        's/^# <<< rdsca.*/# <<< rdsca/' '/^# >>> rdsca/p' '/^# <<< rdsca/p' \
        '$a# >>> rdsca enable'; do
        shape debian12
        enable
        sed -i "$damage" "$CNF"
        refuses_to_enable "marks: $damage" 'the marks of rdsca'"'"'s block are damaged'
        disable
        unchanged '... for disable, too' 'are damaged; restore them, or remove'
    done
    shape debian12
    enable
    perl -0777 -i -pe 's/(# >>>.*?\n)(.*)(# <<<.*?\n)/$3$2$1/s' "$CNF"
    before=$(state)
    disable
    unchanged 'marks in the wrong order' 'are damaged'
}

# A copy of the command, with another module beside it or none.
modules() {
    shape debian12
    if [[ $SO != "$TMP/bin/rds.so" ]]; then
        skip 'what is wrong with the module' "there is one in $SO"
        return
    fi
    mv "$SO" "$TMP/rds.so"
    refuses_to_enable 'no module' 'the module is not installed: '
    head -c 5000 "$TMP/rds.so" >"$SO"
    refuses_to_enable 'a module that was cut' "loading '$SO'"
    cp "$TMP/rds.so" "$SO"
    chmod 666 "$SO"
    refuses_to_enable 'a module that others can write to' \
        "'$SO' is writable by group or others"
    rm -f "$SO"
    cp "$TMP/rds.so" "$SO"
    mkdir "$TMP/an odd name"
    cp "$RDSCA" "$SO" "$TMP/an odd name"
    before=$(state)
    run "$TMP/an odd name/rdsca" enable --conf "$CNF"
    unchanged 'a path with a blank' 'the path of the module cannot stand in'
}

# Other providers of the file that do harm: bad_provider STATEMENT
bad_provider() {
    printf '#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\nint OSSL_provider_init(void);\nint OSSL_provider_init(void) { %s; return 0; }\n' \
        "$1" >"$TMP/bad.c"
    compile "$TMP/bad.so" "$TMP/bad.c" -shared -fPIC
    shape debian13
    sed -i 's/^# activate/activate/' "$CNF"
    printf '[provider_sect]\nbad = bad\n[bad]\nmodule = %s\nactivate = 1\n' \
        "$TMP/bad.so" >>"$CNF"
}

harmful() {
    local what

    for what in 'abort()' '_exit(0)'; do
        bad_provider "$what"
        refuses_to_enable "a provider that calls $what" \
            "something is wrong already, before any change: loading the configuration '$CNF': "
    done
    bad_provider 'if (strstr(getenv("OPENSSL_CONF"), "trial.cnf")) abort()'
    refuses_to_enable 'a provider that does so with rds only' \
        'loading the configuration with the lines for rds: died by signal 6'
}

usage() {
    local words

    shape debian12
    before=$(state)
    for words in 'x' '--systen' '--unit' '--unit ../x' '--unit a/b' '--unit=' \
        '--unit -x' '--unit a\x2db' '--system --unit x' '--print=x' \
        "--unit $(printf 'x%.0s' {1..250})"; do
        # shellcheck disable=SC2086 # words are meant
        enable $words
        is "$status $(wc -l <<<"$err") $out" '2 1 ' "usage: enable ${words:0:30}" ||
            show_run
        [[ $words != --print* ]] || continue
        # shellcheck disable=SC2086
        disable $words
        is "$status $(wc -l <<<"$err") $out" '2 1 ' '... and disable' || show_run
    done
    is "$(state)" "$before" 'nothing was changed'
}

# ---- what is not written ----------------------------------------------------

printing() {
    local name printed place

    for name in debian12 fedora empty; do
        shape "$name"
        before=$(state)
        enable --print --trust "$WEST"
        printed=$out
        is "$status $err $(state)" "0  $before" "$name: --print writes nothing"
        enable --trust "$WEST"
        place=${PLACES[$name]}
        [[ $place != block ]] || place=openssl.cnf
        is "$(<"$ETC/$place")" "$printed" '... and shows what is written then'
    done
    shape debian12
    echo '[broken' >>"$CNF"
    refuses_to_enable '--print of a malformed file' 'missing close square' --print
}

# The variable of the administrator's.
variable() {
    shape debian12
    cp "$CNF" "$TMP/other.cnf"
    run env OPENSSL_CONF="$TMP/other.cnf" OPENSSL_MODULES=/none \
        OPENSSL_CONF_INCLUDE=/none "$RDSCA" enable --conf "$CNF"
    is "$status $(providers)" '0 default rds' 'with OPENSSL_CONF'
    is "$err" "rdsca enable: note: OPENSSL_CONF is '$TMP/other.cnf' here and plays no part: the file of processes without the variable is changed" \
        '... which is said'
    cmp -s "$TMP/other.cnf" "$SHAPES/debian12"
    ok $? '... its file stays'
}

# ---- killed, at odds, taken back --------------------------------------------

# with_shim [VARIABLE=VALUE...] -- COMMAND...
with_shim() {
    local -a variables=()

    while [[ $1 != -- ]]; do
        variables+=("$1")
        shift
    done
    shift
    # shellcheck disable=SC2016 # expanded inside
    run sh -c '"$@"; exit $?' sh env "LD_PRELOAD=$TMP/shim.so" \
        "SHIM_DIRECTORY=$ETC" ASAN_OPTIONS=verify_asan_link_order=0 \
        "${variables[@]}" "$@"
}

# killed_at_each_step SHAPE WORD: enable or disable; the content of what is
# written (a file, or none) is the old or the new one after each.
killed_at_each_step() {
    local steps i wrong='' word=$2 old new got place=${PLACES[$1]}
    local -a command=("$RDSCA" "$word" --conf "$CNF")

    [[ $place != block ]] || place=openssl.cnf
    place=$ETC/$place
    killed_start "$1" "$word"
    old=$(sha256sum "$place" 2>&1)
    rm -f "$TMP/steps"
    with_shim "SHIM_LOG=$TMP/steps" -- "${command[@]}"
    new=$(sha256sum "$place" 2>&1)
    [[ $status == 0 && $old != "$new" ]]
    ok $? "$1: $word, with its calls counted" || show_run
    steps=$(wc -l <"$TMP/steps")
    ((steps >= 1))
    ok $? "... has $steps steps"
    for ((i = 1; i <= steps; i++)); do
        killed_start "$1" "$word"
        with_shim "SHIM_KILL_AT=$i" -- "${command[@]}"
        got=$(sha256sum "$place" 2>&1)
        [[ $status == 137 ]] || wrong+=" $i: status $status"
        [[ $got == "$old" || $got == "$new" ]] || wrong+=" $i: $got"
        [[ $(providers) == default* ]] || wrong+=" $i: $(providers)"
        run "${command[@]}"
        [[ $status == 0 && $(sha256sum "$place" 2>&1) == "$new" ]] ||
            wrong+=" $i: the next one: $err"
        disable
        [[ $status == 0 && $(providers) == default ]] ||
            wrong+=" $i: disable after it: $err"
        [[ $(find "$ETC" -name '.*' -type f -not -path "$ETC/pki/*") == '' ]] ||
            wrong+=" $i: $(find "$ETC" -name '.*' -type f)"
    done
    is "$wrong" '' '... killed at each: the old one or the new one, and no trace'
    rm -rf "$TMP/tmp"/rdsca.*
}

killed_start() {
    shape "$1"
    [[ $2 == enable ]] || enable
}

# What was good when it was tried is not any more when it is there.
taken_back() {
    local name place

    if [[ $SO != "$TMP/bin/rds.so" ]]; then
        skip 'taken back' "the module is in $SO"
        return
    fi
    cp "$SO" "$TMP/rds.so"
    for name in debian12 fedora; do
        place=${PLACES[$name]}
        [[ $place != block ]] || place=openssl.cnf
        shape "$name"
        before=$(state)
        with_shim "SHIM_RENAMED=$ETC/$place" "SHIM_REMOVE=$SO" -- \
            "$RDSCA" enable --conf "$CNF" --trust "$WEST"
        [[ ! -e $SO && $status == 4 && $(state) == "$before" && -z $out ]]
        ok $? "$name: what fails in its place is taken back" || show_run
        is "$err" "rdsca enable: written, found wrong and taken back: '$SO': No such file or directory; OpenSSL goes on without it" \
            '... and said'
        cp "$TMP/rds.so" "$SO"
    done
    shape empty
    rm "$CNF"
    before=$(state)
    with_shim "SHIM_RENAMED=$CNF" "SHIM_REMOVE=$SO" -- \
        "$RDSCA" enable --conf "$CNF"
    is "$status $(state)" "4 $before" 'a file that was not there is not there'
    cp "$TMP/rds.so" "$SO"
}

at_once() {
    local pids=() i good=0

    shape debian12
    for i in 1 2 3; do
        "$RDSCA" enable --conf "$CNF" >"$TMP/at-once.$i" 2>&1 &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i" && good=$((good + 1))
    done
    is "$good $(cat "$TMP"/at-once.* | grep -c ': on$') $(grep -c '^# >>>' "$CNF")" \
        '3 1 1' 'of three at once one writes'
    disable
    cmp -s "$CNF" "$SHAPES/debian12"
    ok $? '... and one takes it back'
}

read_only() {
    local name

    if ! can_unshare; then
        skip 'a read-only file system' 'may not mount here'
        return
    fi
    for name in debian12 fedora; do
        shape "$name"
        before=$(state)
        run unshare -m sh -c 'mount --bind "$1" "$1" &&
            mount -o remount,ro,bind "$1" && shift && exec "$@"' sh "$ETC" \
            "$RDSCA" enable --conf "$CNF"
        unchanged "$name: a read-only file system" \
            'cannot be written to: Read-only file system'
        enable
        before=$(state)
        run unshare -m sh -c 'mount --bind "$1" "$1" &&
            mount -o remount,ro,bind "$1" && shift && exec "$@"' sh "$ETC" \
            "$RDSCA" disable --conf "$CNF"
        unchanged '... for disable' 'Read-only file system'
    done
    shape debian12
    before=$(state)
    run unshare -m sh -c 'mount --bind "$1" "$1" && shift && exec "$@"' sh "$CNF" \
        "$RDSCA" enable --conf "$CNF"
    unchanged 'a file that is a mount' "cannot replace it: Device or resource busy"
}

no_litter() {
    is "$(ls -A "$TMP/tmp")" '' 'nothing is left in the folder for temporary files'
}

if has cc 'a stand-in for the FIPS module'; then
    compile "$TMP/fips.so" "$ROOT/tests/rdsca/fips.c" -shared -fPIC -lcrypto
    ok $? 'the stand-in for the FIPS module compiles'
    distributions
    policies
    harmful
fi
without_trust
long_endpoint
in_the_midst
odd_files
attributes
labels
node_section
edits
bad_files
others_files
not_ours
another_uri
bad_uris
damaged
modules
usage
printing
variable
no_litter
if has cc 'killed at each step' && make_shim; then
    for name in debian12 fedora; do
        killed_at_each_step "$name" enable
        killed_at_each_step "$name" disable
    done
    taken_back
fi
at_once
read_only

done_testing
