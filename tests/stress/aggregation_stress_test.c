/* Every aggregation at once: exponential histograms that lower their scale, exemplars, views that filter and limit,
 * handles that come and go with their threads; two cumulative readers that share and two delta readers collect, one of
 * them with so little time that some of its collections are given up.
 *
 * What must hold: each reader is shown exactly what was recorded, overflow included; no point is torn; an exemplar is a
 * measurement that was made, with its own trace and its own attributes.
 * SDK-CONC-01, SDK-RDR-10, SDK-CARD-08, SDK-EXPH-09, SDK-EX-13 */
#include "metrics/slot.h"
#include "stress/stress_ledger.h"

#define ROUNDS 60
#define PER_THREAD 1500
#define THREADS 12
#define SLOTS 8
#define LIMIT 10
#define KIND_OFFSET 1000 /* the attribute "kind" is filtered out everywhere, and follows from "set" */

enum { COUNTER, UP_DOWN, EXPLICIT, EXPONENTIAL, LIMITED_COUNTER, LIMITED_EXPONENTIAL };
enum { HASTY = 3 }; /* the reader that gives up soon */

typedef struct fixture {
    stress_world world;
    stress_collectors collectors;
    stress_ledger *ledger;
    otm_counter_i64 *counter;
    otm_up_down_counter_i64 *up_down;
    otm_histogram_f64 *explicit_;
    otm_histogram_f64 *exponential;
    otm_counter_i64 *limited_counter;
    otm_histogram_f64 *limited_exponential;
} fixture;

/* -- Exemplars: a measurement's trace names its value -------------------------------------------------------------- */

#define SAMPLED_MARK UINT64_C(0x5354524553530001)
#define UNSAMPLED_MARK UINT64_C(0x5354524553530002)

