/* Virtual time: what is to happen in it, and the threads that make it happen.
 *
 * A block comes every 12 virtual seconds. Tasks are due at virtual times and run on several threads, at `speed` times
 * the pace of wall time; when draining, as fast as they can. A task is told the time it was due at, so durations are
 * exact in virtual time however busy the machine is. */
#ifndef KEEP_NODE_BLOCK_CLOCK_H
#define KEEP_NODE_BLOCK_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define BLOCK_NS (12 * NS_PER_SECOND)
#define BLOCKS(count) ((count)*BLOCK_NS)
#define SECONDS(count) ((int64_t)((count) * (double)NS_PER_SECOND))

/* A coordination window opens at every 900th block. The simulation begins ten blocks before one. */
#define WINDOW_BLOCKS 900
#define FIRST_BLOCK (INT64_C(25000) * WINDOW_BLOCKS - 10)

typedef struct block_clock block_clock;

/* `subject` is what block_clock_at() was given. Runs under no lock. Tasks may overlap, even if they were due one after
 * the other; what must not overlap is asked for by the one before it, as the last thing it does. */
typedef void (*block_task)(void *subject, int64_t now_ns);

/* NULL if threads or memory are lacking. Nothing runs before block_clock_start(). */
block_clock *block_clock_create(double speed);
bool block_clock_start(block_clock *clock, size_t thread_count);

/* Runs task(subject, when_ns) when virtual time has come so far; at once if it is past. Threads: any. */
void block_clock_at(block_clock *clock, int64_t when_ns, block_task task, void *subject);

/* Until this is called virtual time keeps its pace. Afterwards tasks run in order without waiting; returns when none
 * is left, neither waiting nor running. */
void block_clock_drain(block_clock *clock);

/* The time of the latest task begun. */
int64_t block_clock_now(block_clock *clock);
int64_t block_clock_block(int64_t now_ns);

/* Ends the threads; tasks that did not run are dropped. */
void block_clock_destroy(block_clock *clock);

/* Memory for the simulation, zeroed. A program that cannot get any has no way to go on: it ends with a message. */
void *node_alloc(size_t size);

#endif
