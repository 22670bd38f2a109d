#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves `rdsca doctor` about OpenSSL's configuration and the environment:
# each fault gives the one problem or note that names it, and what is said to
# mend it does; a good machine gives none; and the command itself writes
# nothing, opens no connection, and says the same whatever the environment.
# The module and the directory of bundles have tests of their own.

# shellcheck disable=SC2119 # most runs take no option
# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
need openssl perl
need_module
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=doctor.sh
. "$ROOT/tests/rdsca/doctor.sh"

# ---- a machine without fault ------------------------------------------------

good_machine() {
    healthy
    doctor
    sound 'a good machine'
    fine module "'$SO' loads; version " '... the module loads'
    fine process 'rds://all answers with ' '... and answers'
    fine openssl.cnf 'rds-trust is not set' '... no rds-trust is no fault'
    like "$(<"$MACHINE")" \
        "OpenSSL $(openssl version | awk '{ print $2 }')" \
        'the version of OpenSSL is told'
    healthy rds-trust="$WEST"
    doctor
    sound 'a good machine with rds-trust'
    fine process "rds-trust = '$WEST' is in force in a process" \
        '... it is in force'
    fine anchors "nothing of '$WEST' expires within 180 days" \
        '... and lasts'
}

# What `make` and `make install` leave; only Node.js's line is not in it.
own_configurations() {
    local file

    if [[ ! -O $MODULE ]]; then
        skip 'what make leaves' 'built by another user'
        return
    fi
    for file in "${RDSCA%/*}"/rds{,-trust}.cnf; do
        run "$RDSCA" doctor --json --conf "$file"
        examine
        is "$status $(of_level problem)" '0 0' "${file##*/} has no fault"
    done
}

# ---- the file ---------------------------------------------------------------

unreadable_file() {
    CNF=$TMP/none.cnf doctor
    problem 'no such file' openssl.cnf \
        "'$TMP/none.cnf': No such file or directory; OpenSSL goes on without"
    mend_is '... with --conf' 'do' 'give --conf the name of a file'
    run env OPENSSL_CONF="$TMP/none.cnf" "$RDSCA" doctor --json
    examine
    is "$status $(of_level problem)" '1 1' 'no such file in OPENSSL_CONF'
    like "$(cat "$MENDS"/*)" 'unset OPENSSL_CONF' '... is mended by unsetting'
    run env OPENSSL_CONF= "$RDSCA" doctor --json
    examine
    found problem openssl.cnf 'OPENSSL_CONF is empty'
    ok $? 'an empty OPENSSL_CONF'
    CNF=$TMP/openssl.cnf/x doctor
    problem 'a path through a file' openssl.cnf ': Not a directory; OpenSSL'
    CNF=$TMP doctor
    problem 'a directory' openssl.cnf "'$TMP': not a regular file"
    mkfifo "$TMP/fifo.cnf"
    CNF=$TMP/fifo.cnf doctor
    problem 'a pipe, without waiting for it' openssl.cnf 'not a regular file'
    CNF=/dev/null doctor
    problem '/dev/null' openssl.cnf "'/dev/null': not a regular file"
    truncate -s 1048577 "$TMP/large.cnf"
    CNF=$TMP/large.cnf doctor
    problem 'a file that is too large' openssl.cnf 'larger than 1 MiB'
}

malformed_file() {
    healthy
    sed -i '3s/.*/[providers/' "$CNF"
    doctor
    problem 'a malformed line' openssl.cnf \
        "'$CNF': line 3: missing close square bracket; OpenSSL goes on"
    mend_is '... is to be corrected' 'do' 'correct that line'
    echo "x = \$nowhere" >"$CNF"
    doctor
    problem 'a variable that is not there' openssl.cnf \
        'line 1: variable has no value'
    healthy
    printf '.include %s/gone.cnf\n' "$TMP" >>"$CNF"
    doctor
    note 'an .include of nothing' openssl.cnf "$TMP/gone.cnf"
    mend_is '... is to be corrected' 'do' 'correct that .include line'
}

# Sections of an included file are merged.
included_file() {
    healthy
    mv "$CNF" "$TMP/part.cnf"
    printf '.include %s\n' "$TMP/part.cnf" >"$CNF"
    doctor
    sound 'a file that includes all of it'
    printf '[rds_section]\nactivate = 0\n' >>"$CNF"
    doctor
    problem 'a later section is merged into an included one' openssl.cnf \
        '[rds_section] has an activate of another value than 1'
}

