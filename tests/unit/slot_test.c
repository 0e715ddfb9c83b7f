/* Slots: leases that come and go, and the wait that no section survives. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "metrics/slot.h"
#include "platform/platform.h"

#define MILLISECOND UINT64_C(1000000)

static otmi_slot *on_thread(void *(*work)(void *), void *argument)
{
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, work, argument), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    return result;
}

static void *lease(void *argument)
{
    (void)argument;
    return otmi_slot_lease() == OTM_OK ? otmi_this_thread.slot : NULL;
}

static void slot_of_a_thread_that_ended_goes_to_the_next(void **state)
{
    (void)state;
    otmi_slot *first = on_thread(lease, NULL);
    assert_non_null(first);
    size_t count = otmi_slot_count();
    for (int i = 0; i < 100; i++) {
        assert_ptr_equal(on_thread(lease, NULL), first);
    }
    assert_int_equal(otmi_slot_count(), count);
}

static void slot_leased_twice_is_the_same_and_errno_is_preserved(void **state)
{
    (void)state;
    errno = ENOENT;
    assert_int_equal(otmi_slot_lease(), OTM_OK);
    otmi_slot *slot = otmi_this_thread.slot;
    assert_int_equal(otmi_slot_lease(), OTM_OK);
    assert_ptr_equal(otmi_this_thread.slot, slot);
    assert_int_equal(errno, ENOENT);
}

static void *begin_and_end(void *argument)
{
    (void)argument;
    otmi_slot *slot = otmi_slot_begin();
    uint32_t inside = slot->section;
    otmi_slot_end(slot);
    return inside == 1 && slot->section == 0 ? slot : NULL;
}

/* SDK-CARD-08: past the limit a thread works in the shared slot, which collectors wait for like for any other. */
static void slot_beyond_the_limit_is_the_shared_one(void **state)
{
    (void)state;
    assert_int_equal(otmi_slot_lease(), OTM_OK); /* this thread's */
    otmi_slot_limit(1);
    otmi_slot *slot = on_thread(begin_and_end, NULL);
    otmi_slot_limit(0);
    assert_true(slot == otmi_slot_at(0) || otmi_slot_count() > 2);
    assert_ptr_not_equal(slot, &otmi_empty_slot);
    assert_ptr_not_equal(slot, otmi_this_thread.slot);
}

static pthread_key_t late_key;

/* Runs after our own exit hook: keys made later have their turn later, and glibc goes round again. */
static void late_hook(void *argument)
{
    otmi_slot **seen = argument;
    otmi_slot *slot = otmi_slot_begin();
    *seen = otmi_this_thread.ended ? slot : NULL;
    otmi_slot_end(slot);
}

static void *lease_and_end_late(void *argument)
{
    (void)otmi_slot_lease();
    pthread_setspecific(late_key, argument);
    return NULL;
}

static void slot_of_a_thread_whose_exit_hook_has_run_is_the_shared_one(void **state)
{
    (void)state;
    otmi_slot *seen = NULL;
    assert_int_equal(otmi_slot_lease(), OTM_OK); /* our key exists from here on */
    assert_int_equal(pthread_key_create(&late_key, late_hook), 0);
    (void)on_thread(lease_and_end_late, &seen);
    pthread_key_delete(late_key);
    assert_ptr_equal(seen, otmi_slot_at(0));
}

static void slot_wait_ends_in_time_while_somebody_is_inside(void **state)
{
    (void)state;
    assert_int_equal(otmi_slot_lease(), OTM_OK);
    otmi_slot_enter(otmi_this_thread.slot);
    assert_int_equal(otmi_slots_wait(otmi_monotonic_ns() + 2 * MILLISECOND), OTM_ERR_TIMEOUT);
    assert_int_equal(otmi_slots_wait(0), OTM_ERR_TIMEOUT);
    otmi_slot_leave(otmi_this_thread.slot);
    assert_int_equal(otmi_slots_wait(0), OTM_OK);
    otmi_slot *shared = otmi_slot_borrow();
    assert_int_equal(otmi_slots_wait(0), OTM_ERR_TIMEOUT);
    otmi_slot_return(shared);
    assert_int_equal(otmi_slots_wait(0), OTM_OK);
}

typedef struct visitor {
    atomic_bool inside;
    atomic_bool leave;
    uint64_t written;
} visitor;

