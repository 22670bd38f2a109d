#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that the mariadb client, PyMySQL and PHP's mysqli and PDO reach a real
# MariaDB server by the line rds-trust alone, each with the option that makes
# it verify, and that each still refuses another name.

# shellcheck disable=SC2016,SC2317 # other languages; functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
need_names
make_pki
make_refused
mariadb_servers

SYSTEM_CAS=/etc/ssl/certs/ca-certificates.crt
[[ -r $SYSTEM_CAS ]] || SYSTEM_CAS=$PRIVATE
CHAIN='unable to get local issuer certificate'

# The user test, from any host.  Without a password: from 11.4 on the mariadb
# client without a CA file accepts any certificate whose server proves that it
# knows the password's hash.
make_user() {
    local name

    for name in db other evil; do
        run "${as[@]}" mariadb --no-defaults --skip-ssl -u root \
            --socket="$TMP/mariadb-$name/s.sock" -e \
            "CREATE USER test@'%'"
        ((status == 0)) || { ok 1 'CREATE USER' || show_run && done_testing; }
    done
}

# ask_mariadb HOST PORT CA
ask_mariadb() {
    named mariadb --no-defaults -N -B -u test \
        --protocol=tcp -h "$1" -P "$2" --ssl --ssl-verify-server-cert \
        ${3:+--ssl-ca="$3"} -e "$QUERY"
}

ask_pymysql() {
    named /usr/bin/python3 -c '
import pymysql, ssl, sys
host, port, ca, query = sys.argv[1:]
connection = pymysql.connect(
    host=host, port=int(port), user="test",
    ssl=ssl.create_default_context(cafile=ca or None))
cursor = connection.cursor()
cursor.execute(query)
print(cursor.fetchone()[0])' "$@" "$QUERY"
}

# Only the two flags together verify: MYSQLI_OPT_SSL_VERIFY_SERVER_CERT does
# nothing unless a CA file is named, too.
ask_mysqli() {
    named php -r '
        [, $host, $port, $ca, $query] = $argv;
        mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
        $db = mysqli_init();
        $db->ssl_set(null, null, $ca ?: null, null, null);
        $db->real_connect($host, "test", "", null, (int)$port, null,
            MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_VERIFY_SERVER_CERT);
        echo $db->query($query)->fetch_row()[0], "\n";' -- "$@" "$QUERY"
}

# PDO turns TLS on by an SSL option, so that it always needs one: here the
# system's CA file.
ask_pdo() {
    named php -r '
        [, $host, $port, $ca, $query] = $argv;
        $db = new PDO("mysql:host=$host;port=$port", "test", "", [
            PDO::MYSQL_ATTR_SSL_CA => $ca,
            PDO::MYSQL_ATTR_SSL_VERIFY_SERVER_CERT => true]);
        echo $db->query($query)->fetchColumn(), "\n";' \
        -- "$1" "$2" "${3:-$SYSTEM_CAS}" "$QUERY"
}

make_user
if has mariadb mariadb; then
    version mariadb "$(mariadb --version | grep -o "[0-9.]*-MariaDB")"
    words='Validation of SSL server certificate failed'
    [[ $(mariadb --version) == *' from '* ]] && # 11 and later
        words='Hostname verification failed'
    client_cases mariadb ask_mariadb "$CHAIN" "$words"
fi
if has_client PyMySQL python3-pymysql /usr/bin/python3 -c 'import pymysql'; then
    version PyMySQL "$(/usr/bin/python3 -c \
        'import pymysql; print(pymysql.__version__)')"
    client_cases PyMySQL ask_pymysql "$CHAIN" 'Hostname mismatch'
fi
if has_client 'PHP mysqli' php-mysql \
    php -r 'exit(extension_loaded("mysqli") ? 0 : 1);'; then
    version 'PHP mysqli' "$(php -r 'echo PHP_VERSION;')"
    client_cases 'PHP mysqli' ask_mysqli 'certificate verify failed' \
        'subjectAltName did not match expected name'
fi
if has_client 'PHP PDO mysql' php-mysql \
    php -r 'exit(extension_loaded("pdo_mysql") ? 0 : 1);'; then
    version 'PHP PDO mysql' "$(php -r 'echo PHP_VERSION;')"
    client_cases 'PHP PDO mysql' ask_pdo 'certificate verify failed' \
        'subjectAltName did not match expected name'
fi
done_testing
