/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One unit of systemd: a configuration of its own in /etc/rds-ca, and a
 * drop-in that names it by OPENSSL_CONF.  Refuses names that are not a
 * service's, units that are not there, and files that are not its own.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "overlay.h"
#include "../file/replace.h"

#define CONFIGURATIONS "/etc/rds-ca"
#define DROPINS "/etc/systemd/system"
#define DROPIN "rdsca.conf"
#define DROPIN_TEXT RDSCA_OWN_FILE "[Service]\nEnvironment=OPENSSL_CONF=%s\n"
#define EFFECT                                                                \
    "it takes effect with: systemctl daemon-reload && systemctl restart "     \
    "%s.service\n"

struct unit {
    const char *name;         /* without .service */
    char conf[PATH_MAX];      /* CONFIGURATIONS/NAME.service.cnf */
    char directory[PATH_MAX]; /* DROPINS/NAME.service.d */
    char dropin[PATH_MAX];    /* in it */
    bool has_conf, has_dropin;
    struct rds_error *err;
};

/* ---- the name ---------------------------------------------------------- */

bool rdsca_unit_name(const char *command, const char *name,
                     char out[RDSCA_UNIT_MAX])
{
    static const char service[] = ".service";
    size_t size = strlen(name), end = strlen(service);
    char quoted[RDS_QUOTE_MAX];

    if (size > end && strcmp(name + size - end, service) == 0)
        size -= end;
    (void)snprintf(out, RDSCA_UNIT_MAX, "%.*s",
                   (int)(size < RDSCA_UNIT_MAX ? size : RDSCA_UNIT_MAX - 1),
                   name);
    if (size != 0 && size < RDSCA_UNIT_MAX && out[0] != '.' && out[0] != '-' &&
        out[0] != '@' &&
        strspn(out, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                    "0123456789:_.-@") == size)
        return true;
    (void)rdsca_misuse(command, "--unit '%s': no name of a service",
                       rds_quote(quoted, name, strlen(name)));
    return false;
}

