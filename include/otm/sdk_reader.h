/* Readers and exporters: the contract that our exporters and an outsider's stand on alike.
 *
 * A push exporter is a table of operations, wrapped by otm_exporter_create() and driven by a periodic reader.
 * A pull exporter holds a manual reader and collects when asked (metrics/sdk.md, "MetricReader", "MetricExporter"). */
#ifndef OTM_SDK_READER_H
#define OTM_SDK_READER_H

#include <otm/host.h>
#include <otm/producer.h>
#include <otm/sdk_data.h>

OTM_BEGIN_DECLS

/* -- Aggregation ------------------------------------------------------------------------------------------------- */

typedef enum otm_aggregation_kind {
    OTM_AGGREGATION_DEFAULT = 0, /* by instrument kind: sum, last value or explicit-bucket histogram */
    OTM_AGGREGATION_DROP = 1,
    OTM_AGGREGATION_SUM = 2,
    OTM_AGGREGATION_LAST_VALUE = 3,
    OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM = 4,
    OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM = 5 /* base 2 */
} otm_aggregation_kind;

#define OTM_AGGREGATION_KIND_COUNT 6

typedef struct otm_aggregation {
    uint32_t kind;       /* otm_aggregation_kind */
    bool has_boundaries; /* explicit: false takes the default bounds; true with none gives one bucket */
    bool omit_min_max;
    bool has_max_scale; /* exponential: false means 20 */
    uint8_t reserved;
    const double *boundaries; /* explicit: upper bounds, finite and strictly increasing */
    size_t boundary_count;
    int32_t max_scale; /* exponential: -10 to 20 */
    uint32_t max_size; /* exponential: buckets a side, at least 2; 0 means 160 */
} otm_aggregation;

/* -- Accounts ---------------------------------------------------------------------------------------------------- */

/* Why points were dropped. Each point an exporter was given ends in exactly one account. */
typedef enum otm_drop_reason {
    OTM_DROP_REFUSED = 0,   /* the peer gave a final refusal */
    OTM_DROP_UNREACHED = 1, /* no answer, or only "later", until the time for the export was over */
    OTM_DROP_SHUTDOWN = 2,  /* the exporter was, or was being, shut down */
    OTM_DROP_TOO_LARGE = 3, /* over the limit for one request */
    OTM_DROP_NO_MEMORY = 4,
    OTM_DROP_UNSUPPORTED = 5, /* data the exporter cannot express */
    OTM_DROP_RESPONSE = 6     /* the peer's answer was not one (garbage, or over its size limit) */
} otm_drop_reason;

#define OTM_DROP_REASON_COUNT 7

typedef struct otm_accounts {
    size_t struct_size;
    uint64_t exported; /* accepted by the peer */
    uint64_t rejected; /* counted as rejected in a partial success */
    uint64_t pending;  /* collected for the exporter, not finished */
    uint64_t dropped[OTM_DROP_REASON_COUNT];
} otm_accounts;

OTM_INLINE void otm_accounts_init(otm_accounts *accounts)
{
    memset(accounts, 0, sizeof *accounts);
    accounts->struct_size = sizeof *accounts;
}

/* "refused", "unreached", ... or "unknown".  Threads: any.  Blocks: no. */
OTM_API const char *otm_drop_reason_name(otm_drop_reason reason);

/* -- Exporter ---------------------------------------------------------------------------------------------------- */

typedef struct otm_exporter otm_exporter;

/* One descriptor that an export in progress waits for. */
typedef struct otm_poll_fd {
    int fd;
    uint32_t events; /* OTM_POLL_IN, OTM_POLL_OUT */
} otm_poll_fd;

#define OTM_POLL_IN 1u
#define OTM_POLL_OUT 2u

/* The operations of a push exporter. The reader calls them one at a time; only accounts() may run beside another.
 * Times are monotonic nanoseconds of the reader's clock; deadline UINT64_MAX means none. None may block past its
 * deadline. begin, step, flush and shutdown return OTM_OK or a failure; a failed batch is dropped and accounted for,
 * the reader does not send it again. */
