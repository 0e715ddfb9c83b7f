/* Every interleaving of the recording protocol, on a small machine with store buffers.
 *
 * Two threads record through one slot, one after the other (a lease that changes hands), into a cell of two halves with
 * two words each; a collector raises the epoch, passes the process barrier, waits for the section to be over, and
 * reads the half that is its own then. Stores of a thread go into its first-in-first-out buffer and reach memory at any
 * later time, as on x86; the barrier empties all buffers, as membarrier does. The search visits every reachable state.
 *
 * docs/design/recording.md makes the claims that are checked here. So that the checks are known to bite, the same
 * search has to find a fault in each protocol with one part left out. SDK-CARD-08, SDK-RDR-04, SDK-RDR-05 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { THREADS = 2, RECORDS = 2, ROUNDS = 2, BUFFER = 8 };

/* Memory. A half is two words that are only ever written as a pair: (count, sum) of measurements of 1. */
enum { SECTION, LEASED, EPOCH, A_COUNT, A_SUM, B_COUNT, B_SUM, WORDS };

typedef struct thread {
    uint8_t step;
    uint8_t recorded;
    uint8_t epoch, count, sum; /* registers */
    uint8_t buffered;
    uint8_t word[BUFFER];
    uint8_t value[BUFFER];
} thread;

typedef struct machine {
    uint8_t memory[WORDS];
    thread threads[THREADS];
    uint8_t collector_step;
    uint8_t round;
    uint8_t total_count, total_sum; /* delta: drained so far; cumulative: the last snapshot */
    uint8_t first_count, first_sum; /* cumulative: what the first half gave */
    uint8_t finished_before;        /* recordings that were over when this round's epoch was raised last */
} machine;

typedef enum protocol { DELTA, CUMULATIVE } protocol;

typedef struct variant {
    protocol protocol;
    bool no_barrier;        /* faults to be found: the collector passes no barrier */
    bool no_wait;           /* does not wait for the section */
    bool epoch_before_mark; /* owners read the epoch before they set the mark */
    bool one_step;          /* cumulative: reads both halves after the first wait */
} variant;

/* -- Threads ----------------------------------------------------------------------------------------------------- */

static uint8_t load(const machine *m, const thread *t, uint8_t word)
{
    for (int i = t->buffered; i-- > 0;) {
        if (t->word[i] == word) {
            return t->value[i];
        }
    }
    return m->memory[word];
}

static void store(thread *t, uint8_t word, uint8_t value)
{
    t->word[t->buffered] = word;
    t->value[t->buffered++] = value;
}

static void flush_one(machine *m, thread *t)
{
    m->memory[t->word[0]] = t->value[0];
    t->buffered--;
    memmove(t->word, t->word + 1, t->buffered);
    memmove(t->value, t->value + 1, t->buffered);
    t->word[t->buffered] = t->value[t->buffered] = 0; /* equal states compare equal */
}

static void flush_all(machine *m)
{
    for (int i = 0; i < THREADS; i++) {
        while (m->threads[i].buffered > 0) {
            flush_one(m, &m->threads[i]);
        }
    }
}

static uint8_t half_of(uint8_t epoch)
{
    return epoch % 2 == 0 ? A_COUNT : B_COUNT;
}

enum { TAKE, MARK, READ_EPOCH, READ_COUNT, WRITE_COUNT, READ_SUM, WRITE_SUM, UNMARK, GIVE, ENDED };

/* One step of a recording thread; false if it cannot go on now. */
static bool thread_step(machine *m, thread *t, const variant *v)
{
    if (t->buffered + 1 >= BUFFER) {
        return false; /* the buffer is full: something must reach memory first */
    }
    switch (t->step) {
    case TAKE: /* compare-and-swap: an operation on memory, after the own buffer */
        if (m->memory[LEASED] != 0) {
            return false;
        }
        m->memory[LEASED] = 1;
        t->step = v->epoch_before_mark ? READ_EPOCH : MARK;
        return true;
    case MARK:
        store(t, SECTION, 1);
        t->step = v->epoch_before_mark ? READ_COUNT : READ_EPOCH;
        return true;
    case READ_EPOCH:
        t->epoch = load(m, t, EPOCH);
        t->step = v->epoch_before_mark ? MARK : READ_COUNT;
        return true;
    case READ_COUNT:
        t->count = load(m, t, half_of(t->epoch));
        t->step = WRITE_COUNT;
        return true;
    case WRITE_COUNT:
        store(t, half_of(t->epoch), (uint8_t)(t->count + 1));
        t->step = READ_SUM;
        return true;
    case READ_SUM:
        t->sum = load(m, t, (uint8_t)(half_of(t->epoch) + 1));
        t->step = WRITE_SUM;
        return true;
    case WRITE_SUM:
        store(t, (uint8_t)(half_of(t->epoch) + 1), (uint8_t)(t->sum + 1));
        t->step = UNMARK;
        return true;
    case UNMARK:
        store(t, SECTION, 0);
        t->recorded++;
        t->step = t->recorded == RECORDS ? GIVE : v->epoch_before_mark ? READ_EPOCH : MARK;
        return true;
    case GIVE:
        store(t, LEASED, 0);
        t->step = ENDED;
        return true;
    default:
        return false;
    }
}