/* A template stands for its instances. */
static bool unit_exists(const struct unit *unit)
{
    static const char *const places[] = {
        "/etc/systemd/system",           "/run/systemd/system",
        "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system",           "/run/systemd/generator",
        "/run/systemd/generator.late"};
    const char *at = strchr(unit->name, '@');
    int size = at != NULL ? (int)(at - unit->name) + 1 : 0;
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s.service", places[i],
                       unit->name);
        if (access(path, F_OK) == 0)
            return true;
        (void)snprintf(path, sizeof(path), "%s/%.*s.service", places[i], size,
                       unit->name);
        if (size != 0 && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

/* Its files, of which those that are there must be ours. */
static bool look_at(struct unit *unit)
{
    (void)snprintf(unit->conf, PATH_MAX, CONFIGURATIONS "/%s.service.cnf",
                   unit->name);
    (void)snprintf(unit->directory, PATH_MAX, DROPINS "/%s.service.d",
                   unit->name);
    (void)snprintf(unit->dropin, PATH_MAX, DROPINS "/%s.service.d/" DROPIN,
                   unit->name);
    return rdsca_own_file(unit->conf, &unit->has_conf, unit->err) &&
           rdsca_own_file(unit->dropin, &unit->has_dropin, unit->err);
}

/* ---- on ---------------------------------------------------------------- */

static bool make_directory(const struct unit *unit, const char *path)
{
    if (mkdir(path, 0755) == 0 || errno == EEXIST)
        return true;
    return rdsca_fail_at(unit->err, path, strerror(errno));
}

static void take_back(const struct unit *unit)
{
    (void)unlink(unit->dropin);
    (void)unlink(unit->conf);
    (void)rmdir(unit->directory);
    (void)rmdir(CONFIGURATIONS);
}

/* The drop-in comes last: it names what is there then, and was tried there. */
static bool put(const struct unit *unit, const struct rdsca_place *place,
                const struct rdsca_enable *options,
                const struct rdsca_text *text)
{
    const char *base = place->exists ? place->file : NULL;
    char *dropin = NULL;
    bool good;
    int size;

    size = asprintf(&dropin, DROPIN_TEXT, unit->conf);
    if (size < 0)
        return rds_fail(unit->err, RDS_R_NO_MEMORY, "out of memory");
    good =
        make_directory(unit, CONFIGURATIONS) &&
        make_directory(unit, unit->directory) &&
        rdsca_replace(unit->conf, text->bytes, text->size, unit->err) &&
        rdsca_own_file_confirm(unit->conf, base, options->trust, unit->err) &&
        rdsca_replace(unit->dropin, dropin, (size_t)size, unit->err);
    free(dropin);
    if (!good)
        take_back(unit);
    return good;
}

static void print(const struct unit *unit, const struct rdsca_text *text)
{
    (void)printf("# ---- %s\n%s\n# ---- %s\n" DROPIN_TEXT, unit->conf,
                 text->bytes, unit->dropin, unit->conf);
}

/*
 * Whether something loads the module for this unit already.  *good: as it is
 * wanted.
 */
static bool is_on(const struct unit *unit, const struct rdsca_place *place,
                  const char *wanted, bool *good)
{
    struct rdsca_cnf_provider ours;
    const char *file = place->file;
    char *trust;

    if (rdsca_cnf_ours(&place->cnf, place->cnf.providers, &ours))
        ;
    else if (unit->has_conf && unit->has_dropin)
        file = unit->conf;
    else
        return false;
    trust = rdsca_own_file_trust(file);
    *good = rdsca_enable_same(trust, wanted);
    if (*good)
        (void)printf("%s: it is on already\n", file);
    else
        *good =
            rdsca_fail_at(unit->err, file,
                          "it is on already, with another rds-trust; 'rdsca "
                          "disable' that first");
    free(trust);
    return true;
}

static bool turn_on(const struct unit *unit, const struct rdsca_place *place,
                    const struct rdsca_enable *options)
{
    struct rdsca_text text;
    bool good;

    if (!rdsca_own_file_make(RDSCA_OWN_FILE,
                             place->exists ? place->file : NULL, false,
                             options->trust, &text, unit->err))
        return false;
    good = options->print || put(unit, place, options, &text);
    if (good && options->print) {
        print(unit, &text);
    } else if (good) {
        (void)printf("%s: on\n%s: names it to the unit\n" EFFECT, unit->conf,
                     unit->dropin, unit->name);
        rdsca_enable_note(options);
    }
    rdsca_text_clear(&text);
    return good;
}

static bool enable(struct unit *unit, struct rdsca_place *place,
                   const struct rdsca_enable *options)
{
    bool good;

    if (!unit_exists(unit))
        return rds_fail(unit->err, RDS_R_BAD_CONFIGURATION,
                        "there is no unit '%s.service'", unit->name);
    if (!look_at(unit) ||
        !rdsca_place_open(place, options->conf, !options->print, unit->err) ||
        !rdsca_place_understand(place, unit->err))
        return false;
    if (is_on(unit, place, options->trust, &good))
        return good;
    return turn_on(unit, place, options);
}

/* ---- off --------------------------------------------------------------- */

/* The drop-in goes first: nothing names what is gone. */
static bool disable(struct unit *unit, struct rdsca_place *place,
                    const struct rdsca_enable *options)
{
    if (!look_at(unit) ||
        !rdsca_place_open(place, options->conf, true, unit->err) ||
        (unit->has_dropin && !rdsca_remove(unit->dropin, unit->err)) ||
        (unit->has_conf && !rdsca_remove(unit->conf, unit->err)))
        return false;
    (void)rmdir(unit->directory);
    (void)rmdir(CONFIGURATIONS);
    if (unit->has_dropin || unit->has_conf)
        (void)printf("%s: off\n" EFFECT, unit->dropin, unit->name);
    else
        (void)printf("%s: it is off\n", unit->dropin);
    return true;
}

/* ---- both -------------------------------------------------------------- */

typedef bool turn_fn(struct unit *unit, struct rdsca_place *place,
                     const struct rdsca_enable *options);

static enum rdsca_exit turn(const char *command, turn_fn *way,
                            const struct rdsca_enable *options)
{
    struct rdsca_place *place = calloc(1, sizeof(*place));
    struct rds_error err;
    struct unit unit = {.name = options->unit, .err = &err};
    enum rdsca_exit code = RDSCA_UNSAFE;

    if (place == NULL) {
        rdsca_complain(command, "out of memory");
        return code;
    }
    place->lock = -1;
    if (way(&unit, place, options))
        code = rdsca_finish_output(command);
    else
        rdsca_complain(command, "%s", err.text);
    rdsca_place_clear(place);
    free(place);
    return code;
}

enum rdsca_exit rdsca_enable_unit(const struct rdsca_enable *options)
{
    return turn("enable", enable, options);
}

enum rdsca_exit rdsca_disable_unit(const struct rdsca_enable *options)
{
    return turn("disable", disable, options);
}
