/* otm-bench-late: linked to nothing of otm. It loads the rows, and with them the libraries, as a plugin would be. */
#include <dlfcn.h>
#include <stdio.h>

#include "bench_libraries.h"

int main(int argc, char **argv)
{
    void *rows = dlopen(OTM_BENCH_ROWS, RTLD_NOW | RTLD_LOCAL);
    union {
        void *symbol;
        int (*call)(int argc, char **argv);
    } late = {rows == NULL ? NULL : dlsym(rows, "bench_late")};
    if (late.symbol == NULL) {
        fprintf(stderr, "otm-bench-late: %s\n", dlerror());
        return 2;
    }
    return late.call(argc, argv);
}
