/* Many series in turn: 100 and 10 000 of them, by their attributes and by bound handles. */
#include <stdlib.h>

#include "bench_rig.h"

typedef struct sets_state {
    bench_rig rig; /* first: the checks read it */
    otm_counter_i64 *counter;
    const char *method; /* texts of which the compiler knows no length */
    const char *route;
    char (*servers)[BENCH_SERVER];
    otm_bound_counter_i64 **bound;
    size_t count;
} sets_state;

static void run_unbound(bench_row *row, uint64_t count, unsigned thread)
{
    const sets_state *s = row->state;
    (void)thread;
    size_t at = 0;
    for (uint64_t i = 0; i < count; i++) {
        otm_attr attrs[] = {
            otm_attr_string("method", s->method),
            otm_attr_string("route", s->route),
            otm_attr_string("server", s->servers[at]),
        };
        otm_counter_i64_add(s->counter, 1, attrs, 3);
        at = at + 1 == s->count ? 0 : at + 1;
    }
}

static void run_bound(bench_row *row, uint64_t count, unsigned thread)
{
    const sets_state *s = row->state;
    (void)thread;
    size_t at = 0;
    for (uint64_t i = 0; i < count; i++) {
        otm_bound_counter_i64_add(s->bound[at], 1);
        at = at + 1 == s->count ? 0 : at + 1;
    }
}

static void *start(const bench_row *row)
{
    sets_state *s = calloc(1, sizeof *s);
    size_t count = *(const size_t *)row->variant;
    if (s == NULL || (s->servers = calloc(count, sizeof *s->servers)) == NULL ||
        (s->bound = calloc(count, sizeof(otm_bound_counter_i64 *))) == NULL) {
        bench_die("rows of many series", OTM_ERR_NO_MEMORY);
    }
    s->count = count;
    s->method = BENCH_METHOD;
    s->route = BENCH_ROUTE;
    bench_rig_start(&s->rig, &(bench_rig_options){.cardinality_limit = 20000});
    (void)otm_meter_create_counter_i64(s->rig.meter, "counter", NULL, &s->counter);
    for (size_t i = 0; i < count; i++) {
        bench_server_text(s->servers[i], i);
        otm_attr attrs[] = {
            otm_attr_string("method", s->method),
            otm_attr_string("route", s->route),
            otm_attr_string("server", s->servers[i]),
        };
        if (row->run == run_bound) {
            (void)otm_counter_i64_bind(s->counter, attrs, 3, NULL, &s->bound[i]);
        }
    }
    return s;
}

static void end(bench_row *row)
{
    sets_state *s = row->state;
    for (size_t i = 0; i < s->count; i++) {
        otm_bound_counter_i64_release(s->bound[i]);
    }
    otm_counter_i64_release(s->counter);
    bench_rig_end(&s->rig);
    free(s->servers);
    free(s->bound);
    free(s);
}

void bench_rows_sets(void)
{
    static const size_t hundred = 100;
    static const size_t many = 10000;
    static const bench_row rows[] = {
        {.name = "counter add, 3 attributes, 100 sets in turn", .run = run_unbound, .variant = &hundred, .hot = true},
        {.name = "counter add, 3 attributes, 10 000 sets in turn", .run = run_unbound, .variant = &many},
        {.name = "bound counter add, 100 series in turn", .run = run_bound, .variant = &hundred},
        {.name = "bound counter add, 10 000 series in turn", .run = run_bound, .variant = &many},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench_row row = rows[i];
        row.start = start;
        row.end = end;
        row.check = bench_check_counter_i64;
        row.quick = row.run == run_unbound;
        bench_add_row(&row, BENCH_ONE | (bench_settings.quick ? 0 : BENCH_CORES));
    }
}