/* -- Collector --------------------------------------------------------------------------------------------------- */

enum { RAISE, BARRIER, WAIT, READ, RAISE_AGAIN, BARRIER_AGAIN, WAIT_AGAIN, READ_AGAIN, COLLECTED };

static uint8_t finished(const machine *m)
{
    uint8_t sum = 0;
    for (int i = 0; i < THREADS; i++) {
        /* Recordings whose end has reached memory. */
        uint8_t in_flight = 0;
        for (int b = 0; b < m->threads[i].buffered; b++) {
            in_flight += m->threads[i].word[b] == SECTION && m->threads[i].value[b] == 0;
        }
        sum = (uint8_t)(sum + m->threads[i].recorded - in_flight);
    }
    return sum;
}

static void raise_epoch(machine *m)
{
    m->memory[EPOCH]++;
    m->finished_before = finished(m);
}

static uint8_t old_half(const machine *m)
{
    return half_of((uint8_t)(m->memory[EPOCH] - 1));
}

/* False: a claim does not hold. */
static bool check_snapshot(machine *m, uint8_t count, uint8_t sum)
{
    bool whole = count == sum;
    bool complete = count >= m->finished_before;
    bool grows = count >= m->total_count;
    m->total_count = count;
    m->total_sum = sum;
    return whole && complete && grows && count <= THREADS * RECORDS;
}

static bool read_delta(machine *m)
{
    uint8_t half = old_half(m);
    uint8_t count = (uint8_t)(m->total_count + m->memory[half]);
    uint8_t sum = (uint8_t)(m->total_sum + m->memory[half + 1]);
    m->memory[half] = m->memory[half + 1] = 0;
    return check_snapshot(m, count, sum);
}

static void next_round(machine *m)
{
    m->round++;
    m->collector_step = m->round == ROUNDS ? COLLECTED : RAISE;
}

/* One step of the collector; false if it cannot go on now. *good turns false when a claim is broken. */
static bool collector_step(machine *m, const variant *v, bool *good)
{
    uint8_t half;
    switch (m->collector_step) {
    case RAISE:
    case RAISE_AGAIN:
        raise_epoch(m);
        m->collector_step++;
        return true;
    case BARRIER:
    case BARRIER_AGAIN:
        if (!v->no_barrier) {
            flush_all(m);
        }
        m->collector_step++;
        return true;
    case WAIT:
    case WAIT_AGAIN:
        if (m->memory[SECTION] != 0 && !v->no_wait) {
            return false;
        }
        m->collector_step++;
        return true;
    case READ:
        half = old_half(m);
        if (v->protocol == DELTA) {
            *good = read_delta(m);
            next_round(m);
        } else if (v->one_step) {
            *good = check_snapshot(m, (uint8_t)(m->memory[A_COUNT] + m->memory[B_COUNT]),
                                   (uint8_t)(m->memory[A_SUM] + m->memory[B_SUM]));
            next_round(m);
        } else {
            m->first_count = m->memory[half];
            m->first_sum = m->memory[half + 1];
            m->collector_step = RAISE_AGAIN;
        }
        return true;
    case READ_AGAIN:
        half = old_half(m);
        *good = check_snapshot(m, (uint8_t)(m->first_count + m->memory[half]),
                               (uint8_t)(m->first_sum + m->memory[half + 1]));
        m->first_count = m->first_sum = 0;
        next_round(m);
        return true;
    default:
        return false;
    }
}

/* When all is over, nothing is lost and nothing counted twice. */
static bool check_end(const machine *m, const variant *v)
{
    uint8_t count = (uint8_t)(m->memory[A_COUNT] + m->memory[B_COUNT]);
    uint8_t sum = (uint8_t)(m->memory[A_SUM] + m->memory[B_SUM]);
    if (v->protocol == DELTA) {
        count = (uint8_t)(count + m->total_count);
        sum = (uint8_t)(sum + m->total_sum);
    }
    return count == THREADS * RECORDS && sum == THREADS * RECORDS;
}

