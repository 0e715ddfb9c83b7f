/* An allocator whose n-th allocation fails, and which counts what is still held. Threads: any. */
#ifndef OTM_TEST_FAILING_ALLOC_H
#define OTM_TEST_FAILING_ALLOC_H

#include <otm/host.h>

typedef struct failing_alloc {
    otm_allocator base;  /* give &fa.base to the code under test */
    uint64_t fail_at;    /* which allocation fails, from 1; 0: none. Resizing counts as an allocation */
    uint64_t requests;   /* allocations asked for so far */
    int64_t live;        /* blocks held; a release with a wrong size counts as one held for ever */
    int64_t live_bytes;
} failing_alloc;

void failing_alloc_init(failing_alloc *fa, uint64_t fail_at);

/* True once the n-th allocation was asked for: until then a sweep has not reached the end of what it tests. */
bool failing_alloc_failed(const failing_alloc *fa);

#endif
