/* When a periodic reader does what: a state machine that knows nothing of threads, locks and exporters. */
#ifndef OTMI_PERIODIC_MACHINE_H
#define OTMI_PERIODIC_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum otmi_periodic_state {
    OTMI_PERIODIC_STOPPED = 0, /* not started, or shut down */
    OTMI_PERIODIC_WAITING = 1,
    OTMI_PERIODIC_COLLECTING = 2,
    OTMI_PERIODIC_EXPORTING = 3, /* a batch is on its way */
    OTMI_PERIODIC_FLUSHING = 4   /* collecting and exporting out of turn */
} otmi_periodic_state;

/* Times are nanoseconds of the reader's clock. Starts lie on a grid: first start plus whole intervals. */
typedef struct otmi_periodic_machine {
    otmi_periodic_state state;
    uint64_t interval_ns; /* above 0 */
    uint64_t next_ns;     /* the next start */
} otmi_periodic_machine;

/* Begins to wait; the first start is one interval from now. */
void otmi_periodic_start(otmi_periodic_machine *machine, uint64_t now_ns);
void otmi_periodic_stop(otmi_periodic_machine *machine);

/* True if a collection has to start now. */
bool otmi_periodic_due(otmi_periodic_machine *machine, uint64_t now_ns);

void otmi_periodic_collecting(otmi_periodic_machine *machine);
void otmi_periodic_exporting(otmi_periodic_machine *machine);
void otmi_periodic_flushing(otmi_periodic_machine *machine);

/* Waits again. Starts that came due meanwhile are skipped; the next one is on the grid. */
void otmi_periodic_done(otmi_periodic_machine *machine, uint64_t now_ns);

/* When otmi_periodic_due() will be true, as things stand; UINT64_MAX: not before something else happens. */
uint64_t otmi_periodic_wake_ns(const otmi_periodic_machine *machine);

#endif
