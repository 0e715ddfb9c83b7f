/* The context of a thread: attached, or supplied by a host with a tracer of its own. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <otm/metrics.h>

static otm_context context_of(uint8_t id)
{
    otm_context context;
    otm_context_init(&context);
    context.trace_id[0] = id;
    return context;
}

/* Runs first: nothing was attached or supplied yet. */
static void recording_need_not_ask_before_a_context_was_ever_there(void **state)
{
    (void)state;
    assert_int_equal(OTM_LOAD_RELAXED(otm_context_in_use()), 0);
    assert_null(otm_context_current());
}

/* API-SYNC-08 */
static void attached_contexts_nest_as_scopes_do(void **state)
{
    (void)state;
    otm_context outer = context_of(1);
    otm_context inner = context_of(2);
    assert_null(otm_context_attach(&outer));
    assert_ptr_equal(otm_context_attach(&inner), &outer);
    assert_ptr_equal(otm_context_current(), &inner);
    assert_ptr_equal(otm_context_attach(&outer), &inner);
    assert_ptr_equal(otm_context_current(), &outer);
    assert_ptr_equal(otm_context_attach(NULL), &outer);
    assert_null(otm_context_current());
    assert_int_not_equal(OTM_LOAD_RELAXED(otm_context_in_use()), 0);
}

static void *context_of_this_thread(void *unused)
{
    (void)unused;
    return (void *)otm_context_current();
}

static void attached_context_belongs_to_its_thread_alone(void **state)
{
    (void)state;
    pthread_t thread;
    void *seen = state;
    otm_context mine = context_of(3);
    (void)otm_context_attach(&mine);
    assert_int_equal(pthread_create(&thread, NULL, context_of_this_thread, NULL), 0);
    assert_int_equal(pthread_join(thread, &seen), 0);
    assert_null(seen);
    (void)otm_context_attach(NULL);
}

typedef struct tracer {
    bool has_span;
    uint8_t id;
    int asked;
} tracer;

static bool supply(otm_context *context, void *user_data)
{
    tracer *t = user_data;
    t->asked++;
    context->trace_id[0] = t->id;
    return t->has_span;
}

static void supplier_is_asked_where_nothing_is_attached(void **state)
{
    (void)state;
    tracer t = {true, 4, 0};
    otm_context attached = context_of(5);
    otm_context_set_supplier(supply, &t);
    assert_int_equal(otm_context_current()->trace_id[0], 4);
    assert_int_equal(otm_context_current()->struct_size, sizeof(otm_context));
    t.has_span = false;
    assert_null(otm_context_current());
    int asked = t.asked;
    (void)otm_context_attach(&attached);
    assert_ptr_equal(otm_context_current(), &attached);
    assert_int_equal(t.asked, asked);
    (void)otm_context_attach(NULL);
    otm_context_set_supplier(NULL, NULL);
    assert_null(otm_context_current());
    assert_int_equal(t.asked, asked);
}

static void supplier_that_is_replaced_is_asked_no_more(void **state)
{
    (void)state;
    tracer first = {true, 6, 0};
    tracer second = {true, 7, 0};
    otm_context_set_supplier(supply, &first);
    otm_context_set_supplier(supply, &second);
    assert_int_equal(otm_context_current()->trace_id[0], 7);
    assert_int_equal(first.asked, 0);
    otm_context_set_supplier(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recording_need_not_ask_before_a_context_was_ever_there),
        cmocka_unit_test(attached_contexts_nest_as_scopes_do),
        cmocka_unit_test(attached_context_belongs_to_its_thread_alone),
        cmocka_unit_test(supplier_is_asked_where_nothing_is_attached),
        cmocka_unit_test(supplier_that_is_replaced_is_asked_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
