/* One run of callbacks: its memory, and what they observe. callback.c runs them. */
#ifndef OTMI_CALLBACK_RUN_H
#define OTMI_CALLBACK_RUN_H

#include "metrics/callback.h"
#include "metrics/core.h"

typedef struct otmi_run_observer {
    otm_observer handle; /* first */
    otmi_run *run;
    otmi_callback *callback;
} otmi_run_observer;

/* Shared by the collector and the thread of the run; the last of the two frees it. */
struct otmi_run {
    otmi_core *core;
    size_t reader_index;
    otm_allocator memory; /* gives from the arena, takes nothing back */
    otmi_arena arena;
    otmi_callback **todo; /* in the arena */
    size_t todo_count;

    otmi_mutex mu; /* guards what follows */
    otmi_cond changed;
    uint32_t references;
    bool done;
    bool abandoned;
    const otmi_run_observer *active; /* the observer that may report now */
    otmi_callback *stuck_in;         /* the callback that was running when the run was abandoned, or NULL */
    otmi_observation *observations;
    size_t count;
    size_t capacity;
    size_t complete; /* observations of callbacks that have returned */
};

otmi_run *otmi_run_create(otmi_core *core, size_t reader_index);
/* Empty again, for the next collection. */
void otmi_run_reset(otmi_run *run);

/* What a callback is given to observe through, in the run's memory: a host that keeps the pointer finds an observer
 * that refuses. NULL without memory. */
otmi_run_observer *otmi_run_observer_create(otmi_run *run, otmi_callback *callback);

void otmi_observation_refuse(const otmi_core *core, const otmi_instrument *instrument, const char *why);

#endif