who_may_change_the_file() {
    healthy
    chmod 666 "$CNF"
    doctor
    problem 'a file that others can write to' openssl.cnf \
        "'$CNF' is writable by group or others (mode 0666)"
    fine openssl.cnf 'this command loads nothing' '... from which nothing is loaded'
    unlike "$(<"$FINDINGS")" $'\tmodule\t' '... not the module'
    mend '... is mended'
    mkdir -m 777 "$TMP/open"
    cp "$CNF" "$TMP/open"
    CNF=$TMP/open/openssl.cnf doctor
    note 'a file in a directory that others can write to' openssl.cnf \
        "others than root can replace what is in '$TMP/open' (mode 0777"
    CNF=$TMP/open/openssl.cnf mend '... is mended'
    chmod 1777 "$TMP/open"
    CNF=$TMP/open/openssl.cnf doctor
    sound 'a sticky directory is as good as closed'
    chmod 755 "$TMP/open"
}

# ---- not configured at all --------------------------------------------------

# unconfigured NAME TEXT [append]: the configuration comes from stdin.  Lines
# mend what OpenSSL gives up on, `rdsca enable` the rest.
unconfigured() {
    rm -f "$CNF"
    cat >"$CNF"
    doctor
    problem "$1" openssl.cnf "$2"
    if [[ ${3:-} == append ]]; then
        mend_is '... one block mends it' append '['
    else
        mend_is '... one command mends it' run "rdsca enable --conf $CNF"
    fi
    apply 1
    # the block names the directory of the system
    printf '[rds_sect]\nrds-bundles = %s\n' "$DIR" >>"$CNF"
    doctor
    sound '... all of it'
}

not_configured() {
    healthy
    unconfigured 'an empty file' 'does not load the module: it has no line openssl_conf' </dev/null
    unconfigured 'no list of providers' '[start] has no line providers' <<'END'
openssl_conf = start
[start]
oid_section = oids
[oids]
END
    unconfigured 'a section that is missing' \
        'names the section [start], which is not there' append <<'END'
openssl_conf = start
END
    unconfigured 'a list that is missing' \
        'names the section [list], which is not there' append <<'END'
openssl_conf = start
[start]
providers = list
END
    unconfigured 'other providers only' 'nothing in [list] loads rds.so' <<'END'
openssl_conf = start
[start]
providers = list
[list]
default = d
legacy = l
[d]
activate = 1
[l]
activate = 1
END
    unconfigured 'a name in the default section does not count' \
        '[start] has no line providers' <<'END'
openssl_conf = start
providers = list
[start]
oid_section = list
[list]
END
    if grep -q '^openssl_conf' /etc/ssl/openssl.cnf 2>/dev/null &&
        ! grep -q 'rds\.so' /etc/ssl/openssl.cnf; then
        unconfigured "Debian's file" 'does not load the module' \
            </etc/ssl/openssl.cnf
    else
        skip "Debian's file" 'it is not here, or was changed'
    fi
}

# ---- sections ---------------------------------------------------------------

# edit SED [KEY=VALUE...]: a good configuration, changed.
edit() {
    local change=$1

    shift
    healthy "$@"
    sed -i "$change" "$CNF"
    doctor
}

# append LINE...: a good configuration with more lines.
append() {
    healthy
    printf '%s\n' "$@" >>"$CNF"
    doctor
}

module_line() {
    edit "s|^module.*|module = /usr/lib/other.so|"
    problem 'another module' openssl.cnf \
        "[rds_section] names the module '/usr/lib/other.so', which is not rds.so"
    mend '... is mended'
    edit 's|^module.*|module = rds.so|'
    problem 'a relative module' openssl.cnf \
        "[rds_section] has the relative path 'rds.so': each libcrypto looks"
    mend_is '... by the exact line' append '[rds_section]'
    mend '... is mended'
    edit 's|^module.*|module = ./rds.so|'
    problem 'a module in the working directory' openssl.cnf "path './rds.so'"
    edit '/^module/d'
    problem 'no module' openssl.cnf '[rds_section] has no line module'
    mend '... is mended'
    edit 's/^rds = .*/rds = gone/'
    problem 'a section that is missing' openssl.cnf \
        "'rds' is to be loaded by the section [gone], which is not there"
    apply 1
    printf 'rds-bundles = %s\n' "$DIR" >>"$CNF"
    doctor
    sound '... is mended'
    edit 's/^\[providers\]/&\nother = gone/'
    problem 'the section of another provider is missing' openssl.cnf \
        "'other' is to be loaded by the section [gone]"
    mend '... is mended'
    edit 's/^rds = /1.anything.rds = /; s/^\[rds_section\]/&\nidentity = aws/'
    sound 'a provider may have another name'
}

