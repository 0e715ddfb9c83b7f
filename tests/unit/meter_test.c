/* Providers, meters and what readers see of them, through the public API. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "support/diag_recorder.h"
#include "support/fake_clock.h"

typedef struct fixture {
    fake_clock clock;
    diag_recorder diagnostics;
    otm_reader *reader;
    otm_meter_provider_options options;
    otm_meter_provider *provider;
} fixture;

static void setup(fixture *f)
{
    memset(f, 0, sizeof *f);
    fake_clock_init(&f->clock);
    diag_recorder_init(&f->diagnostics);
    assert_int_equal(otm_manual_reader_create(NULL, &f->reader), OTM_OK);
    otm_meter_provider_options_init(&f->options);
    f->options.clock = &f->clock.base;
    f->options.diagnostics = f->diagnostics.options;
    f->options.readers = &f->reader;
    f->options.reader_count = 1;
}

static void start(fixture *f)
{
    assert_int_equal(otm_meter_provider_create(&f->options, &f->provider), OTM_OK);
}

static void teardown(fixture *f)
{
    otm_meter_provider_release(f->provider);
    otm_reader_release(f->reader);
    diag_recorder_fini(&f->diagnostics);
}

static otm_counter_i64 *described_counter(fixture *f, const char *meter_name, const char *name,
                                          const char *description)
{
    otm_counter_i64 *created;
    otm_instrument_options options;
    otm_instrument_options_init(&options);
    options.description = description;
    otm_meter *meter = otm_meter_provider_get_meter(f->provider, meter_name, NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, name, &options, &created), OTM_OK);
    otm_meter_release(meter);
    return created;
}

static otm_counter_i64 *counter(fixture *f, const char *meter_name, const char *name)
{
    return described_counter(f, meter_name, name, NULL);
}

static size_t points_now(otm_reader *reader)
{
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(reader, 0, &data), OTM_OK);
    size_t count = data->point_count;
    otm_reader_return(reader, data);
    return count;
}

/* -- Providers --------------------------------------------------------------------------------------------------- */

/* SDK-PROV-02 */
static void provider_shares_nothing_with_another(void **state)
{
    (void)state;
    fixture a;
    fixture b;
    setup(&a);
    setup(&b);
    start(&a);
    start(&b);
    otm_counter_i64 *ours = counter(&a, "m", "c");
    otm_counter_i64 *theirs = counter(&b, "m", "c");
    assert_ptr_not_equal(ours, theirs);
    otm_counter_i64_add(ours, 1, NULL, 0);
    assert_int_equal(points_now(a.reader), 1);
    assert_int_equal(points_now(b.reader), 0);
    otm_counter_i64_release(ours);
    otm_counter_i64_release(theirs);
    teardown(&a);
    teardown(&b);
}

/* SDK-RDR-11: a provider that could not be made gives its readers back as they were. */
static void provider_that_fails_leaves_its_readers_fit_for_another(void **state)
{
    (void)state;
    fixture taken;
    fixture f;
    setup(&taken);
    start(&taken);
    setup(&f);
    otm_reader *readers[] = {f.reader, taken.reader};
    otm_meter_provider *none;
    otm_meter_provider_options options = f.options;
    options.readers = readers;
    options.reader_count = 2;
    assert_int_equal(otm_meter_provider_create(&options, &none), OTM_ERR_IN_USE);
    assert_ptr_equal(none, otm_noop_meter_provider());
    start(&f);
    otm_counter_i64 *c = counter(&f, "m", "c");
    otm_counter_i64_add(c, 1, NULL, 0);
    assert_int_equal(points_now(f.reader), 1);
    otm_counter_i64_release(c);
    teardown(&f);
    assert_int_equal(points_now(taken.reader), 0); /* and it is still alive, too */
    teardown(&taken);
}

static void provider_with_one_reader_given_twice_is_refused(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    otm_reader *readers[] = {f.reader, f.reader};
    f.options.readers = readers;
    f.options.reader_count = 2;
    assert_int_equal(otm_meter_provider_create(&f.options, &f.provider), OTM_ERR_IN_USE);
    f.options.readers = &f.reader;
    f.options.reader_count = 1;
    start(&f);
    assert_int_equal(points_now(f.reader), 0);
    teardown(&f);
}

