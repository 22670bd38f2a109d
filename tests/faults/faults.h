/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RDS_FAULTS_H
#define RDS_FAULTS_H

/*
 * What happens where memory ends.  A scene is something that an application
 * does; each of its allocations fails once, in a process of its own, and what
 * comes of it is judged.  Then the same must work again.
 */

#include "../trust/tests.h"

/* What came of it. */
enum verdict {
    VERDICT_RIGHT,   /* as if nothing had failed */
    VERDICT_REFUSED, /* an error that the application sees, or no trust */
    VERDICT_WRONG,   /* an answer that is not true */
};

struct scene {
    const char *name;
    enum verdict (*act)(void); /* one turn */
    bool unloaded;             /* the module has not been loaded before */
    bool configures; /* OpenSSL reads its configuration, and ends a context */
};

extern const struct scene scenes[];
extern const size_t scene_count;

/* Before each turn: the bundle is another one. */
void scene_prepare(void);

/* What the scenes share: made once, before the first. */
void scenes_start(void);
void scenes_end(void);

#endif
