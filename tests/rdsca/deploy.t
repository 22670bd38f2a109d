#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs the blocks of docs/deploy.md as they stand there, in namespaces of its
# own: /usr, /etc, /run and /var/lib are layers that end with the test, and the
# endpoint of the page is PostgreSQL on loopback, with a CA of the test in the
# bundle.  Images are roots that are entered with chroot: Debian's minimal tree,
# and one that has libc, OpenSSL and its command only.  What cannot be run, the
# page must say so itself.

# shellcheck source-path=SCRIPTDIR source=../clients/lib.sh
. "$(dirname "$0")/../clients/lib.sh"
# shellcheck source=page.sh
. "$ROOT/tests/rdsca/page.sh"
# shellcheck source=server.sh
. "$ROOT/tests/rdsca/server.sh"
# shellcheck source=../lines/archive.sh
. "$ROOT/tests/lines/archive.sh"
# shellcheck source=../lines/tree.sh
. "$ROOT/tests/lines/tree.sh"
PAGE=docs/deploy.md
CACHE=${RDS_LINES_CACHE:-$ROOT/build}/lines
SLIM=openssl,ca-certificates,libcurl4,libjansson4
RUN_SECONDS=300

# ---- a machine of its own ---------------------------------------------------

# slim_tree: sets tree; else reason.  Before the network is gone.
slim_tree() {
    local VERSION_CODENAME='' site='' version

    # shellcheck disable=SC1091 # not part of the project
    . /etc/os-release
    tree=
    mkdir -p "$CACHE"
    if ! archive_open deb "$VERSION_CODENAME"; then
        tree=$(find "$CACHE" -maxdepth 1 -name 'slim-*' ! -name '*.*' | head -n 1)
        [[ -n $tree ]]
        return
    fi
    version=$(archive_version openssl "$VERSION_CODENAME")
    tree=$CACHE/slim-${version//./_}
    [[ ! -d $tree ]] || return 0
    find "$CACHE" -maxdepth 1 -name 'slim-*' -exec rm -rf --one-file-system {} +
    tree_make "$tree" "$site" "$VERSION_CODENAME" "$SLIM" ||
        { reason="debootstrap fails, see $tree.log" && tree= && return 1; }
}

tree=${tree:-} reason=${reason:-} # what is found outside, inside
if [[ ${1:-} != inside ]]; then
    need unshare ip nginx postgres initdb python3 make
    ! tree_possible || slim_tree || diag "no tree of Debian: $reason"
    export tree reason
fi
own_machine "$@"

make_machine() {
    layers /usr /etc
    mount -t tmpfs -o mode=755 none /run &&
        mount -t tmpfs -o mode=755 none /var/lib && ip link set lo up
    ok $? 'a machine of its own' || done_testing
    printf '127.0.0.1 localhost %s\n' "$DB" >/etc/hosts
    rm -rf /etc/default/rdsca /etc/rds-ca
    mkdir "$TMP/here" "$TMP/src"
    # A copy of the source, for whose build nothing need be compiled again.
    tar -c --exclude=./build/{lines,fuzz,clang,asan,tsan,ubsan} --exclude=./.git . |
        tar -x -C "$TMP/src"
    ok "${PIPESTATUS[1]}" 'a copy of the source'
}

# The endpoint of the page, at its real port; and the bundle that vouches.
make_database() {
    make_pki
    leaf mydb "$DB"
    make_postgres
    free_port() { echo 5432; }
    postgres_server mydb
    bundle_into /
    unset OPENSSL_CONF
}

bundle_into() {
    mkdir -p "$1/var/lib/rds-ca"
    cp "$TMP/bundles/$REGION-bundle.pem" "$1/var/lib/rds-ca"
    chmod 755 "$1/var/lib/rds-ca"
}

# ---- following the page -----------------------------------------------------

# step NAME N [FOLDER]: runs the Nth block of shell.
step() {
    use sh "$2"
    # shellcheck disable=SC2016 # the inner shell expands it
    run bash -euc 'cd "$1" && DB=$2 && eval "$3"' bash "${3:-$TMP/here}" "$DB" \
        "$text"
    ok "$status" "$1 (block $2)" || show_run
}

# The third command of "See that it works".
ASK="openssl s_client -starttls postgres -connect $(block sh 1 |
    cut -d = -f 2):5432 -verify_return_error -verify_hostname"