static void provider_with_impossible_options_is_refused(void **state)
{
    (void)state;
    fixture f;
    otm_reader *nobody = NULL;
    setup(&f);
    assert_int_equal(otm_meter_provider_create(&f.options, NULL), OTM_ERR_INVALID_ARGUMENT);
    f.options.readers = &nobody;
    assert_int_equal(otm_meter_provider_create(&f.options, &f.provider), OTM_ERR_INVALID_ARGUMENT);
    f.options.readers = NULL;
    assert_int_equal(otm_meter_provider_create(&f.options, &f.provider), OTM_ERR_INVALID_ARGUMENT);
    f.options.readers = &f.reader;
    f.options.reader_count = 65;
    assert_int_equal(otm_meter_provider_create(&f.options, &f.provider), OTM_ERR_INVALID_ARGUMENT);
    f.options.reader_count = 1;
    f.options.exemplar_filter = 9;
    assert_int_equal(otm_meter_provider_create(&f.options, &f.provider), OTM_ERR_INVALID_ARGUMENT);
    assert_ptr_equal(f.provider, otm_noop_meter_provider());
    teardown(&f);
}

/* SDK-RDR-10 */
static void provider_with_two_readers_gives_each_its_own_time_ranges(void **state)
{
    (void)state;
    fixture f;
    otm_reader *readers[2];
    otm_reader_options options;
    setup(&f);
    otm_reader_options_init(&options);
    options.temporality_preference = OTM_PREFER_DELTA;
    readers[0] = f.reader;
    assert_int_equal(otm_manual_reader_create(&options, &readers[1]), OTM_OK);
    f.options.readers = readers;
    f.options.reader_count = 2;
    start(&f);
    otm_counter_i64 *c = counter(&f, "m", "c");
    for (int i = 0; i < 3; i++) {
        otm_counter_i64_add(c, 1, NULL, 0);
        assert_int_equal(points_now(readers[1]), 1);
        assert_int_equal(points_now(readers[1]), 0);
        assert_int_equal(points_now(readers[0]), 1);
        assert_int_equal(points_now(readers[0]), 1);
    }
    otm_counter_i64_release(c);
    otm_reader_release(readers[1]);
    teardown(&f);
}

static void provider_with_nobody_to_read_has_instruments_that_are_off(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    f.options.reader_count = 0;
    start(&f);
    otm_counter_i64 *c = counter(&f, "m", "c");
    assert_false(otm_counter_i64_enabled(c));
    otm_counter_i64_add(c, 1, NULL, 0);
    otm_counter_i64_release(c);
    teardown(&f);
}

/* -- Meters ------------------------------------------------------------------------------------------------------ */

/* SDK-PROV-05 */
static void meter_without_a_name_works_and_is_reported(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    start(&f);
    otm_counter_i64 *c = counter(&f, NULL, "c");
    otm_counter_i64 *same = counter(&f, "", "c");
    assert_ptr_equal(c, same);
    otm_counter_i64_add(c, 1, NULL, 0);
    assert_int_equal(points_now(f.reader), 1);
    assert_int_equal(diag_recorder_count_of(&f.diagnostics, OTM_WARN, "without a name"), 2);
    otm_counter_i64_release(c);
    otm_counter_i64_release(same);
    teardown(&f);
}

/* SDK-PROV-04 */
static void meter_is_had_by_its_whole_scope(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    start(&f);
    const otm_attr attrs[] = {otm_attr_i64("a", 1), otm_attr_i64("b", 2)};
    const otm_attr turned[] = {otm_attr_i64("b", 2), otm_attr_i64("a", 1)};
    otm_meter_options options;
    otm_meter_options_init(&options);
    options.version = "1";
    options.attributes = attrs;
    options.attribute_count = 2;
    otm_meter *meter = otm_meter_provider_get_meter(f.provider, "m", &options);
    options.attributes = turned;
    otm_meter *same = otm_meter_provider_get_meter(f.provider, "m", &options);
    options.attribute_count = 1;
    otm_meter *fewer = otm_meter_provider_get_meter(f.provider, "m", &options);
    options.version = "2";
    otm_meter *other = otm_meter_provider_get_meter(f.provider, "m", &options);
    assert_ptr_equal(meter, same);
    assert_ptr_not_equal(meter, fewer);
    assert_ptr_not_equal(fewer, other);
    otm_meter_release(meter);
    otm_meter_release(same);
    otm_meter_release(fewer);
    otm_meter_release(other);
    teardown(&f);
}

static int all_but_noisy(const otm_scope *scope, void *user_data)
{
    (void)user_data;
    return strcmp(scope->name, "noisy") != 0;
}

static int only_noisy(const otm_scope *scope, void *user_data)
{
    (void)user_data;
    return strcmp(scope->name, "noisy") == 0 ? -1 : 0;
}

