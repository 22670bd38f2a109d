#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Proves that psql and the drivers over libpq (psycopg2, Ruby's pg, Perl's
# DBD::Pg, PHP's PDO and pgsql) reach a real PostgreSQL server with
# sslmode=verify-full by the line rds-trust alone: with the default root.crt
# of another CA, with a stale sslrootcert and, from 16, with
# sslrootcert=system.  Each still refuses another name.

# shellcheck disable=SC2016,SC2317 # other languages; functions as arguments
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
make_pki
make_refused
postgres_servers

# shellcheck source-path=SCRIPTDIR source=psql.sh
. "$ROOT/tests/clients/psql.sh"

ask_psycopg2() {
    pq /usr/bin/python3 -c '
import psycopg2, sys
connection = psycopg2.connect(sys.argv[1])
cursor = connection.cursor()
cursor.execute(sys.argv[2])
print(cursor.fetchone()[0])' "$(dsn "$@")" "$QUERY"
}

ask_ruby() {
    pq ruby -rpg -e 'puts PG.connect(ARGV[0]).exec(ARGV[1]).getvalue(0, 0)' \
        "$(dsn "$@")" "$QUERY"
}

# DBI separates with semicolons; so does PDO.
ask_perl() {
    local text

    text=$(dsn "$@")
    pq perl -MDBI -e '
        my $dbh = DBI->connect("dbi:Pg:$ARGV[0]", "test", "",
            {RaiseError => 1, PrintError => 0});
        print $dbh->selectrow_array($ARGV[1]), "\n"' "${text// /;}" "$QUERY"
}

ask_pdo() {
    local text

    text=$(dsn "$@")
    pq php -r '
        $pdo = new PDO("pgsql:" . $argv[1], "test", "");
        echo $pdo->query($argv[2])->fetchColumn(), "\n";' \
        -- "${text// /;}" "$QUERY"
}

ask_php() {
    pq php -r '
        $connection = pg_connect($argv[1]) or exit(1);
        echo pg_fetch_result(pg_query($connection, $argv[2]), 0, 0), "\n";' \
        -- "$(dsn "$@")" "$QUERY"
}

# system_roots CLIENT ASK: sslrootcert=system, from libpq 16.
system_roots() {
    run psql --version
    if [[ $out =~ \ ([0-9]+) ]] && ((BASH_REMATCH[1] < 16)); then
        skip "$1: sslrootcert=system" 'libpq before 16 does not know it'
        return
    fi
    without_line
    "$2" "$HOST" "${ports[db]}" system
    refused "$1: (a) sslrootcert=system, without the line: refused" "$CHAIN"
    with_line
    "$2" "$HOST" "${ports[db]}" system
    accepted "$1: (b) sslrootcert=system, with the line: connects"
    "$2" "$EVIL" "${ports[evil]}" system
    refused "$1: (c) sslrootcert=system, $EVIL: refused" "$CHAIN"
}

if has psql psql; then
    version psql "$(psql --version | cut -d " " -f 3)"
    client_cases psql ask_psql "$CHAIN" "$NAME"
    system_roots psql ask_psql
fi
if has_client psycopg2 python3-psycopg2 /usr/bin/python3 -c 'import psycopg2'; then
    version psycopg2 "$(/usr/bin/python3 -c \
        'import psycopg2; print(psycopg2.__version__)')"
    client_cases psycopg2 ask_psycopg2 "$CHAIN" "$NAME"
fi
if has_client 'Ruby pg' ruby-pg ruby -rpg -e 1; then
    version 'Ruby pg' "$(ruby -rpg -e 'puts PG::VERSION')"
    client_cases 'Ruby pg' ask_ruby "$CHAIN" "$NAME"
fi
if has_client 'DBD::Pg' libdbd-pg-perl perl -MDBD::Pg -e 1; then
    version 'DBD::Pg' "$(perl -MDBD::Pg -e 'print $DBD::Pg::VERSION')"
    client_cases 'DBD::Pg' ask_perl "$CHAIN" "$NAME"
fi
if has_client 'PHP PDO pgsql' php-pgsql \
    php -r 'exit(extension_loaded("pdo_pgsql") ? 0 : 1);'; then
    version 'PHP PDO pgsql' "$(php -r 'echo PHP_VERSION;')"
    client_cases 'PHP PDO pgsql' ask_pdo "$CHAIN" "$NAME"
fi
if has_client 'PHP pgsql' php-pgsql \
    php -r 'exit(extension_loaded("pgsql") ? 0 : 1);'; then
    version 'PHP pgsql' "$(php -r 'echo PHP_VERSION;')"
    client_cases 'PHP pgsql' ask_php "$CHAIN" "$NAME"
fi
done_testing
