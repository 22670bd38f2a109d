#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that root and the user who owns the bundle directory can take turns:
# whoever wrote a bundle, the other one can lock, confirm and replace it, and
# the module accepts it.  And that a third user can do none of this.

# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"
((EUID == 0)) || skip_all 'not root, so there are no other users'
need setpriv
serve

OWNER=54321 OTHER=54322

# What is built may stand where only root can go.
mkdir "$TMP/bin"
cp "$RDSCA" "$MODULE" "$TMP/bin"
RDSCA=$TMP/bin/rdsca MODULE=$TMP/bin/rds.so
use_conf "rds-bundles=$DIR"

# as UID: later commands are those of that user.
as() {
    as=(setpriv "--reuid=$1" "--regid=$1" --clear-groups)
}

# update_as UID MIRROR [ARGUMENT...]: an update of us-west-2.
update_as() {
    as "$1"
    run "${as[@]}" "$RDSCA" update --settings - --directory "$DIR" \
        --cacert "$CA" --tries 1 --connect-to "127.0.0.1:$PORT" us-west-2 \
        --mirror "$MIRROR/$2" "${@:3}"
}

# updates NAME RESULT UID MIRROR: it works, and says RESULT.
updates() {
    update_as "${@:3}"
    [[ $status == 0 && -z $err && $out == "$FILE: $2"* ]]
    ok $? "$1" || { show_run && diag "expected: $2"; }
}

# owned NAME UID COUNT: the bundle is that user's, with mode 0644, and every
# user's process answers with its roots.
owned() {
    local uid

    is "$(stat -c '%u %a' "$DIR/$FILE")" "$2 644" "$1"
    for uid in 0 "$OWNER" "$OTHER"; do
        as "$uid"
        run "${as[@]}" openssl storeutl -noout -certs rds://region/us-west-2
        is "$status ${out##*$'\n'}" "0 Total found: $3" \
            "... user $uid reads it" || show_run
    done
    is "$(find "$DIR" -mindepth 1 ! -name ".$FILE.etag" -printf '%f\n')" \
        "$FILE" '... and nothing else is left there'
}

owned_directory() {
    rm -rf "$DIR"
    install -d -m 755 -o "$OWNER" -g "$OWNER" "$DIR"
}

# A server's answer without an ETag cannot be confirmed by it, and takes the
# other way through the program.
forget() {
    rm -f "$DIR/.$FILE.etag"
}

# takes_turns FIRST SECOND: in a directory of $OWNER's.
takes_turns() {
    owned_directory
    updates "user $1 installs" 'installed, 3' "$1" good
    owned "... a file of user $1" "$1" 3
    touch -d '-9 days' "$DIR/$FILE"
    updates "user $2 confirms it by its ETag" 'unchanged, confirmed' "$2" good
    (($(age "$FILE") < 600))
    ok $? '... and dates it'
    owned '... and it is good still' "$(later "$1" "$2")" 3
    updates "user $1 replaces it" 'installed, 2' "$1" two
    owned '... and it is good' "$1" 2
    forget
    touch -d '-9 days' "$DIR/$FILE"
    updates "user $2 finds it unchanged" 'unchanged, 2' "$2" two
    (($(age "$FILE") < 600))
    ok $? '... and dates it'
    owned '... and it is good' "$(later "$1" "$2")" 2
    updates "user $2 replaces it" 'installed, 3' "$2" good
    owned '... and it is good' "$2" 3
}

# later FIRST SECOND: whose file FIRST's is after SECOND confirmed it.  Root
# can set the date of any file, others must make it theirs.
later() {
    (($2 == 0)) && echo "$1" || echo "$2"
}

# Nobody else can write there, and says so without a change.
third_user() {
    owned_directory
    update_as "$OWNER" good
    touch -d '-9 days' "$DIR/$FILE"
    unharmed 'a third user cannot confirm' 4 \
        "$FILE: cannot write beside it: Permission denied" \
        update_as "$OTHER" good
    unharmed 'a third user cannot replace' 4 \
        "$FILE: cannot write beside it: Permission denied" \
        update_as "$OTHER" two
    chown "$OTHER" "$DIR/$FILE"
    run "$RDSCA" list --directory "$DIR" rds://region/us-west-2
    like "$err" "owned by user $OTHER (mode 0644), who is neither root, nor this process, nor the directory's owner" \
        'a bundle of a third user is refused'
}

built_in_pem | nth_pem 1 2 | mirrored two
takes_turns 0 "$OWNER"
takes_turns "$OWNER" 0
third_user

done_testing