/* SDK-PROV-07: a meter handed out before is judged anew; what it measured before comes back with it. */
static void meter_is_switched_off_and_on_by_the_configurator(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    f.options.meter_configurator = all_but_noisy;
    start(&f);
    otm_counter_i64 *quiet = counter(&f, "quiet", "c");
    otm_counter_i64 *noisy = counter(&f, "noisy", "c");
    assert_true(otm_counter_i64_enabled(quiet));
    assert_false(otm_counter_i64_enabled(noisy));
    otm_counter_i64_add(quiet, 1, NULL, 0);
    otm_counter_i64_add(noisy, 1, NULL, 0);
    assert_int_equal(points_now(f.reader), 1);
    assert_int_equal(otm_meter_provider_configure_meters(f.provider, only_noisy, NULL), OTM_OK);
    assert_false(otm_counter_i64_enabled(quiet));
    assert_true(otm_counter_i64_enabled(noisy));
    assert_int_equal(points_now(f.reader), 0);
    assert_int_equal(otm_meter_provider_configure_meters(f.provider, NULL, NULL), OTM_OK);
    otm_counter_i64_add(noisy, 1, NULL, 0);
    assert_int_equal(points_now(f.reader), 2);
    otm_counter_i64_release(quiet);
    otm_counter_i64_release(noisy);
    teardown(&f);
}

static int replaces_itself(const otm_scope *scope, void *user_data)
{
    fixture *f = user_data;
    (void)scope;
    (void)otm_meter_provider_configure_meters(f->provider, all_but_noisy, NULL);
    return 1;
}

/* The verdict of a configurator that is not in force any more does not count. */
static void meter_is_judged_again_if_the_configurator_changed_meanwhile(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    start(&f);
    otm_counter_i64 *noisy = counter(&f, "noisy", "c");
    assert_int_equal(otm_meter_provider_configure_meters(f.provider, replaces_itself, &f), OTM_OK);
    assert_false(otm_counter_i64_enabled(noisy));
    assert_int_equal(otm_meter_provider_configure_meters(f.provider, NULL, NULL), OTM_OK);
    otm_counter_i64_release(noisy);
    teardown(&f);
}

typedef struct policy {
    fixture *f;
    bool enabled;
    bool changed;
} policy;

/* The policy changes while it is read, by a host that then says so. */
static int reads_policy(const otm_scope *scope, void *user_data)
{
    policy *p = user_data;
    bool enabled = p->enabled;
    (void)scope;
    if (!p->changed) {
        p->changed = true;
        p->enabled = false;
        (void)otm_meter_provider_configure_meters(p->f->provider, reads_policy, p);
    }
    return enabled;
}

/* SDK-PROV-07 */
static void meter_is_judged_again_if_the_same_configurator_was_set_meanwhile(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    start(&f);
    policy p = {&f, true, false};
    otm_counter_i64 *c = counter(&f, "m", "c");
    assert_int_equal(otm_meter_provider_configure_meters(f.provider, reads_policy, &p), OTM_OK);
    assert_false(otm_counter_i64_enabled(c));
    otm_counter_i64_release(c);
    teardown(&f);
}

/* SDK-AGG-01 */
static void meter_instrument_that_all_views_drop_is_off(void **state)
{
    (void)state;
    fixture f;
    otm_view view;
    setup(&f);
    otm_view_init(&view);
    view.selector.instrument_name = "dropped*";
    view.stream.aggregation.kind = OTM_AGGREGATION_DROP;
    f.options.views = &view;
    f.options.view_count = 1;
    start(&f);
    otm_counter_i64 *dropped = counter(&f, "m", "dropped.one");
    otm_counter_i64 *kept = counter(&f, "m", "kept");
    otm_bound_counter_i64 *bound;
    assert_int_equal(otm_counter_i64_bind(dropped, NULL, 0, NULL, &bound), OTM_OK);
    assert_false(otm_counter_i64_enabled(dropped));
    assert_true(otm_counter_i64_enabled(kept));
    otm_counter_i64_add(dropped, 1, NULL, 0);
    otm_bound_counter_i64_add(bound, 1);
    otm_counter_i64_add(kept, 1, NULL, 0);
    assert_int_equal(points_now(f.reader), 1);
    otm_bound_counter_i64_release(bound);
    otm_counter_i64_release(dropped);
    otm_counter_i64_release(kept);
    teardown(&f);
}

static const char *description_shown(const otm_metrics_data *data)
{
    return otm_scope_metric(otm_resource_scope(otm_data_resource(data, 0), 0), 0)->description.data;
}

