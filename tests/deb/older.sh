# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A package of a lower version, to upgrade from: the same files, but another
# module, and another text in /etc/default/rdsca.

# older_deb DEB FOLDER
older_deb() {
    local work status

    work=$(mktemp -d) || return
    dpkg-deb --raw-extract "$1" "$work/deb" &&
        sed -i '/^Version:/s/-[^-]*$/-0/' "$work/deb/DEBIAN/control" &&
        change_files "$work/deb" &&
        dpkg-deb --root-owner-group --build "$work/deb" "$2" >/dev/null
    status=$?
    rm -rf "$work"
    return "$status"
}

change_files() {
    local file=$1/etc/default/rdsca

    # What follows the sections does not matter to the loader.
    find "$1" -name rds.so -exec sh -c 'echo older >>"$1"' sh {} \;
    [[ ! -e $file ]] || echo '# A line of the older version.' >>"$file"
}