activation() {
    local value

    edit '/^\[rds_section\]/,$ { /^activate/d }'
    problem 'rds is not activated' openssl.cnf \
        '[rds_section] has no line activate = 1: the module is not loaded'
    mend '... is mended'
    for value in 0 no FALSE off; do
        edit "/^\\[rds_section\\]/,\$ { s/^activate.*/activate = $value/ }"
        problem "activate = $value" openssl.cnf 'another value than 1'
    done
    mend '... is mended'
    edit '/^\[rds_section\]/,$ { s/^activate.*/activate = maybe/ }'
    problem 'activate = maybe' openssl.cnf 'another value than 1'
    for value in yes TRUE On; do
        edit "/^\\[rds_section\\]/,\$ { s/^activate.*/activate = $value/ }"
        sound "activate = $value"
    done
}

default_provider() {
    healthy default=no
    doctor
    problem 'no default provider' openssl.cnf \
        "'$CNF' does not activate the default provider, which is off as soon as rds is on"
    run env OPENSSL_CONF="$CNF" openssl dgst -sha256 "$0"
    ok $((status == 0)) '... and indeed cryptography fails'
    mend '... is mended'
    run_ok '... and so is cryptography' \
        env OPENSSL_CONF="$CNF" openssl dgst -sha256 "$0"
    edit '/^\[default_section\]/,/^\[rds/ { /^activate/d }'
    problem 'a default provider that is not activated' openssl.cnf \
        'does not activate the default provider'
    mend '... is mended'
    edit 's/^default = .*/fips = f/; s/^\[default_section\]/[f]/'
    problem 'fips without base' openssl.cnf 'activates fips without base'
    mend_is '... asks for base' append '[providers]'
}

repeated() {
    append '[providers]' 'more = more_section' '[more_section]' \
        "module = $SO" 'activate = 1' "rds-bundles = $DIR"
    problem 'the module twice' openssl.cnf \
        "'more' loads rds.so once more: only the values of [rds_section] hold"
    mend '... is mended'
}

node() {
    mkdir -p "$TMP/with" "$TMP/without"
    ln -sf /bin/true "$TMP/with/node"
    environment=(PATH="$TMP/with")
    edit '/^nodejs_conf/d'
    note 'no line for Node.js' openssl.cnf \
        "'$CNF' has no line nodejs_conf: Node.js does not load the module"
    mend '... is mended'
    fine openssl.cnf 'Node.js loads the module, too' '... and that is said'
    edit 's/^nodejs_conf.*/nodejs_conf = other/'
    note 'another section for Node.js' openssl.cnf \
        'nodejs_conf names [other], which does not load the module'
    mend '... is mended'
    edit 's/^nodejs_conf.*/nodejs_conf = other\n[other]\nproviders = providers\n[default]/'
    sound 'a section of its own for Node.js, with the module'
    environment=(PATH="$TMP/without")
    edit '/^nodejs_conf/d'
    sound 'no Node.js, no note'
    environment=()
}

# ---- values -----------------------------------------------------------------

values() {
    local sha=86e22f41c79b0de5777054189cfadbddf633a8a1dc09ef134db07a756e494abe

    append 'rds-bundles = bundles'
    problem 'a relative directory' openssl.cnf \
        "rds-bundles = 'bundles': write an absolute directory such as /var/lib/rds-ca; every URI is an error now"
    mend_is '... by the default' append '[rds_section]'
    like "$(<"$MENDS/1")" 'rds-bundles = /var/lib/rds-ca' '... directory'
    append 'rds-distrust = 12ab'
    problem 'half a fingerprint' openssl.cnf "rds-distrust: '12ab' is not a SHA-256"
    append 'rds-distrust = '
    problem 'no fingerprint' openssl.cnf 'rds-distrust is empty'
    sed -i 's/^rds-distrust = *$/rds-distrust = /' "$CNF"
    mend '... is mended'
    append "rds-distrust = $sha"
    sound 'a whole fingerprint'
    append 'rds_distrust = x'
    problem 'an unknown name' openssl.cnf \
        "[rds_section] has the name 'rds_distrust', which the module does not know, did you mean 'rds-distrust'?"
    append "rds-distrst = $sha"
    problem 'a mistyped name' openssl.cnf "did you mean 'rds-distrust'?"
    mend '... is mended'
    like "$(<"$CNF")" "rds-distrust = $sha" '... and its value is kept'
    append 'rdsfoo = 1'
    problem 'a name like nothing' openssl.cnf "the name 'rdsfoo', which"
    mend '... is mended'
}

