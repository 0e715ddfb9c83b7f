/* Callbacks of asynchronous instruments: registration, and one run of all of them for one collection.
 *
 * A run has memory of its own. It goes on a thread of its own when the collection has a deadline, so that a callback
 * that does not return holds up nobody: the run is then abandoned with its memory, on purpose, and what depends on it
 * has no points in this collection. */
#ifndef OTMI_CALLBACK_H
#define OTMI_CALLBACK_H

#include "metrics/attr_set.h"
#include "metrics/instrument.h"

struct otmi_branch;
struct otmi_core;

typedef struct otmi_callback {
    otm_callback_handle handle; /* first */
    struct otmi_core *core;
    otm_callback function;
    void *user_data;
    otmi_instrument **instruments;
    size_t instrument_count;
    uint32_t references; /* core lock: the list's, and one a run that has it in hand */
    uint32_t running;    /* core lock: threads inside the function */
    uint32_t stuck;      /* core lock: of those, in a run that was abandoned */
    bool registered;     /* core lock */
} otmi_callback;

typedef struct otmi_callback_list {
    otmi_callback **items;
    size_t count;
    size_t capacity;
} otmi_callback_list;

otm_status otmi_callback_register(struct otmi_core *core, otm_callback function, void *user_data,
                                  otmi_instrument *const *instruments, size_t instrument_count, otmi_callback **out);
/* None of a branch is entered any more. Core lock. */
void otmi_callbacks_end_locked(struct otmi_core *core, const struct otmi_branch *branch);
void otmi_callback_list_fini(struct otmi_core *core);

/* True while this thread is inside a callback: flush, shutdown and collect answer OTM_ERR_REENTRANT then. */
bool otmi_callback_inside(void);

typedef struct otmi_observation {
    otmi_instrument *instrument;
    otmi_attr_set *attrs; /* canonical */
    otmi_number value;
} otmi_observation;

typedef struct otmi_run otmi_run;

/* Runs all callbacks that serve an instrument with outputs for the reader that its filter does not drop. deadline_ns:
 * system monotonic. *run holds the observations until the next run of the reader. OTM_ERR_TIMEOUT: some callback did
 * not return; what the others observed is there. OTM_ERR_NO_MEMORY. */
otm_status otmi_callbacks_run(struct otmi_core *core, size_t reader_index, uint64_t deadline_ns, otmi_run **run);
const otmi_observation *otmi_run_observations(const otmi_run *run, size_t *count);
void otmi_run_release(otmi_run *run);

#endif
