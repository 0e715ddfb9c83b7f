#include "block_clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MAX_TASKS 65536
#define MAX_THREADS 16

typedef struct task {
    int64_t when_ns;
    uint64_t order; /* of two tasks due at the same time the one asked for first goes first */
    block_task run;
    void *subject;
} task;

struct block_clock {
    double speed;
    int64_t wall_start_ns;
    pthread_t threads[MAX_THREADS];
    size_t thread_count;

    pthread_mutex_t mu;  /* guards what follows; never held while a task runs */
    pthread_cond_t work; /* a task was added, or the pace or the end changed */
    pthread_cond_t idle; /* nothing is waiting or running */
    task *heap;          /* earliest first */
    size_t count;
    size_t running;
    uint64_t next_order;
    int64_t now_ns;
    bool unpaced;
    bool stopping;
};

void *node_alloc(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        fprintf(stderr, "keep-node: out of memory\n");
        exit(3);
    }
    return memory;
}

/* -- Heap ---------------------------------------------------------------------------------------------------------- */

static bool earlier(const task *a, const task *b)
{
    return a->when_ns != b->when_ns ? a->when_ns < b->when_ns : a->order < b->order;
}

static void heap_push(block_clock *clock, task t)
{
    size_t i = clock->count++;
    while (i > 0 && earlier(&t, &clock->heap[(i - 1) / 2])) {
        clock->heap[i] = clock->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    clock->heap[i] = t;
}

static task heap_pop(block_clock *clock)
{
    task first = clock->heap[0];
    task last = clock->heap[--clock->count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < clock->count; i = child) {
        if (child + 1 < clock->count && earlier(&clock->heap[child + 1], &clock->heap[child])) {
            child++;
        }
        if (!earlier(&clock->heap[child], &last)) {
            break;
        }
        clock->heap[i] = clock->heap[child];
    }
    clock->heap[i] = last;
    return first;
}

/* -- Pace ---------------------------------------------------------------------------------------------------------- */

static int64_t monotonic_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

static int64_t wall_of(const block_clock *clock, int64_t virtual_ns)
{
    return clock->wall_start_ns + (int64_t)((double)virtual_ns / clock->speed);
}

/* Waits for the first task to come due, or for a change. */
static void wait_locked(block_clock *clock)
{
    if (clock->count == 0) {
        pthread_cond_wait(&clock->work, &clock->mu);
        return;
    }
    int64_t until_ns = wall_of(clock, clock->heap[0].when_ns);
    struct timespec until = {.tv_sec = until_ns / NS_PER_SECOND, .tv_nsec = until_ns % NS_PER_SECOND};
    (void)pthread_cond_timedwait(&clock->work, &clock->mu, &until);
}

static bool is_due_locked(const block_clock *clock)
{
    return clock->count > 0 && (clock->unpaced || wall_of(clock, clock->heap[0].when_ns) <= monotonic_ns());
}

static void run_first_locked(block_clock *clock)
{
    task t = heap_pop(clock);
    if (t.when_ns > clock->now_ns) {
        clock->now_ns = t.when_ns;
    }
    clock->running++;
    pthread_mutex_unlock(&clock->mu);
    t.run(t.subject, t.when_ns);
    pthread_mutex_lock(&clock->mu);
    clock->running--;
    if (clock->count == 0 && clock->running == 0) {
        pthread_cond_broadcast(&clock->idle);
    }
}

static void *run_tasks(void *subject)
{
    block_clock *clock = subject;
    pthread_mutex_lock(&clock->mu);
    while (!clock->stopping) {
        if (is_due_locked(clock)) {
            run_first_locked(clock);
        } else {
            wait_locked(clock);
        }
    }
    pthread_mutex_unlock(&clock->mu);
    return NULL;
}

/* -- Life ---------------------------------------------------------------------------------------------------------- */

static void init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

block_clock *block_clock_create(double speed)
{
    block_clock *clock = node_alloc(sizeof *clock);
    clock->heap = node_alloc(MAX_TASKS * sizeof *clock->heap);
    clock->speed = speed;
    clock->wall_start_ns = monotonic_ns();
    pthread_mutex_init(&clock->mu, NULL);
    init_cond(&clock->work);
    init_cond(&clock->idle);
    return clock;
}

bool block_clock_start(block_clock *clock, size_t thread_count)
{
    clock->wall_start_ns = monotonic_ns();
    while (clock->thread_count < thread_count && clock->thread_count < MAX_THREADS) {
        if (pthread_create(&clock->threads[clock->thread_count], NULL, run_tasks, clock) != 0) {
            return clock->thread_count > 0;
        }
        clock->thread_count++;
    }
    return true;
}

void block_clock_at(block_clock *clock, int64_t when_ns, block_task run, void *subject)
{
    pthread_mutex_lock(&clock->mu);
    if (clock->count == MAX_TASKS) {
        fprintf(stderr, "keep-node: more than %d tasks are waiting; try a lower --speed\n", MAX_TASKS);
        exit(3);
    }
    bool first = clock->count == 0 || when_ns < clock->heap[0].when_ns;
    heap_push(clock, (task){when_ns, clock->next_order++, run, subject});
    if (first || clock->unpaced) {
        pthread_cond_signal(&clock->work);
    }
    pthread_mutex_unlock(&clock->mu);
}

void block_clock_drain(block_clock *clock)
{
    pthread_mutex_lock(&clock->mu);
    clock->unpaced = true;
    pthread_cond_broadcast(&clock->work);
    while (clock->count > 0 || clock->running > 0) {
        pthread_cond_wait(&clock->idle, &clock->mu);
    }
    pthread_mutex_unlock(&clock->mu);
}

int64_t block_clock_now(block_clock *clock)
{
    pthread_mutex_lock(&clock->mu);
    int64_t now_ns = clock->now_ns;
    pthread_mutex_unlock(&clock->mu);
    return now_ns;
}

int64_t block_clock_block(int64_t now_ns)
{
    return FIRST_BLOCK + now_ns / BLOCK_NS;
}

void block_clock_destroy(block_clock *clock)
{
    if (clock == NULL) {
        return;
    }
    pthread_mutex_lock(&clock->mu);
    clock->stopping = true;
    pthread_cond_broadcast(&clock->work);
    pthread_mutex_unlock(&clock->mu);
    for (size_t i = 0; i < clock->thread_count; i++) {
        pthread_join(clock->threads[i], NULL);
    }
    pthread_cond_destroy(&clock->idle);
    pthread_cond_destroy(&clock->work);
    pthread_mutex_destroy(&clock->mu);
    free(clock->heap);
    free(clock);
}