typedef struct otm_exporter_ops {
    size_t size;

    /* Takes a batch: encodes or copies all of it before returning, since the tree is gone afterwards.
     * OTM_OK: all done.  OTM_PENDING: call step.  Anything else: failed, and accounted for. */
    otm_status (*begin)(void *self, const otm_metrics_data *batch, uint64_t deadline_ns);

    /* Continues the batch. Works, and waits for the network, at most until `until_ns`; returns at once if until_ns is
     * 0. OTM_PENDING: not finished.  At the deadline given to begin it drops the batch and returns OTM_ERR_TIMEOUT.
     * NULL if begin never returns OTM_PENDING. */
    otm_status (*step)(void *self, uint64_t until_ns);

    /* Drops the batch in progress, accounted for under `reason`. NULL as step. */
    void (*cancel)(void *self, otm_drop_reason reason);

    /* What to wait for before the next step: fills at most `capacity` descriptors, returns how many there are, and
     * lowers *wake_ns to the time at which step wants to run anyway. NULL: no descriptors. */
    size_t (*poll)(void *self, otm_poll_fd *fds, size_t capacity, uint64_t *wake_ns);

    /* Hastens what earlier begins still buffer. NULL: nothing is buffered. */
    otm_status (*flush)(void *self, uint64_t deadline_ns);

    /* Once; later begins fail with OTM_ERR_SHUTDOWN. NULL: nothing to do. */
    otm_status (*shutdown)(void *self, uint64_t deadline_ns);

    /* The exporter's preferences by instrument kind; NULL: cumulative, and the default aggregation. */
    otm_temporality (*temporality)(void *self, otm_instrument_kind kind);
    void (*aggregation)(void *self, otm_instrument_kind kind, otm_aggregation *out);

    /* NULL: the reader counts by the results of begin and step. */
    void (*accounts)(void *self, otm_accounts *out);

    /* Frees self, after the last reference is gone. */
    void (*destroy)(void *self);

    /* The reader passes on its clock and where diagnostics go, before the first begin. NULL: not wanted. */
    void (*attach)(void *self, const otm_clock *clock, const otm_diagnostics_options *diagnostics);
} otm_exporter_ops;

/* Wraps an exporter. `ops` must stay valid; self is destroyed with the last reference, on failure at once.
 * Fails: OTM_ERR_INVALID_ARGUMENT (begin or destroy missing), OTM_ERR_NO_MEMORY.  Blocks: no. */
OTM_API OTM_MUST_CHECK otm_status otm_exporter_create(const otm_exporter_ops *ops, void *self, otm_exporter **out);
OTM_API otm_exporter *otm_exporter_retain(otm_exporter *exporter);
OTM_API void otm_exporter_release(otm_exporter *exporter);

/* The counts so far. NULL exporter: zeros.  Threads: any.  Blocks: briefly. */
OTM_API void otm_exporter_accounts(otm_exporter *exporter, otm_accounts *out);

/* -- Reader ------------------------------------------------------------------------------------------------------ */

typedef struct otm_reader otm_reader;

/* Temporality by instrument kind as the OTLP exporter page defines it; gauges follow the declarative schema's
 * wording, so that under delta an idle gauge is not repeated. */
typedef enum otm_temporality_preference {
    OTM_PREFER_DEFAULT = 0, /* the exporter's, else cumulative */
    OTM_PREFER_CUMULATIVE = 1,
    OTM_PREFER_DELTA = 2,
    OTM_PREFER_LOW_MEMORY = 3
} otm_temporality_preference;

/* What a preference means for one kind; OTM_PREFER_DEFAULT gives cumulative.  Threads: any.  Blocks: no. */
OTM_API otm_temporality otm_temporality_of(otm_temporality_preference preference, otm_instrument_kind kind);