/* -- The search -------------------------------------------------------------------------------------------------- */

typedef struct search {
    const variant *variant;
    machine *seen; /* open addressing; step ENDED + 1 of the first thread marks an empty place */
    size_t capacity;
    size_t count;
    machine *stack;
    size_t depth;
    bool good;
} search;

enum { SEEN = 1 << 22, STACK = 1 << 20, EMPTY = 255 };

static uint64_t machine_hash(const machine *m)
{
    const uint8_t *bytes = (const uint8_t *)m;
    uint64_t hash = 1469598103934665603u;
    for (size_t i = 0; i < sizeof *m; i++) {
        hash = (hash ^ bytes[i]) * 1099511628211u;
    }
    return hash;
}

static void visit(search *s, const machine *m)
{
    size_t i = machine_hash(m) & (s->capacity - 1);
    while (s->seen[i].collector_step != EMPTY) {
        if (memcmp(&s->seen[i], m, sizeof *m) == 0) {
            return;
        }
        i = (i + 1) & (s->capacity - 1);
    }
    assert_true(s->count < s->capacity / 2);
    assert_true(s->depth < STACK);
    s->seen[i] = *m;
    s->count++;
    s->stack[s->depth++] = *m;
}

static void expand(search *s, const machine *m)
{
    bool moved = false;
    for (int i = 0; i < THREADS; i++) {
        machine next = *m;
        if (next.threads[i].buffered > 0) {
            flush_one(&next, &next.threads[i]);
            visit(s, &next);
            moved = true;
        }
        next = *m;
        if (thread_step(&next, &next.threads[i], s->variant)) {
            visit(s, &next);
            moved = true;
        }
    }
    machine next = *m;
    if (collector_step(&next, s->variant, &s->good)) {
        visit(s, &next);
        moved = true;
    }
    if (!moved) {
        s->good = s->good && check_end(m, s->variant);
    }
}

/* True if every reachable state keeps the claims. */
static bool holds(const variant *v, size_t *states)
{
    search s = {.variant = v, .capacity = SEEN, .good = true};
    s.seen = malloc(SEEN * sizeof *s.seen);
    s.stack = malloc(STACK * sizeof *s.stack);
    assert_non_null(s.seen);
    assert_non_null(s.stack);
    memset(s.seen, EMPTY, SEEN * sizeof *s.seen);
    machine start;
    memset(&start, 0, sizeof start);
    visit(&s, &start);
    while (s.depth > 0 && s.good) {
        machine m = s.stack[--s.depth];
        expand(&s, &m);
    }
    *states = s.count;
    free(s.seen);
    free(s.stack);
    return s.good;
}

static void delta_drain_loses_and_doubles_nothing_in_any_interleaving(void **state)
{
    (void)state;
    size_t states = 0;
    assert_true(holds(&(variant){.protocol = DELTA}, &states));
    print_message("%zu states\n", states);
    assert_true(states > 1000);
}

static void cumulative_snapshot_is_whole_and_never_falls_in_any_interleaving(void **state)
{
    (void)state;
    size_t states = 0;
    assert_true(holds(&(variant){.protocol = CUMULATIVE}, &states));
    print_message("%zu states\n", states);
    assert_true(states > 1000);
}

static void search_finds_the_fault_of_every_protocol_with_a_part_left_out(void **state)
{
    (void)state;
    size_t states = 0;
    assert_false(holds(&(variant){.protocol = DELTA, .no_barrier = true}, &states));
    assert_false(holds(&(variant){.protocol = DELTA, .no_wait = true}, &states));
    assert_false(holds(&(variant){.protocol = DELTA, .epoch_before_mark = true}, &states));
    assert_false(holds(&(variant){.protocol = CUMULATIVE, .no_barrier = true}, &states));
    assert_false(holds(&(variant){.protocol = CUMULATIVE, .no_wait = true}, &states));
    assert_false(holds(&(variant){.protocol = CUMULATIVE, .epoch_before_mark = true}, &states));
    assert_false(holds(&(variant){.protocol = CUMULATIVE, .one_step = true}, &states));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delta_drain_loses_and_doubles_nothing_in_any_interleaving),
        cmocka_unit_test(cumulative_snapshot_is_whole_and_never_falls_in_any_interleaving),
        cmocka_unit_test(search_finds_the_fault_of_every_protocol_with_a_part_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
