/* What the harnesses share with libFuzzer and with the replayer. */
#ifndef OTM_FUZZ_H
#define OTM_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Takes any bytes; a finding is a crash, a sanitizer's report, or abort(). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input from its beginning; past the end it yields zeros. */
typedef struct fuzz_bytes {
    const uint8_t *data;
    size_t size;
} fuzz_bytes;

static inline uint8_t fuzz_take(fuzz_bytes *bytes)
{
    if (bytes->size == 0) {
        return 0;
    }
    bytes->size--;
    return *bytes->data++;
}

static inline uint32_t fuzz_below(fuzz_bytes *bytes, uint32_t limit)
{
    return fuzz_take(bytes) % limit;
}

/* What must hold. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : __builtin_trap())

#endif
