#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves what `make install` brings for a weekly update: that systemd takes the
# service and the timer, and finds the service well shut in; that the user and
# the directory come out right; that the commands of the service and of the
# cron line work as that user, and the module accepts what they leave.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"

EXPOSURE=1.5 # of 10, at most
PREFIX=$TMP/prefix
USER_NAME=rds-ca

# Everything at real paths below $PREFIX, as after an installation there.
install_all() {
    local build=${RDSCA%/*} units=$PREFIX/lib/systemd/system

    run make -s NO_DEPS=1 "BUILD=${build#"$ROOT"/}" DESTDIR= "PREFIX=$PREFIX" \
        "BINDIR=$PREFIX/bin" "MODULESDIR=$PREFIX/modules" \
        "SYSCONFDIR=$PREFIX/etc" "MANDIR=$PREFIX/man" "DOCDIR=$PREFIX/doc" \
        "SYSTEMDUNITDIR=$units" "SYSUSERSDIR=$PREFIX/lib/sysusers.d" \
        "TMPFILESDIR=$PREFIX/lib/tmpfiles.d" \
        "COMPLETIONDIR=$PREFIX/completions" install
    ok "$status" 'make install' || { show_run && done_testing; }
    SERVICE=$units/rdsca.service TIMER=$units/rdsca.timer
}

# setting FILE NAME: the values of a unit's setting, one a line.
setting() {
    sed -n "s/^$2=//p" "$1"
}

# ---- what systemd says ------------------------------------------------------

verified() {
    has systemd-analyze 'systemd takes the units' || return 0
    has man 'the units name a page that exists' || return 0
    run env "MANPATH=$PREFIX/man" systemd-analyze verify "$SERVICE" "$TIMER"
    # It looks at the machine's other units, too.
    is "$status $(grep rdsca <<<"$out$err")" '0 ' \
        'systemd takes the units, without a word' || show_run
    run systemd-analyze security --no-pager --offline=true "$SERVICE"
    level=$(sed -n 's/.*exposure level for rdsca.service: \([0-9.]*\).*/\1/p' \
        <<<"$out")
    [[ -n $level ]] && awk "BEGIN { exit !($level <= $EXPOSURE) }"
    ok $? "its exposure is $level, at most $EXPOSURE" || show_run
    run systemd-analyze calendar "$(setting "$TIMER" OnCalendar)"
    is "$(sed -n 's/^Normalized form: //p' <<<"$out")" 'Mon *-*-* 00:00:00' \
        'the timer runs once a week' || show_run
}

# What no checker looks at.
agreed() {
    local directory

    directory=$(sed -n 's/.*RDS_DIRECTORY_DEFAULT "\(.*\)"/\1/p' \
        include/rds/*.h)
    is "/var/lib/$(setting "$SERVICE" StateDirectory)" "$directory" \
        'the service writes where the module reads'
    is "$(awk '$1 == "d" { print $2, $3, $4, $5 }' \
        "$PREFIX/lib/tmpfiles.d/rdsca.conf")" \
        "$directory 0755 $USER_NAME $USER_NAME" '... which tmpfiles.d makes'
    is "$(setting "$SERVICE" User) $(setting "$SERVICE" Group)" \
        "$USER_NAME $USER_NAME" '... as the user of sysusers.d'
    is "$(setting "$TIMER" Persistent) $(setting "$TIMER" FixedRandomDelay)" \
        'yes yes' 'a missed turn is made up for, each machine has its own time'
    is "$(setting "$TIMER" RandomizedDelaySec)" 6d '... of the week'
    is "$(setting "$SERVICE" Restart) $(setting "$SERVICE" \
        RestartPreventExitStatus)" 'on-failure 1 2 4' \
        'only exit 3, unreachable, is tried again'
    is "$(setting "$SERVICE" SuccessExitStatus)" '' 'nothing but 0 is success'
}

# ---- the user and the directory ---------------------------------------------

# A root folder of its own.
make_user() {
    MACHINE=$TMP/machine
    mkdir -p "$MACHINE/etc" "$MACHINE/usr" "$MACHINE/var/lib"
    cp -r "$PREFIX/lib" "$MACHINE/usr/lib"
    run systemd-sysusers "--root=$MACHINE"
    ok "$status" 'sysusers.d is applied' || show_run
    like "$(cat "$MACHINE/etc/passwd")" \
        ':Amazon RDS CA certificates:/nonexistent:/usr/sbin/nologin' \
        'the user has no home and no shell'
    like "$(cat "$MACHINE/etc/shadow")" "$USER_NAME:!" '... and no password'
    IFS=: read -r _ _ USER_ID GROUP_ID _ < <(grep "^$USER_NAME:" \
        "$MACHINE/etc/passwd")
    run systemd-tmpfiles "--root=$MACHINE" --create
    ok "$status" 'tmpfiles.d is applied' || show_run
    DIR=$MACHINE/var/lib/rds-ca
    is "$(stat -c '%a %u %g' "$DIR")" "755 $USER_ID $GROUP_ID" \
        'the directory is that of the user'
    find "$MACHINE" "$PREFIX" -type d -exec chmod a+rx {} +
}

# as_service COMMAND...: as that user, who can gain nothing.
as_service() {
    run setpriv "--reuid=$USER_ID" "--regid=$GROUP_ID" --clear-groups \
        --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
}

# accepted NAME COUNT: a process of root's, and one of nobody's, get so many.
accepted() {
    is "$(stat -c '%a %u %g' "$DIR/$FILE")" "644 $USER_ID $GROUP_ID" \
        "$1: the bundle is the user's"
    finds "$2" rds://region/us-west-2
    run setpriv --reuid=65534 --regid=65534 --clear-groups \
        openssl storeutl -noout -certs rds://region/us-west-2
    is "$status ${out##*$'\n'}" "0 Total found: $2" '... and everybody reads it' ||
        show_run
}

# ---- the commands -----------------------------------------------------------

# The settings of the example, for the mirror of this test.
write_settings() {
    sed -e "s|^#\(RDSCA_UPDATE\)=.*|\1=us-west-2|" \
        -e "s|^#\(RDSCA_MIRROR\)=.*|\1=$MIRROR/good|" \
        -e "s|^#\(RDSCA_CACERT\)=.*|\1=$CA|" \
        "$PREFIX/etc/default/rdsca" >"$TMP/settings"
}

service() {
    local -a command

    read -ra command < <(setting "$SERVICE" ExecStart)
    is "${command[*]}" "$PREFIX/bin/rdsca update" 'what the service runs'
    as_service "${command[@]}" --settings "$TMP/settings" --directory "$DIR" \
        --connect-to "127.0.0.1:$PORT"
    is "$status $err" '0 ' '... works as its user' || show_run
    like "$out" "$FILE: installed, 3 certificates, 3 pinned" \
        '... and reports what came'
    accepted 'the service' 3
}

# in_run COMMAND...: with an empty /run, or $SYSTEMD in it.
in_run() {
    # shellcheck disable=SC2016 # expanded inside
    as_service=(unshare -m sh -c 'mount -t tmpfs -o mode=755 none /run &&
        mkdir -p "/run/$0" && exec "$@"' "${SYSTEMD:-x}")
    run "${as_service[@]}" setpriv "--reuid=$USER_ID" "--regid=$GROUP_ID" \
        --clear-groups "$@"
}

cron() {
    local file=$PREFIX/doc/rdsca.cron line command minute hour day month week
    local user path

    line=$(grep -vE '^(#|$|[A-Z]+=)' "$file")
    is "$(wc -l <<<"$line")" 1 'the cron file has one line'
    read -r minute hour day month week user command <<<"$line"
    [[ $minute =~ ^[1-5]?[0-9]$ && $hour =~ ^1?[0-9]$ && $week == [0-6] ]]
    ok $? '... once a week' || diag "$line"
    is "$day $month $user" "* * $USER_NAME" '... as the user'
    unlike "$command" % '... without a %, which cron would take for itself'
    if ! unshare -m true 2>/dev/null; then
        skip 'the cron line works as its user' 'no namespaces here'
        return
    fi
    path=$(sed -n 's/^PATH=//p' "$file")
    cron_tools
    rm -f "$DIR"/* "$DIR"/.*.etag
    SYSTEMD=systemd/system in_run env -i "PATH=$TMP/tools:$path" \
        /bin/sh -c "$command"
    is "$status$out$err$(ls -A "$DIR")" 0 'where systemd runs it does nothing' ||
        show_run
    in_run env -i "PATH=$TMP/tools:$path" "OPENSSL_CONF=$OPENSSL_CONF" \
        /bin/sh -c "$command"
    is "$status$out$err" 0 'elsewhere it works, without a word' || show_run
    accepted 'the cron line' 3
    [[ $(cat "$TMP/slept/seconds") =~ ^[0-9]+$ ]]
    ok $? "... after a pause of $(cat "$TMP/slept/seconds") seconds"
}

# The cron line can be given no options, and nobody waits for it here.
cron_tools() {
    mkdir -p "$TMP/tools"
    install -d -m 777 "$TMP/slept"
    printf '#!/bin/sh\necho "$@" >%s/seconds\n' "$TMP/slept" >"$TMP/tools/sleep"
    mv "$PREFIX/bin/rdsca" "$PREFIX/bin/rdsca.real"
    printf '#!/bin/sh\nexec %s.real "$@" %s\n' "$PREFIX/bin/rdsca" \
        "--settings $TMP/settings --directory $DIR --connect-to 127.0.0.1:$PORT" \
        >"$PREFIX/bin/rdsca"
    chmod +x "$TMP/tools/sleep" "$PREFIX/bin/rdsca"
}

# ---- the example of settings ------------------------------------------------

example() {
    local all=$TMP/all name line wrong=''

    sed 's/^#\([A-Za-z_]*=\)/\1/' "$PREFIX/etc/default/rdsca" >"$all"
    is "$(sed -n 's/^\([A-Za-z_]*\)=.*/\1/p' "$all" | sort | paste -sd ' ')" \
        "$(sed -n 's/^    {"\([A-Za-z_]*\)", offsetof.*/\1/p' \
            provider/rdsca/fetch/defaults.c | sort | paste -sd ' ')" \
        'the example has every name, each as a comment'
    rm -rf "$TMP/none" && mkdir "$TMP/none"
    run "$RDSCA" update --settings "$PREFIX/etc/default/rdsca" \
        --directory "$TMP/none"
    like "$err" 'nothing to update' '... as installed it says nothing'
    # What the environment says of proxies comes first.
    run env 'no_proxy=*' "$RDSCA" update --settings "$all" \
        --directory "$TMP/none" --connect-to "127.0.0.1:$CLOSED_PORT" --tries 1
    is "$status $(grep -c 'https://mirror.example.com/rds/aws/' <<<"$err")" \
        '3 2' '... and without the marks every line is understood' || show_run
    while IFS= read -r line; do
        name=${line%%=*} line=${line#*=} line=${line#\"}
        # shellcheck disable=SC2016 # expanded inside
        [[ $(sh -c '. "$1"; eval "echo \"\$$2\""' sh "$all" "$name") == \
            "${line%\"}" ]] || wrong+=" $name"
    done < <(grep -E '^[A-Za-z_]+=' "$all")
    is "$wrong" '' '... by the shell in the same way'
}

serve
install_all
verified
agreed
example
if ((EUID != 0)); then
    skip 'the user, the directory and the commands' 'not root'
elif has systemd-sysusers 'the user' && has systemd-tmpfiles 'the directory' &&
    has setpriv 'the commands'; then
    make_user
    cp "$MODULE" "$TMP/rds.so"
    chmod 644 "$TMP/rds.so"
    MODULE=$TMP/rds.so
    use_conf "rds-bundles=$DIR"
    write_settings
    service
    cron
fi

done_testing
