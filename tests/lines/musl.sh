# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The line "musl": another libc needs a build of its own.  Debian has musl and
# its compiler, but no OpenSSL for it, so this makes one, and CUnit, of the
# sources in the archive.  Takes 3 minutes of processor time, once; then
# the module and the tests are built with musl-gcc and run on this machine.
# What Alpine has is close to this, but was not run.

MUSL_SECONDS=1800
MUSL_OPTIONS=(no-tests no-engine no-async no-legacy)

# musl_possible: else `reason` says why not.
musl_possible() {
    local program

    reason=
    for program in musl-gcc make perl gcc; do
        command -v "$program" >/dev/null || reason="no $program"
    done
    [[ -z $reason && -d /usr/include/linux ]] || reason=${reason:-'no linux-libc-dev'}
    [[ -z $reason ]]
}

# musl_sources FOLDER: with their hashes checked by apt.
musl_sources() {
    mkdir -p "$1/openssl" "$1/cunit" &&
        (cd "$1" && archive_apt timeout_get --download-only --tar-only \
            source openssl cunit) &&
        tar xf "$1"/openssl_*.orig.tar.[gx]z -C "$1/openssl" --strip-components=1 &&
        tar xf "$1"/cunit_*.orig.tar.[gx]z -C "$1/cunit" --strip-components=1
}

# musl_openssl FOLDER: the libraries; OpenSSL includes a few headers of Linux,
# which musl-gcc does not find.
musl_openssl() {
    mkdir "$1/kernel" &&
        ln -s /usr/include/linux /usr/include/asm-generic \
            "/usr/include/$(gcc -print-multiarch)/asm" "$1/kernel" &&
        cd "$1/openssl" &&
        CC="musl-gcc -idirafter $1/kernel" ./Configure "linux-$(uname -m)" \
            "${MUSL_OPTIONS[@]}" &&
        timeout -k 5 "$MUSL_SECONDS" env -u MAKEFLAGS make -s -j2 build_generated &&
        timeout -k 5 "$MUSL_SECONDS" env -u MAKEFLAGS make -s -j2 \
            libcrypto.so libssl.so libcrypto.a
}

# musl_cunit FOLDER: libcunit.a, of the files that the tests use.
musl_cunit() {
    local sources=$1/cunit/CUnit/Sources

    mkdir -p "$1/include" && cp -r "$1/cunit/CUnit/Headers" "$1/include/CUnit" &&
        cd "$1/cunit" &&
        musl-gcc -w -O1 -DVERSION='""' -DRELEASE='""' -I"$1/include" \
            -I"$1/include/CUnit" -c "$sources"/Framework/*.c \
            "$sources/Basic/Basic.c" &&
        ar rcs libcunit.a ./*.o
}

# musl_get: sets where, or reason, or log.
musl_get() {
    local ID VERSION_CODENAME='' version

    log=
    musl_possible || return
    # shellcheck disable=SC1091 # not part of the project
    . /etc/os-release
    if ! archive_open deb-src "$VERSION_CODENAME"; then
        where=$(newest_tree musl)
        [[ -n $where ]]
        return
    fi
    version=$(archive_version openssl "$VERSION_CODENAME")
    where=$CACHE/musl-$version
    if [[ ! -d $where ]]; then
        log=$where.log
        rm -rf "$where.new"
        (musl_sources "$where.new" && musl_openssl "$where.new") >"$log" 2>&1 &&
            (musl_cunit "$where.new") >>"$log" 2>&1 && mv "$where.new" "$where"
    fi && keep_one musl "$where"
}

# musl_compile: the module and the tests, with $where.  The tests find their
# libraries by the path in them: some run as other programs.  What they have of
# rdsca needs no curl, whose headers stand among those of glibc.
musl_compile() {
    log=$CACHE/musl.build.log
    env -u MAKEFLAGS make -s NO_DEPS=1 CC=musl-gcc BUILD="$tests" \
        CRYPTO_CFLAGS="-isystem $where/openssl/include -isystem $where/include" \
        CRYPTO_LIBS="-L$where/openssl -lcrypto" SSL_LIBS="-L$where/openssl -lssl" \
        CUNIT_LIBS="-L$where/cunit -lcunit" LDFLAGS="-Wl,-rpath,$where/openssl" \
        CURL_CFLAGS= \
        TRUST_ARCHIVE="$where/openssl/libcrypto.a" "$tests/rds.so" \
        "${PROGRAMS[@]/#/$tests/}" >"$log" 2>&1 &&
        ! objdump -T "$tests/rds.so" | grep GLIBC >>"$log"
}

line_musl() {
    local log='' where='' tests=$CACHE/musl.build version
    # shellcheck disable=SC2034 # in_line looks at it
    local tree=''

    if ! musl_get; then
        no_line musl 'no OpenSSL for musl'
    elif ! musl_compile; then
        fail_line musl 'the module and the tests do not compile' "$log"
    else
        version=${where##*/musl-}
        version=${version%%-*}
        try musl "$where/openssl/libcrypto.so.3" "$tests" "$tests"
    fi
}
