/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The allocator of allocator.h: glibc's, with a gate before it.  Refuses to
 * allocate anything for itself.
 */

#include "allocator.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The names under which glibc keeps its own. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void __libc_free(void *block);

#define EXPORT __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)

/* ---- who asks ---------------------------------------------------------- */

struct range {
    uintptr_t from, until;
};

static struct range own, libc, jansson;
static const void *watched;

static bool within(const struct range *range, const void *address)
{
    return (uintptr_t)address >= range->from &&
           (uintptr_t)address < range->until;
}

static struct range range_of(const struct dl_phdr_info *info)
{
    struct range range = {UINTPTR_MAX, 0};

    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        uintptr_t until = from + info->dlpi_phdr[i].p_memsz;

        if (info->dlpi_phdr[i].p_type != PT_LOAD)
            continue;
        range.from = from < range.from ? from : range.from;
        range.until = until > range.until ? until : range.until;
    }
    return range;
}

static int find_range(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct range range = range_of(info);

    (void)size;
    (void)arg;
    if (watched == NULL ? info->dlpi_name[0] == '\0' && own.until == 0
                        : within(&range, watched))
        own = range;
    if (within(&range, (const void *)(uintptr_t)&__libc_malloc))
        libc = range;
    if (strstr(info->dlpi_name, "/libjansson.so") != NULL)
        jansson = range;
    return 0;
}

/* ---- which one fails --------------------------------------------------- */

#define FRAMES 40

static bool trace;
static atomic_bool armed;
static enum faults_in failing_in;
static bool lasting_fault;
static unsigned long failing_at;
static atomic_ulong counts[FAULTS_DOMAINS];

static enum faults_in domain_of(const void *caller)
{
    return within(&own, caller) || within(&libc, caller) ||
                   within(&jansson, caller)
               ? FAULTS_OWN
               : FAULTS_LIBRARIES;
}

static bool refused(const void *caller)
{
    void *frames[FRAMES];
    enum faults_in domain;
    unsigned long number;

    if (!atomic_load(&armed))
        return false;
    domain = domain_of(caller);
    number = atomic_fetch_add(&counts[domain], 1) + 1;
    if (domain != failing_in || failing_at == 0 ||
        (lasting_fault ? number < failing_at : number != failing_at))
        return false;
    if (trace)
        backtrace_symbols_fd(frames, backtrace(frames, FRAMES), STDERR_FILENO);
    errno = ENOMEM;
    return true;
}

/* ---- own blocks that live ---------------------------------------------- */

#define BLOCKS (1U << 16)

static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;
static void *blocks[BLOCKS];
static long live;

static size_t slot_of(const void *block)
{
    return ((uintptr_t)block >> 4) * 2654435761U % BLOCKS;
}

/* Only what the object itself asks for: libc keeps buffers as it likes. */
static void *note(void *block, const void *caller)
{
    size_t i = slot_of(block);

    if (block == NULL || !within(&own, caller))
        return block;
    (void)pthread_mutex_lock(&blocks_lock);
    for (size_t tries = 0; tries < BLOCKS && blocks[i] != NULL; tries++)
        i = (i + 1) % BLOCKS;
    if (blocks[i] == NULL) {
        blocks[i] = block;
        live++;
    }
    (void)pthread_mutex_unlock(&blocks_lock);
    return block;
}

/* Takes one out; those behind it move up, so that none is lost. */
static void take_out(size_t i)
{
    for (size_t next = (i + 1) % BLOCKS; blocks[next] != NULL;
         next = (next + 1) % BLOCKS) {
        size_t home = slot_of(blocks[next]);

        if ((next - home) % BLOCKS >= (next - i) % BLOCKS) {
            blocks[i] = blocks[next];
            i = next;
        }
    }
    blocks[i] = NULL;
    live--;
}

static void forget(const void *block)
{
    if (block == NULL || own.until == 0)
        return;
    (void)pthread_mutex_lock(&blocks_lock);
    for (size_t i = slot_of(block); blocks[i] != NULL; i = (i + 1) % BLOCKS) {
        if (blocks[i] == block) {
            take_out(i);
            break;
        }
    }
    (void)pthread_mutex_unlock(&blocks_lock);
}

/* ---- the functions of libc --------------------------------------------- */

EXPORT void *malloc(size_t size)
{
    const void *caller = CALLER;

    return refused(caller) ? NULL : note(__libc_malloc(size), caller);
}

EXPORT void *calloc(size_t count, size_t size)
{
    const void *caller = CALLER;

    return refused(caller) ? NULL : note(__libc_calloc(count, size), caller);
}

EXPORT void *realloc(void *block, size_t size)
{
    const void *caller = CALLER;
    void *made;

    if (refused(caller))
        return NULL;
    forget(block);
    made = __libc_realloc(block, size);
    return note(made != NULL || size == 0 ? made : block, caller);
}

EXPORT void free(void *block)
{
    forget(block);
    __libc_free(block);
}

/* ---- in a program ------------------------------------------------------ */

void faults_watch(const void *address)
{
    void *frame[1];

    trace = getenv("RDS_FAULT_TRACE") != NULL && backtrace(frame, 1) != 0;
    watched = address;
    own.until = 0;
    (void)dl_iterate_phdr(find_range, NULL);
    (void)pthread_mutex_lock(&blocks_lock);
    memset(blocks, 0, sizeof(blocks));
    live = 0;
    (void)pthread_mutex_unlock(&blocks_lock);
}

void faults_arm(enum faults_in domain, unsigned long at, bool lasting)
{
    failing_in = domain;
    failing_at = at;
    lasting_fault = lasting;
    for (size_t i = 0; i < FAULTS_DOMAINS; i++)
        atomic_store(&counts[i], 0);
    atomic_store(&armed, true);
}

unsigned long faults_disarm(void)
{
    atomic_store(&armed, false);
    return atomic_load(&counts[failing_in]);
}

long faults_live(void)
{
    return live;
}

/* ---- preloaded --------------------------------------------------------- */

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("RDS_FAULT_AT"), *in = getenv("RDS_FAULT_IN");

    if (at == NULL ||
        strncmp(program_invocation_short_name, "valgrind", 8) == 0)
        return; /* valgrind starts itself before it starts the program */
    faults_watch(NULL);
    faults_arm(in != NULL && strcmp(in, "libraries") == 0 ? FAULTS_LIBRARIES
                                                          : FAULTS_OWN,
               strtoul(at, NULL, 10), getenv("RDS_FAULT_LASTING") != NULL);
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("RDS_FAULT_REPORT");
    char line[64];
    int fd, size;

    if (path == NULL || !atomic_load(&armed))
        return;
    size = snprintf(line, sizeof(line), "%lu %ld\n", faults_disarm(), live);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0 && write(fd, line, (size_t)size) == size)
        (void)close(fd);
}
