/* Producers and filters that use the library while they are asked, or do not come back. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <otm/sdk.h>

/* -- One provider with a reader, and something that happens inside of it ------------------------------------------- */

typedef struct fixture {
    otm_reader *reader;
    otm_meter_provider *provider;
    otm_meter *meter;
    otm_counter_i64 *counter;
    void (*inside)(struct fixture *f);
    otm_status status; /* of what was tried inside */
    uint64_t produced;
    uint64_t judged;
    pthread_mutex_t mu; /* guards the next ones */
    pthread_cond_t changed;
    bool arrived;
    bool released;
} fixture;

static otm_status produce(void *self, const otm_produce_request *request, const otm_metrics_data **out)
{
    fixture *f = self;
    (void)request;
    (void)out;
    f->produced++;
    if (f->inside != NULL) {
        f->inside(f);
    }
    return OTM_OK;
}

static const otm_metric_producer_ops producer_ops = {.size = sizeof producer_ops, .produce = produce};

static otm_filter_result test_metric(void *self, const otm_scope *scope, const char *name, otm_metric_type type,
                                     const char *unit)
{
    fixture *f = self;
    (void)scope;
    (void)name;
    (void)type;
    (void)unit;
    f->judged++;
    if (f->inside != NULL) {
        f->inside(f);
    }
    return OTM_FILTER_ACCEPT_PARTIAL;
}

static const otm_metric_filter_ops filter_ops = {.size = sizeof filter_ops, .test_metric = test_metric};

static void add_producer(fixture *f)
{
    otm_metric_producer *producer;
    assert_int_equal(otm_metric_producer_create(&producer_ops, f, NULL, &producer), OTM_OK);
    assert_int_equal(otm_reader_add_producer(f->reader, producer), OTM_OK);
    otm_metric_producer_release(producer);
}

static void set_filter(fixture *f)
{
    otm_metric_filter *filter;
    assert_int_equal(otm_metric_filter_create(&filter_ops, f, NULL, &filter), OTM_OK);
    assert_int_equal(otm_reader_set_filter(f->reader, filter), OTM_OK);
    otm_metric_filter_release(filter);
}

static int set_up(void **state)
{
    static fixture f;
    otm_meter_provider_options options;
    f = (fixture){.mu = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    otm_meter_provider_options_init(&options);
    assert_int_equal(otm_manual_reader_create(NULL, &f.reader), OTM_OK);
    options.readers = &f.reader;
    options.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&options, &f.provider), OTM_OK);
    f.meter = otm_meter_provider_get_meter(f.provider, "m", NULL);
    assert_int_equal(otm_meter_create_counter_i64(f.meter, "c", NULL, &f.counter), OTM_OK);
    otm_counter_i64_add(f.counter, 1, NULL, 0);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    otm_counter_i64_release(f->counter);
    otm_meter_release(f->meter);
    otm_meter_provider_release(f->provider);
    otm_reader_release(f->reader);
    return 0;
}

static size_t points(fixture *f)
{
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(f->reader, 0, &data), OTM_OK);
    size_t count = data->point_count;
    otm_reader_return(f->reader, data);
    return count;
}

/* -- Calls from inside --------------------------------------------------------------------------------------------- */

static void shut_down(fixture *f)
{
    f->status = otm_meter_provider_shutdown(f->provider, 0);
}

/* SDK-SHUT-02 */
static void producer_and_filter_that_shut_their_provider_down_are_refused(void **state)
{
    fixture *f = *state;
    f->inside = shut_down;
    add_producer(f);
    assert_int_equal(points(f), 1);
    assert_int_equal(f->status, OTM_ERR_REENTRANT);
    f->status = OTM_OK;
    set_filter(f);
    assert_int_equal(points(f), 1);
    assert_int_equal(f->status, OTM_ERR_REENTRANT);
}

