/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDSCA_CONF_H
#define RDSCA_CONF_H

/*
 * The OpenSSL configuration in force, read as OpenSSL reads it: the file that
 * OPENSSL_CONF names, else the default one of this libcrypto; in it the
 * section that `openssl_conf` names, and in that the section that `providers`
 * names.  Source of the form: config(5) of OpenSSL 3.
 *
 * Nothing is loaded.  Only a regular file of a sane size is read.
 */

#include <openssl/conf.h>

#include "rds/error.h"

#define RDSCA_CNF_MAX (1024 * 1024) /* bytes of the file */

enum rdsca_cnf_state {
    RDSCA_CNF_READ,
    RDSCA_CNF_UNNAMED,   /* OPENSSL_CONF is empty: no file at all */
    RDSCA_CNF_ABSENT,    /* there is no such file */
    RDSCA_CNF_DENIED,    /* it may not be opened */
    RDSCA_CNF_UNUSUAL,   /* no regular file, or too large */
    RDSCA_CNF_MALFORMED, /* OpenSSL cannot understand it */
    RDSCA_CNF_STATES
};

/* All texts are borrowed from `conf`, NULL where there is none. */
struct rdsca_cnf {
    char *file; /* its path; NULL only where memory failed */
    enum rdsca_cnf_state state;
    /* What is wrong, or what was passed over in a file that was read; "". */
    char why[RDS_ERROR_TEXT];
    CONF *conf;
    const char *start;     /* the section that openssl_conf names */
    const char *node;      /* the section that nodejs_conf names */
    const char *providers; /* the section that lists the providers */
};

/* Reads it; always to be cleared. */
void rdsca_cnf_read(struct rdsca_cnf *out);

/* The same of another file, and of a text that a file of this path may become.
 */
void rdsca_cnf_read_file(struct rdsca_cnf *out, const char *path);
void rdsca_cnf_read_text(struct rdsca_cnf *out, const char *path,
                         const void *bytes, size_t size);
void rdsca_cnf_clear(struct rdsca_cnf *cnf);

/*
 * The value of a name in a section, and in no other: OpenSSL's own look-up
 * falls back to the section "default", its reader of providers does not.
 */
const char *rdsca_cnf_value(const struct rdsca_cnf *cnf, const char *section,
                            const char *name);
bool rdsca_cnf_has_section(const struct rdsca_cnf *cnf, const char *section);

/*
 * Whether words can stand in a configuration as they are: nothing in them that
 * OpenSSL would expand, unquote or cut off.
 */
bool rdsca_cnf_plain(const char *text);

/* One line of the list of providers. */
struct rdsca_cnf_provider {
    const char *line;    /* what stands left of the `=` */
    const char *name;    /* as OpenSSL calls the provider */
    const char *section; /* its section, which may be missing */
    const char *module;  /* NULL: OpenSSL looks for NAME.so, or it is built
                          * into libcrypto */
    bool ours;           /* it loads rds.so */
};

/*
 * The provider at `i` of the list in the section `providers`, from 0; false
 * where there are no more.
 */
RDS_MUST_CHECK bool rdsca_cnf_provider(const struct rdsca_cnf *cnf,
                                       const char *providers, int i,
                                       struct rdsca_cnf_provider *out);

/* The first one that loads rds.so. */
RDS_MUST_CHECK bool rdsca_cnf_ours(const struct rdsca_cnf *cnf,
                                   const char *providers,
                                   struct rdsca_cnf_provider *out);

#endif
