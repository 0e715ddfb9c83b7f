#include "util/hash.h"

#include <pthread.h>

#include "platform/platform.h"

static otmi_hash_key process_key;
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

static void make_process_key(void)
{
    otmi_random_bytes(&process_key, sizeof process_key);
}

const otmi_hash_key *otmi_hash_key_process(void)
{
    pthread_once(&process_key_once, make_process_key);
    return &process_key;
}

otmi_short_bytes otmi_load_longer(const otmi_hash_key *key, const unsigned char *bytes, size_t size)
{
    uint64_t state = key->k0;
    size_t left = size;
    for (; left > 16; left -= 16, bytes += 16) {
        /* The state goes into one multiplicand only: were it in both, equal words would cancel it. */
        state = otmi_mix(otmi_load_u64(bytes) ^ state, otmi_load_u64(bytes + 8) ^ key->k1);
    }
    /* The last 16 bytes, which may overlap those before. */
    return (otmi_short_bytes){otmi_load_u64(bytes + left - 16) ^ state, otmi_load_u64(bytes + left - 8)};
}
