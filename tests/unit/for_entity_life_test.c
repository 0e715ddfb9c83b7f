/* How long children live, what is shown of them at the end, and that their memory is bounded. ENT-08 */
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "for_entity_fixture.h"

#define MAXIMUM 4096

/* -- The end ------------------------------------------------------------------------------------------------------- */

/* ENT-08 */
static void child_given_back_is_shown_to_every_reader_once_more(void **state)
{
    (void)state;
    family f;
    family_open(&f, 2, NULL);
    otm_meter_provider *child = child_of(f.provider, "1");
    add(child, 1);
    assert_string_equal(shown(f.readers[0]), "1{c=1}");
    assert_string_equal(shown(f.readers[1]), "1{c=1}");
    add(child, 2);
    otm_meter_provider_release(child);
    assert_string_equal(shown(f.readers[0]), "1{c=3}");
    assert_string_equal(shown(f.readers[0]), "");
    assert_string_equal(shown(f.readers[0]), "");
    assert_string_equal(shown(f.readers[1]), "1{c=2}");
    assert_string_equal(shown(f.readers[1]), "");
    family_close(&f);
}

static void record(otm_meter_provider *provider, int64_t sets)
{
    otm_histogram_f64 *histogram;
    otm_meter *meter = otm_meter_provider_get_meter(provider, "m", NULL);
    assert_int_equal(otm_meter_create_histogram_f64(meter, "h", NULL, &histogram), OTM_OK);
    for (int64_t i = 0; i < sets; i++) {
        otm_attr attr = otm_attr_i64("n", i);
        otm_histogram_f64_record(histogram, (double)i, &attr, 1);
    }
    otm_histogram_f64_release(histogram);
    otm_meter_release(meter);
}

/* ENT-08: a tree that a reader has given out points into the child. */
static void child_is_freed_when_every_reader_has_begun_another_collection(void **state)
{
    (void)state;
    family f;
    const otm_metrics_data *data;
    family_open(&f, 2, NULL);
    (void)shown(f.readers[0]);
    (void)shown(f.readers[1]);
    int64_t blocks = f.memory.live;
    otm_meter_provider *child = child_of(f.provider, "1");
    record(child, 100);
    otm_meter_provider_release(child);
    assert_int_equal(otm_reader_collect(f.readers[0], 0, &data), OTM_OK);
    (void)shown(f.readers[1]);
    (void)shown(f.readers[1]);
    const otm_resource_metrics *resource = otm_data_resource(data, 0);
    assert_string_equal(otm_scope_metric(otm_resource_scope(resource, 0), 0)->name.data, "h");
    assert_string_equal(resource->attributes[0].key, "tenant.id");
    otm_reader_return(f.readers[0], data);
    assert_true(f.memory.live > blocks + 100);
    assert_string_equal(shown(f.readers[0]), "");
    assert_int_equal(f.memory.live, blocks);
    family_close(&f);
}

/* ENT-08 */
static void child_lives_while_any_handle_that_came_of_it_is_held(void **state)
{
    (void)state;
    family f;
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    family_open(&f, 1, NULL);
    otm_meter_provider *child = child_of(f.provider, "1");
    otm_meter *meter = otm_meter_provider_get_meter(child, "m", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 0, NULL, &bound), OTM_OK);
    otm_meter_provider_release(child);
    otm_counter_i64_add(counter, 1, NULL, 0);
    assert_string_equal(shown(f.readers[0]), "1{c=1}");
    otm_meter_release(meter);
    otm_counter_i64_release(counter);
    otm_bound_counter_i64_add(bound, 2);
    assert_string_equal(shown(f.readers[0]), "1{c=3}");
    assert_string_equal(shown(f.readers[0]), "1{c=3}");
    otm_bound_counter_i64_release(bound);
    assert_string_equal(shown(f.readers[0]), "1{c=3}");
    assert_string_equal(shown(f.readers[0]), "");
    family_close(&f);
}

/* ENT-08: handles to children keep the provider, as its other handles do. */
static void child_outlives_its_parents_last_reference(void **state)
{
    (void)state;
    family f;
    family_open(&f, 1, NULL);
    otm_meter_provider *child = child_of(f.provider, "1");
    otm_meter_provider_release(f.provider);
    f.provider = child;
    add(child, 1);
    assert_string_equal(shown(f.readers[0]), "1{c=1}");
    family_close(&f);
}