trust_values() {
    append 'rds-trust = region/us-west-2'
    problem 'rds-trust without a scheme' openssl.cnf "rds-trust = 'region/us-west-2': "
    apply 1
    doctor
    note '... is mended, though wide' openssl.cnf \
        "rds-trust = 'rds://region/us-west-2': 'region/' admits the databases of every account"
    append 'rds-trust = http://x'
    problem 'rds-trust of another scheme' openssl.cnf \
        'nothing is trusted process-wide'
    mend_is '... shows the form to use' 'do' 'rds-trust = rds://host/ENDPOINT'
    append 'rds-trust = rds://regoin/us-west-2'
    problem 'rds-trust with a mistyped word' openssl.cnf "'region"
    append 'rds-trust = rds://list'
    problem 'rds-trust of the list' openssl.cnf "rds-trust = 'rds://list': "
    append 'rds-trust = rds://host/x.global-abc123.global.rds.amazonaws.com'
    problem 'rds-trust of a global writer' openssl.cnf 'global.rds.amazonaws.com'
}

wide_values() {
    local uri

    for uri in all global region/us-west-2 partition/aws ca/rds-ca-rsa2048-g1 \
        proxy "${WEST#rds://}+region/us-west-2" all+proxy; do
        append "rds-trust = rds://$uri"
        note "rds-trust = rds://$uri is wide" openssl.cnf \
            'admits the databases of every account'
    done
    append 'rds-trust = rds://region/us-west-2'
    fine openssl.cnf 'rds-trust leaves out Aurora express configuration or Serverless v1: Amazon Trust Services under an ordinary endpoint name; rds://host/ENDPOINT covers it, and so does +proxy' \
        'a region alone leaves out express configuration'
    append 'rds-trust = rds://region/us-west-2+proxy'
    ! found ok openssl.cnf 'leaves out'
    ok $? '... not with +proxy'
    mend_is '... and the narrow form is shown' 'do' 'rds-trust = rds://host/ENDPOINT'
    for uri in "${WEST#rds://}" "${WEST#rds://}+proxy"; do
        append "rds-trust = rds://$uri"
        sound "rds-trust = rds://$uri is not"
        ! found ok openssl.cnf 'leaves out'
        ok $? '... and leaves nothing out'
    done
}

# Every word of a configuration is shown without its control characters.
hostile_values() {
    append "rds-trust = $(printf 'rds://\033[2Jx')"
    problem 'a control character' openssl.cnf 'rds://\x1b[2Jx'
    edit "s|^module.*|module = /tmp/\x1b]0;x\x07/rds.so|"
    problem '... in the path of the module' module '/tmp/\x1b]0;x\x07/rds.so'
}

# ---- what else the configuration does ---------------------------------------

process() {
    append '[init]' 'ssl_conf = gone'
    problem 'OpenSSL stops at another line' process \
        'OpenSSL stops in the configuration, and does not say so: '
    healthy default_properties=provider=rds
    doctor
    problem 'properties that no cryptography has' process \
        'no provider has SHA-256 and AES: TLS fails in every process'
    cp "$SO" "$TMP/module/other.so"
    healthy rds-trust="$WEST"
    ln -s "$SO" "$TMP/module/other.so"
    sed -i 's/^\[providers\]/&\nother = other_section/' "$CNF"
    printf '%s\n' '[other_section]' "module = $TMP/module/other.so" \
        "rds-trust = rds://region/eu-west-1" 'activate = 1' >>"$CNF"
    doctor
    problem 'another rds-trust came first' process \
        "rds-trust = '$WEST' is off in a process: 'rds://region/eu-west-1' already holds"
}

# ---- the environment --------------------------------------------------------

# variable LEVEL NAME VALUE TEXT
variable() {
    environment=("$2=$3")
    doctor
    "$1" "$2=$3" environment "$2 is '$3': $4"
    mend_is "... is mended by unsetting it" run "unset $2"
    environment=()
}

