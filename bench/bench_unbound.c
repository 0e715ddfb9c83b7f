/* Recording with attributes given at the call: how many there are, and in which order they come. */
#include <stdlib.h>

#include "bench_rig.h"

#define MOST 10
#define ORDERS 64 /* a power of two */

typedef struct unbound_state {
    bench_rig rig; /* first: the checks read it */
    otm_counter_i64 *counter;
    otm_histogram_f64 *histogram;
    otm_histogram_f64 *exponential;
    const char *values[MOST]; /* texts of which the compiler knows no length */
    uint8_t three[ORDERS][MOST];
    uint8_t ten[ORDERS][MOST];
} unbound_state;

static const char *const values[MOST] = {BENCH_METHOD, BENCH_ROUTE, "node-17.example", "value-04", "value-05",
                                         "value-06",   "value-07",  "value-08",        "value-09", "value-10"};

#define THREE(at)                                                                                                      \
    attrs[at(0)] = otm_attr_string("method", s->values[0]);                                                            \
    attrs[at(1)] = otm_attr_string("route", s->values[1]);                                                             \
    attrs[at(2)] = otm_attr_string("server", s->values[2])
#define TEN(at)                                                                                                        \
    THREE(at);                                                                                                         \
    attrs[at(3)] = otm_attr_string("attr04", s->values[3]);                                                            \
    attrs[at(4)] = otm_attr_string("attr05", s->values[4]);                                                            \
    attrs[at(5)] = otm_attr_string("attr06", s->values[5]);                                                            \
    attrs[at(6)] = otm_attr_string("attr07", s->values[6]);                                                            \
    attrs[at(7)] = otm_attr_string("attr08", s->values[7]);                                                            \
    attrs[at(8)] = otm_attr_string("attr09", s->values[8]);                                                            \
    attrs[at(9)] = otm_attr_string("attr10", s->values[9])
#define IN_TURN(k) (k)
#define SHUFFLED(k) (order[k])

static void run_none(bench_row *row, uint64_t count, unsigned thread)
{
    otm_counter_i64 *counter = ((unbound_state *)row->state)->counter;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_counter_i64_add(counter, 1, NULL, 0);
    }
}

static void run_one(bench_row *row, uint64_t count, unsigned thread)
{
    const unbound_state *s = row->state;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_attr attrs[] = {otm_attr_string("method", s->values[0])};
        otm_counter_i64_add(s->counter, 1, attrs, 1);
    }
}

static void run_three(bench_row *row, uint64_t count, unsigned thread)
{
    const unbound_state *s = row->state;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_attr attrs[3];
        THREE(IN_TURN);
        otm_counter_i64_add(s->counter, 1, attrs, 3);
    }
}

static void run_ten(bench_row *row, uint64_t count, unsigned thread)
{
    const unbound_state *s = row->state;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_attr attrs[10];
        TEN(IN_TURN);
        otm_counter_i64_add(s->counter, 1, attrs, 10);
    }
}

static void run_three_shuffled(bench_row *row, uint64_t count, unsigned thread)
{
    const unbound_state *s = row->state;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *order = s->three[i % ORDERS];
        otm_attr attrs[3];
        THREE(SHUFFLED);
        otm_counter_i64_add(s->counter, 1, attrs, 3);
    }
}

static void run_ten_shuffled(bench_row *row, uint64_t count, unsigned thread)
{
    const unbound_state *s = row->state;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *order = s->ten[i % ORDERS];
        otm_attr attrs[10];
        TEN(SHUFFLED);
        otm_counter_i64_add(s->counter, 1, attrs, 10);
    }
}

static void run_histogram(bench_row *row, uint64_t count, unsigned thread)
{
    const unbound_state *s = row->state;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_attr attrs[3];
        THREE(IN_TURN);
        otm_histogram_f64_record(s->histogram, bench_values[i % BENCH_VALUES], attrs, 3);
    }
}

static void run_exponential(bench_row *row, uint64_t count, unsigned thread)
{
    const unbound_state *s = row->state;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_attr attrs[3];
        THREE(IN_TURN);
        otm_histogram_f64_record(s->exponential, bench_values[i % BENCH_VALUES], attrs, 3);
    }
}

/* Permutations of the first `size` numbers, the same in every run. */
static void make_orders(uint8_t orders[ORDERS][MOST], unsigned size)
{
    uint64_t x = UINT64_C(88172645463325252);
    for (size_t i = 0; i < ORDERS; i++) {
        for (unsigned k = 0; k < size; k++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            unsigned other = (unsigned)(x % (k + 1));
            orders[i][k] = orders[i][other];
            orders[i][other] = (uint8_t)k;
        }
    }
}

static void *start(const bench_row *row)
{
    unbound_state *s = calloc(1, sizeof *s);
    (void)row;
    if (s == NULL) {
        bench_die("unbound rows", OTM_ERR_NO_MEMORY);
    }
    memcpy(s->values, values, sizeof values);
    make_orders(s->three, 3);
    make_orders(s->ten, 10);
    bench_rig_start(&s->rig, NULL);
    (void)otm_meter_create_counter_i64(s->rig.meter, "counter", NULL, &s->counter);
    (void)otm_meter_create_histogram_f64(s->rig.meter, "histogram", NULL, &s->histogram);
    (void)otm_meter_create_histogram_f64(s->rig.meter, "exponential", NULL, &s->exponential);
    return s;
}

static void end(bench_row *row)
{
    unbound_state *s = row->state;
    otm_counter_i64_release(s->counter);
    otm_histogram_f64_release(s->histogram);
    otm_histogram_f64_release(s->exponential);
    bench_rig_end(&s->rig);
    free(s);
}

void bench_rows_unbound(void)
{
    static const bench_row rows[] = {
        {.name = "counter add, no attributes", .run = run_none, .hot = true, .quick = true},
        {.name = "counter add, 1 string attribute", .run = run_one},
        {.name = "counter add, 3 string attributes", .run = run_three, .hot = true, .quick = true},
        {.name = "counter add, 3 string attributes shuffled", .run = run_three_shuffled, .hot = true, .quick = true},
        {.name = "counter add, 10 string attributes", .run = run_ten, .hot = true, .quick = true},
        {.name = "counter add, 10 string attributes shuffled", .run = run_ten_shuffled, .quick = true},
        {.name = "histogram record, 3 string attributes", .run = run_histogram, .check = bench_check_histogram,
         .hot = true, .quick = true},
        {.name = "exponential record, 3 string attributes", .run = run_exponential, .check = bench_check_histogram,
         .hot = true, .quick = true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench_row row = rows[i];
        bool three = row.run == run_three;
        row.start = start;
        row.end = end;
        row.check = row.check != NULL ? row.check : bench_check_counter_i64;
        bench_add_row(&row, BENCH_ONE | (three || !bench_settings.quick ? BENCH_CORES : 0) | (three ? BENCH_CROWD : 0));
    }
}
