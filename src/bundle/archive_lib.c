/* archive_lib - see archive_lib.h. LIBARCHIVE is the name that the linker would have written down. */
#include "bundle/archive_lib.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

struct archive_lib archive_lib;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char reason[512]; /* why it could not be loaded; "": it was */

static void load(void)
{
    void *library = dlopen(LIBARCHIVE, RTLD_NOW | RTLD_LOCAL);

#define LOAD(name)                                                                                 \
    if (library != NULL && (archive_lib.name = (__typeof__(archive_##name) *)dlsym(                \
                                library, "archive_" #name)) == NULL)                               \
        library = NULL;
    ARCHIVE_LIB(LOAD)
#undef LOAD
    if (library == NULL)
        snprintf(reason, sizeof reason, "%s", dlerror());
}

int archive_lib_load(struct err *err)
{
    pthread_once(&once, load);
    if (reason[0] == '\0')
        return 0;
    err_set(err, ERR_PREPARE, "could not load libarchive: %s", reason);
    return err_hint(err, "Install the package of " LIBARCHIVE ".");
}
