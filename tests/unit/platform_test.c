#include <errno.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "platform/platform.h"

#define NS_PER_MS UINT64_C(1000000)

static void deadline_takes_the_default_for_zero_and_saturates(void **state)
{
    (void)state;
    assert_int_equal(otmi_deadline_ns(5, 2, 30), 5 + 2 * NS_PER_MS);
    assert_int_equal(otmi_deadline_ns(5, 0, 30), 5 + 30 * NS_PER_MS);
    assert_true(otmi_deadline_ns(5, OTM_NO_TIMEOUT, 30) == UINT64_MAX);
    assert_true(otmi_deadline_ns(5, INT64_MIN, 30) == UINT64_MAX);
    assert_true(otmi_deadline_ns(5, INT64_MAX, 30) == UINT64_MAX);
    assert_true(otmi_deadline_ns(UINT64_MAX - 1, 1, 30) == UINT64_MAX);
}

static void clock_of_the_system_runs(void **state)
{
    (void)state;
    const otm_clock *clock = otmi_clock_or_system(NULL);
    uint64_t first = clock->monotonic_ns(clock->context);
    assert_true(clock->monotonic_ns(clock->context) >= first);
    assert_true(first > 0);
    assert_true(clock->wall_ns(clock->context) > UINT64_C(1600000000000000000));
    assert_ptr_equal(otmi_clock_or_system(clock), clock);
}

typedef struct seen {
    uint64_t id;
    bool blocked;
} seen;

static void *look_around(void *argument)
{
    seen *s = argument;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    s->blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGPIPE) == 1;
    s->id = otmi_thread_id();
    assert_true(otmi_thread_id() == s->id);
    return NULL;
}

static void thread_has_all_signals_blocked_and_an_id_of_its_own(void **state)
{
    (void)state;
    seen s = {0};
    pthread_t thread;
    assert_int_equal(otmi_thread_start(&thread, "a name longer than fifteen", look_around, &s), OTM_OK);
    pthread_join(thread, NULL);
    assert_true(s.blocked);
    assert_true(s.id != 0 && s.id != otmi_thread_id());
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGTERM), 0); /* the maker's mask is as before */
}

typedef struct gate {
    otmi_mutex mu;
    otmi_cond changed;
    bool open;
} gate;

static void *open_gate(void *argument)
{
    gate *g = argument;
    otmi_mutex_lock(&g->mu);
    g->open = true;
    otmi_cond_broadcast(&g->changed);
    otmi_mutex_unlock(&g->mu);
    return NULL;
}

static void cond_wait_ends_by_broadcast_or_by_time(void **state)
{
    (void)state;
    gate g = {.open = false};
    pthread_t thread;
    assert_int_equal(otmi_mutex_init(&g.mu), OTM_OK);
    assert_int_equal(otmi_cond_init(&g.changed), OTM_OK);
    otmi_mutex_lock(&g.mu);
    assert_false(otmi_cond_wait_until(&g.changed, &g.mu, 0));
    assert_false(otmi_cond_wait_until(&g.changed, &g.mu, otmi_monotonic_ns()));
    assert_int_equal(otmi_thread_start(&thread, "opener", open_gate, &g), OTM_OK);
    while (!g.open) {
        assert_true(otmi_cond_wait_until(&g.changed, &g.mu, UINT64_MAX - 1));
    }
    assert_true(g.open);
    otmi_mutex_unlock(&g.mu);
    pthread_join(thread, NULL);
    otmi_cond_fini(&g.changed);
    otmi_mutex_fini(&g.mu);
}

static void process_barrier_works_where_it_is_available(void **state)
{
    (void)state;
    errno = EAGAIN;
    if (otmi_process_barrier_available()) {
        otmi_process_barrier();
    }
    assert_int_equal(errno, EAGAIN);
}

static void random_bytes_fill_everything_and_differ(void **state)
{
    (void)state;
    unsigned char a[300] = {0};
    unsigned char b[300] = {0};
    otmi_random_bytes(a, sizeof a);
    otmi_random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    static const unsigned char zeros[16];
    for (size_t i = 0; i + sizeof zeros <= sizeof a; i += sizeof zeros) {
        assert_memory_not_equal(a + i, zeros, sizeof zeros);
    }
    otmi_random_bytes(a, 0);
}

static void executable_name_is_the_base_name(void **state)
{
    (void)state;
    char name[256];
    assert_true(otmi_executable_name(name, sizeof name));
    assert_non_null(strstr(name, "platform_test"));
    assert_null(strchr(name, '/'));
    assert_false(otmi_executable_name(name, 3));
}

static void cpu_count_is_at_least_one(void **state)
{
    (void)state;
    assert_true(otmi_cpu_count() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadline_takes_the_default_for_zero_and_saturates),
        cmocka_unit_test(clock_of_the_system_runs),
        cmocka_unit_test(thread_has_all_signals_blocked_and_an_id_of_its_own),
        cmocka_unit_test(cond_wait_ends_by_broadcast_or_by_time),
        cmocka_unit_test(process_barrier_works_where_it_is_available),
        cmocka_unit_test(random_bytes_fill_everything_and_differ),
        cmocka_unit_test(executable_name_is_the_base_name),
        cmocka_unit_test(cpu_count_is_at_least_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
