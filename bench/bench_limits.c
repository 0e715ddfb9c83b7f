/* What the machine itself takes for the least that such a recording can do: no library can be faster. */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "bench_baseline.h"
#include "bench_rig.h"
#include "bench_run.h"

#define COPIED ((size_t)1 << 20)
#define SETS 10000
#define PLACES 32768u

typedef struct plain_histogram {
    uint64_t counts[64];
    uint64_t count;
    double sum;
} plain_histogram;

/* One of many sets: its own copy of a text lies away from the one that is given, and from its count. */
typedef struct plain_set {
    char *copy;
    uint64_t count;
    char room[176];
    char text[64];
} plain_set;

typedef struct plain_place {
    uint64_t key;
    plain_set *set;
} plain_place;

typedef struct limit_state {
    atomic_uint_fast64_t shared;
    char pad[64];
    uint64_t own[BENCH_MAX_THREADS][8]; /* a line for each thread */
    plain_set *sets;
    plain_place *places; /* where the sets are, scattered as a hash table's entries are */
    char (*texts)[BENCH_SERVER];
    plain_histogram histogram;
    char text[256];
    char same[256];
    char *from;
    char *to;
    uint64_t hash;
} limit_state;

static bool is_total(const bench_row *row, uint64_t total, char *why)
{
    snprintf(why, BENCH_WHY, "%llu, not %llu", (unsigned long long)total, (unsigned long long)row->total);
    return total == row->total;
}

static BENCH_OUT_OF_LINE void add_shared(limit_state *s)
{
    atomic_fetch_add_explicit(&s->shared, 1, memory_order_relaxed);
}

static void run_shared(bench_row *row, uint64_t count, unsigned thread)
{
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        add_shared(row->state);
    }
}

static bool check_shared(bench_row *row, char *why)
{
    return is_total(row, atomic_load(&((limit_state *)row->state)->shared), why);
}

static BENCH_OUT_OF_LINE void add_own(uint64_t *own)
{
    *own += 1;
}

static void run_own(bench_row *row, uint64_t count, unsigned thread)
{
    uint64_t *own = ((limit_state *)row->state)->own[thread];
    for (uint64_t i = 0; i < count; i++) {
        add_own(own);
    }
}

static bool check_own(bench_row *row, char *why)
{
    const limit_state *s = row->state;
    uint64_t total = 0;
    for (size_t i = 0; i < BENCH_MAX_THREADS; i++) {
        total += s->own[i][0];
    }
    return is_total(row, total, why);
}

/* No two numbers below PLACES have one place. */
static plain_place *place_of(const limit_state *s, uint32_t number)
{
    return &s->places[number * 0x9e3779b1u % PLACES];
}

static BENCH_OUT_OF_LINE void count_text(const limit_state *s, uint32_t number, const char *text)
{
    const plain_place *place = place_of(s, number);
    if (place->key == number) {
        place->set->count += memcmp(place->set->copy, text, strlen(text)) == 0 ? 1 : 0;
    }
}

static void run_sets(bench_row *row, uint64_t count, unsigned thread)
{
    limit_state *s = row->state;
    size_t sets = *(const size_t *)row->variant;
    uint32_t at = 0;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        count_text(s, at, s->texts[at]);
        at = at + 1 == sets ? 0 : at + 1;
    }
}

static bool check_sets(bench_row *row, char *why)
{
    const limit_state *s = row->state;
    uint64_t total = 0;
    for (size_t i = 0; i < SETS; i++) {
        total += s->sets[i].count;
    }
    return is_total(row, total, why);
}

static BENCH_OUT_OF_LINE void record_explicit(plain_histogram *h, double value)
{
    size_t bucket = 0;
    for (size_t i = 0; i < BENCH_BOUNDS; i++) {
        bucket += value > bench_bounds[i];
    }
    h->counts[bucket]++;
    h->sum += value;
}

static void run_explicit(bench_row *row, uint64_t count, unsigned thread)
{
    limit_state *s = row->state;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        record_explicit(&s->histogram, bench_values[i % BENCH_VALUES]);
    }
}

/* Four buckets a power of two, linear between them: an exact index takes more. */
static BENCH_OUT_OF_LINE void record_exponential(plain_histogram *h, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    h->counts[(bits >> 50) % 64]++;
    h->sum += value;
}

static void run_exponential(bench_row *row, uint64_t count, unsigned thread)
{
    limit_state *s = row->state;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        record_exponential(&s->histogram, bench_values[i % BENCH_VALUES]);
    }
}

