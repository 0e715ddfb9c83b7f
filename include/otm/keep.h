/* The metrics of a Keep node: a catalogue of names that operators' scripts know, and the recorder that fills them.
 *
 *     otm_keep_recorder *recorder;
 *     otm_status st = otm_keep_recorder_create(otm_default_meter_provider(), NULL, &recorder);
 *     otm_keep_recorder_increment(recorder, OTM_KEEP_WALLET_ACTIONS_TOTAL, 1.0);
 *     otm_keep_recorder_record_ns(recorder, OTM_KEEP_SIGNING_DURATION_SECONDS, elapsed_ns);
 *
 * Every metric is exported as "performance_" followed by its Keep name, with neither scope labels nor suffixes added.
 * All but the two labelled queue gauges are there from the first collection, at zero.
 *
 * For every function here
 *   Threads  any, at the same time, also after the provider's shutdown: then nothing is recorded and nothing breaks.
 *   NULL     a NULL recorder means "unmeasured": recording answers OTM_OK and does nothing, getters give OTM_OK and 0.
 *   Blocks   no, unless said otherwise. Recording takes no lock and allocates nothing, so it may be called under any
 *            lock of the caller's.
 *   Refusal  a call that cannot be right (unknown name, wrong kind, a value that no counter can take) changes nothing
 *            but otm_keep_recorder_refusals(), answers why, and is reported once to the diagnostic handler. */
#ifndef OTM_KEEP_H
#define OTM_KEEP_H

#include <otm/host.h>
#include <otm/metrics.h>

OTM_BEGIN_DECLS

/* -- Catalogue --------------------------------------------------------------------------------------------------- */

/* The handle of a metric; numbers never change, new ones are added at the end. Where no comment says otherwise,
 * ..._SECONDS is a histogram and ..._TOTAL a counter. */
typedef enum otm_keep_metric {
    OTM_KEEP_NONE = 0, /* no metric; refused everywhere */

    /* Wallet dispatcher */
    OTM_KEEP_WALLET_DISPATCHER_ACTIVE_ACTIONS = 1, /* gauge */
    OTM_KEEP_WALLET_DISPATCHER_REJECTED_TOTAL = 2,
    OTM_KEEP_WALLET_ACTIONS_TOTAL = 3,
    OTM_KEEP_WALLET_ACTION_SUCCESS_TOTAL = 4,
    OTM_KEEP_WALLET_ACTION_FAILED_TOTAL = 5,
    OTM_KEEP_WALLET_ACTION_DURATION_SECONDS = 6,

    /* Distributed key generation */
    OTM_KEEP_DKG_JOINED_TOTAL = 7,
    OTM_KEEP_DKG_FAILED_TOTAL = 8,
    OTM_KEEP_DKG_DURATION_SECONDS = 9,
    OTM_KEEP_DKG_VALIDATION_TOTAL = 10,
    OTM_KEEP_DKG_CHALLENGES_SUBMITTED_TOTAL = 11,
    OTM_KEEP_DKG_APPROVALS_SUBMITTED_TOTAL = 12,

    /* Network */
    OTM_KEEP_PEER_CONNECTIONS_TOTAL = 13,
    OTM_KEEP_PEER_DISCONNECTIONS_TOTAL = 14,
    OTM_KEEP_MESSAGE_BROADCAST_TOTAL = 15,
    OTM_KEEP_MESSAGE_RECEIVED_TOTAL = 16,
    OTM_KEEP_PING_TEST_TOTAL = 17,
    OTM_KEEP_PING_TEST_SUCCESS_TOTAL = 18,
    OTM_KEEP_PING_TEST_FAILED_TOTAL = 19,
    OTM_KEEP_INCOMING_MESSAGE_QUEUE_SIZE = 20, /* observable gauge, by channel */
    OTM_KEEP_MESSAGE_HANDLER_QUEUE_SIZE = 21,  /* observable gauge, by channel and handler */

    /* Signing */
    OTM_KEEP_SIGNING_OPERATIONS_TOTAL = 22,
    OTM_KEEP_SIGNING_SUCCESS_TOTAL = 23,
    OTM_KEEP_SIGNING_FAILED_TOTAL = 24,
    OTM_KEEP_SIGNING_DURATION_SECONDS = 25,
    OTM_KEEP_SIGNING_TIMEOUTS_TOTAL = 26,

    /* Coordination */
    OTM_KEEP_COORDINATION_WINDOWS_DETECTED_TOTAL = 27,
    OTM_KEEP_COORDINATION_PROCEDURES_EXECUTED_TOTAL = 28,
    OTM_KEEP_COORDINATION_FAILED_TOTAL = 29, /* as leader */
    OTM_KEEP_COORDINATION_DURATION_SECONDS = 30,

    /* Beacon */
    OTM_KEEP_RELAY_ENTRY_GENERATION_TOTAL = 31,
    OTM_KEEP_RELAY_ENTRY_SUCCESS_TOTAL = 32,
    OTM_KEEP_RELAY_ENTRY_FAILED_TOTAL = 33,
    OTM_KEEP_RELAY_ENTRY_DURATION_SECONDS = 34,
    OTM_KEEP_RELAY_ENTRY_TIMEOUT_REPORTED_TOTAL = 35,

    OTM_KEEP_COORDINATION_LEADER_TIMEOUT_TOTAL = 36 /* as follower */
} otm_keep_metric;