/* DM-ID-03: the longest description shows from the next collection on; trees given out before keep theirs. */
static void meter_duplicate_with_a_longer_description_describes_the_metric(void **state)
{
    (void)state;
    static const char *const descriptions[] = {"first", "the second", "the 3rd", "the fourth one", "here is a fifth"};
    static const char *const shown[] = {"first", "the second", "the second", "the fourth one", "here is a fifth"};
    enum { COUNT = sizeof descriptions / sizeof *descriptions };
    fixture f;
    otm_counter_i64 *twins[COUNT];
    const otm_metrics_data *data = NULL;
    setup(&f);
    start(&f);
    for (size_t i = 0; i < COUNT; i++) {
        twins[i] = described_counter(&f, "m", "c", descriptions[i]);
        otm_counter_i64_add(twins[i], 1, NULL, 0);
        if (data != NULL) {
            assert_string_equal(description_shown(data), shown[i - 1]);
            otm_reader_return(f.reader, data);
        }
        assert_int_equal(otm_reader_collect(f.reader, 0, &data), OTM_OK);
        assert_string_equal(description_shown(data), shown[i]);
    }
    otm_reader_return(f.reader, data);
    for (size_t i = 0; i < COUNT; i++) {
        otm_counter_i64_release(twins[i]);
    }
    teardown(&f);
}

/* -- Threads ----------------------------------------------------------------------------------------------------- */

typedef struct crowd {
    fixture *f;
    atomic_bool done;
} crowd;

static void *create_and_record(void *argument)
{
    crowd *c = argument;
    for (int i = 0; i < 200; i++) {
        static const char *const names[] = {"a", "b", "c", "d"};
        static const char *const descriptions[] = {"", "some", "something", "something longer", "the longest of all"};
        otm_counter_i64 *one = described_counter(c->f, names[i % 3], names[i % 4], descriptions[i % 5]);
        otm_counter_i64_add(one, 1, NULL, 0);
        otm_counter_i64_release(one);
    }
    return NULL;
}

static void *collect_and_configure(void *argument)
{
    crowd *c = argument;
    while (!atomic_load(&c->done)) {
        (void)points_now(c->f->reader);
        (void)otm_meter_provider_configure_meters(c->f->provider, NULL, NULL);
    }
    return NULL;
}

/* SDK-CONC-01, DM-ID-03 */
static void meter_creation_by_many_threads_gives_one_instrument_each(void **state)
{
    (void)state;
    fixture f;
    pthread_t threads[4];
    pthread_t collector;
    setup(&f);
    start(&f);
    crowd c = {&f, false};
    assert_int_equal(pthread_create(&collector, NULL, collect_and_configure, &c), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, create_and_record, &c), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    atomic_store(&c.done, true);
    pthread_join(collector, NULL);
    const otm_metrics_data *data = NULL;
    int64_t total = 0;
    assert_int_equal(otm_reader_collect(f.reader, 0, &data), OTM_OK);
    const otm_resource_metrics *resource = otm_data_resource(data, 0);
    assert_int_equal(resource->scope_count, 3);
    for (size_t s = 0; s < 3; s++) {
        const otm_scope_metrics *scope = otm_resource_scope(resource, s);
        assert_int_equal(scope->metric_count, 4);
        for (size_t m = 0; m < 4; m++) {
            assert_int_equal(otm_scope_metric(scope, m)->point_count, 1);
            assert_string_equal(otm_scope_metric(scope, m)->description.data, "the longest of all");
            total += otm_metric_point(otm_scope_metric(scope, m), 0)->data.number.as.i64;
        }
    }
    otm_reader_return(f.reader, data);
    assert_int_equal(total, 800);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(provider_shares_nothing_with_another),
        cmocka_unit_test(provider_that_fails_leaves_its_readers_fit_for_another),
        cmocka_unit_test(provider_with_one_reader_given_twice_is_refused),
        cmocka_unit_test(provider_with_impossible_options_is_refused),
        cmocka_unit_test(provider_with_two_readers_gives_each_its_own_time_ranges),
        cmocka_unit_test(provider_with_nobody_to_read_has_instruments_that_are_off),
        cmocka_unit_test(meter_without_a_name_works_and_is_reported),
        cmocka_unit_test(meter_is_had_by_its_whole_scope),
        cmocka_unit_test(meter_is_switched_off_and_on_by_the_configurator),
        cmocka_unit_test(meter_is_judged_again_if_the_configurator_changed_meanwhile),
        cmocka_unit_test(meter_is_judged_again_if_the_same_configurator_was_set_meanwhile),
        cmocka_unit_test(meter_instrument_that_all_views_drop_is_off),
        cmocka_unit_test(meter_duplicate_with_a_longer_description_describes_the_metric),
        cmocka_unit_test(meter_creation_by_many_threads_gives_one_instrument_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