static void *visit(void *argument)
{
    visitor *v = argument;
    otmi_slot *slot = otmi_slot_begin();
    atomic_store_explicit(&v->inside, true, memory_order_relaxed);
    while (!atomic_load_explicit(&v->leave, memory_order_relaxed)) {
        sched_yield();
    }
    v->written = 42;
    otmi_slot_end(slot);
    return NULL;
}

/* What a section wrote is visible after the wait, by the wait alone. SDK-RDR-13 */
static void slot_wait_sees_what_the_section_wrote(void **state)
{
    (void)state;
    visitor v = {false, false, 0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, visit, &v), 0);
    while (!atomic_load_explicit(&v.inside, memory_order_relaxed)) {
        sched_yield();
    }
    assert_int_equal(otmi_slots_wait(0), OTM_ERR_TIMEOUT);
    atomic_store_explicit(&v.leave, true, memory_order_relaxed);
    assert_int_equal(otmi_slots_wait(UINT64_MAX), OTM_OK);
    assert_int_equal(v.written, 42);
    pthread_join(thread, NULL);
}

static void slot_chunk_ids_are_unique_and_used_again(void **state)
{
    (void)state;
    static uint32_t ids[OTMI_CHUNK_IDS];
    size_t count = 0;
    for (uint32_t id = otmi_chunk_id_take(); id != 0; id = otmi_chunk_id_take()) {
        assert_true(count == 0 || id > ids[count - 1]);
        ids[count++] = id;
    }
    assert_int_equal(count, OTMI_CHUNK_IDS - 1); /* 0 is nowhere */
    otmi_chunk_id_give(ids[77]);
    assert_int_equal(otmi_chunk_id_take(), ids[77]);
    assert_int_equal(otmi_chunk_id_take(), 0);
    for (size_t i = 0; i < count; i++) {
        otmi_chunk_id_give(ids[i]);
    }
    otmi_chunk_id_give(0);
    assert_int_equal(otmi_chunk_id_take(), 1);
    otmi_chunk_id_give(1);
}

/* The child of a fork has one thread: what others held is free, and it can wait and lease. */
static int child_checks(uint32_t generation)
{
    if (otmi_process_generation() != generation + 1) {
        return 1;
    }
    if (otmi_slots_wait(0) != OTM_OK) {
        return 2; /* the parent's other thread was inside a section */
    }
    otmi_slot *shared = otmi_slot_borrow();
    otmi_slot_return(shared);
    return otmi_slot_lease() == OTM_OK ? 0 : 3;
}

static void slot_child_of_fork_takes_back_what_other_threads_held(void **state)
{
    (void)state;
    visitor v = {false, false, 0};
    pthread_t thread;
    int status;
    uint32_t generation = otmi_process_generation();
    assert_int_equal(pthread_create(&thread, NULL, visit, &v), 0);
    while (!atomic_load_explicit(&v.inside, memory_order_relaxed)) {
        sched_yield();
    }
    pid_t child = fork();
    if (child == 0) {
        _exit(child_checks(generation));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    atomic_store_explicit(&v.leave, true, memory_order_relaxed);
    pthread_join(thread, NULL);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(otmi_process_generation(), generation);
}

#ifdef __linux__

static bool refuse_membarrier(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof rules[0], rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void slot_wait_without_the_barrier_that_slots_were_leased_for_fails(void **state)
{
    (void)state;
    if (!otmi_process_barrier_available()) {
        skip();
    }
    int status;
    pid_t child = fork();
    if (child == 0) {
        bool before = otmi_slots_wait(UINT64_MAX) == OTM_OK;
        if (!refuse_membarrier()) {
            _exit(2);
        }
        _exit(before && otmi_slots_wait(UINT64_MAX) == OTM_ERR_UNSUPPORTED ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2) {
        skip(); /* filters are not to be had here */
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef __linux__
        cmocka_unit_test(slot_wait_without_the_barrier_that_slots_were_leased_for_fails),
#endif
        cmocka_unit_test(slot_of_a_thread_that_ended_goes_to_the_next),
        cmocka_unit_test(slot_leased_twice_is_the_same_and_errno_is_preserved),
        cmocka_unit_test(slot_beyond_the_limit_is_the_shared_one),
        cmocka_unit_test(slot_of_a_thread_whose_exit_hook_has_run_is_the_shared_one),
        cmocka_unit_test(slot_wait_ends_in_time_while_somebody_is_inside),
        cmocka_unit_test(slot_wait_sees_what_the_section_wrote),
        cmocka_unit_test(slot_chunk_ids_are_unique_and_used_again),
        cmocka_unit_test(slot_child_of_fork_takes_back_what_other_threads_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
