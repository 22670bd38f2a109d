# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The lines of other processors: word size, byte order, alignment, the sign of
# char.  A cross compiler of Debian builds the module, the command and the
# tests against Debian's libraries of that processor, which are unpacked into
# $CACHE and never installed; an emulator (qemu-user) runs them.
#
# The programs name their libraries by path, so the emulator looks nothing up
# for them: its own table of paths has a lock that a fork among threads can
# leave locked for ever.
#
# An emulator does not show what a weaker order of memory does: it runs on the
# order of this machine.

# What Debian calls it: triplet, emulator, glibc's loader, what is special.
declare -A CROSS=(
    [arm64]='aarch64-linux-gnu qemu-aarch64 ld-linux-aarch64.so.1 64 bits, char is unsigned'
    [armhf]='arm-linux-gnueabihf qemu-arm ld-linux-armhf.so.3 32 bits, char is unsigned'
    [i386]='i686-linux-gnu qemu-i386 ld-linux.so.2 32 bits'
    [s390x]='s390x-linux-gnu qemu-s390x ld64.so.1 64 bits, the high byte first'
)
CROSS_PACKAGES=(libc6-dev libssl-dev libcunit1-dev libcurl4-openssl-dev
    libjansson-dev openssl)
CROSS_SECONDS=1800 # one program; a loaded machine is slow
CROSS_SLOW=10      # how much longer a time limit is

# cross_possible: else `reason` says why not.
cross_possible() {
    local program

    reason=
    for program in "$triplet-gcc" "$qemu" gcc make pkg-config dpkg; do
        command -v "$program" >/dev/null || reason="no $program"
    done
    [[ -z $reason ]]
}

# cross_sysroot FOLDER: the libraries of $arch.
cross_sysroot() {
    local archives=${apt:?}/cache/archives file

    rm -f "$archives"/*.deb
    APT_ARCH=$arch archive_apt timeout_get -y --no-install-recommends \
        --download-only install "${CROSS_PACKAGES[@]}" && mkdir -p "$1" || return
    for file in "$archives"/*.deb; do
        dpkg -x "$file" "$1" || return
    done
    # Links of the other machine's root.
    find "$1" -lname '/*' | while IFS= read -r file; do
        ln -sfn "${1%.new}$(readlink "$file")" "$file"
    done
}

# cross_get: sets where, or reason, or log.
cross_get() {
    local ID VERSION_CODENAME='' version

    log=
    cross_possible || return
    # shellcheck disable=SC1091 # not part of the project
    . /etc/os-release
    if ! APT_ARCH=$arch archive_open deb "$VERSION_CODENAME"; then
        where=$(newest_tree "$arch")
        [[ -n $where ]]
        return
    fi
    version=$(APT_ARCH=$arch archive_version openssl "$VERSION_CODENAME")
    where=$CACHE/$arch-$version
    if [[ ! -d $where ]]; then
        log=$where.log
        rm -rf "$where.new"
        cross_sysroot "$where.new" >"$log" 2>&1 && mv "$where.new" "$where"
    fi && keep_one "$arch" "$where"
}

# cross_pkg_config: a pkg-config of the other machine.
cross_pkg_config() {
    mkdir -p "$tests"
    cat >"$tests/pkg-config" <<END
#!/bin/sh
export PKG_CONFIG_LIBDIR=$libraries/pkgconfig:$where/usr/share/pkgconfig
export PKG_CONFIG_SYSROOT_DIR=$where
exec pkg-config "\$@"
END
    chmod +x "$tests/pkg-config"
}

# An rpath of the old kind is for the libraries' own libraries, too.
cross_compile() {
    local dynamic_linker=--dynamic-linker=$where/lib/$loader

    log=$CACHE/$arch.build.log
    cross_pkg_config
    env -u MAKEFLAGS make -s -j2 NO_DEPS=1 CI=1 BUILD="$tests" \
        CC="$triplet-gcc --sysroot=$where" CC_FOR_BUILD=gcc \
        PKG_CONFIG="$tests/pkg-config" \
        LDFLAGS="-Wl,--disable-new-dtags,-rpath,$library_path,$dynamic_linker" \
        all "${PROGRAMS[@]/#/$tests/}" >"$log" 2>&1
}

# cross_line ARCH
cross_line() {
    local arch=$1 log='' where='' version='' tests=$CACHE/$1.build
    local triplet qemu loader libraries library_path
    local -a emulator openssl limits
    # shellcheck disable=SC2034 # in_line looks at it
    local tree=''

    read -r triplet qemu loader _ <<<"${CROSS[$arch]}"
    if ! cross_get; then
        no_line "$arch" "no libraries of $arch"
        return
    fi
    libraries=$where/usr/lib/$(cross_libraries)
    library_path=$where/lib/${libraries##*/}:$libraries
    if ! cross_compile; then
        fail_line "$arch" 'the module and the tests do not compile' "$log"
        return
    fi
    # shellcheck disable=SC2034 # in_line and program look at them
    emulator=("$qemu") limits=(QEMU_LD_PREFIX=/ "RDS_EMULATOR=$qemu"
        "RDS_SLOW=$CROSS_SLOW")
    # shellcheck disable=SC2034 # command_works looks at it
    openssl=("$qemu" "$where/lib/$loader" --library-path "$library_path"
        "$where/usr/bin/openssl")
    RUN_SECONDS=$CROSS_SECONDS try "$arch" "$libraries/libcrypto.so.3" \
        "$tests" "$tests"
}

# What Debian calls the folder of its libraries.
cross_libraries() {
    [[ $arch == i386 ]] && triplet=i386-linux-gnu
    echo "$triplet"
}
