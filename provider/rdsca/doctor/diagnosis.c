/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What facts mean.  Refuses to blame a security module where the modes of the
 * files are enough to explain it.
 */

#include "diagnosis.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void say(struct rdsca_diagnosis *out, enum rdsca_level level,
                const char *format, ...) RDS_PRINTF(3, 4);

static void say(struct rdsca_diagnosis *out, enum rdsca_level level,
                const char *format, ...)
{
    va_list args;

    memset(out, 0, sizeof(*out));
    out->level = level;
    va_start(args, format);
    (void)vsnprintf(out->text, sizeof(out->text), format, args);
    va_end(args);
}

static void mend(struct rdsca_diagnosis *out, enum rdsca_how how,
                 const char *format, ...) RDS_PRINTF(3, 4);

static void mend(struct rdsca_diagnosis *out, enum rdsca_how how,
                 const char *format, ...)
{
    va_list args;

    out->how = how;
    va_start(args, format);
    (void)vsnprintf(out->mend, sizeof(out->mend), format, args);
    va_end(args);
}

/* ---- versions of OpenSSL ----------------------------------------------- */

/* openssl#28171: by_store frees what another thread uses. */
static const struct {
    unsigned major, minor, patch;
    const char *good; /* the release of that branch that mends it */
} crashing[] = {
    {3, 0, 17, "3.0.18"},
    {3, 5, 1, "3.5.3"},
    {3, 5, 2, "3.5.3"},
};

void rdsca_diagnose_openssl(unsigned major, unsigned minor, unsigned patch,
                            struct rdsca_diagnosis *out)
{
    if (major < 3) {
        say(out, RDSCA_PROBLEM,
            "OpenSSL %u.%u.%u has no providers: neither a URI nor rds-trust "
            "works with it",
            major, minor, patch);
        mend(out, RDSCA_MEND_DO,
             "install OpenSSL 3.0 or later, or give its programs a file: "
             "rdsca export");
        return;
    }
    for (size_t i = 0; i < sizeof(crashing) / sizeof(crashing[0]); i++) {
        if (crashing[i].major != major || crashing[i].minor != minor ||
            crashing[i].patch != patch)
            continue;
        say(out, RDSCA_PROBLEM,
            "OpenSSL %u.%u.%u crashes in threads that look up issuers by a CA "
            "store URI (openssl#28171)",
            major, minor, patch);
        mend(out, RDSCA_MEND_DO,
             "install OpenSSL %s or later; or use rds-trust, which is not "
             "affected, in place of store URIs",
             crashing[i].good);
        return;
    }
    if (major >= 4) {
        say(out, RDSCA_NOTE,
            "OpenSSL %u.%u.%u searches only the first CA store URI that a "
            "program names",
            major, minor, patch);
        mend(out, RDSCA_MEND_DO,
             "join URIs with '+', as in rds://region/us-west-2+proxy");
        return;
    }
    say(out, RDSCA_OK, "OpenSSL %u.%u.%u", major, minor, patch);
}

/* ---- what may not be opened -------------------------------------------- */

/* "unconfined", or "/usr/sbin/mysqld (enforce)": the profile that forbids. */
static bool enforcing_profile(const char *label, char *profile, size_t room)
{
    static const char mode[] = " (enforce)";
    size_t size = strlen(label);

    if (size <= sizeof(mode) - 1 || size >= room ||
        strcmp(label + size - (sizeof(mode) - 1), mode) != 0)
        return false;
    memcpy(profile, label, size - (sizeof(mode) - 1));
    profile[size - (sizeof(mode) - 1)] = '\0';
    return true;
}

static void blame_modes(const struct rdsca_denial *denial, const char *quoted,
                        struct rdsca_diagnosis *out)
{
    bool above = strcmp(denial->barrier, denial->path) != 0;
    char word[RDSCA_WORD_MAX], barrier[RDS_QUOTE_MAX];

    (void)rds_quote(barrier, denial->barrier, strlen(denial->barrier));
    say(out, RDSCA_PROBLEM,
        "'%s' may not be opened by user %lu: owner and mode of '%s' forbid it",
        quoted, denial->user, barrier);
    mend(out, RDSCA_MEND_RUN, "chmod %s %s",
         above               ? "a+x"
         : denial->directory ? "a+rx"
                             : "a+r",
         rdsca_word(word, denial->barrier));
}

static void blame_mount(const struct rdsca_denial *denial, const char *quoted,
                        struct rdsca_diagnosis *out)
{
    char word[RDSCA_WORD_MAX];

    say(out, RDSCA_PROBLEM,
        "'%s' is on a file system mounted noexec, from which no module can "
        "be loaded",
        quoted);
    mend(out, RDSCA_MEND_RUN,
         "mount -o remount,exec \"$(findmnt -no TARGET "
         "-T %s)\"",
         rdsca_word(word, denial->path));
}

static void blame_apparmor(const struct rdsca_denial *denial,
                           const char *quoted, const char *profile,
                           struct rdsca_diagnosis *out)
{
    char name[RDS_QUOTE_MAX];

    (void)rds_quote(name, profile, strlen(profile));
    say(out, RDSCA_PROBLEM,
        "'%s' may not be opened though its modes allow it: the AppArmor "
        "profile '%s' forbids it",
        quoted, name);
    (void)snprintf(out->file, sizeof(out->file),
                   "the AppArmor profile %s (then apparmor_parser -r)", name);
    if (denial->directory)
        mend(out, RDSCA_MEND_APPEND, "%s/ r,\n%s/** r,", denial->path,
             denial->path);
    else
        mend(out, RDSCA_MEND_APPEND, "%s %s,", denial->path,
             denial->module ? "mr" : "r");
}

static void blame_selinux(const struct rdsca_denial *denial,
                          const char *quoted, struct rdsca_diagnosis *out)
{
    char word[RDSCA_WORD_MAX], label[RDS_QUOTE_MAX];

    say(out, RDSCA_PROBLEM,
        "'%s' may not be opened though its modes allow it: SELinux enforces, "
        "and this process is '%s'",
        quoted, rds_quote(label, denial->label, strlen(denial->label)));
    mend(out, RDSCA_MEND_RUN, "restorecon %s %s",
         denial->directory ? "-Rv" : "-v", rdsca_word(word, denial->path));
}

void rdsca_diagnose_denial(const struct rdsca_denial *denial,
                           struct rdsca_diagnosis *out)
{
    char quoted[RDS_QUOTE_MAX], profile[RDS_ERROR_TEXT];
    char word[RDSCA_WORD_MAX];

    (void)rds_quote(quoted, denial->path, strlen(denial->path));
    if (denial->module && denial->noexec) {
        blame_mount(denial, quoted, out);
    } else if (denial->barrier != NULL) {
        blame_modes(denial, quoted, out);
    } else if (denial->apparmor &&
               enforcing_profile(denial->label, profile, sizeof(profile))) {
        blame_apparmor(denial, quoted, profile, out);
    } else if (denial->selinux) {
        blame_selinux(denial, quoted, out);
    } else {
        say(out, RDSCA_PROBLEM,
            "'%s' may not be opened though its modes allow it: an access "
            "control list, the mount, or a sandbox forbids it",
            quoted);
        mend(out, RDSCA_MEND_RUN, "namei -l %s; getfacl %s",
             rdsca_word(word, denial->path), word);
    }
}
