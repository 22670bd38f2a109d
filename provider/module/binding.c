/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binding to the libcrypto that loaded the module.  Refuses any symbol that
 * lies in another object, even one of the same name and version.
 */

#include "rds/libcrypto.h"

#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rds/guard.h"

/* A loaded object, found by an address in it. */
struct object {
    uintptr_t address;
    size_t visited; /* objects so far; the first is the main program */
    bool found;
    const char *name; /* "" for the main program, but not with musl */
    uintptr_t base;
    const ElfW(Phdr) * headers;
    size_t header_count;
};

static bool object_holds(const struct object *object, uintptr_t address)
{
    for (size_t i = 0; i < object->header_count; i++) {
        const ElfW(Phdr) *header = &object->headers[i];
        uintptr_t start = object->base + header->p_vaddr;

        if (header->p_type == PT_LOAD && address >= start &&
            address - start < header->p_memsz)
            return true;
    }
    return false;
}

static int visit(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct object *object = arg;

    (void)size;
    object->visited++;
    object->name = info->dlpi_name;
    object->base = info->dlpi_addr;
    object->headers = info->dlpi_phdr;
    object->header_count = info->dlpi_phnum;
    object->found = object_holds(object, object->address);
    return object->found ? 1 : 0;
}

static bool find_object(struct object *object, uintptr_t address,
                        struct rds_error *err)
{
    memset(object, 0, sizeof(*object));
    object->address = address;
    (void)dl_iterate_phdr(visit, object);
    return object->found ||
           rds_fail(err, RDS_R_NO_LIBCRYPTO,
                    "no loaded object holds the core's functions");
}

/*
 * A handle of an object that is loaded already.  musl gives the main program
 * a name, too, under which it cannot be opened.
 */
static void *reopen(struct object *object)
{
    const int flags = RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE;
    void *handle =
        object->name[0] != '\0' ? dlopen(object->name, flags) : NULL;

    if (handle != NULL || object->visited != 1)
        return handle;
    object->name = "";
    return dlopen(NULL, flags);
}

/*
 * Looks one symbol up.  dlsym() searches the dependencies of the handle too,
 * so what it finds must be checked.
 */
static bool bind_one(void *handle, const struct object *object,
                     const char *name, void *slot, struct rds_error *err)
{
    void *symbol = dlsym(handle, name);

    if (symbol == NULL || !object_holds(object, (uintptr_t)symbol))
        return rds_fail(
            err, RDS_R_NO_LIBCRYPTO,
            "the OpenSSL that loads the module ('%.200s') does "
            "not export %s itself; use a program whose OpenSSL "
            "exports its symbols",
            object->name[0] != '\0' ? object->name : "the main program", name);
    memcpy(slot, &symbol, sizeof(symbol));
    return true;
}

#define BIND(name)                                                            \
    if (!bind_one(handle, &object, #name, &out.name, err))                    \
        return false;

bool rds_binding_start(struct rds_binding *binding,
                       void (*core_function)(void), struct rds_error *err)
{
    struct rds_libcrypto_start out;
    struct object object;
    void *handle;

    rds_guard_start();
    if (!find_object(&object, (uintptr_t)core_function, err))
        return false;
    handle = reopen(&object);
    if (handle == NULL)
        return rds_fail(err, RDS_R_NO_LIBCRYPTO, "cannot reopen '%.200s'",
                        object.name);
    RDS_LIBCRYPTO_START_FUNCTIONS(BIND)
    binding->object = (const void *)object.address;
    binding->handle = handle;
    binding->start = out;
    return true;
}

bool rds_binding_complete(struct rds_binding *binding, struct rds_error *err)
{
    void *handle = binding->handle;
    struct rds_libcrypto out;
    struct object object;

    if (atomic_load(&binding->complete))
        return true;
    if (!find_object(&object, (uintptr_t)binding->object, err))
        return false;
    RDS_LIBCRYPTO_FUNCTIONS(BIND)
    rds_guard_lock();
    if (!atomic_load(&binding->complete)) {
        binding->all = out;
        atomic_store(&binding->complete, true);
    }
    rds_guard_unlock();
    return true;
}
