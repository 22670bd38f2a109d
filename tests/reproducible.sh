#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Two builds in two folders, on two dates, are byte-identical.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build FOLDER DATE: a build of a copy of the tree.
build() {
    mkdir -p "$work/$1"
    cp -r Makefile provider include conf tests docs "$work/$1"
    find "$work/$1" -exec touch -d "$2" {} +
    make -s -C "$work/$1" V=1 build/rds.so >/dev/null
}

build one '2026-01-01'
build another/and/deeper '2026-06-01'
cmp "$work/one/build/rds.so" "$work/another/and/deeper/build/rds.so"
if grep -aqF "$work" "$work/one/build/rds.so"; then
    echo 'reproducible: the module names the folder that it was built in' >&2
    exit 1
fi
echo 'reproducible: both builds are the same'
