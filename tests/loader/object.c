/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves what the module is as a file and as a guest: libc is all it needs,
 * one symbol is all it gives, it stays loaded, it binds to the libcrypto that
 * loads it or refuses, and it leaves out the loader functions that would
 * bypass its own.
 */

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

/* ---- the file ---------------------------------------------------------- */

struct file {
    unsigned char *bytes;
    size_t size;
};

static bool read_module(struct file *out)
{
    FILE *file = fopen(module_path(), "rb");
    long size = -1;

    out->bytes = NULL;
    if (file == NULL)
        return false;
    if (fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    rewind(file);
    if (size > (long)sizeof(ElfW(Ehdr)))
        out->bytes = malloc((size_t)size);
    out->size = (size_t)size;
    if (out->bytes != NULL && fread(out->bytes, out->size, 1, file) != 1) {
        free(out->bytes);
        out->bytes = NULL;
    }
    (void)fclose(file);
    return out->bytes != NULL;
}

/* The n-th section of a type is copied to *out. */
static bool section(const struct file *file, ElfW(Word) type, ElfW(Shdr) * out)
{
    ElfW(Ehdr) head;

    memcpy(&head, file->bytes, sizeof(head));
    for (size_t i = 0; i < head.e_shnum; i++) {
        memcpy(out, file->bytes + head.e_shoff + i * sizeof(*out),
               sizeof(*out));
        if (out->sh_type == type)
            return true;
    }
    return false;
}

/* The text at a place of the string table that belongs to a section. */
static const char *text_at(const struct file *file, const ElfW(Shdr) * of,
                           size_t at)
{
    ElfW(Shdr) strings;
    ElfW(Ehdr) head;

    memcpy(&head, file->bytes, sizeof(head));
    memcpy(&strings,
           file->bytes + head.e_shoff + of->sh_link * sizeof(strings),
           sizeof(strings));
    return (const char *)file->bytes + strings.sh_offset + at;
}

/*
 * glibc keeps the stack protector's value in its loader on some processors
 * (arm64), in the thread's own memory on others.  Checkers link their own
 * run-time library in; that is not ours.
 */
static bool allowed(const char *name)
{
    static const char *const parts[] = {"libc.", "ld-linux", "ld64.so"};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strncmp(name, parts[i], strlen(parts[i])) == 0)
            return true;
    }
    return strstr(name, "san.so") != NULL;
}

static void test_needed(void)
{
    struct file file;
    ElfW(Shdr) dynamic;
    ElfW(Dyn) entry;
    size_t needed = 0;

    CU_ASSERT_FATAL(read_module(&file));
    if (CHECK(section(&file, SHT_DYNAMIC, &dynamic), "a dynamic section")) {
        for (size_t at = 0; at < dynamic.sh_size; at += sizeof(entry)) {
            memcpy(&entry, file.bytes + dynamic.sh_offset + at, sizeof(entry));
            if (entry.d_tag != DT_NEEDED)
                continue;
            needed++;
            CHECK(allowed(text_at(&file, &dynamic, entry.d_un.d_val)),
                  "%s is needed", text_at(&file, &dynamic, entry.d_un.d_val));
        }
        CHECK(needed != 0, "libc is needed");
    }
    free(file.bytes);
}

static void test_one_symbol(void)
{
    struct file file;
    ElfW(Shdr) symbols;
    ElfW(Sym) symbol;
    size_t given = 0;

    CU_ASSERT_FATAL(read_module(&file));
    if (CHECK(section(&file, SHT_DYNSYM, &symbols), "a symbol table")) {
        for (size_t at = 0; at < symbols.sh_size; at += sizeof(symbol)) {
            const char *name;

            memcpy(&symbol, file.bytes + symbols.sh_offset + at,
                   sizeof(symbol));
            name = text_at(&file, &symbols, symbol.st_name);
            if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS ||
                ELF64_ST_BIND(symbol.st_info) == STB_LOCAL)
                continue;
            given++;
            CHECK(strcmp(name, "OSSL_provider_init") == 0, "%s is exported",
                  name);
        }
        CHECK(given == 1, "%zu symbols are exported", given);
    }
    free(file.bytes);
}

/* Callers may still hold pointers into it: it is never unloaded. */
static void test_stays_loaded(void)
{
    OSSL_LIB_CTX *lib = context_plain();
    void *module;

    CU_ASSERT(count_of(lib, "rds://region/us-west-2") == 3);
    OSSL_LIB_CTX_free(lib);
    module = dlopen(module_path(), RTLD_NOW | RTLD_NOLOAD);
    CHECK(module != NULL, "the module is still loaded");
    if (module != NULL)
        (void)dlclose(module);
}

