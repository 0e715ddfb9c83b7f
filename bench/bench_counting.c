#include "bench_counting.h"

#include <stdlib.h>

static atomic_size_t malloc_calls;

size_t bench_malloc_calls(void)
{
    return atomic_load(&malloc_calls);
}

#if defined(__GLIBC__)
/* The program's definitions come before the C library's, for shared libraries too. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);

void *malloc(size_t size)
{
    atomic_fetch_add_explicit(&malloc_calls, 1, memory_order_relaxed);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    atomic_fetch_add_explicit(&malloc_calls, 1, memory_order_relaxed);
    return __libc_calloc(count, size);
}

void *realloc(void *pointer, size_t size)
{
    atomic_fetch_add_explicit(&malloc_calls, 1, memory_order_relaxed);
    return __libc_realloc(pointer, size);
}
#endif

static void count(bench_counting *counting, size_t size, bool taken)
{
    atomic_size_t *bytes = size <= BENCH_SMALL ? &counting->small_bytes : &counting->large_bytes;
    atomic_fetch_add(bytes, taken ? size : 0 - size);
}

static void *take(void *context, size_t size)
{
    bench_counting *counting = context;
    atomic_fetch_add(&counting->calls, 1);
    count(counting, size, true);
    return malloc(size);
}

static void give(void *context, void *pointer, size_t size)
{
    if (pointer != NULL) {
        count(context, size, false);
    }
    free(pointer);
}

static void *resize(void *context, void *pointer, size_t old_size, size_t new_size)
{
    bench_counting *counting = context;
    atomic_fetch_add(&counting->calls, 1);
    count(counting, old_size, false);
    count(counting, new_size, true);
    return realloc(pointer, new_size);
}

void bench_counting_init(bench_counting *counting)
{
    *counting = (bench_counting){.allocator = {counting, take, resize, give}};
}
