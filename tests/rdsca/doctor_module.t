#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves `rdsca doctor` about the module: what OpenSSL hides when it cannot
# load one is told, with its cause; a module that crashes, hangs, ends the
# process or babbles is a finding and harms nothing else; one that others
# could have written is not loaded; and one that loads but does not do what
# the configuration says is found out.

# shellcheck disable=SC2119 # most runs take no option
# shellcheck source-path=SCRIPTDIR source=../system/lib.sh
. "$(dirname "$0")/../system/lib.sh"
need openssl perl cc
need_module
# shellcheck source=../system/pki.sh
. "$ROOT/tests/system/pki.sh"
# shellcheck source=doctor.sh
. "$ROOT/tests/rdsca/doctor.sh"

# module CODE [OPTION...]: compiles $SO, whose code is CODE.
module() {
    local code=$1

    shift
    healthy
    rm "$SO"
    printf '%s\n' "$code" >"$TMP/module.c"
    compile "$SO" "$TMP/module.c" -shared -fPIC "$@" ||
        ok 1 'the module is compiled'
}

# bad_module NAME TEXT: the module is the one fault.
bad_module() {
    doctor --timeout 3
    problem "$1" module "$2"
    unlike "$(<"$FINDINGS")" $'\tprocess\t' '... and no process is tried'
    fine anchors 'in force: ' '... the checks behind it run'
}

# ---- the file ---------------------------------------------------------------

wrong_path() {
    healthy
    sed -i "s|^module.*|module = $TMP/gone/rds.so|" "$CNF"
    bad_module 'a path that is not there' \
        "'$TMP/gone/rds.so': No such file or directory; OpenSSL goes on without it"
    mend '... is mended by the path of the one at hand'
    healthy
    rm "$SO"
    mkdir "$SO"
    bad_module 'a directory' "'$SO' is not a regular file"
    rmdir "$SO"
    mkfifo "$SO"
    bad_module 'a pipe, without waiting for it' 'is not a regular file'
    rm "$SO"
    ln -s rds.so "$SO"
    bad_module 'a circle of links' 'Too many levels of symbolic links'
}

# What is wrong with its first bytes.
wrong_header() {
    healthy
    echo 'openssl_conf = x' >"$SO"
    bad_module 'a text' "'$SO' is no shared object (not ELF)"
    : >"$SO"
    bad_module 'an empty file' 'is no shared object'
    healthy
    head -c 30 "$MODULE" >"$SO"
    bad_module 'a header that is cut off' 'is for another processor'
    healthy
    printf '\x28' | dd of="$SO" bs=1 seek=18 conv=notrunc status=none
    bad_module 'a module for ARM' 'is for another processor (ELF class 2, machine 40;'
    mend_is '... names what to install' 'do' 'built for this machine'
    healthy
    printf '\x01' | dd of="$SO" bs=1 seek=4 conv=notrunc status=none
    bad_module 'a module for 32 bits' 'ELF class 1'
    healthy
    head -c 20000 "$MODULE" >"$SO"
    bad_module 'a module that is cut off' "loading '$SO': died by signal 7 (Bus error)"
}

# ---- what the dynamic loader says -------------------------------------------

unloadable() {
    echo 'int gone(void) { return 1; }' >"$TMP/gone.c"
    compile "$TMP/libgone.so" "$TMP/gone.c" -shared -fPIC \
        -Wl,-soname,libgone.so.7
    module 'int gone(void); int OSSL_provider_init(void) { return gone(); }' \
        "$TMP/libgone.so"
    bad_module 'a library that is missing' \
        'libgone.so.7: cannot open shared object file: No such file'
    module 'int gone(void); int OSSL_provider_init(void) { return gone(); }'
    bad_module 'a symbol that is missing' 'undefined symbol: gone'
    module 'int nothing;'
    bad_module 'no module of OpenSSL' "'$SO' is no module of OpenSSL: it has no OSSL_provider_init"
    module 'int OSSL_provider_init(void) { return 0; }'
    bad_module 'a provider that does not start' \
        'the provider does not start, which OpenSSL does not say: '
}