/* ---- the core ---------------------------------------------------------- */

/* Loads the module with a restricted core; tells whether it agreed. */
static bool loads(enum shim_core core, char text[ERROR_SIZE])
{
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *provider = NULL;
    bool good;

    shim.core = core;
    ERR_clear_error();
    if (OSSL_PROVIDER_add_builtin(lib, "shim", shim_init) == 1)
        provider = OSSL_PROVIDER_load(lib, "shim");
    good = provider != NULL;
    text[0] = '\0';
    for (const char *data; !good && ERR_peek_error() != 0;) {
        (void)ERR_get_error_all(NULL, NULL, NULL, &data, NULL);
        if (data != NULL && strlen(text) + strlen(data) + 2 < ERROR_SIZE)
            (void)strcat(strcat(text, data), "\n");
    }
    if (provider != NULL)
        (void)OSSL_PROVIDER_unload(provider);
    OSSL_LIB_CTX_free(lib);
    return good;
}

/*
 * The core's functions are what tells which libcrypto it is.  Where they lie
 * in an object that has not all of libcrypto in itself, as this program, the
 * module must not take the functions from somewhere else.
 */
static void test_foreign_core(void)
{
    char text[ERROR_SIZE];

    CHECK(!loads(SHIM_FOREIGN, text), "a foreign core is refused");
    CHECK(strstr(text, "the main program") != NULL &&
              strstr(text, "does not export ") != NULL &&
              strstr(text, " itself; ") != NULL,
          "the error names the object and the symbol: '%s'", text);
    CHECK(!loads(SHIM_NO_PARAMS, text), "a core without get_params");
    CHECK(loads(SHIM_PLAIN, text), "the plain core: '%s'", text);
}

/* A core that takes no errors is no reason to crash. */
static void test_silent_core(void)
{
    OSSL_LIB_CTX *lib = shim_context(SHIM_NO_ERRORS, NULL);

    CU_ASSERT(count_of(lib, "rds://region/us-wets-2") == -1);
    CU_ASSERT(count_of(lib, "rds://region/us-west-2") == 3);
    OSSL_LIB_CTX_free(lib);
}

/* ---- the functions ----------------------------------------------------- */

#ifndef OSSL_FUNC_STORE_DELETE /* numbers of OpenSSL 3.2 */
#define OSSL_FUNC_STORE_DELETE 9
#define OSSL_FUNC_STORE_OPEN_EX 10
#endif

static bool has_function(int id)
{
    for (const OSSL_DISPATCH *at = shim.store_functions; at->function_id != 0;
         at++) {
        if (at->function_id == id)
            return true;
    }
    return false;
}

/*
 * OpenSSL calls set_ctx_params without looking whether it is there, and
 * OPEN_EX bypasses it.
 */
static void test_functions(void)
{
    static const struct {
        int id;
        bool there;
        const char *name;
    } rows[] = {
        {OSSL_FUNC_STORE_OPEN, true, "open"},
        {OSSL_FUNC_STORE_SETTABLE_CTX_PARAMS, true, "settable_ctx_params"},
        {OSSL_FUNC_STORE_SET_CTX_PARAMS, true, "set_ctx_params"},
        {OSSL_FUNC_STORE_LOAD, true, "load"},
        {OSSL_FUNC_STORE_EOF, true, "eof"},
        {OSSL_FUNC_STORE_CLOSE, true, "close"},
        {OSSL_FUNC_STORE_EXPORT_OBJECT, false, "export_object"},
        {OSSL_FUNC_STORE_DELETE, false, "delete"},
        {OSSL_FUNC_STORE_OPEN_EX, false, "open_ex"},
    };
    OSSL_LIB_CTX *lib = shim_context(SHIM_PLAIN, NULL);

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK(has_function(rows[i].id) == rows[i].there, "%s is %s",
              rows[i].name, rows[i].there ? "there" : "left out");
    OSSL_LIB_CTX_free(lib);
}

static const struct test tests[] = {
    {"needs libc only", test_needed},
    {"exports one symbol", test_one_symbol},
    {"stays loaded", test_stays_loaded},
    {"refuses a foreign core", test_foreign_core},
    {"a core without errors", test_silent_core},
    {"has the right functions", test_functions},
};

SUITE(object);
