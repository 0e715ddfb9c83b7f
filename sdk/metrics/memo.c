#include "metrics/memo.h"

#include "util/hash.h"

/* One in OTMI_MEMO_SAMPLE look-ups, and as many of every second or every tenth: a plain count would meet a program's
 * own rhythm, and keep the same one of its sets again and again. */
static bool is_sampled(uint32_t missed)
{
    uint32_t spread = missed * (uint32_t)(OTMI_HASH_SPREAD >> 32);
    return spread < UINT32_MAX / OTMI_MEMO_SAMPLE;
}

bool otmi_memo_missed(otmi_memo *memo, uint32_t owner, uint64_t hash)
{
    otmi_memory *pair = memo->pairs[otmi_memo_pair(memo, owner, hash)];
    uint64_t key = otmi_memo_key(owner, hash);
    for (size_t i = 0; i < 2; i++) {
        pair[i].key = pair[i].key == key ? 0 : pair[i].key;
    }
    return is_sampled(++memo->missed) && owner != OTMI_MEMO_NOBODY;
}

/* In an order in which a fork at any point leaves no key with another one's meaning: the child's threads take over. */
static void set(otmi_memory *memory, uint64_t key, uint64_t meaning)
{
    __atomic_store_n(&memory->key, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&memory->meaning, meaning, __ATOMIC_RELEASE);
    __atomic_store_n(&memory->key, key, __ATOMIC_RELEASE);
}

static bool is_full(const otmi_memory *pair)
{
    return pair[0].key != 0 && pair[1].key != 0;
}

void otmi_memo_keep(otmi_memo *memo, uint32_t owner, uint64_t hash, uint64_t meaning, size_t series)
{
    otmi_memory *pair = memo->pairs[otmi_memo_pair(memo, owner, hash)];
    size_t pairs = otmi_memo_mask(memo) + 1;
    if (is_full(pair) && pairs < 4 * series && pairs < OTMI_MEMO_ENTRIES / 2) {
        memo->extra_mask = (uint32_t)(2 * pairs - 1);
        pair = memo->pairs[otmi_memo_pair(memo, owner, hash)];
    }
    size_t place = pair[0].key == 0 ? 0 : pair[1].key == 0 ? 1 : memo->missed % 2;
    set(&pair[place], otmi_memo_key(owner, hash), meaning);
}

uint32_t otmi_memo_owner(void)
{
    static uint64_t last; /* atomic; never goes round */
    uint64_t owner = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
    return owner < OTMI_MEMO_NOBODY ? (uint32_t)owner : OTMI_MEMO_NOBODY;
}