static void name_value(otm_context *context, bool sampled, uint64_t value_bits)
{
    uint64_t mark = sampled ? SAMPLED_MARK : UNSAMPLED_MARK;
    uint64_t span = value_bits ^ mark;
    memcpy(context->trace_id, &mark, sizeof mark);
    memcpy(context->trace_id + sizeof mark, &value_bits, sizeof value_bits);
    memcpy(context->span_id, &span, sizeof span);
    context->trace_flags = sampled ? OTM_TRACE_FLAG_SAMPLED : 0;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static bool kind_follows(const otm_exemplar *e, size_t place)
{
    int64_t set = place < STRESS_SETS ? (int64_t)place : -1;
    int64_t kind = -1;
    for (size_t i = 0; i < e->filtered_attribute_count; i++) {
        const otm_attr *attr = &e->filtered_attributes[i];
        if (attr->key_size == 3) {
            set = attr->value.as.i64; /* of the overflow series: nothing is on the point */
        } else {
            kind = attr->value.as.i64;
        }
    }
    return kind == set + KIND_OFFSET && e->filtered_attribute_count == (place < STRESS_SETS ? 1 : 2);
}

static atomic_ullong exemplars_seen;

static void look(const otm_metric *metric, const otm_point *point, size_t place)
{
    for (size_t i = 0; i < point->exemplar_count; i++) {
        const otm_exemplar *e = &point->exemplars[i];
        uint64_t value_bits = e->number == OTM_NUMBER_I64 ? (uint64_t)e->value.i64 : bits_of(e->value.f64);
        otm_context expected;
        name_value(&expected, true, value_bits);
        if (!e->has_span || memcmp(e->trace_id, expected.trace_id, sizeof e->trace_id) != 0 ||
            memcmp(e->span_id, expected.span_id, sizeof e->span_id) != 0) {
            stress_complain("an exemplar of %s has a value that its trace did not record", metric->name.data);
        }
        if (!kind_follows(e, place)) {
            stress_complain("an exemplar of %s has other attributes than its measurement", metric->name.data);
        }
    }
    atomic_fetch_add(&exemplars_seen, point->exemplar_count);
}

/* -- Provider and instruments -------------------------------------------------------------------------------------- */

static void add_views(otm_meter_provider_options *options, otm_view views[4])
{
    static const char *const keys[] = {"set"};
    static const char *const names[] = {"*", "exponential", "limited_*", "limited_exponential"};
    for (size_t i = 0; i < 4; i++) {
        otm_view_init(&views[i]);
        views[i].selector.instrument_name = names[i];
    }
    views[0].stream.has_included_keys = true;
    views[0].stream.included_keys = keys;
    views[0].stream.included_key_count = 1;
    views[1].stream.aggregation.kind = views[3].stream.aggregation.kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM;
    views[2].stream.cardinality_limit = LIMIT;
    options->views = views;
    options->view_count = 4;
    options->view_matching = OTM_VIEWS_COMPOSABLE;
}

static void set_up(fixture *f)
{
    static const char *const names[STRESS_METRICS] = {"counter",     "up_down",         "explicit",
                                                      "exponential", "limited_counter", "limited_exponential"};
    otm_meter_provider_options options;
    otm_view views[4];
    memset(f, 0, sizeof *f);
    f->ledger = stress_ledger_create(names);
    otm_meter_provider_options_init(&options);
    add_views(&options, views);
    for (size_t i = 0; i < STRESS_READERS; i++) {
        stress_world_add_reader(&f->world, i < 2 ? OTM_CUMULATIVE : OTM_DELTA, 0);
    }
    stress_world_open(&f->world, &options);
    otm_meter *meter = f->world.meter;
    assert_int_equal(otm_meter_create_counter_i64(meter, names[COUNTER], NULL, &f->counter), OTM_OK);
    assert_int_equal(otm_meter_create_up_down_counter_i64(meter, names[UP_DOWN], NULL, &f->up_down), OTM_OK);
    assert_int_equal(otm_meter_create_histogram_f64(meter, names[EXPLICIT], NULL, &f->explicit_), OTM_OK);
    assert_int_equal(otm_meter_create_histogram_f64(meter, names[EXPONENTIAL], NULL, &f->exponential), OTM_OK);
    assert_int_equal(otm_meter_create_counter_i64(meter, names[LIMITED_COUNTER], NULL, &f->limited_counter), OTM_OK);
    assert_int_equal(
        otm_meter_create_histogram_f64(meter, names[LIMITED_EXPONENTIAL], NULL, &f->limited_exponential), OTM_OK);
}

static void tear_down(fixture *f)
{
    otm_counter_i64_release(f->counter);
    otm_up_down_counter_i64_release(f->up_down);
    otm_histogram_f64_release(f->explicit_);
    otm_histogram_f64_release(f->exponential);
    otm_counter_i64_release(f->limited_counter);
    otm_histogram_f64_release(f->limited_exponential);
    stress_world_close(&f->world);
    stress_ledger_destroy(f->ledger);
}

/* -- Recording ----------------------------------------------------------------------------------------------------- */

/* One thread: its handles, its context, and what it has recorded. */
typedef struct recorder {
    const fixture *f;
    uint64_t random;
    otm_context context;
    otm_bound_counter_i64 *counter;
    otm_bound_histogram_f64 *exponential;
    otm_bound_counter_i64 *limited;
    stress_total totals[STRESS_METRICS];
} recorder;

typedef struct attr_pair {
    otm_attr attrs[2];
} attr_pair;

static attr_pair some_set(recorder *r)
{
    int64_t set = (int64_t)stress_below(&r->random, STRESS_SETS);
    return (attr_pair){{otm_attr_i64("kind", set + KIND_OFFSET), otm_attr_i64("set", set)}};
}

static void recorder_init(recorder *r, const fixture *f, uint64_t seed)
{
    memset(r, 0, sizeof *r);
    r->f = f;
    r->random = seed;
    otm_context_init(&r->context);
    (void)otm_context_attach(&r->context);
    attr_pair set = some_set(r);
    otm_status st = otm_counter_i64_bind(f->counter, set.attrs, 2, NULL, &r->counter);
    st = st != OTM_OK ? st : otm_histogram_f64_bind(f->exponential, set.attrs, 2, NULL, &r->exponential);
    st = st != OTM_OK ? st : otm_counter_i64_bind(f->limited_counter, set.attrs, 2, NULL, &r->limited);
    if (st != OTM_OK) {
        stress_complain("binding failed: %s", otm_status_name(st));
    }
}

static void recorder_fini(recorder *r)
{
    otm_bound_counter_i64_release(r->counter);
    otm_bound_histogram_f64_release(r->exponential);
    otm_bound_counter_i64_release(r->limited);
    (void)otm_context_attach(NULL);
    stress_ledger_record(r->f->ledger, r->totals);
}

static void record_numbers(recorder *r, bool sampled)
{
    int64_t by = (int64_t)stress_below(&r->random, 5);
    attr_pair set = some_set(r);
    name_value(&r->context, sampled, (uint64_t)by);
    otm_counter_i64_add(r->f->counter, by, set.attrs, 2);
    otm_bound_counter_i64_add(r->counter, by);
    otm_counter_i64_add(r->f->limited_counter, by, set.attrs, 2);
    otm_bound_counter_i64_add(r->limited, by);
    r->totals[COUNTER].number += 2 * by;
    r->totals[LIMITED_COUNTER].number += 2 * by;
    name_value(&r->context, sampled, (uint64_t)(by - 2));
    otm_up_down_counter_i64_add(r->f->up_down, by - 2, set.attrs, 2);
    r->totals[UP_DOWN].number += by - 2;
}

static void record_histograms(recorder *r, bool sampled)
{
    size_t index = (size_t)stress_below(&r->random, STRESS_EXPLICIT_VALUES);
    double value = stress_explicit_value(index);
    attr_pair set = some_set(r);
    name_value(&r->context, sampled, bits_of(value));
    otm_histogram_f64_record(r->f->explicit_, value, set.attrs, 2);
    stress_note_explicit(&r->totals[EXPLICIT], index);
    index = (size_t)stress_below(&r->random, STRESS_EXPONENTIAL_VALUES);
    value = stress_exponential_value(index);
    name_value(&r->context, sampled, bits_of(value));
    otm_histogram_f64_record(r->f->exponential, value, set.attrs, 2);
    otm_bound_histogram_f64_record(r->exponential, value);
    otm_histogram_f64_record(r->f->limited_exponential, value, set.attrs, 2);
    stress_note_exponential(&r->totals[EXPONENTIAL], index);
    stress_note_exponential(&r->totals[EXPONENTIAL], index);
    stress_note_exponential(&r->totals[LIMITED_EXPONENTIAL], index);
}

static void record(void *test, uint64_t seed)
{
    recorder r;
    recorder_init(&r, test, seed);
    for (int i = stress_amount(PER_THREAD); i > 0; i--) {
        bool sampled = stress_below(&r.random, 4) == 0;
        record_numbers(&r, sampled);
        record_histograms(&r, sampled);
        if (stress_below(&r.random, 64) == 0) {
            (void)otm_bound_counter_i64_rebind(r.limited); /* from the overflow series, where there is a place */
        }
    }
    recorder_fini(&r);
}

static void collect(void *test, size_t reader)
{
    fixture *f = test;
    (void)stress_ledger_collect(f->ledger, f->world.readers[reader], reader, reader == HASTY ? 1 : 0, look);
}

static void stress_all_aggregations_with_limits_and_exemplars_stay_exact_for_four_readers(void **state)
{
    (void)state;
    fixture f;
    set_up(&f);
    stress_collectors_start(&f.collectors, f.world.reader_count, collect, &f);
    stress_run_rounds(stress_amount(ROUNDS), THREADS, record, &f);
    stress_collectors_stop(&f.collectors);
    for (size_t reader = 0; reader < f.world.reader_count; reader++) {
        /* Twice: a delta half that was left over by a collection that was given up comes before what is newer. */
        (void)stress_ledger_collect(f.ledger, f.world.readers[reader], reader, 0, look);
        (void)stress_ledger_collect(f.ledger, f.world.readers[reader], reader, 0, look);
        stress_ledger_balance(f.ledger, reader);
    }
    stress_assert_content();
    assert_true(atomic_load(&exemplars_seen) > 0);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stress_all_aggregations_with_limits_and_exemplars_stay_exact_for_four_readers),
    };
    otmi_slot_limit(SLOTS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