DB=$(block sh 1 | cut -d = -f 2)
ASK+=" $DB"

works() {
    step "$1" 2
    like "$out" 'Verification: OK' '... with verification'
    like "$out" 'Total found: 6' '... and the certificate of the bundle, and the public roots'
}

refused_by_openssl() {
    [[ $status != 0 && $out$err == *'verify error:num='* &&
        $out$err != *'Verification: OK'* ]]
    ok $? "$1" || show_run
}

# refused_here NAME: the database is not trusted.
refused_here() {
    # shellcheck disable=SC2086 # words are meant
    run $ASK
    refused_by_openssl "$1"
}

the_host() {
    local conf before

    conf=$(realpath "$(openssl version -d | cut -d '"' -f 2)/openssl.cnf")
    before=$(sha256sum "$conf")
    use sh 1
    step 'the installation from source' 4 "$TMP/src"
    refused_here 'it turns nothing on'
    the_service
    the_command
    step 'turning it on' 5
    works 'it works'
    the_proxies
    step 'undo' 7 "$TMP/src"
    is "$(sha256sum "$conf")" "$before" '... openssl.cnf is as it was'
    is "$(find /usr/lib /usr/local /usr/bin -name rds.so -o -name rdsca)" '' \
        '... and nothing is there any more'
    refused_here '... and nothing trusted'
}

the_service() {
    cat >/etc/systemd/system/myapp.service <<'END'
[Service]
ExecStart=/bin/true
END
    step 'one service' 8
    step 'it works' 10
    like "$out" OPENSSL_CONF=/etc/rds-ca/myapp.service.cnf \
        'the drop-in counts for the service'
    run systemd-analyze verify /etc/systemd/system/myapp.service
    unlike "$out$err" myapp 'systemd has nothing to say' || show_run
    refused_here '... and nobody else trusts'
    # shellcheck disable=SC2086 # words are meant
    run env OPENSSL_CONF=/etc/rds-ca/myapp.service.cnf $ASK
    like "$out" 'Verification: OK' '... but it does'
    step 'undo' 11
    is "$(find /etc -path '*myapp.service*' ! -name myapp.service)" '' \
        '... nothing stays'
}

the_command() {
    step 'one command' 12
    like "$out" 'Verification: OK' '... connects'
    refused_here '... and nobody else'
}

the_proxies() {
    use haproxy 1
    if has haproxy 'the section for HAProxy'; then
        printf 'defaults\n timeout connect 5s\n timeout client 5s\n%s\n%s\n' \
            ' timeout server 5s' "$text" >"$TMP/haproxy.cfg"
        run_ok 'HAProxy takes the section' haproxy -c -f "$TMP/haproxy.cfg"
    fi
    use ini 1
    has pgbouncer 'PgBouncer' && has psql 'PgBouncer' || return 0
    mkdir -p /etc/pgbouncer
    echo '"test" ""' >/etc/pgbouncer/userlist.txt
    printf '%s\nunix_socket_dir =\n' "$text" >"$TMP/pgbouncer.ini"
    chmod 644 "$TMP/pgbouncer.ini" /etc/pgbouncer/userlist.txt
    start "$TMP/pgbouncer.log" "${as[@]}" pgbouncer "$TMP/pgbouncer.ini"
    wait_port 6432 "$pid" "$TMP/pgbouncer.log"
    run psql -XAt -c 'SELECT 6 * 7' -U test -h 127.0.0.1 -p 6432 mydb
    is "$out" 42 'PgBouncer verifies the database for its clients' ||
        diag "$(cat "$TMP/pgbouncer.log")"
    stop "$pid"
}

# ---- images -----------------------------------------------------------------

# make_root NAME: a root for an image; debian is a layer over the tree.
make_root() {
    local file

    root=$TMP/layers/root-$1
    mkdir -p "$root"
    if [[ $1 == bare ]]; then
        mkdir -p "$root"/{dev,etc,tmp,proc}
        while IFS= read -r file; do
            (cd / && cp -L --parents "${file#/}" "$root")
        done < <(command -v openssl; ldd "$(command -v openssl)" |
            grep -o '/[^ ]*')
    else
        mkdir "$root.upper" "$root.work"
        mount -t overlay overlay "$root" \
            -o "lowerdir=$tree,upperdir=$root.upper,workdir=$root.work" ||
            return
    fi
    cp /etc/hosts "$root/etc/hosts"
    bundle_into "$root"
}

# in_image COMMAND...: as run, in the image, with its variables.
in_image() {
    local -a enter=(tree_run "$RUN_SECONDS" "$root" "$volume" env)

    ran="in ${root##*/}: $*"
    [[ -d $root/var/lib/dpkg ]] || enter=(timeout -k 5 "$RUN_SECONDS" env -i
        "${env[@]}" "$(command -v chroot)" "$root")
    [[ ! -d $root/var/lib/dpkg ]] || enter+=("DB=$DB" "${env[@]}")
    "${enter[@]}" "$@" </dev/null >"$TMP/.out" 2>"$TMP/.err"
    status=$?
    out=$(<"$TMP/.out") err=$(<"$TMP/.err")
}
volume='' # a folder that is at /mnt of a tree
env=()

# steps_of TEXT: the lines of a Dockerfile, continued ones joined.
steps_of() {
    sed -e ':more' -e '/\\$/ { N; s/\\\n *//; b more' -e '}' <<<"$1"
}

# build_image NAME N: follows the Nth Dockerfile of the page, whose last stage
# begins with the root NAME.  What it installs with apt-get must be there.
build_image() {
    local word rest stage=0 good=0 command

    env=()
    rm -rf "$TMP/out"
    use dockerfile "$2"
    make_root "$1" || { ok 1 "a root for $1" && return; }
    while read -r word rest; do
        case $word in
        FROM) stage=$((stage + 1)) ;;
        ENV) env+=("$rest") ;;
        COPY)
            ((stage == 1)) || copy_into_image "$rest" || good=1
            ;;
        RUN)
            if [[ $rest == apt-get* ]]; then
                packages_there "$rest" || good=1
            elif ((stage == 1)); then
                command=${rest//\/src/$TMP/src}
                run env "DB=$DB" bash -euc "${command//\/out/$TMP/out}"
                ((status == 0)) || { good=1 && show_run; }
            else
                in_image sh -euc "$rest"
                ((status == 0)) || { good=1 && show_run; }
            fi
            ;;
        '' | ARG) ;;
        *) good=1 && diag "what is $word?" ;;
        esac
    done < <(steps_of "$text")
    ((good == 0 && stage == 2))
    ok $? "the image $1 can be built (dockerfile $2)"
}

