/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdsca export: certificates for tools that read only files.  Refuses to
 * write a format that nobody named, and binary to a terminal.
 */

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/err.h>

#include "../cli/output.h"
#include "export_hash_dir.h"
#include "export_formats.h"
#include "../cli/options.h"

#define NAME "export"

const char rdsca_export_help[] =
    "usage: rdsca export URI [-o FILE] [--format FORMAT] [OPTION...]\n"
    "       rdsca export URI --hash-dir DIR [OPTION...]\n"
    "\n"
    "Writes the certificates that URI answers with to a file.  The file is\n"
    "replaced whole, or left alone where it holds them already.\n"
    "A file is trusted for every name: rds://host/ENDPOINT of a database has\n"
    "the roots of a public CA (Amazon Trust Services) too, and is for "
    "clients\n"
    "that check host names; rds://region/R has the RDS CAs alone.\n"
    "\n"
    "  -o, --output FILE  where to write; without it, or with '-': standard\n"
    "                     output\n"
    "  --format FORMAT    else FILE's suffix decides, else it is pem:\n"
    "      pem            PEM, as AWS writes it (.pem, .crt, .cer)\n"
    "      p7b            certificates-only PKCS#7 in PEM, as AWS writes it,\n"
    "                     for Windows (.p7b, .p7c)\n"
    "      p12            PKCS#12 trust store for Java (.p12, .pfx)\n"
    "  --password TEXT    of the p12; default 'changeit', as Java expects.\n"
    "                     It hides nothing: certificates are public, and are\n"
    "                     not encrypted; it only keys the integrity check\n"
    "  --hash-dir DIR     a directory for -CApath: one file a certificate.\n"
    "                     Files there that rdsca did not write are let be\n"
    "  --directory DIR    the bundle directory (default: the one configured)\n"
    "\n"
    "  rdsca export rds://region/us-west-2 -o rds.pem\n"
    "  rdsca export rds://region/us-west-2 -o rds.p12\n"
    "  keytool -list -keystore rds.p12 -storepass changeit\n"
    "\n"
    "Exit status: 0 fine, 2 usage or no answer, 4 not written: a foreign\n"
    "file, a link or a device is in the way, or the disk refuses.\n";

enum format { FORMAT_PEM, FORMAT_P7B, FORMAT_P12, FORMATS };

static const char *const format_names[] = {"pem", "p7b", "p12"};
_Static_assert(sizeof(format_names) / sizeof(format_names[0]) == FORMATS,
               "every format has a name");

static const struct {
    const char *suffix;
    enum format format;
} suffixes[] = {
    {".pem", FORMAT_PEM}, {".crt", FORMAT_PEM}, {".cer", FORMAT_PEM},
    {".p7b", FORMAT_P7B}, {".p7c", FORMAT_P7B}, {".p12", FORMAT_P12},
    {".pfx", FORMAT_P12},
};

struct export_options {
    const char *uri;
    const char *output;      /* NULL: standard output */
    const char *format_name; /* NULL: to be guessed */
    const char *directory;
    const char *hash_dir;
    const char *password;
    enum format format;
};

/* ---- the options ------------------------------------------------------- */

static bool read_format(const char *name, enum format *out)
{
    char quoted[RDS_QUOTE_MAX];

    for (size_t i = 0; i < FORMATS; i++) {
        if (strcmp(format_names[i], name) == 0) {
            *out = (enum format)i;
            return true;
        }
    }
    (void)rdsca_misuse(NAME, "unknown format '%s': pem, p7b or p12",
                       rds_quote(quoted, name, strlen(name)));
    return false;
}

/* A file without a suffix is PEM; one that promises something else is not. */
static bool guess_format(const char *path, enum format *out)
{
    const char *slash = strrchr(path, '/');
    const char *suffix = strrchr(slash != NULL ? slash : path, '.');
    char quoted[RDS_QUOTE_MAX];

    *out = FORMAT_PEM;
    if (suffix == NULL)
        return true;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (strcasecmp(suffixes[i].suffix, suffix) == 0) {
            *out = suffixes[i].format;
            return true;
        }
    }
    (void)rdsca_misuse(NAME,
                       "the suffix '%s' names no format that we write; add "
                       "--format pem, p7b or p12",
                       rds_quote(quoted, suffix, strlen(suffix)));
    return false;
}

static bool to_stdout(const struct export_options *options)
{
    return options->output == NULL || strcmp(options->output, "-") == 0;
}

