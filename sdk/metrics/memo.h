/* What a thread remembers of its look-ups, so that the next one need not hash any text.
 *
 * Instrumented code gives the same texts from the same addresses again and again. A memo says what attributes at these
 * addresses meant the last time. What lies there may have changed since, and the series may have ended: a memory is a
 * guess, and whoever follows it compares the attributes in full.
 *
 * Part of a slot, and used by the one thread that is in it. No more of it is touched than there is to remember. */
#ifndef OTMI_MEMO_H
#define OTMI_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OTMI_MEMO_ENTRIES 32768u
#define OTMI_MEMO_FIRST_ENTRIES 256u /* that a new memo uses: a page of memory */

/* One in so many of the look-ups that were not remembered is: what never comes again does not push out the rest. */
#define OTMI_MEMO_SAMPLE 16u

typedef struct otmi_memory {
    uint64_t key;     /* 0: none */
    uint64_t meaning; /* not 0 */
} otmi_memory;

typedef struct otmi_memo {
    uint32_t extra_mask; /* of the pairs in use, joined with that of a new memo: zeroed memory is a new one */
    uint32_t missed;     /* look-ups so far that were not remembered */
    _Alignas(64) otmi_memory pairs[OTMI_MEMO_ENTRIES / 2][2]; /* a key has the two places of one pair */
} otmi_memo;

/* A key is the lower half of a hash of what is looked up, and whose memory it is; not 0. Both have a say in the pair as
 * well: instruments are often given the same attributes one after the other. */
static inline uint64_t otmi_memo_key(uint32_t owner, uint64_t hash)
{
    return (uint64_t)owner << 32 | (uint32_t)hash;
}

static inline size_t otmi_memo_mask(const otmi_memo *memo)
{
    return memo->extra_mask | (OTMI_MEMO_FIRST_ENTRIES / 2 - 1);
}

static inline size_t otmi_memo_pair(const otmi_memo *memo, uint32_t owner, uint64_t hash)
{
    return (hash >> 18 ^ owner) & otmi_memo_mask(memo);
}

/* What the key meant the last time; 0: not known. */
static inline uint64_t otmi_memo_find(const otmi_memo *memo, uint32_t owner, uint64_t hash)
{
    const otmi_memory *pair = memo->pairs[otmi_memo_pair(memo, owner, hash)];
    uint64_t key = otmi_memo_key(owner, hash);
    return pair[0].key == key ? pair[0].meaning : pair[1].key == key ? pair[1].meaning : 0;
}

/* After a look-up that otmi_memo_find() did not help: drops a memory that misled, and answers whether this one is to be
 * kept. */
bool otmi_memo_missed(otmi_memo *memo, uint32_t owner, uint64_t hash);

/* `series`: how many there are to be remembered, of all owners. Before one memory pushes out another the memo takes
 * more of its places into use, if it has less than four times as many pairs. */
void otmi_memo_keep(otmi_memo *memo, uint32_t owner, uint64_t hash, uint64_t meaning, size_t series);

/* Whoever comes when there are no numbers left: keeps nothing, and so finds nothing. Not 0, which has the key of an
 * empty place. */
#define OTMI_MEMO_NOBODY UINT32_MAX

/* A new owner, never one that there was, or OTMI_MEMO_NOBODY. */
uint32_t otmi_memo_owner(void);

#endif