/* What the catalogue says about a metric. Strings and arrays are static. */
typedef struct otm_keep_metric_info {
    size_t struct_size;          /* set by init; do not change */
    const char *name;            /* the Keep name: "signing_operations_total" */
    const char *exported_name;   /* "performance_signing_operations_total" */
    const char *unit;            /* UCUM */
    const char *description;
    const char *bucket_set;      /* "B-sign"; "" unless a histogram */
    const double *bucket_bounds; /* seconds */
    size_t bucket_bound_count;
    const char *const *labels; /* attribute keys; most metrics have none */
    size_t label_count;
    uint32_t kind;        /* otm_instrument_kind; always of doubles */
    bool visible_at_zero; /* exported before the first recording */
    uint8_t reserved[3];
} otm_keep_metric_info;

OTM_INLINE void otm_keep_metric_info_init(otm_keep_metric_info *info)
{
    memset(info, 0, sizeof *info);
    info->struct_size = sizeof *info;
}

/* How many metrics there are: valid handles are 1 to this number. */
OTM_API size_t otm_keep_metric_count(void);

/* The handle of a Keep name (without "performance_"); OTM_KEEP_NONE if there is no such metric. */
OTM_API otm_keep_metric otm_keep_metric_find(const char *name);

/* Fails: OTM_ERR_NOT_FOUND  no such metric; OTM_ERR_INVALID_ARGUMENT  out is NULL or was not initialised */
OTM_API otm_status otm_keep_metric_describe(otm_keep_metric metric, otm_keep_metric_info *out);

/* -- Recorder ---------------------------------------------------------------------------------------------------- */

typedef struct otm_keep_recorder otm_keep_recorder; /* shared, reference-counted */

typedef struct otm_keep_recorder_options {
    size_t struct_size;                  /* set by init; do not change */
    const otm_allocator *allocator;      /* must outlive the recorder; NULL: malloc */
    otm_diagnostics_options diagnostics; /* hears of refusals: each kind of each metric once, unless unthrottled */
    bool average_gauges; /* also export "<histogram name>_avg", the mean duration since the start, once there is one */
    uint8_t reserved[7]; /* 0 */
} otm_keep_recorder_options;

OTM_INLINE void otm_keep_recorder_options_init(otm_keep_recorder_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    options->diagnostics.struct_size = sizeof options->diagnostics;
}

/* Creates a recorder and, through the provider, every metric of the catalogue. options may be NULL.
 *
 * Recorders of one provider share the metrics: making a second one registers nothing twice. On failure *out is NULL,
 * which every call accepts: the node goes on unmeasured.
 * Fails:  OTM_ERR_INVALID_ARGUMENT  out is NULL, or options set a field this library lacks
 *         OTM_ERR_NO_MEMORY, OTM_ERR_LIMIT
 * Blocks: briefly. */
OTM_API OTM_MUST_CHECK otm_status otm_keep_recorder_create(otm_meter_provider *provider,
                                                           const otm_keep_recorder_options *options,
                                                           otm_keep_recorder **out);
OTM_API otm_keep_recorder *otm_keep_recorder_retain(otm_keep_recorder *recorder);

/* The last reference frees the recorder; what was recorded stays with the provider.
 * Blocks: the last one of a recorder with average gauges, while a collection is computing them. */