/* ENT-08, SDK-START-03: one stream goes on, rather than a second one of the same identity. */
static void child_asked_for_again_before_it_is_freed_goes_on_where_it_was(void **state)
{
    (void)state;
    family f;
    family_open(&f, 1, NULL);
    otm_meter_provider *child = child_of(f.provider, "1");
    add(child, 1);
    otm_meter_provider_release(child);
    assert_string_equal(shown(f.readers[0]), "1{c=1}");
    child = child_of(f.provider, "1");
    add(child, 2);
    assert_string_equal(shown(f.readers[0]), "1{c=3}");
    assert_string_equal(shown(f.readers[0]), "1{c=3}");
    otm_meter_provider_release(child);
    assert_string_equal(shown(f.readers[0]), "1{c=3}");
    assert_string_equal(shown(f.readers[0]), "");
    child = child_of(f.provider, "1");
    add(child, 4);
    assert_string_equal(shown(f.readers[0]), "1{c=4}");
    otm_meter_provider_release(child);
    family_close(&f);
}

/* Filters are asked after a collection has listed what there is. */
static otm_filter_result give_back(void *self, const otm_scope *scope, const char *name, otm_metric_type type,
                                   const char *unit)
{
    otm_meter_provider **child = self;
    (void)scope;
    (void)name;
    (void)type;
    (void)unit;
    if (*child != NULL) {
        add(*child, 2);
        otm_meter_provider_release(*child);
        *child = NULL;
    }
    return OTM_FILTER_ACCEPT;
}

/* ENT-08 */
static void child_given_back_during_a_collection_is_shown_by_the_next_one(void **state)
{
    (void)state;
    static const otm_metric_filter_ops ops = {sizeof ops, give_back, NULL, NULL};
    family f;
    otm_metric_filter *filter;
    family_open(&f, 1, NULL);
    otm_meter_provider *child = child_of(f.provider, "1");
    add(child, 1);
    assert_int_equal(otm_metric_filter_create(&ops, &child, NULL, &filter), OTM_OK);
    assert_int_equal(otm_reader_set_filter(f.readers[0], filter), OTM_OK);
    otm_metric_filter_release(filter);
    assert_string_equal(shown(f.readers[0]), "1{c=3}");
    assert_null(child);
    assert_string_equal(shown(f.readers[0]), "1{c=3}");
    assert_string_equal(shown(f.readers[0]), "");
    family_close(&f);
}

static void count_calls(otm_observer *observer, void *user_data)
{
    int *calls = user_data;
    ++*calls;
    otm_observe_i64(observer, NULL, *calls, NULL, 0);
}

/* ENT-08 */
static void callbacks_of_a_child_end_with_it(void **state)
{
    (void)state;
    family f;
    otm_observable *gauge;
    otm_instrument_options options;
    int calls = 0;
    family_open(&f, 1, NULL);
    (void)shown(f.readers[0]);
    int64_t blocks = f.memory.live;
    otm_meter_provider *child = child_of(f.provider, "1");
    otm_meter *meter = otm_meter_provider_get_meter(child, "m", NULL);
    otm_instrument_options_init(&options);
    options.callback = count_calls;
    options.callback_user_data = &calls;
    assert_int_equal(otm_meter_create_observable_gauge_i64(meter, "g", &options, &gauge), OTM_OK);
    otm_observable_release(gauge);
    otm_meter_release(meter);
    assert_string_equal(shown(f.readers[0]), "1{g=1}"); /* for good: as long as the child */
    otm_meter_provider_release(child);
    (void)shown(f.readers[0]);
    (void)shown(f.readers[0]);
    assert_int_equal(calls, 1);
    assert_true(f.memory.live <= blocks + 3); /* the provider's list of callbacks, and of a run's memory */
    family_close(&f);
}

typedef struct gate {
    sem_t entered;
    sem_t open;
} gate;

static void wait_at(otm_observer *observer, void *user_data)
{
    gate *g = user_data;
    sem_post(&g->entered);
    while (sem_wait(&g->open) != 0) {
    }
    otm_observe_i64(observer, NULL, 1, NULL, 0); /* the instrument is still there; the run was given up */
}

/* ENT-08, SDK-CB-04 */
static void child_whose_callback_hangs_is_freed_when_it_has_returned(void **state)
{
    (void)state;
    family f;
    gate g;
    otm_observable *gauge;
    otm_instrument_options options;
    const otm_metrics_data *data;
    family_open(&f, 1, NULL);
    (void)shown(f.readers[0]);
    int64_t blocks = f.memory.live;
    assert_int_equal(sem_init(&g.entered, 0, 0), 0);
    assert_int_equal(sem_init(&g.open, 0, 0), 0);
    otm_meter_provider *child = child_of(f.provider, "1");
    otm_meter *meter = otm_meter_provider_get_meter(child, "m", NULL);
    otm_instrument_options_init(&options);
    options.callback = wait_at;
    options.callback_user_data = &g;
    assert_int_equal(otm_meter_create_observable_gauge_i64(meter, "g", &options, &gauge), OTM_OK);
    otm_observable_release(gauge);
    otm_meter_release(meter);
    do { /* until its run was given up inside the callback */
        data = NULL;
        if (otm_reader_collect(f.readers[0], 1, &data) == OTM_OK) {
            otm_reader_return(f.readers[0], data);
        }
    } while (sem_trywait(&g.entered) != 0);
    otm_meter_provider_release(child);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(shown(f.readers[0]), "");
    }
    assert_true(f.memory.live > blocks + 10);
    sem_post(&g.open);
    while (__atomic_load_n(&f.memory.live, __ATOMIC_ACQUIRE) > blocks + 3) { /* as above */
        (void)shown(f.readers[0]);
        sched_yield();
    }
    otm_meter_provider_release(f.provider);
    f.provider = NULL;
    while (__atomic_load_n(&f.memory.live, __ATOMIC_ACQUIRE) > 0) { /* the run's thread holds the provider to its end */
        sched_yield();
    }
    sem_destroy(&g.entered);
    sem_destroy(&g.open);
    family_close(&f);
}