typedef struct otm_reader_options {
    size_t struct_size; /* set by init; do not change */
    uint32_t temporality_preference; /* otm_temporality_preference */
    uint32_t reserved;
    uint32_t temporality[OTM_INSTRUMENT_KIND_COUNT];       /* otm_temporality by kind; 0: by the preference */
    uint32_t cardinality_limit[OTM_INSTRUMENT_KIND_COUNT]; /* series by kind; 0: default_cardinality_limit */
    uint32_t default_cardinality_limit;                    /* 0: 2000 */
    uint32_t reserved2;
    otm_aggregation aggregation[OTM_INSTRUMENT_KIND_COUNT]; /* by kind; kind DEFAULT: the exporter's, else default */
    /* Called when the provider shuts down or flushes, on its thread, under no lock; NULL: nothing to do. deadline_ns is
     * on the system's monotonic clock, whatever clock the provider has; UINT64_MAX: none. */
    otm_status (*on_shutdown)(void *user_data, uint64_t deadline_ns);
    otm_status (*on_flush)(void *user_data, uint64_t deadline_ns);
    void *user_data;
    const otm_allocator *allocator; /* NULL: malloc */
    /* Cumulative readers: a series that was not measured for so long ends, and gives its place back; measured again, on
     * a bound handle too, it begins anew. 0: never. Delta readers forget what was idle for an interval anyway. */
    int64_t idle_ttl_ms;
    otm_metric_producer *const *producers; /* references are taken; see otm_reader_add_producer() */
    size_t producer_count;
    otm_metric_filter *filter; /* a reference is taken; see otm_reader_set_filter(); NULL: nothing is left out */
} otm_reader_options;

