#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that the Python interpreter's own TLS tests (python3 -m test test_ssl,
# Debian's package libpython3.X-testsuite) end in the same way with the line
# rds-trust as without it: test by test passed, failed or skipped.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
PYTHON=/usr/bin/python3
SUITE_SECONDS=180
need "$PYTHON"
has_client 'Python test_ssl' libpython3-testsuite \
    "$PYTHON" -c 'import test.test_ssl' || done_testing
make_pki
conf_for rds://all+proxy

# suite NAME: runs the tests with NAME.cnf in the background.
suite() {
    mkdir "$TMP/$1"
    OPENSSL_CONF=$TMP/$1.cnf RDS_PROVIDER_DEBUG=file:$TMP/$1.log,level:2 \
        start "$TMP/$1.out" env -C "$TMP/$1" timeout -k 5 "$SUITE_SECONDS" \
        "$PYTHON" -m test --tempdir "$TMP/$1" --junit-xml "$TMP/$1.xml" \
        test_ssl
}

# outcomes NAME: one line a test.
outcomes() {
    "$PYTHON" - "$TMP/$1.xml" <<'END'
import sys
import xml.etree.ElementTree

for case in xml.etree.ElementTree.parse(sys.argv[1]).iter("testcase"):
    outcome = " ".join(child.tag for child in case) or "passed"
    print(case.get("name"), case.get("result"), outcome)
END
}

suite off
off_pid=$pid
suite on
wait "$off_pid"
off_status=$?
wait "$pid"
is "$?" "$off_status" 'test_ssl ends with the same status'
off=$(outcomes off)
on=$(outcomes on)
(($(grep -c ' passed$' <<<"$off") > 100))
ok $? 'more than 100 tests passed without the line' ||
    diag "$(tail -n 20 "$TMP/off.out")"
is "$on" "$off" 'each test of test_ssl has the same outcome with the line'
like "$(cat "$TMP/on.log")" 'rds-trust: rds://all+proxy' \
    '... which was in force'
version 'Python test_ssl' "$("$PYTHON" -V), $(wc -l <<<"$on") tests, \
$(grep -c ' passed$' <<<"$on") passed, $(grep -c skipped <<<"$on") skipped"
done_testing
