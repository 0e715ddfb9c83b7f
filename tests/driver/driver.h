/* The driver: the SDK as data, through its public headers alone. The protocol is in README.md.
 *
 * One thread reads and obeys lines. Other threads exist for `record` with threads or background, and those that the SDK
 * starts; what they share with the first one says so. */
#ifndef DRIVER_H
#define DRIVER_H

#include <jansson.h>
#include <otm/config.h>

#include "driver_objects.h"

typedef struct driver {
    otm_clock clock;
    driver_table providers;
    driver_table readers;
    driver_table meters;
    driver_table instruments;
    driver_table bounds;
    driver_table callbacks;
    driver_table backgrounds;
} driver;

/* Obeys one request. What it finds out goes into `answer`; on failure it returns why (and "message" may be set). */
typedef otm_status (*driver_op)(driver *d, const json_t *request, json_t *answer);

void driver_init(driver *d);
/* Destroys every object. */
void driver_fini(driver *d);
/* The whole answer to a request: never NULL but without memory. */
json_t *driver_obey(driver *d, const json_t *request);

/* Sets the answer's message and returns status. */
otm_status driver_refuse(json_t *answer, otm_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A string member of the request; NULL if it is absent. A member of another type, or text that holds a NUL, which no C
 * string can carry, is refused. */
otm_status driver_text(const json_t *request, const char *key, json_t *answer, const char **out);

/* The same for one that must be there. */
otm_status driver_needed_text(const json_t *request, const char *key, json_t *answer, const char **out);

/* The object that request[key] names. */
otm_status driver_find(const driver_table *table, const json_t *request, const char *key, json_t *answer, void *out);

/* Puts a new object under request["id"], which must be free. Takes it over: on failure it is destroyed. */
otm_status driver_add(driver_table *table, const json_t *request, json_t *answer, void *object);

/* Whether request["id"] is there and free; asked before anything is made. */
otm_status driver_check_id(const driver_table *table, const json_t *request, json_t *answer);

/* -- Operations, by file ----------------------------------------------------------------------------------------- */

otm_status driver_op_clock(driver *d, const json_t *request, json_t *answer);         /* driver_clock.c */
otm_status driver_op_provider(driver *d, const json_t *request, json_t *answer);      /* driver_provider.c */
otm_status driver_op_configure_meters(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_flush(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_shutdown(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_meter(driver *d, const json_t *request, json_t *answer);         /* driver_instrument.c */
otm_status driver_op_instrument(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_enabled(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_bind(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_unbind(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_remove(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_record(driver *d, const json_t *request, json_t *answer);        /* driver_record.c */
otm_status driver_op_records(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_join(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_observe(driver *d, const json_t *request, json_t *answer);       /* driver_observe.c */
otm_status driver_op_unobserve(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_collect(driver *d, const json_t *request, json_t *answer);       /* driver_collect.c */
otm_status driver_op_render(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_accounts(driver *d, const json_t *request, json_t *answer);
otm_status driver_op_producer(driver *d, const json_t *request, json_t *answer);      /* driver_producer.c */
otm_status driver_op_filter(driver *d, const json_t *request, json_t *answer);        /* driver_filter.c */
otm_status driver_op_fork(driver *d, const json_t *request, json_t *answer);          /* driver_fork.c */

/* -- Shared services --------------------------------------------------------------------------------------------- */

/* Time as the SDK sees it. Any thread. */
void driver_clock_init(otm_clock *clock);

/* What the diagnostic handler, which runs on any thread, was given since the last call: "diag" of the answer. */
void driver_diag_options(otm_diagnostics_options *out);
void driver_diag_take(json_t *answer);

/* In the child of a fork(): the parent's threads are not here, and are not to be waited for. */
void driver_forget_threads(driver_table *backgrounds);

/* Around fork(): no other thread holds a lock of ours, so the child finds them free. */
void driver_diag_lock(void);
void driver_diag_unlock(void);
void driver_observe_lock(void);
void driver_observe_unlock(void);

#endif