OTM_API void otm_keep_recorder_release(otm_keep_recorder *recorder);

/* Adds to a counter. Refused: a negative value, NaN, infinity.
 * Fails: OTM_ERR_NOT_FOUND         no such metric (by handle and by name alike)
 *        OTM_ERR_INVALID_ARGUMENT  not a counter, or a value that is refused */
OTM_API otm_status otm_keep_recorder_increment(otm_keep_recorder *recorder, otm_keep_metric metric, double value);
OTM_API otm_status otm_keep_recorder_increment_by_name(otm_keep_recorder *recorder, const char *name, double value);

/* Records a duration into a histogram, in nanoseconds or in seconds; it is kept in seconds. A negative one (the clock
 * was set back) counts as 0, and as clamped. Refused: NaN, infinity.  Fails: as above. */
OTM_API otm_status otm_keep_recorder_record_ns(otm_keep_recorder *recorder, otm_keep_metric metric,
                                               int64_t duration_ns);
OTM_API otm_status otm_keep_recorder_record_ns_by_name(otm_keep_recorder *recorder, const char *name,
                                                       int64_t duration_ns);
OTM_API otm_status otm_keep_recorder_record_seconds(otm_keep_recorder *recorder, otm_keep_metric metric,
                                                    double duration_s);
OTM_API otm_status otm_keep_recorder_record_seconds_by_name(otm_keep_recorder *recorder, const char *name,
                                                            double duration_s);

/* Sets a gauge; the last writer wins. Refused: NaN, infinity. The two queue gauges are observed, not set: see
 * otm_keep_recorder_observe_queues().  Fails: as above. */
OTM_API otm_status otm_keep_recorder_set_gauge(otm_keep_recorder *recorder, otm_keep_metric metric, double value);
OTM_API otm_status otm_keep_recorder_set_gauge_by_name(otm_keep_recorder *recorder, const char *name, double value);

/* Says that the value is not known: the gauge becomes NaN until it is set again.  Fails: as above. */
OTM_API otm_status otm_keep_recorder_set_gauge_unknown(otm_keep_recorder *recorder, otm_keep_metric metric);

/* -- Getters: what was recorded up to now, not what was last collected -------------------------------------------- */

/* Every outlet may be NULL, and is 0 when the call fails.
 * Fails: OTM_ERR_NOT_FOUND         no such metric, or nothing behind it (no SDK, or dropped by a view)
 *        OTM_ERR_INVALID_ARGUMENT  a metric of another kind */
OTM_API otm_status otm_keep_recorder_counter(otm_keep_recorder *recorder, otm_keep_metric metric, double *value);
OTM_API otm_status otm_keep_recorder_counter_by_name(otm_keep_recorder *recorder, const char *name, double *value);
OTM_API otm_status otm_keep_recorder_gauge(otm_keep_recorder *recorder, otm_keep_metric metric, double *value);
OTM_API otm_status otm_keep_recorder_gauge_by_name(otm_keep_recorder *recorder, const char *name, double *value);
OTM_API otm_status otm_keep_recorder_histogram(otm_keep_recorder *recorder, otm_keep_metric metric, uint64_t *count,
                                               double *sum_s);
OTM_API otm_status otm_keep_recorder_histogram_by_name(otm_keep_recorder *recorder, const char *name, uint64_t *count,
                                                       double *sum_s);

/* What went wrong so far. There is no metric of it, so that the catalogue is all that a node exports. */
typedef struct otm_keep_refusals {
    size_t struct_size; /* set by init; do not change */
    uint64_t unknown_metric;
    uint64_t wrong_kind;
    uint64_t bad_value; /* negative or not finite */
    uint64_t clamped;   /* negative durations, recorded as 0; not refused */
} otm_keep_refusals;

OTM_INLINE void otm_keep_refusals_init(otm_keep_refusals *refusals)
{
    memset(refusals, 0, sizeof *refusals);
    refusals->struct_size = sizeof *refusals;
}

/* Init *out first.  Fails: OTM_ERR_INVALID_ARGUMENT */
OTM_API otm_status otm_keep_recorder_refusals(const otm_keep_recorder *recorder, otm_keep_refusals *out);

/* -- Queue gauges ------------------------------------------------------------------------------------------------ */