/* Both change the reader that asks them. */
static void change_the_reader(fixture *f)
{
    f->inside = NULL;
    add_producer(f);
    f->status = otm_reader_set_filter(f->reader, NULL); /* the one that is asked stays until it has answered */
}

static void producer_and_filter_that_change_their_reader_take_effect_with_the_next_collection(void **state)
{
    fixture *f = *state;
    f->inside = change_the_reader;
    set_filter(f);
    assert_int_equal(points(f), 1);
    assert_int_equal(f->status, OTM_OK);
    assert_int_equal(f->judged, 1);
    assert_int_equal(points(f), 1);
    assert_int_equal(f->judged, 1);
    f->inside = change_the_reader;
    uint64_t before = f->produced;
    assert_int_equal(points(f), 1);
    assert_true(f->produced - before <= 2);
    before = f->produced;
    assert_int_equal(points(f), 1);
    assert_int_equal(f->produced - before, 2);
}

static void measure(fixture *f)
{
    otm_counter_i64 *more;
    f->inside = NULL;
    otm_counter_i64_add(f->counter, 1, NULL, 0);
    f->status = otm_meter_create_counter_i64(f->meter, "later", NULL, &more);
    otm_counter_i64_add(more, 1, NULL, 0);
    otm_counter_i64_release(more);
}

static void producer_and_filter_may_measure_and_create_instruments(void **state)
{
    fixture *f = *state;
    add_producer(f);
    f->inside = measure;
    assert_int_equal(points(f), 1); /* the new one comes with the next collection */
    assert_int_equal(f->status, OTM_OK);
    assert_int_equal(points(f), 2);
    set_filter(f);
    f->inside = measure;
    assert_int_equal(points(f), 2);
}

/* -- One that hangs ------------------------------------------------------------------------------------------------ */

static void hang(fixture *f)
{
    pthread_mutex_lock(&f->mu);
    f->arrived = true;
    pthread_cond_broadcast(&f->changed);
    while (!f->released) {
        pthread_cond_wait(&f->changed, &f->mu);
    }
    pthread_mutex_unlock(&f->mu);
}

static void *collect_once(void *argument)
{
    fixture *f = argument;
    const otm_metrics_data *data = NULL;
    otm_status st = otm_reader_collect(f->reader, OTM_NO_TIMEOUT, &data);
    otm_reader_return(f->reader, data);
    return (void *)(uintptr_t)st;
}

/* SDK-RDR-13 SDK-SHUT-03: others wait for it no longer than they have time, and what it needs stays. */
static void producer_that_hangs_holds_up_only_its_own_collection(void **state)
{
    fixture *f = *state;
    pthread_t thread;
    const otm_metrics_data *data;
    add_producer(f);
    f->inside = hang;
    assert_int_equal(pthread_create(&thread, NULL, collect_once, f), 0);
    pthread_mutex_lock(&f->mu);
    while (!f->arrived) {
        pthread_cond_wait(&f->changed, &f->mu);
    }
    pthread_mutex_unlock(&f->mu);
    assert_int_equal(otm_reader_collect(f->reader, 1, &data), OTM_ERR_TIMEOUT);
    assert_int_equal(otm_meter_provider_flush(f->provider, 1), OTM_OK);
    otm_counter_i64_add(f->counter, 1, NULL, 0);
    assert_int_equal(otm_meter_provider_shutdown(f->provider, 1), OTM_OK);
    otm_meter_provider_release(f->provider);
    f->provider = NULL;
    pthread_mutex_lock(&f->mu);
    f->released = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->mu);
    void *status;
    pthread_join(thread, &status);
    assert_int_equal((uintptr_t)status, OTM_OK); /* it had begun before the shutdown */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(producer_and_filter_that_shut_their_provider_down_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            producer_and_filter_that_change_their_reader_take_effect_with_the_next_collection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(producer_and_filter_may_measure_and_create_instruments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(producer_that_hangs_holds_up_only_its_own_collection, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