# ---- modules that go wrong --------------------------------------------------

# The function that runs when a module is loaded.
at_load() {
    printf '%s\n' "$1" \
        "__attribute__((constructor)) static void at_load(void) { $2 }" \
        'int OSSL_provider_init(void) { return 0; }'
}

going_wrong() {
    local code before=$SECONDS

    module "$(at_load '' '*(volatile int *)8 = 1;')"
    bad_module 'a module that crashes' \
        "loading '$SO': died by signal 11 (Segmentation fault)"
    is "$(find . -maxdepth 1 -name 'core*')" '' '... leaves no core file'
    module "$(at_load '#include <stdlib.h>' 'abort();')"
    bad_module 'a module that aborts' 'died by signal 6 (Aborted)'
    for code in 0 1 3; do
        module "$(at_load '#include <stdlib.h>' "exit($code);")"
        bad_module "a module that calls exit($code)" \
            "loading '$SO': ended the process with status $code"
    done
    module 'int OSSL_provider_init(void) { return *(volatile int *)8; }'
    bad_module 'a provider that crashes' \
        "starting the provider of '$SO': died by signal 11"
    before=$SECONDS
    module "$(at_load '' 'for (;;) ;')"
    bad_module 'a module that hangs' \
        "loading '$SO': comes to no end; stopped after 3 seconds"
    ok $((SECONDS - before > 20)) '... is not waited for longer'
    module "$(at_load '#include <signal.h>
#include <unistd.h>' 'signal(SIGTERM, SIG_IGN); for (int i = 3; i < 64; i++) close(i);
        for (;;) pause();')"
    bad_module 'a module that closes all files and hangs' 'comes to no end'
}

talking() {
    module "$(at_load '#include <unistd.h>' 'for (int i = 3; i < 64; i++)
        if (write(i, "nonsense\n", 9) < 0) continue;')"
    bad_module 'a module that writes to our pipe' 'says what cannot be understood'
    module "$(at_load '#include <unistd.h>' 'for (int i = 3; i < 64; i++)
        if (write(i, "{\"level\":\"ok\",\"text\":\"all \\u001b[1m well\"}\n", 44) < 0) continue;')"
    doctor
    unlike "$out" $'\033' 'an escape sequence written to our pipe is not passed on'
    module "$(at_load '#include <unistd.h>' 'for (;;) for (int i = 3; i < 64; i++)
        if (write(i, "nonsense\n", 9) < 0) continue;')"
    bad_module 'a module that babbles' 'says more than 1048576 bytes'
    module "$(at_load '#include <stdio.h>' 'puts("to stdout"); fflush(stdout);
        fputs("to stderr", stderr);')"
    doctor
    is "$err" '' 'what a module prints is not shown'
    unlike "$out" 'to stdout' '... anywhere'
}

# A process that outlives the child keeps the pipe open.
forking() {
    module "$(at_load '#include <unistd.h>' 'if (fork() == 0) { sleep(4); _exit(0); }')"
    bad_module 'a module that forks' 'the provider does not start'
}

# ---- another release --------------------------------------------------------

other_release() {
    local version

    version=$("$RDSCA" --version | sed 's/^rdsca \([0-9.]*\),.*/\1/')
    healthy
    VERSION=$version perl -0777 -pi -e \
        's/\x{00}\Q$ENV{VERSION}\E\x{00}/\x{00}9.9.9\x{00}/' "$SO"
    doctor
    problem 'a module of another version' module \
        "'$SO' is of version 9.9.9 with "
    like "$(<"$FINDINGS")" "this command of $version with " \
        '... both are named'
    fine process 'rds://all answers' '... and it is tried'
    healthy
    perl -0777 -pi -e 's/([0-9]+ anchors of )2/${1}3/' "$SO"
    doctor
    problem 'a module with another built-in set' module 'anchors of 3'
}