static bool check_histogram(bench_row *row, char *why)
{
    const plain_histogram *h = &((limit_state *)row->state)->histogram;
    double sum = bench_values_sum * (double)(row->total / BENCH_VALUES);
    snprintf(why, BENCH_WHY, "a sum of %f, not %f", h->sum, sum);
    return fabs(h->sum - sum) <= 1e-6 * sum;
}

static BENCH_OUT_OF_LINE uint64_t look_up(const char *text, const char *same, size_t size, uint64_t seed)
{
    uint64_t hash = seed;
    for (size_t at = 0; at + 8 <= size; at += 8) {
        uint64_t word;
        memcpy(&word, text + at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
        hash ^= hash >> 32;
    }
    return hash + (uint64_t)(memcmp(text, same, size) == 0);
}

/* The texts of 3 attributes are 60 bytes, those of 10 some 170. */
static void run_look_up(bench_row *row, uint64_t count, unsigned thread)
{
    limit_state *s = row->state;
    size_t size = *(const size_t *)row->variant;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        s->hash = look_up(s->text, s->same, size, s->hash & 1);
    }
}

static void run_clock(bench_row *row, uint64_t count, unsigned thread)
{
    struct timespec now;
    (void)row;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        clock_gettime(CLOCK_REALTIME, &now);
    }
}

/* 256 bytes further each time, as an encoder writes. */
static void run_copy(bench_row *row, uint64_t count, unsigned thread)
{
    limit_state *s = row->state;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        size_t at = i * 256 % COPIED;
        memcpy(s->to + at, s->from + at, 256);
        __asm__ volatile("" ::: "memory"); /* keeps the copy */
    }
}

static void *start(const bench_row *row)
{
    limit_state *s = calloc(1, sizeof *s);
    (void)row;
    if (s == NULL || (s->from = calloc(1, COPIED)) == NULL || (s->to = calloc(1, COPIED)) == NULL ||
        (s->sets = calloc(SETS, sizeof *s->sets)) == NULL || (s->texts = calloc(SETS, sizeof *s->texts)) == NULL ||
        (s->places = calloc(PLACES, sizeof *s->places)) == NULL) {
        bench_die("rows of limits", OTM_ERR_NO_MEMORY);
    }
    for (uint32_t i = 0; i < SETS; i++) {
        bench_server_text(s->texts[i], i);
        bench_server_text(s->sets[i].text, i);
        s->sets[i].copy = s->sets[i].text;
        *place_of(s, i) = (plain_place){i, &s->sets[i]};
    }
    memset(s->text, 'x', sizeof s->text);
    memset(s->same, 'x', sizeof s->same);
    memset(s->from, 1, COPIED);
    return s;
}

static void end(bench_row *row)
{
    limit_state *s = row->state;
    free(s->from);
    free(s->to);
    free(s->sets);
    free(s->places);
    free(s->texts);
    free(s);
}

void bench_rows_limits(void)
{
    static const size_t one_set = 1;
    static const size_t all_sets = SETS;
    static const size_t three = 60;
    static const size_t ten = 170;
    static const bench_row rows[] = {
        {.name = "limit: histogram, 15 bounds, plain", .run = run_explicit, .check = check_histogram, .quick = true},
        {.name = "limit: exponential histogram, plain", .run = run_exponential, .check = check_histogram,
         .quick = true},
        {.name = "limit: hash and compare 60 bytes", .run = run_look_up, .variant = &three, .quick = true},
        {.name = "limit: hash and compare 170 bytes", .run = run_look_up, .variant = &ten, .quick = true},
        {.name = "limit: copy 256 bytes", .run = run_copy, .quick = true},
        {.name = "limit: read the clock", .run = run_clock, .quick = true},
        {.name = "limit: increment, a line a thread", .run = run_own, .check = check_own},
        {.name = "limit: find one text, 1 set", .run = run_sets, .variant = &one_set, .check = check_sets},
        {.name = "limit: find one text, 10 000 sets in turn", .run = run_sets, .variant = &all_sets,
         .check = check_sets},
        {.name = "limit: atomic addition", .run = run_shared, .check = check_shared},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench_row row = rows[i];
        row.start = start;
        row.end = end;
        if (!bench_settings.instructions) {
            bench_add_row(&row, BENCH_ONE | (row.run == run_shared || row.run == run_own ? BENCH_CORES : 0));
        }
    }
}
