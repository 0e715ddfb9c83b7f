/* Recording with attributes given at the call. */
#include <stdlib.h>

#include "bench_rig.h"

typedef struct unbound_state {
    bench_rig rig; /* first: the checks read it */
    otm_counter_i64 *counter;
    otm_histogram_f64 *histogram;
    const char *method; /* texts of which the compiler knows no length */
    const char *route;
    const char *server;
} unbound_state;

static void run_without(bench_row *row, uint64_t count, unsigned thread)
{
    otm_counter_i64 *counter = ((unbound_state *)row->state)->counter;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_counter_i64_add(counter, 1, NULL, 0);
    }
}

static void run_three(bench_row *row, uint64_t count, unsigned thread)
{
    const unbound_state *s = row->state;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_attr attrs[] = {
            otm_attr_string("method", s->method),
            otm_attr_string("route", s->route),
            otm_attr_string("server", s->server),
        };
        otm_counter_i64_add(s->counter, 1, attrs, 3);
    }
}

static void run_three_histogram(bench_row *row, uint64_t count, unsigned thread)
{
    const unbound_state *s = row->state;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_attr attrs[] = {
            otm_attr_string("method", s->method),
            otm_attr_string("route", s->route),
            otm_attr_string("server", s->server),
        };
        otm_histogram_f64_record(s->histogram, bench_values[i % BENCH_VALUES], attrs, 3);
    }
}

static unbound_state *start(void)
{
    unbound_state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        bench_die("unbound rows", OTM_ERR_NO_MEMORY);
    }
    s->method = "POST";
    s->route = "/api/v1/users/{id}";
    s->server = "node-17.example";
    bench_rig_start(&s->rig, NULL);
    (void)otm_meter_create_counter_i64(s->rig.meter, "counter", NULL, &s->counter);
    (void)otm_meter_create_histogram_f64(s->rig.meter, "histogram", NULL, &s->histogram);
    return s;
}

static void end(bench_row *row)
{
    unbound_state *s = row->state;
    otm_counter_i64_release(s->counter);
    otm_histogram_f64_release(s->histogram);
    bench_rig_end(&s->rig);
    free(s);
}

void bench_rows_unbound(void)
{
    static const struct {
        const char *name;
        void (*run)(bench_row *row, uint64_t count, unsigned thread);
        bool (*check)(bench_row *row, char *why);
    } cases[] = {
        {"counter add, no attributes", run_without, bench_check_counter_i64},
        {"counter add, 3 string attributes", run_three, bench_check_counter_i64},
        {"histogram record, 3 string attributes", run_three_histogram, bench_check_histogram},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned cores = bench_cores();
        for (unsigned threads = 1; bench_wanted(cases[i].name) && threads <= cores; threads += cores - 1) {
            bench_add_row(&(bench_row){.name = cases[i].name, .run = cases[i].run, .check = cases[i].check,
                                       .end = end, .state = start(), .threads = threads});
            if (cores == 1) {
                break;
            }
        }
    }
}
