/* Counts memory: an allocator to give to a provider, and every malloc of the process. */
#ifndef OTM_BENCH_COUNTING_H
#define OTM_BENCH_COUNTING_H

#include <stdatomic.h>

#include <otm/host.h>

/* Blocks up to this size that come one a series are its attributes; everything else lies in larger blocks. */
#define BENCH_SMALL 256

typedef struct bench_counting {
    otm_allocator allocator;
    atomic_size_t calls; /* of alloc and resize */
    atomic_size_t large_bytes;
    atomic_size_t small_bytes;
} bench_counting;

void bench_counting_init(bench_counting *counting);

/* Calls of malloc, calloc and realloc by anything in this process so far; 0 where they cannot be counted. */
size_t bench_malloc_calls(void);

#endif