static bool settle_format(struct export_options *out)
{
    if (out->format_name != NULL) {
        if (!read_format(out->format_name, &out->format))
            return false;
    } else if (!to_stdout(out) && !guess_format(out->output, &out->format)) {
        return false;
    }
    if (out->password != NULL && out->format != FORMAT_P12) {
        (void)rdsca_misuse(NAME, "--password is for p12, this is %s",
                           format_names[out->format]);
        return false;
    }
    if (out->format == FORMAT_P12 && to_stdout(out) &&
        isatty(STDOUT_FILENO) == 1) {
        (void)rdsca_misuse(NAME, "p12 is binary, and standard output is a "
                                 "terminal; name a file with -o");
        return false;
    }
    return true;
}

static bool judge_options(struct export_options *out)
{
    if (out->uri == NULL) {
        (void)rdsca_misuse(NAME, "no URI, such as rds://region/us-west-2 or "
                                 "rds://all");
        return false;
    }
    if (out->hash_dir == NULL)
        return settle_format(out);
    if (out->output == NULL && out->format_name == NULL &&
        out->password == NULL)
        return true;
    (void)rdsca_misuse(NAME, "--hash-dir goes without --output, --format and "
                             "--password");
    return false;
}

static bool read_options(int argc, char **argv, struct export_options *out)
{
    static const struct option longs[] = {
        {"directory", required_argument, NULL, 'd'},
        {"format", required_argument, NULL, 'f'},
        {"hash-dir", required_argument, NULL, 'H'},
        {"output", required_argument, NULL, 'o'},
        {"password", required_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    int letter;

    *out = (struct export_options){.format = FORMAT_PEM};
    while ((letter = rdsca_option(NAME, argc, argv, ":o:", longs)) != -1) {
        switch (letter) {
        case 'd':
            out->directory = optarg;
            break;
        case 'f':
            out->format_name = optarg;
            break;
        case 'H':
            out->hash_dir = optarg;
            break;
        case 'o':
            out->output = optarg;
            break;
        case 'p':
            out->password = optarg;
            break;
        default:
            return false;
        }
    }
    return rdsca_operand(NAME, argc, argv, &out->uri) && judge_options(out);
}

/* ---- the command ------------------------------------------------------- */

static BIO *make(const struct rdsca_answer *answer,
                 const struct export_options *options)
{
    switch (options->format) {
    case FORMAT_P7B:
        return rdsca_keystore_p7b(answer);
    case FORMAT_P12:
        return rdsca_keystore_p12(answer, options->password != NULL
                                              ? options->password
                                              : RDSCA_PASSWORD);
    case FORMAT_PEM:
    case FORMATS:
        break;
    }
    return rdsca_keystore_pem(answer);
}

static enum rdsca_exit cannot_make(const struct rdsca_answer *answer,
                                   enum format format)
{
    const char *why = ERR_reason_error_string(ERR_peek_error());

    rdsca_complain(NAME, "%s: cannot make %s: %s", answer->uri,
                   format < FORMATS ? format_names[format] : "it",
                   why != NULL ? why : "libcrypto does not say why");
    return RDSCA_UNSAFE;
}

static enum rdsca_exit write_file(const struct rdsca_answer *answer,
                                  const struct export_options *options)
{
    BIO *content = make(answer, options);
    size_t count = answer->selection.count;
    enum rdsca_exit code;
    char what[48], *bytes;
    size_t size;

    if (content == NULL)
        return cannot_make(answer, options->format);
    (void)snprintf(what, sizeof(what), "%zu certificate%s", count,
                   count == 1 ? "" : "s");
    size = (size_t)BIO_get_mem_data(content, &bytes);
    code = rdsca_deliver(NAME, options->output, bytes, size, what);
    BIO_free(content);
    return code;
}

enum rdsca_exit rdsca_export(int argc, char **argv)
{
    struct export_options options;
    struct rdsca_answer answer;
    enum rdsca_exit code;

    if (!read_options(argc, argv, &options))
        return RDSCA_USAGE;
    code = rdsca_answer_open(&answer, NAME, options.uri, options.directory);
    if (code != RDSCA_FINE)
        return code;
    code = options.hash_dir != NULL
               ? rdsca_export_hash(NAME, options.hash_dir, &answer)
               : write_file(&answer, &options);
    rdsca_answer_close(&answer);
    return code;
}
