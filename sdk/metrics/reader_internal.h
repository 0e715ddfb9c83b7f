/* What manual and periodic readers share. */
#ifndef OTMI_READER_INTERNAL_H
#define OTMI_READER_INTERNAL_H

#include <stdatomic.h>

#include "metrics/collect_producers.h"
#include "metrics/reader.h"
#include "metrics/reader_limit.h"
#include "platform/platform.h"

/* -- Options (reader_options.c) ---------------------------------------------------------------------------------- */

/* Resolves the choices of options and exporter (NULL: none). On failure nothing is left to free. */
otm_status otmi_reader_config_init(otmi_reader_config *config, const otm_allocator *allocator,
                                   const otm_reader_options *options, otm_exporter *exporter);
void otmi_reader_config_fini(otmi_reader_config *config, const otm_allocator *allocator);

/* -- The common part (reader.c) ---------------------------------------------------------------------------------- */

#define OTMI_MAX_PRODUCERS 64u /* a reader */

/* What a kind of reader does its own way; NULL where it has nothing to do. All are called without a lock; flush and
 * shutdown hold the turn, except that a shutdown goes on without it when its time is up (has_turn is false then). */
typedef struct otmi_reader_kind {
    otm_status (*start)(otm_reader *reader);
    otm_status (*flush)(otm_reader *reader, uint64_t deadline_ns);
    otm_status (*shutdown)(otm_reader *reader, uint64_t deadline_ns, bool has_turn);
    void (*retire)(otm_reader *reader); /* the last handle is gone: tell threads to end */
    void (*fini)(otm_reader *reader);
} otmi_reader_kind;

typedef enum otmi_reader_phase {
    OTMI_READER_OPEN = 0,
    OTMI_READER_CLOSING = 1, /* shutdown is at work: nothing new begins, but it still collects itself */
    OTMI_READER_CLOSED = 2
} otmi_reader_phase;

/* Two tokens are held across calls, so that no lock is: `collector` is the thread that collects or holds a tree, `turn`
 * the thread that flushes, shuts down or works off what the timer asks for. The turn comes first. Both change under mu;
 * a thread may compare them to itself without, since only it sets them to itself.
 *
 * The pipeline goes away before the reader may. Whoever uses it pins it: counts itself, then looks whether the
 * pipeline is still there. Detaching takes it away, then looks whether somebody is still counted. One of the two sees
 * the other, since all four accesses are sequentially consistent. No lock, because the child of a fork comes this way
 * too, and must not touch one. */
struct otm_reader {
    const otmi_reader_kind *kind;   /* from here: never change after creation */
    const otm_allocator *allocator;
    size_t size;                    /* of the whole object */
    otmi_reader_config config;
    otm_status (*on_shutdown)(void *user_data, uint64_t deadline_ns);
    otm_status (*on_flush)(void *user_data, uint64_t deadline_ns);
    void *user_data;

    _Atomic uint32_t handles; /* references of the application and the provider */
    _Atomic uint32_t owners;  /* one for all handles, one for the thread; the last frees */
    _Atomic(otmi_pipeline *) pipeline; /* NULL: belongs to none (any more) */
    _Atomic uint32_t pins;
    _Atomic uint32_t phase; /* otmi_reader_phase; changes under mu */
    _Atomic bool inert;     /* detached in the child of a fork: left behind */
    _Atomic uint64_t collector;
    _Atomic uint64_t turn;

    const otm_clock *clock;    /* from here to started: set by attach, before the reader is used */
    size_t index;
    bool attached;             /* belongs or belonged to a provider */
    bool started;

    otmi_mutex mu; /* guards the tokens, the phase and what follows */
    otmi_cond changed;
    const otm_metrics_data *lent; /* the tree that was given out */
    otm_metric_filter *filter;    /* a reference, as each producer is; NULL: none */
    otm_metric_producer *producers[OTMI_MAX_PRODUCERS]; /* those below the count never change */
    size_t producer_count;

    otmi_arena arena; /* this and the leases: of the collector, or whoever returns the tree */
    otmi_lease *leases;
    otm_metrics_data empty;
};

/* Producers and filter (reader_sources.c). OTM_ERR_INVALID_ARGUMENT: some may be taken all the same. */
otm_status otmi_reader_take_sources(otm_reader *reader, const otm_reader_options *options);
void otmi_reader_give_sources(otm_reader *reader);

/* Allocates `size` bytes, zeroed, of which the first are an otm_reader, and fills these. */
otm_status otmi_reader_create(const otmi_reader_kind *kind, size_t size, const otm_reader_options *options,
                              otm_exporter *exporter, otm_reader **out);
/* Gives back one of reader->owners. */
void otmi_reader_disown(otm_reader *reader);

/* Keeps the pipeline from going away until unpinned; NULL if there is none, to be unpinned all the same. */
otmi_pipeline *otmi_reader_pin(otm_reader *reader);
void otmi_reader_unpin(otm_reader *reader);

/* True in the child of a fork: no lock may be touched any more. */
bool otmi_reader_dead_by_fork(otm_reader *reader);

otmi_reader_phase otmi_reader_phase_of(const otm_reader *reader);

/* The turn; OTM_ERR_TIMEOUT if it is not free by then. */
otm_status otmi_reader_take_turn(otm_reader *reader, uint64_t system_ns);
void otmi_reader_give_turn(otm_reader *reader);

/* Lets the tree that this thread holds wait for another thread, or for the next step of the host, to be taken up. */
void otmi_reader_park_tree(otm_reader *reader);
void otmi_reader_take_up_tree(otm_reader *reader);

/* As otm_reader_collect(), also while the reader is closing. */
otm_status otmi_reader_collect_until(otm_reader *reader, uint64_t system_ns, const otm_metrics_data **out);

otm_status otmi_first_failure(otm_status first, otm_status second);

/* Pins, if the calling thread may flush, shut down or step now; else the status says why not. Touches no lock. */
otm_status otmi_reader_enter(otm_reader *reader);

#endif