typedef struct otm_keep_queue_watch otm_keep_queue_watch;       /* one registered callback */
typedef struct otm_keep_queue_observer otm_keep_queue_observer; /* where it reports to */

/* Reports the present length of every queue; runs at each collection, on its thread, and follows the rules of
 * otm_callback. Queues that are not reported are gone from that collection on. */
typedef void (*otm_keep_queue_callback)(otm_keep_queue_observer *observer, void *user_data);

/* Begins to ask `callback` for the queues of the network.
 *
 * *out ends it, with otm_keep_queue_watch_release(); out is required. With a NULL recorder, or on failure, *out is
 * NULL, and the callback never runs.
 * Fails:  OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY, OTM_ERR_LIMIT.  Blocks: briefly. */
OTM_API OTM_MUST_CHECK otm_status otm_keep_recorder_observe_queues(otm_keep_recorder *recorder,
                                                                   otm_keep_queue_callback callback, void *user_data,
                                                                   otm_keep_queue_watch **out);

/* Ends a watch; NULL is ignored. Afterwards user_data may be freed.
 * Blocks: while the callback runs on another thread; so do not hold a lock that the callback takes. */
OTM_API void otm_keep_queue_watch_release(otm_keep_queue_watch *watch);

/* From inside the callback: the length of a channel's incoming queue. */
OTM_API void otm_keep_report_incoming_queue(otm_keep_queue_observer *observer, const char *channel, uint64_t length);

/* From inside the callback: the length of one handler's queue. handler is a number that is never used again on this
 * channel, not an index: an index changes its owner when a handler goes. */
OTM_API void otm_keep_report_handler_queue(otm_keep_queue_observer *observer, const char *channel, uint64_t handler,
                                           uint64_t length);

/* -- A recorder that can be set, replaced and cleared while others record ------------------------------------------ */

#define OTM_KEEP_RECORDER_REF_SLOTS 15

/* Lives in the component that records, zero-initialised (no recorder). The fields are private. */
typedef struct otm_keep_recorder_ref {
    uint64_t current; /* which slot (top byte, 0: none), and how many have entered it */
    struct {
        otm_keep_recorder *recorder;
        int64_t left; /* how many have left, minus how many had entered when the slot was replaced */
    } slots[OTM_KEEP_RECORDER_REF_SLOTS];
} otm_keep_recorder_ref;

OTM_INLINE void otm_keep_recorder_ref_init(otm_keep_recorder_ref *ref)
{
    memset(ref, 0, sizeof *ref);
}

/* Puts `recorder` (NULL: none) in place of the one before. The ref holds a reference of its own; the former recorder
 * is released as soon as the last call in progress is done with it, on that thread.
 * Threads: any, at the same time as anything but fini.
 * Fails:   OTM_ERR_INVALID_ARGUMENT  ref is NULL
 *          OTM_ERR_LIMIT             15 former recorders are still in use by calls in progress; nothing changed.
 *                                    Never with a NULL recorder. */
OTM_API otm_status otm_keep_recorder_ref_set(otm_keep_recorder_ref *ref, otm_keep_recorder *recorder);

/* The same as setting NULL: at the end, when no other thread uses the ref. */
OTM_API void otm_keep_recorder_ref_fini(otm_keep_recorder_ref *ref);

/* The recorder of this moment, with a reference for the caller (otm_keep_recorder_release()); or NULL.
 *
 * For what begins and ends: take it at the beginning and record all of it there, then an operation is measured
 * wholly or not at all, whenever the recorder is changed meanwhile. */
OTM_API otm_keep_recorder *otm_keep_recorder_ref_retain(otm_keep_recorder_ref *ref);

/* Recording into the recorder of this moment. Lock-free; results as of the calls of the same names above. */
OTM_API otm_status otm_keep_recorder_ref_increment(otm_keep_recorder_ref *ref, otm_keep_metric metric, double value);
OTM_API otm_status otm_keep_recorder_ref_record_ns(otm_keep_recorder_ref *ref, otm_keep_metric metric,
                                                   int64_t duration_ns);
OTM_API otm_status otm_keep_recorder_ref_record_seconds(otm_keep_recorder_ref *ref, otm_keep_metric metric,
                                                        double duration_s);
OTM_API otm_status otm_keep_recorder_ref_set_gauge(otm_keep_recorder_ref *ref, otm_keep_metric metric, double value);

OTM_END_DECLS

#endif