# ---- who may write it, and read it ------------------------------------------

writable_module() {
    healthy
    chmod 775 "$SO"
    bad_module 'a module that others can write to' \
        "'$SO' is writable by group or others (mode 0775)"
    fine module 'for that reason this command does not load it' \
        '... is not loaded'
    mend '... is mended'
    chmod 770 "$TMP/module"
    chgrp 65534 "$TMP/module" 2>/dev/null || return
    doctor
    note 'a directory that a group can write to' module \
        "others than root can replace what is in '$TMP/module' (mode 0770"
    mend '... is mended'
}

# Needs root: files of other users, and another user's eyes.
other_users() {
    if ((EUID != 0)); then
        skip 'other users' 'needs root'
        return
    fi
    healthy
    chown 65534 "$SO"
    bad_module 'a module of another user' "'$SO' is owned by user 65534"
    mend '... is mended'
    chown 65534 "$CNF"
    doctor
    problem 'a configuration of another user' openssl.cnf \
        "'$CNF' is owned by user 65534"
    mend '... is mended'
    chown 65534 "$TMP/module"
    doctor
    note 'a directory of another user' module "in '$TMP/module' (mode 0755, owner 65534"
    mend '... is mended'
    chmod 600 "$SO"
    doctor
    note 'a module that others may not read' module \
        "'$SO' has mode 0600: processes of other users go on without it"
    mend '... is mended'
}

# as_nobody: examines as a user that may not do much.
as_nobody() {
    run setpriv --reuid=65534 --regid=65534 --clear-groups \
        "$RDSCA" doctor --json --conf "$CNF"
    examine
}

# denied NAME CHECK TEXT: user 65534 has one problem, which is mended.
denied() {
    as_nobody
    problem "$1" "$2" "$3"
    apply 1
    as_nobody
    sound '... is mended'
}

unprivileged() {
    local file

    ((EUID == 0)) || return
    has setpriv 'an unprivileged user' || return
    if ! setpriv --reuid=65534 --regid=65534 --clear-groups \
        test -x "$RDSCA" 2>/dev/null; then
        skip 'an unprivileged user' 'may not run the command'
        return
    fi
    healthy
    as_nobody
    sound 'user 65534'
    like "$(<"$MACHINE")" 'run as user 65534; not checked: what other' '... and what is not checked'
    chmod 600 "$SO"
    denied 'a module with mode 0600' module \
        "'$SO' may not be opened by user 65534: owner and mode of '$SO' forbid it"
    chmod 700 "$TMP/module"
    denied 'a module in a directory with mode 0700' module \
        "owner and mode of '$TMP/module' forbid it"
    chmod 600 "$CNF"
    denied 'a configuration with mode 0600' openssl.cnf \
        "owner and mode of '$CNF' forbid it"
    chmod 700 "$DIR"
    denied 'bundles in a directory with mode 0700' directory \
        "owner and mode of '$DIR' forbid it"
    pki_region us-west-2
    file=$DIR/us-west-2-bundle.pem
    pki_root rsa2048 'Amazon RDS us-west-2 Root CA RSA2048 G1'
    pki_root rsa4096 'Amazon RDS us-west-2 Root CA RSA4096 G1'
    pki_bundle "$file" root-us-west-2 rsa2048 rsa4096
    chmod 600 "$file"
    denied 'a bundle with mode 0600' directory \
        "owner and mode of '$file' forbid it"
}

# A file system from which nothing is executed.
noexec() {
    local mount="mount -t tmpfs -o noexec,mode=755 none '$TMP/module'"

    healthy
    if ((EUID != 0)) || ! unshare -m sh -c "$mount" 2>/dev/null; then
        skip 'a mount with noexec' 'may not mount here'
        return
    fi
    run unshare -m sh -c "cp '$SO' '$TMP/copy.so' && $mount &&
        cp '$TMP/copy.so' '$SO' &&
        exec '$RDSCA' doctor --json --conf '$CNF'"
    examine
    problem 'a mount with noexec' module "'$SO' is on a file system mounted noexec"
    mend_is '... is to be mounted anew' run 'mount -o remount,exec'
}