# copy_into_image COPY-LINE: --from=build FOLDER/ FOLDER/
copy_into_image() {
    local from to

    read -r _ from to <<<"$1"
    mkdir -p "$root$to" && cp -a "${from/\/out/$TMP/out}." "$root$to"
}

# packages_there RUN-LINE: whether the image has what the line installs.
packages_there() {
    local package
    local -a packages

    # What a build needs, `make` has found here.
    ((stage > 1)) || return 0
    read -ra packages < <(sed 's/.*--no-install-recommends//; s/&&.*//' <<<"$1")
    for package in "${packages[@]}"; do
        dpkg-query --admindir="$root/var/lib/dpkg" -W -f '${Status}\n' \
            "$package" 2>/dev/null | grep -q '^install ok installed$' ||
            { diag "no $package in the tree" && return 1; }
    done
}

image_works() {
    # shellcheck disable=SC2086 # words are meant
    in_image $ASK
    [[ $status == 0 && $out == *'Verification: OK'* ]]
    ok $? "$1" || show_run
}

image_refuses() {
    # shellcheck disable=SC2086 # words are meant
    in_image $ASK
    refused_by_openssl "$1"
}

debian_image() {
    local -a entry

    build_image debian 1
    in_image sh -euc "$(block sh 2)"
    [[ $status == 0 && $out == *'Verification: OK'* &&
        $out == *'Total found: 6'* ]]
    ok $? '... and it works' || show_run
    in_image rdsca disable
    image_refuses '... and not without the last line'
    use dockerfile 2
    mapfile -t entry < <(perl -MJSON::PP -e 'print "$_\n"
        for @{decode_json($ARGV[0])}' "${text#ENTRYPOINT }")
    # shellcheck disable=SC2086 # words are meant
    in_image "${entry[@]//ENDPOINT/$DB}" $ASK
    like "$out" 'Verification: OK' 'the entry point does the same' || show_run
}

bare_image() {
    build_image bare 4
    is "$(cd "$root" && find . -name '*sh' -o -name 'rdsca*' -type f)" '' \
        '... without a shell'
    image_works '... and it works'
    env=()
    image_refuses '... and not without the variable'
}

lambda_layer() {
    step 'the layer' 17 "$TMP/src"
    env=(OPENSSL_CONF=/opt/rds/openssl.cnf)
    make_root "$([[ -n $tree ]] && echo layer || echo bare)"
    mkdir -p "$root/opt"
    run_ok '... can be unpacked' python3 -m zipfile -e \
        "$TMP/src/build/rds-layer.zip" "$root/opt"
    is "$(cd "$root/opt" && find . -type f | sort)" \
        $'./rds/openssl.cnf\n./rds/rds.so' '... has two files'
    image_works '... and it works'
    env=()
    image_refuses '... and not without the variable'
}

# ---- Kubernetes -------------------------------------------------------------

MANIFEST=conf/deploy/kubernetes.yaml

# manifest EXPRESSION: of the documents, `all`, by kind; in Python.
manifest() {
    /usr/bin/python3 -c '
import sys, yaml
all = {d["kind"]: d for d in yaml.safe_load_all(open(sys.argv[1]))}
print(eval(sys.argv[2]))' "$MANIFEST" "$1"
}

# kubectl and rdsca for the script of the job: the ConfigMap is the volume.
make_tools() {
    mkdir "$TMP/tools" "$TMP/configmap" "$TMP/volume"
    cat >"$TMP/tools/kubectl" <<'END'
#!/bin/sh
case $1 in
create) for file; do :; done; cat "${file#--from-file=}" ;;
apply) at=$CONFIGMAP/..$(date +%s%N) && mkdir "$at" &&
    cp "$3" "$at/us-west-2-bundle.pem" && chmod 644 "$at"/* &&
    ln -sfn "${at##*/}" "$CONFIGMAP/..data" &&
    ln -sfn ..data/us-west-2-bundle.pem "$CONFIGMAP/us-west-2-bundle.pem" ;;
