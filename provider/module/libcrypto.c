/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binding to the libcrypto that loaded the module.  Refuses any symbol that
 * lies in another object, even one of the same name and version.
 */

#include "rds/libcrypto.h"

#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The loaded object that holds an address. */
struct object {
    uintptr_t address; /* looked for */
    bool found;
    const char *name; /* "" for the main program */
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
    object->name = info->dlpi_name;
    object->base = info->dlpi_addr;
    object->headers = info->dlpi_phdr;
    object->header_count = info->dlpi_phnum;
    object->found = object_holds(object, object->address);
    return object->found ? 1 : 0;
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

bool rds_libcrypto_bind(struct rds_libcrypto *out, void (*core_function)(void),
                        struct rds_error *err)
{
    struct object object = {.address = (uintptr_t)core_function};
    const char *path;
    void *handle;

    (void)dl_iterate_phdr(visit, &object);
    if (!object.found)
        return rds_fail(err, RDS_R_NO_LIBCRYPTO,
                        "no loaded object holds the core's functions");
    path = object.name[0] != '\0' ? object.name : NULL;
    handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    if (handle == NULL)
        return rds_fail(err, RDS_R_NO_LIBCRYPTO, "cannot reopen '%.200s'",
                        object.name);
#define BIND(name)                                                            \
    if (!bind_one(handle, &object, #name, &out->name, err))                   \
        return false;
    RDS_LIBCRYPTO_FUNCTIONS(BIND)
#undef BIND
    out->object = object.headers;
    return true;
}
