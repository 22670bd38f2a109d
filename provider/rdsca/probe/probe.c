/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdsca probe: what a server's certificate is worth, and what to do.  Refuses
 * to send anything but the beginning of a connection.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../certs/answer.h"
#include "../cli/options.h"
#include "report_json.h"
#include "report_text.h"
#include "verdict.h"

#define NAME "probe"
#define TIMEOUT 10 /* seconds for a host */
#define SOON 30    /* days; a certificate that ends within them is a finding */
#define POSTGRES_PORT 5432
#define MYSQL_PORT 3306

const char rdsca_probe_help[] =
    "usage: rdsca probe [OPTION...] HOST[:PORT]...\n"
    "       rdsca probe [OPTION...] -\n"
    "\n"
    "Connects to database servers as their clients do, up to the TLS\n"
    "handshake, and says what their certificates are worth: the chain, the\n"
    "anchor behind it, the CA identifier, the dates, what rds-trust would "
    "say,\n"
    "and what to do.  '-' reads hosts from standard input, one a line.\n"
    "\n"
    "  --protocol P      auto (default), postgres, mysql, or tls: TLS "
    "without\n"
    "                    STARTTLS.  auto goes by the port, else it asks\n"
    "  --connect-to H:P  connect to this host, and port if one is given, as\n"
    "                    through a tunnel; the server must still be HOST\n"
    "  --trust URI       judge by this URI in place of the rds-trust that is\n"
    "                    configured\n"
    "  --expiring DAYS   what expires within them is a finding (30)\n"
    "  --timeout S       seconds for one host, whatever it does (10)\n"
    "  --json            as JSON\n"
    "  --directory DIR   the bundle directory (default: the one configured)\n"
    "\n"
    "Without a port 5432 is tried, then 3306.  No user, password or query is\n"
    "sent.  Servers count and log the connection as one that was broken off:\n"
    "MySQL blocks a client's address after max_connect_errors of them.\n"
    "\n"
    "Exit status: 0 all are verified, 1 a finding, 2 usage, 3 unreachable;\n"
    "the highest of all hosts.\n";

struct probe_options {
    const char *connect_to; /* as given, or NULL */
    struct rdsca_host via;  /* the same, read */
    const char *trust;      /* of --trust, or NULL */
    const char *directory;
    enum rdsca_protocol protocol;
    long expiring;
    long timeout;
    bool json;
};

struct probe {
    struct probe_options options;
    struct rdsca_hosts hosts;
    struct rdsca_answer answer;
    struct rdsca_settings settings;
    const char *trust; /* in force, or NULL */
    json_t *report;    /* an array, or NULL: text */
};

/* ---- the options ------------------------------------------------------- */

static bool read_protocol(const char *text, enum rdsca_protocol *out)
{
    char quoted[RDS_QUOTE_MAX];

    if (rdsca_protocol_find(text, out))
        return true;
    (void)rdsca_misuse(NAME,
                       "unknown protocol '%s': auto, postgres, mysql or tls",
                       rds_quote(quoted, text, strlen(text)));
    return false;
}

static bool take_option(int letter, struct probe_options *out)
{
    struct rds_error err;

    switch (letter) {
    case 'T':
        out->connect_to = optarg;
        if (rdsca_host_read(optarg, &out->via, &err))
            return true;
        (void)rdsca_misuse(NAME, "--connect-to %s", err.text);
        return false;
    case 'd':
        out->directory = optarg;
        return true;
    case 'e':
        return rdsca_number(NAME, "--expiring", optarg, 0, 100000,
                            &out->expiring);
    case 'j':
        out->json = true;
        return true;
    case 'p':
        return read_protocol(optarg, &out->protocol);
    case 't':
        return rdsca_number(NAME, "--timeout", optarg, 1, 600, &out->timeout);
    case 'u':
        out->trust = optarg;
        return true;
    default:
        return false;
    }
}

static bool read_hosts(int argc, char **argv, struct rdsca_hosts *out)
{
    bool good = true, listed = false;
    struct rds_error err;

    for (int i = optind; good && i < argc; i++) {
        if (strcmp(argv[i], "-") == 0 && !listed) {
            listed = true;
            good = rdsca_hosts_add_list(out, stdin, &err);
        } else {
            good = rdsca_hosts_add(out, argv[i], &err);
        }
    }
    if (good && out->count == 0)
        good = rds_fail(&err, RDS_R_UNKNOWN_WORD, "%s",
                        listed ? "the list names no host" : "no host");
    if (!good)
        (void)rdsca_misuse(NAME, "%s", err.text);
    return good;
}

