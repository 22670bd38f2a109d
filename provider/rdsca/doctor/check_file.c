/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the OpenSSL configuration can be read.  OpenSSL says of none of
 * these faults that it met them: it goes on without a configuration.
 */

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "path_access.h"

static void mend_absent(const struct rdsca_doctor *doctor,
                        const struct rdsca_cnf *cnf)
{
    if (doctor->conf != NULL)
        rdsca_mend(doctor->to, RDSCA_MEND_DO, NULL,
                   "give --conf the name of a file that is there");
    else if (getenv("OPENSSL_CONF") != NULL)
        rdsca_mend(doctor->to, RDSCA_MEND_RUN, NULL, "unset OPENSSL_CONF");
    else
        rdsca_mend_activation(doctor->to, cnf);
}

static void tell_fault(const struct rdsca_doctor *doctor,
                       const struct rdsca_cnf *cnf)
{
    const char *file = cnf->file != NULL ? cnf->file : "?";
    char quoted[RDS_QUOTE_MAX];

    (void)rds_quote(quoted, file, strlen(file));
    switch (cnf->state) {
    case RDSCA_CNF_UNNAMED:
        rdsca_find(doctor->to, RDSCA_PROBLEM,
                   "OPENSSL_CONF is empty: OpenSSL reads no configuration");
        mend_absent(doctor, cnf);
        break;
    case RDSCA_CNF_ABSENT:
        rdsca_find(doctor->to, RDSCA_PROBLEM,
                   "'%s': %s; OpenSSL goes on without a configuration", quoted,
                   cnf->why);
        mend_absent(doctor, cnf);
        break;
    case RDSCA_CNF_DENIED:
        rdsca_path_denied(doctor->to, file, RDSCA_PATH_FILE);
        break;
    case RDSCA_CNF_MALFORMED:
        rdsca_find(doctor->to, RDSCA_PROBLEM,
                   "'%s': %s; OpenSSL goes on without a configuration", quoted,
                   cnf->why);
        rdsca_mend(doctor->to, RDSCA_MEND_DO, NULL,
                   "correct that line (lines of files that it includes are "
                   "counted, too)");
        break;
    case RDSCA_CNF_UNUSUAL:
    case RDSCA_CNF_READ:
    case RDSCA_CNF_STATES:
        rdsca_find(doctor->to, RDSCA_PROBLEM, "'%s': %s; not looked at",
                   quoted, cnf->why);
        rdsca_mend(doctor->to, RDSCA_MEND_DO, NULL,
                   "put an ordinary file in its place, or name another one");
        break;
    }
}

static void tell_passed_over(const struct rdsca_doctor *doctor,
                             const struct rdsca_cnf *cnf)
{
    char quoted[RDS_QUOTE_MAX], why[RDS_QUOTE_MAX];

    rdsca_find(doctor->to, RDSCA_NOTE,
               "'%s' includes what cannot be found, and OpenSSL passes over "
               "it: %s",
               rds_quote(quoted, cnf->file, strlen(cnf->file)),
               rds_quote(why, cnf->why, strlen(cnf->why)));
    rdsca_mend(doctor->to, RDSCA_MEND_DO, NULL,
               "correct that .include line, with an absolute path");
}

bool rdsca_check_file(const struct rdsca_doctor *doctor)
{
    char quoted[RDS_QUOTE_MAX];
    struct rdsca_cnf cnf;
    bool good;

    rdsca_cnf_read(&cnf);
    good = cnf.state == RDSCA_CNF_READ;
    if (good)
        rdsca_find(doctor->to, RDSCA_OK, "'%s' is read",
                   rds_quote(quoted, cnf.file, strlen(cnf.file)));
    else
        tell_fault(doctor, &cnf);
    if (good && cnf.why[0] != '\0')
        tell_passed_over(doctor, &cnf);
    rdsca_cnf_clear(&cnf);
    return good;
}

bool rdsca_check_owners(const struct rdsca_doctor *doctor)
{
    struct rdsca_cnf cnf;
    struct stat st;
    bool good;

    rdsca_cnf_read(&cnf);
    good = cnf.state == RDSCA_CNF_READ && stat(cnf.file, &st) == 0;
    if (good) {
        rdsca_path_readers(doctor->to, cnf.file, &st);
        good = rdsca_path_writers(doctor->to, cnf.file, &st);
        if (!good)
            rdsca_find(doctor->to, RDSCA_OK,
                       "for that reason this command loads nothing that the "
                       "file names");
    }
    rdsca_cnf_clear(&cnf);
    return good;
}
