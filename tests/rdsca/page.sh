# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Running a page of the documentation as it stands there, in a machine of its
# own.  Sourced after lib.sh; PAGE is the file.  The test begins with
#
#     own_machine "$@"
#
# which starts the script again in namespaces, where nothing that it mounts or
# listens to is seen outside.

blocks=0 # that were run

# own_machine ARGUMENT...: of the script.  Goes on only inside.
own_machine() {
    if [[ ${1:-} != inside ]]; then
        ((EUID == 0)) || skip_all 'not root, so nothing can be mounted'
        unshare -m -n true 2>/dev/null || skip_all 'no namespaces here'
        # The folder of this script is made anew inside.
        rm -rf "$TMP"
        trap - EXIT
        exec unshare -m -n bash "$0" inside "$(readlink /proc/self/ns/mnt)"
    fi
    # Nothing may happen to the machine itself.
    [[ -n ${2:-} && $(readlink /proc/self/ns/mnt) != "$2" ]] ||
        { ok 1 'in namespaces of its own' || done_testing; }
}

# layers FOLDER...: what is written there is kept in memory, and ends with the
# test.
layers() {
    local folder at

    mkdir "$TMP/layers"
    trap leave_layers EXIT
    mount -t tmpfs -o mode=755 none "$TMP/layers" || no_layers
    for folder; do
        at=$TMP/layers/${folder//\//_}
        mkdir "$at" "$at/upper" "$at/scratch"
        mount -t overlay -o "lowerdir=$folder,upperdir=$at/upper" \
            -o "workdir=$at/scratch" overlay "$folder" || no_layers
    done
}

# Ends with the status of the test.
leave_layers() {
    local code=$?

    umount -lR "$TMP/layers"
    (exit "$code")
    clean_up
}

no_layers() {
    [[ ${RDS_NO_SKIP:-} == 1 ]] || skip_all 'layers cannot be mounted here'
    ok 1 'layers can be mounted' || done_testing
}

# block LANGUAGE N: the Nth block of that language.
block() {
    awk -v fence="\`\`\`$1" -v wanted="$2" '
        $0 == "```" { inside = 0 }
        inside { print }
        $0 == fence { inside = (++n == wanted) }' "$PAGE"
}

# count_blocks LANGUAGE
count_blocks() {
    grep -c "^\`\`\`$1\$" "$PAGE"
}

# take N: the Nth block of shell is in $TMP/block.
take() {
    block sh "$1" >"$TMP/block"
    blocks=$((blocks + 1))
    [[ -s $TMP/block ]] || ok 1 "$PAGE has a block $1 of shell"
}

# follow NAME N: runs the Nth block of shell, in $TMP/here.  It complains about
# nothing.
follow() {
    take "$2"
    run bash -c "cd $TMP/here && . $TMP/block"
    [[ $status == 0 && -z $err ]]
    ok $? "$1 (block $2)" || show_run
}

# ---- pages that are not run whole -------------------------------------------

used=' ' # the blocks that were, as ` LANGUAGE:N `

# marks: LANGUAGE:N of each block, and `not-run` where the paragraph above it
# says so.
marks() {
    awk '
        /^```[a-z]+$/ {
            language = substr($0, 4)
            print language ":" ++n[language], \
                tolower(above) ~ /not run/ ? "not-run" : "run"
            inside = 1
            next
        }
        inside { inside = ($0 != "```"); above = ""; next }
        /^$/ { ended = 1; next }
        { above = (ended ? "" : above " ") $0; ended = 0 }' "$PAGE"
}

# use LANGUAGE N: sets text to the block, which counts as run.
use() {
    text=$(block "$1" "$2")
    used+="$1:$2 "
    [[ -n $text ]] || ok 1 "$PAGE has a block $2 of $1"
}

# all_marked: every block was run, or the page says that it was not.
all_marked() {
    local name word wrong=''

    while read -r name word; do
        if [[ $used == *" $name "* ]]; then
            [[ $word == run ]] || wrong+=" $name was run"
        else
            [[ $word == not-run ]] || wrong+=" $name was not run"
        fi
    done < <(marks)
    is "$wrong" '' 'the page says of each block whether it was run'
}