environment_traps() {
    local name

    healthy
    variable problem SSL_CERT_DIR rds:region/us-west-2 'every program also trusts files in ./rds'
    variable problem SSL_CERT_DIR /x:RDS:all 'every program also trusts'
    variable note SSL_CERT_DIR /etc/ssl/certs 'programs take CAs from there'
    variable problem SSL_CERT_FILE rds://all 'the variable names a file'
    variable note SSL_CERT_FILE /x 'programs take CAs from there'
    for name in CURL_CA_BUNDLE REQUESTS_CA_BUNDLE PGSSLROOTCERT \
        NODE_EXTRA_CA_CERTS; do
        variable problem $name rds://all 'the variable names a file'
    done
    variable note NODE_EXTRA_CA_CERTS /x 'Node.js trusts the CAs in that file'
    variable note NODE_OPTIONS --openssl-config=/x 'Node.js may read another'
    variable note OPENSSL_MODULES "$TMP" 'modules without an absolute path'
    variable note OPENSSL_CONF_INCLUDE "$TMP" 'openssl.cnf takes the files'
    variable note RDS_PROVIDER_DEBUG "file:$TMP/debug.log,level:3" \
        "every process with the variable writes the module's log"
    is "$(ls "$TMP/debug.log" 2>&1)" \
        "ls: cannot access '$TMP/debug.log': No such file or directory" \
        '... and this one does not'
    environment=(NODE_OPTIONS=--max-old-space-size=100 PGSSLROOTCERT=/x
        CURL_CA_BUNDLE=/x OPENSSL_CONF="$TMP/none")
    doctor
    sound 'variables that change nothing; --conf stands for OPENSSL_CONF'
    environment=()
    run env OPENSSL_CONF="$CNF" "$RDSCA" doctor --json
    examine
    note 'OPENSSL_CONF' environment "OPENSSL_CONF is '$CNF': this run speaks of that file"
}

# The findings are the same, but for those about the variables.
environment_changes_nothing() {
    local name

    doctor
    cp "$FINDINGS" "$TMP/plain"
    environment=(SSL_CERT_FILE=/nowhere SSL_CERT_DIR=rds:all
        OPENSSL_MODULES=/nowhere "RDS_PROVIDER_DEBUG=file:$TMP/debug.log"
        OPENSSL_CONF=/nowhere HOME=/nowhere LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8
        TZ=Pacific/Kiritimati COLUMNS=20 TERM=xterm PATH=/nowhere:/usr/bin:/bin
        https_proxy=http://127.0.0.1:1 NO_COLOR=1)
    doctor
    is "$(grep -v $'\tenvironment\t' "$FINDINGS")" \
        "$(grep -v $'\tenvironment\t' "$TMP/plain")" \
        'the environment changes nothing else'
    environment=()
}

# ---- what it does to the machine --------------------------------------------

# Everything below $TMP but what run() and doctor() write, with times.
state() {
    find "$TMP" -not -path "$TMP" -not -name '.*' -not -path "$MENDS*" \
        -not -name findings -not -name machine -not -name digest \
        -printf '%p %y %m %U %s %T@ %C@\n' | sort
}

writes_nothing() {
    local before

    healthy rds-trust="$WEST"
    pki_region us-west-2
    pki_root rsa2048 'Amazon RDS us-west-2 Root CA RSA2048 G1'
    pki_root rsa4096 'Amazon RDS us-west-2 Root CA RSA4096 G1'
    pki_bundle "$DIR/us-west-2-bundle.pem" root-us-west-2 rsa2048 rsa4096
    before=$(state)
    doctor
    sound 'a machine with a bundle'
    is "$(state)" "$before" '... is as it was before'
    if ((EUID != 0)); then
        skip 'system calls' 'needs root: the processes are not dumpable'
        return
    fi
    has strace 'system calls' || return
    trace "$RDSCA" doctor --conf "$CNF"
    if ((status != 0)); then
        skip 'system calls' 'strace may not trace here'
        return
    fi
    grep -q 'openat(.*rds.so"' "$TMP/calls"
    ok $? 'strace sees the module being loaded'
    is "$(calls 'socket|connect|bind|send.*')" '' 'no socket is opened'
    is "$(calls 'open.*' | grep -E 'O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)' |
        grep -v '"/dev/null", O_RDWR')" '' 'nothing is opened to write'
    is "$(calls '(mkdir|unlink|rename|link|symlink|chmod|chown|utime).*')" '' \
        'no file is changed'
    is "$(calls 'execve.*' | wc -l)" 1 'no further program runs'
}

# ---- output -----------------------------------------------------------------