esac
END
    cat >"$TMP/tools/rdsca" <<END
#!/bin/sh
exec $RDSCA "\$@" --settings - --cacert $CA --tries 1 \
    --connect-to 127.0.0.1:$PORT
END
    chmod 755 "$TMP"/tools/*
}

# job: the script of the CronJob, with the folder that an emptyDir is.
job() {
    rm -rf /run/scratch
    mkdir -m 777 /run/scratch
    run env PATH="$TMP/tools:$PATH" CONFIGMAP="$TMP/configmap" \
        sh "$flags" "${script//\/scratch/\/run\/scratch}"
}

kubernetes() {
    local yaml bundle=$TMP/configmap/us-west-2-bundle.pem before script flags

    use yaml 1
    yaml=$(<"$MANIFEST")
    [[ $yaml == *"$text"* ]]
    ok $? 'the YAML of the page stands in the manifest'
    /usr/bin/python3 -c 'import yaml' 2>/dev/null ||
        { skip 'the manifest' 'no yaml of Python' && return; }
    is "$(manifest 'sorted(all)')" \
        "['CronJob', 'Pod', 'Role', 'RoleBinding', 'ServiceAccount']" \
        'the manifest is YAML'
    is "$(manifest 'all["Pod"]["spec"]["containers"][0]["volumeMounts"]')" \
        "[{'name': 'rds-ca', 'mountPath': '/var/lib/rds-ca', 'readOnly': True}]" \
        '... mounts the ConfigMap read-only, and whole'
    is "$(manifest 'all["Role"]["rules"][1]["resourceNames"]')" "['rds-ca']" \
        '... and its job may change this one only'
    script='all["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]'
    script+='["containers"][0]["command"]'
    flags=$(manifest "${script}[1]")
    script=$(manifest "${script}[2]")
    make_tools
    job
    [[ $status == 0 && -s $bundle ]]
    ok $? 'the script of the job makes a ConfigMap' || show_run
    before=$(sha256sum <"$bundle")
    mv "$WWW/aws/us-west-2" "$WWW/aws/gone"
    mkdir "$WWW/aws/us-west-2"
    echo '<html>' >"$WWW/aws/us-west-2/us-west-2-bundle.pem"
    job
    is "$((status != 0)) $(sha256sum <"$bundle")" "1 $before" \
        '... and leaves it as it is where the answer is bad'
    config_map_mounted
}

config_map_mounted() {
    [[ -n $tree ]] || return 0
    volume=$TMP/configmap
    # shellcheck disable=SC2016 # expanded inside
    in_image sh -euc 'mount --bind /mnt /var/lib/rds-ca
        mount -o remount,bind,ro /var/lib/rds-ca
        rdsca list rds://region/us-west-2'
    like "$out" 'us-west-2-bundle.pem of' 'a pod reads it from the volume' ||
        show_run
    volume=
}

# ---- the rest ---------------------------------------------------------------

many_hosts() {
    rm -f /etc/default/rdsca
    step 'the settings of many hosts' 19
    run "$RDSCA" update --check --tries 1
    like "$out$err" https://mirror.example.com/rds/aws/us-west-2/ \
        '... are read by rdsca' || show_run
}

confined() {
    local at=/etc/apparmor.d lines

    mkdir -p $at/local $at/abstractions
    step 'the addition for AppArmor' 20
    lines=$(sed -n "s/^semanage fcontext -a -t \([a-z_]*\) '\(.*\)'$/\2 \1/p" \
        "$PAGE")
    is "$lines" "$(awk '$NF ~ /:cert_t:/ { print $1, "cert_t" }' \
        conf/selinux/rds-ca.fc)" 'the contexts are those of the file'
    has apparmor_parser 'the addition for AppArmor' || return 0
    sed 's|@MODULE@|/usr/lib/ossl-modules/rds.so|' conf/apparmor/rds-ca.in \
        >$at/abstractions/rds-ca
    printf 'include <tunables/global>\n/usr/sbin/mysqld {\n%s\n}\n' \
        'include <local/usr.sbin.mysqld>' >"$TMP/profile"
    run_ok '... compiles in a profile' apparmor_parser -Q -K -q "$TMP/profile"
}

make_machine
serve
unset OPENSSL_CONF
make_database
the_host
bare_image
lambda_layer
if [[ -n $tree ]]; then
    debian_image
else
    use dockerfile 1
    use dockerfile 2
    skip 'the image of Debian' "$reason"
fi
kubernetes
many_hosts
confined
all_marked

done_testing