# ---- a module that does not do what it says ---------------------------------

# impostor BUILDINFO STATUS: starts as ours does, says that, and has no store.
impostor() {
    local version

    version=$("$RDSCA" --version | sed 's/^rdsca \([0-9.]*\),.*/\1/')
    module "#include <openssl/core_dispatch.h>
#include <openssl/params.h>
#include <openssl/core_names.h>
#include <string.h>
static int from_conf;
static int get(void *p, OSSL_PARAM *params) {
    OSSL_PARAM *q; (void)p;
    if ((q = OSSL_PARAM_locate(params, \"version\")))
        OSSL_PARAM_set_utf8_ptr(q, \"$version\");
    if ((q = OSSL_PARAM_locate(params, \"buildinfo\")))
        OSSL_PARAM_set_utf8_ptr(q, from_conf ? \"$1\" : \"$("$RDSCA" --version |
            sed 's/.*, //')\");
    if ((q = OSSL_PARAM_locate(params, \"status\")))
        OSSL_PARAM_set_int(q, from_conf ? $2 : 1);
    return 1;
}
static const OSSL_DISPATCH table[] = {
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get}, {0, 0}};
int OSSL_provider_init(const OSSL_CORE_HANDLE *h, const OSSL_DISPATCH *in,
                       const OSSL_DISPATCH **out, void **ctx) {
    const char *bundles = 0;
    OSSL_PARAM asked[] = {{\"rds-bundles\", OSSL_PARAM_UTF8_PTR, &bundles, 0, 0},
                          {0, 0, 0, 0, 0}};
    for (; in->function_id; in++)
        if (in->function_id == OSSL_FUNC_CORE_GET_PARAMS)
            OSSL_FUNC_core_get_params(in)(h, asked);
    from_conf = bundles != 0;
    *ctx = (void *)h;
    *out = table;
    return 1;
}" -lcrypto
    printf 'rds-trust = %s\n' "$WEST" >>"$CNF"
    doctor
}

# all_found TEXT...: these problems of the process, and no others.
all_found() {
    local text name=$1 good=0

    shift
    for text; do
        found problem process "$text" || good=1
    done
    [[ $good == 0 && $status == 1 && $(of_level problem) == "$#" ]]
    ok $? "$name" || { show_findings && diag "expected: $*"; }
}

impostors() {
    impostor "x; rds-trust: $WEST" 1
    all_found 'trust that is claimed, but not in force' \
        "rds-trust = '$WEST' is not in force: an X509_STORE made" \
        'rds://all has no answer: '
    impostor 'x; rds-trust: off: no reason at all' 1
    all_found 'trust that is off' \
        "rds-trust = '$WEST' is off in a process: no reason at all" \
        'rds://all has no answer: '
    impostor "x; rds-trust: off: gone" 0
    all_found 'a provider that is inactive' \
        'the provider is inactive in a process' 'is off in a process: gone' \
        'rds://all has no answer: '
}

# Another provider of the configuration may go wrong, too.
other_provider() {
    module "$(at_load '' 'for (;;) ;')"
    mv "$SO" "$TMP/hangs.so"
    healthy
    sed -i 's/^\[providers\]/&\nother = other_section/' "$CNF"
    printf '%s\n' '[other_section]' "module = $TMP/hangs.so" 'activate = 1' \
        >>"$CNF"
    doctor --timeout 3
    problem 'another module hangs' process \
        "loading the configuration '$CNF': comes to no end; stopped after 3 seconds"
    mend_is '... tells where to look' 'do' 'look at what else the configuration loads'
}

wrong_path
wrong_header
unloadable
going_wrong
talking
forking
other_release
writable_module
other_users
unprivileged
noexec
impostors
other_provider
done_testing