static bool read_options(int argc, char **argv, struct probe *out)
{
    static const struct option longs[] = {
        {"connect-to", required_argument, NULL, 'T'},
        {"directory", required_argument, NULL, 'd'},
        {"expiring", required_argument, NULL, 'e'},
        {"json", no_argument, NULL, 'j'},
        {"protocol", required_argument, NULL, 'p'},
        {"timeout", required_argument, NULL, 't'},
        {"trust", required_argument, NULL, 'u'},
        {NULL, 0, NULL, 0},
    };
    int letter;

    out->options.expiring = SOON;
    out->options.timeout = TIMEOUT;
    while ((letter = rdsca_option(NAME, argc, argv, ":", longs)) != -1) {
        if (!take_option(letter, &out->options))
            return false;
    }
    return read_hosts(argc, argv, &out->hosts);
}

/* ---- one host ---------------------------------------------------------- */

static void set_ports(struct rdsca_call *call,
                      const struct probe_options *options,
                      const struct rdsca_host *host)
{
    unsigned port = options->via.port != 0 ? options->via.port : host->port;

    if (port != 0) {
        call->ports[call->port_count++] = port;
        return;
    }
    if (options->protocol != RDSCA_PROTOCOL_MYSQL)
        call->ports[call->port_count++] = POSTGRES_PORT;
    if (options->protocol != RDSCA_PROTOCOL_POSTGRES)
        call->ports[call->port_count++] = MYSQL_PORT;
}

static void connect_to(const struct probe_options *options,
                       struct rdsca_finding *finding)
{
    const struct rdsca_host *host = finding->host;
    const struct rdsca_host *via =
        options->connect_to != NULL ? &options->via : host;
    struct rdsca_call call = {
        .host = via->name,
        .address = via->address,
        .deadline = rdsca_clock() + options->timeout * 1000,
    };
    struct rdsca_wire wire;

    set_ports(&call, options, host);
    finding->protocol = options->protocol;
    finding->contact = RDSCA_CONTACT_UNREACHABLE;
    if (!rdsca_dial(&call, &wire, &finding->trouble))
        return;
    finding->port = wire.port;
    memcpy(finding->address, wire.text, sizeof(finding->address));
    finding->contact =
        rdsca_starttls(&wire, host->port != 0 ? host->port : wire.port,
                       &finding->protocol, &finding->trouble);
    if (finding->contact == RDSCA_CONTACT_TLS)
        finding->contact =
            rdsca_handshake(&wire, host->address ? NULL : host->name,
                            &finding->peer, &finding->trouble);
    rdsca_hang_up(&wire);
}

/* False where memory runs out. */
static bool show(struct probe *probe, const struct rdsca_finding *finding)
{
    if (probe->options.json)
        return json_array_append_new(probe->report,
                                     rdsca_probe_json(finding)) == 0;
    if (finding->host != probe->hosts.items)
        (void)putchar('\n');
    rdsca_probe_text(finding, stdout);
    (void)fflush(stdout);
    return true;
}

static enum rdsca_exit probe_host(struct probe *probe,
                                  const struct rdsca_host *host)
{
    struct rdsca_finding finding = {.host = host};
    enum rdsca_exit code;

    finding.is_endpoint =
        rds_endpoint_read(host->name, strlen(host->name), &finding.endpoint);
    connect_to(&probe->options, &finding);
    finding.now = (int64_t)time(NULL);
    if (finding.contact == RDSCA_CONTACT_TLS)
        rdsca_examine(&finding, probe->answer.trust.view, probe->trust);
    rdsca_judge(&finding, probe->options.expiring);
    code = rdsca_verdict_exit(finding.verdict);
    if (!show(probe, &finding)) {
        rdsca_complain(NAME, "%s: out of memory", host->name);
        code = RDSCA_UNSAFE;
    }
    rdsca_finding_clear(&finding);
    return code;
}

/* ---- the command ------------------------------------------------------- */

static enum rdsca_exit run(struct probe *probe)
{
    enum rdsca_exit code =
        rdsca_answer_open(&probe->answer, NAME, "rds://all?expired=include",
                          probe->options.directory);

    if (code != RDSCA_FINE)
        return code;
    rdsca_settings_read(&probe->settings);
    probe->trust = probe->options.trust != NULL ? probe->options.trust
                                                : probe->settings.trust;
    if (probe->options.json)
        probe->report = json_array();
    for (size_t i = 0; i < probe->hosts.count; i++)
        code = rdsca_worse(code, probe_host(probe, &probe->hosts.items[i]));
    code = rdsca_worse(code, probe->options.json
                                 ? rdsca_probe_print_json(
                                       NAME, probe->report, probe->answer.now,
                                       probe->answer.trust.directory)
                                 : rdsca_finish_output(NAME));
    rdsca_settings_clear(&probe->settings);
    rdsca_answer_close(&probe->answer);
    return code;
}

enum rdsca_exit rdsca_probe(int argc, char **argv)
{
    struct probe *probe = calloc(1, sizeof(*probe));
    enum rdsca_exit code = RDSCA_USAGE;

    if (probe == NULL)
        rdsca_complain(NAME, "out of memory");
    else if (read_options(argc, argv, probe))
        code = run(probe);
    free(probe);
    return code;
}