/* -- Bounds ------------------------------------------------------------------------------------------------------- */

static otm_meter_provider *numbered(otm_meter_provider *parent, int number)
{
    char id[16];
    (void)snprintf(id, sizeof id, "%d", number);
    return child_of(parent, id);
}

/* ENT-08 */
static void children_have_a_maximum_and_those_not_shown_yet_count(void **state)
{
    (void)state;
    static otm_meter_provider *children[MAXIMUM];
    family f;
    otm_meter_provider *late;
    otm_attr id = otm_attr_string("tenant.id", "late");
    otm_entity tenant = {.type = "tenant", .id_attributes = &id, .id_attribute_count = 1};
    family_open(&f, 1, NULL);
    for (int i = 0; i < MAXIMUM; i++) {
        children[i] = numbered(f.provider, i);
    }
    assert_int_equal(otm_meter_provider_for_entity(f.provider, &tenant, 1, sizeof tenant, &late), OTM_ERR_LIMIT);
    assert_ptr_equal(late, otm_noop_meter_provider());
    assert_int_equal(diag_recorder_count_of(&f.reports, OTM_ERROR, "more than 4096"), 1);
    otm_meter_provider *same = numbered(f.provider, 7); /* is there already */
    assert_ptr_equal(same, children[7]);
    otm_meter_provider_release(same);
    otm_meter_provider_release(children[0]);
    assert_int_equal(otm_meter_provider_for_entity(f.provider, &tenant, 1, sizeof tenant, &late), OTM_ERR_LIMIT);
    (void)shown(f.readers[0]);
    (void)shown(f.readers[0]);
    children[0] = child_of(f.provider, "late");
    for (int i = 0; i < MAXIMUM; i++) {
        otm_meter_provider_release(children[i]);
    }
    family_close(&f);
}

/* ENT-08: a host that makes a child for each of ever new tenants. */
static void children_that_come_and_go_leave_nothing_behind(void **state)
{
    (void)state;
    family f;
    int64_t blocks = 0;
    family_open(&f, 2, NULL);
    for (int i = 0; i < 300; i++) {
        otm_meter_provider *child = numbered(f.provider, i);
        add(child, 1);
        otm_meter_provider_release(child);
        (void)shown(f.readers[0]);
        (void)shown(f.readers[1]);
        if (i == 10) {
            blocks = f.memory.live;
        }
    }
    assert_true(f.memory.live <= blocks);
    family_close(&f);
}

/* ENT-08: with nobody to show them to they are freed by whoever makes the next one. */
static void children_of_a_provider_without_readers_do_not_pile_up(void **state)
{
    (void)state;
    family f;
    family_open(&f, 0, NULL);
    for (int i = 0; i < 2 * MAXIMUM; i++) {
        otm_meter_provider *child = numbered(f.provider, i);
        add(child, 1);
        otm_meter_provider_release(child);
    }
    family_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_given_back_is_shown_to_every_reader_once_more),
        cmocka_unit_test(child_is_freed_when_every_reader_has_begun_another_collection),
        cmocka_unit_test(child_lives_while_any_handle_that_came_of_it_is_held),
        cmocka_unit_test(child_outlives_its_parents_last_reference),
        cmocka_unit_test(child_asked_for_again_before_it_is_freed_goes_on_where_it_was),
        cmocka_unit_test(child_given_back_during_a_collection_is_shown_by_the_next_one),
        cmocka_unit_test(callbacks_of_a_child_end_with_it),
        cmocka_unit_test(child_whose_callback_hangs_is_freed_when_it_has_returned),
        cmocka_unit_test(children_have_a_maximum_and_those_not_shown_yet_count),
        cmocka_unit_test(children_that_come_and_go_leave_nothing_behind),
        cmocka_unit_test(children_of_a_provider_without_readers_do_not_pile_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