text_output() {
    local esc=$'\033'

    healthy
    run "$RDSCA" doctor --conf "$CNF"
    is "$status,$err" 0, 'text: a good machine'
    is "$(tail -n 1 <<<"$out")" '0 problems, 0 notes' '... and a summary'
    is "$(grep -c '^ok       ' <<<"$out")" "$(($(wc -l <<<"$out") - 2))" \
        '... of "ok" only'
    run "$RDSCA" doctor --conf "$CNF" --quiet
    is "$status,$out,$err" 0,, '--quiet says nothing then'
    printf 'rds-trust = rds://region/us-west-2\n' >>"$CNF"
    chmod 666 "$CNF"
    run "$RDSCA" doctor --conf "$CNF" -q
    is "$status" 1 'a problem is status 1'
    is "$out" "problem  openssl.cnf  '$CNF' is writable by group or others (mode 0666): who can write there decides what processes do
    mend: chmod go-w $CNF
note     openssl.cnf  rds-trust = 'rds://region/us-west-2': 'region/' admits the databases of every account
    mend: write rds-trust = rds://host/ENDPOINT in [rds_section], with the name of your endpoint; it admits one account's only" \
        '--quiet shows findings and mends'
    run "$RDSCA" doctor --conf "$CNF"
    is "$(tail -n 1 <<<"$out")" '1 problem, 1 note' '... and else a summary'
    has script 'colours' || return
    run env TERM=xterm script -qec "'$RDSCA' doctor --conf '$CNF'" /dev/null
    like "$out" "${esc}[31mproblem${esc}[0m  openssl.cnf" \
        'a terminal: problems are red'
    like "$out" "${esc}[33mnote   ${esc}[0m  openssl.cnf" '... notes yellow'
    like "$out" $'\nok       directory' '... and the rest plain'
    run env TERM=xterm NO_COLOR=1 script -qec \
        "'$RDSCA' doctor --conf '$CNF'" /dev/null
    unlike "$out" "$esc" 'NO_COLOR is respected'
    run "$RDSCA" doctor --conf "$CNF"
    unlike "$out" "$esc" 'a pipe gets no colours'
}

blocks() {
    echo 'openssl_conf = start' >"$CNF"
    run "$RDSCA" doctor --conf "$CNF" -q
    like "$out" "    mend: append to $CNF:
          [default]
          nodejs_conf = start

          [start]" 'lines for a file stand in a block'
    is "$(grep -c ' $' <<<"$out")" 0 '... without spaces at their ends'
}

json_output() {
    healthy rds-trust=rds://all
    doctor --quiet
    is "$(cut -f 1 "$FINDINGS" | sort -u)" note '--json --quiet: no "ok"'
    is "$status" 0 '... and notes are status 0'
    has python3 'JSON' || return
    is "$(python3 -c 'import json, sys
d = json.load(sys.stdin)
print(d["schema"], d["problems"], d["findings"][-1]["mend"]["how"])' <<<"$out")" \
        '1 0 do' 'another reader takes the JSON'
}

# misused NAME TEXT ARGUMENT...: status 2, one line on stderr, no output.
misused() {
    local name=$1 text=$2

    shift 2
    run "$RDSCA" doctor "$@"
    [[ $status == 2 && -z $out && $err == "rdsca doctor: $text"* &&
        $err != *$'\n'* ]]
    ok $? "$name" || { show_run && diag "expected: $text"; }
}

usage() {
    run "$RDSCA" doctor --help
    is "$status,$err" 0, '--help'
    like "$out" 'usage: rdsca doctor [OPTION...]' '... says how'
    run "$RDSCA" --help
    like "$out" $'\n  doctor     check this machine' 'rdsca --help names it'
    misused 'an unknown option' \
        "unknown option '--config', did you mean '--conf'?" --config x
    misused 'a value too few' '--conf needs a value' --conf
    misused 'no number' '--timeout takes a number from 1 to 600' --timeout 0
    misused 'too long' '--timeout takes a number from 1 to 600' --timeout 601
    misused 'a word too much' "'x' is too much" x
    if [[ -c /dev/full ]]; then
        "$RDSCA" doctor --conf "$CNF" >/dev/full 2>"$TMP/full"
        is "$? $(cat "$TMP/full")" \
            '4 rdsca doctor: cannot write all of the output' 'a full disk'
    else
        skip 'a full disk' 'no /dev/full'
    fi
}

good_machine
own_configurations
unreadable_file
malformed_file
included_file
who_may_change_the_file
not_configured
module_line
activation
default_provider
repeated
node
values
trust_values
wide_values
hostile_values
process
environment_traps
environment_changes_nothing
writes_nothing
text_output
blocks
json_output
usage
done_testing