OTM_INLINE void otm_reader_options_init(otm_reader_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

/* Creates a reader that collects only when asked. Give it to one provider (otm_meter_provider_options.readers).
 * Fails: OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY; *out is NULL then.  Blocks: no. */
OTM_API OTM_MUST_CHECK otm_status otm_manual_reader_create(const otm_reader_options *options, otm_reader **out);
OTM_API otm_reader *otm_reader_retain(otm_reader *reader);
/* The last reference ends the reader. What its thread is still inside of (an exporter, a callback) keeps its memory,
 * the host's too, until it comes out.
 * Blocks: briefly, while the periodic thread ends; at most a second. */
OTM_API void otm_reader_release(otm_reader *reader);

/* Adds a producer, for good: each collection from now on asks it, after the callbacks, and adds what it gives. Its
 * failures are reported to the provider's diagnostics and spoil nothing else. A producer has to respect its deadline,
 * as an exporter has: a collection waits for it. Takes a reference.
 * Threads: any, also while the reader collects.  Blocks: briefly.
 * Fails: OTM_ERR_INVALID_ARGUMENT, OTM_ERR_LIMIT (64 producers), OTM_ERR_SHUTDOWN (in the child of a fork) */
OTM_API otm_status otm_reader_add_producer(otm_reader *reader, otm_metric_producer *producer);

/* Replaces the reader's filter (NULL: none) for collections that begin from now on. Takes a reference.
 *
 * A metric that is dropped costs as little as can be: a callback that serves dropped metrics alone does not run. What
 * is left out is lost for this reader, not kept for later: once it comes through again, a delta stream goes on with
 * what was measured since the last collection, and a cumulative one shows the whole total; an asynchronous delta
 * stream, whose callback may not have run, shows what was added since it came through last. Other readers notice
 * nothing.
 * Threads: any, also while the reader collects.  Blocks: briefly.
 * Fails: OTM_ERR_INVALID_ARGUMENT, OTM_ERR_SHUTDOWN (in the child of a fork) */
OTM_API otm_status otm_reader_set_filter(otm_reader *reader, otm_metric_filter *filter);

/* Collects once: runs the callbacks, asks the producers, then takes a consistent snapshot.
 *
 * On OTM_OK *out is valid until otm_reader_return() gives it back; until then the next collection of this reader
 * waits. A reader that belongs to no provider gives an empty tree.
 * Threads: any; collections of one reader run one after the other.
 * Blocks:  for the callbacks and producers, and until recordings that were in progress when it began are done
 *          (nanoseconds, unless the scheduler stopped such a thread), never longer than timeout_ms (0: 30 s), provided
 *          that producers keep to the deadline they are given.
 * Fails:   OTM_ERR_TIMEOUT    nothing is lost: the data comes with the next collection
 *          OTM_ERR_SHUTDOWN   the reader was shut down
 *          OTM_ERR_REENTRANT  called from a callback of this collection, or with *out not yet returned on this thread
 *          OTM_ERR_NO_MEMORY  nothing is lost
 *          OTM_ERR_UNSUPPORTED  a filter of system calls, set up since threads began to record, refuses membarrier() */
OTM_API OTM_MUST_CHECK otm_status otm_reader_collect(otm_reader *reader, int64_t timeout_ms,
                                                     const otm_metrics_data **out);

/* Gives the tree back, and with it the trees of producers to them. NULL data is ignored.  Blocks: no. */
OTM_API void otm_reader_return(otm_reader *reader, const otm_metrics_data *data);

/* -- Periodic reader --------------------------------------------------------------------------------------------- */

typedef enum otm_run_mode {
    OTM_RUN_OWN_THREAD = 0,  /* a thread of the reader's own, with all signals blocked */
    OTM_RUN_HOST_STEPPED = 1 /* no thread: the host calls otm_periodic_reader_step() */
} otm_run_mode;

typedef struct otm_periodic_reader_options {
    size_t struct_size; /* set by init; do not change */
    const otm_reader_options *reader; /* copied; NULL: the defaults */
    int64_t interval_ms; /* between the starts of two exports; 0: 60 000 */
    int64_t timeout_ms;  /* of one collection with its export; 0: 30 000; OTM_NO_TIMEOUT */
    uint32_t run_mode;   /* otm_run_mode */
    /* Data points in one export (metrics/sdk.md, "Periodic exporting MetricReader", maxExportBatchSize); 0: no limit. A
     * collection with more goes out in batches, one after the other and full but for the last, before the next
     * collection; a metric may be spread over several. timeout_ms is for all of them. A batch that fails does not keep
     * the others back, while there is time; then what is left is dropped and accounted for. */
    uint32_t max_export_batch_size;
} otm_periodic_reader_options;

OTM_INLINE void otm_periodic_reader_options_init(otm_periodic_reader_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

/* Creates a reader that collects and exports every interval, once it belongs to a provider. It takes a reference to
 * the exporter. Exports never overlap; an interval that comes due during an export is skipped.
 * Fails: OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY; *out is NULL then.  Blocks: no. */
OTM_API OTM_MUST_CHECK otm_status otm_periodic_reader_create(otm_exporter *exporter,
                                                             const otm_periodic_reader_options *options,
                                                             otm_reader **out);

/* For OTM_RUN_HOST_STEPPED: does what is due, without waiting for the network. Sets *wake_ns to the monotonic time
 * (of the provider's clock) at which it wants to be called again, and lists the descriptors to wait for meanwhile.
 * Threads: one at a time.  Blocks: as otm_reader_collect(), when a collection is due.
 * Fails: what the export that ended in this step failed with. With batches, that is the first failure among those of
 * one collection, once the last has ended; until then another collection of this reader waits. */
OTM_API otm_status otm_periodic_reader_step(otm_reader *reader, otm_poll_fd *fds, size_t fd_capacity,
                                            size_t *fd_count, uint64_t *wake_ns);

/* The accounts of a periodic reader's exporter; of other readers zeros.  Threads: any.  Blocks: briefly. */
OTM_API void otm_reader_accounts(otm_reader *reader, otm_accounts *out);

OTM_END_DECLS

#endif
