/* A storage: the series of one stream, shared by the readers that agree on everything about it.
 *
 * Cumulative readers with equal streams share one; a delta reader has its own, since what it drains is gone.
 * docs/design/recording.md is the protocol. */
#ifndef OTMI_STORAGE_H
#define OTMI_STORAGE_H

#include "metrics/exemplar.h"
#include "metrics/series_map.h"
#include "platform/platform.h"
#include "util/arena.h"
#include "util/diag.h"

/* What all parts of a provider need. Constant after creation. */
typedef struct otmi_env {
    const otm_allocator *allocator;
    const otm_clock *clock;
    otmi_diag *diag;
    const otmi_hash_key *hash_key;
    const uint32_t *context_in_use; /* 0: no thread holds a context */
    otm_exemplar_filter exemplar_filter;
    bool context_attributes; /* measurements take those of their context as well */
    uint32_t generation; /* of the process: older objects are inert in a forked child */
} otmi_env;

static inline bool otmi_env_alive(const otmi_env *env)
{
    return env->generation == otmi_process_generation();
}

typedef struct otmi_storage otmi_storage;

/* One bound handle's hold on one storage. location and series are 0 and NULL until the first measurement, and again
 * after the series was removed: then the slow path (re)attaches. */
typedef struct otmi_target {
    otmi_location location; /* atomic; what cumulative recordings need */
    otmi_series *series;    /* atomic; what delta and gauges need */
    otmi_storage *storage;
    otmi_series *held;      /* storage lock: the series counted in held->bound, or NULL */
    otmi_attr_set *attrs;   /* owned: the attributes that the stream keeps */
    otmi_attr_set *given;   /* owned: all attributes, for exemplars; NULL: the same */
    uint64_t signal;        /* atomic: what signal handlers added since the last collection */
    bool visible_from_start;
    struct otmi_target *next; /* storage lock */
    struct otmi_target *prev;
} otmi_target;

#define OTMI_MAX_READERS 64u

struct otmi_storage {
    const otmi_env *env;
    const otmi_stream *stream; /* filter, limit; outlives the storage */
    const char *meter_name;    /* for diagnostics */
    const char *instrument_name;
    otmi_shape shape;
    otmi_exemplar_rule exemplars;
    uint32_t memo_owner; /* of what slots remember of its series */
    uint64_t created_ns;

    uint32_t epoch; /* atomic; raised by collectors, read by recorders inside their section */
    uint32_t full;  /* atomic; 1: no place for a new set, what is not found overflows without a lock */
    otmi_series_map map;
    otmi_series *overflow; /* always there, never removed */

    otmi_mutex mu; /* guards what follows, and all changes to map and series */
    otmi_series_table table;
    uint32_t live;        /* series but for the overflow one */
    uint32_t bound;       /* of those, with handles */
    uint32_t admitted[2]; /* delta, by parity: sets without handles measured in that interval */
    uint32_t leaving;     /* ended series that still take memory */
    uint32_t ended;       /* list; unlinked, not yet past a grace period */
    uint32_t draining;    /* list; unlinked before the grace period of the collection in progress, the oldest first; the
                           * collector's */
    otmi_target *targets;
    uint64_t readers;         /* bits of the readers that share it */
    bool undrained;           /* delta: an old half could not be drained yet; the collector's */
    uint64_t collected_in;    /* serial of the collection that has it in hand, and its points; the collector's */
    struct otmi_points *collected;
    uint32_t snapshot_used;   /* table.used and chunk_count when the collection began; the collector's */
    uint32_t snapshot_chunks;
    uint32_t active_from;     /* tracking idle series: the epoch at the end of the last collection */
    uint64_t interval_start_ns; /* delta: end of the last interval; the collector's. Cumulative: time of the last
                                 * collection */
    uint64_t starts_from_ns;    /* cumulative: nothing begins before this, the last that was seen of what has ended */
};

otm_status otmi_storage_create(const otmi_env *env, const otmi_stream *stream, const char *meter_name,
                               const char *instrument_name, otmi_storage **out);
/* Nobody records or collects any more. */
void otmi_storage_destroy(otmi_storage *storage);

/* Records one measurement of the attributes; the instrument has checked nothing. */
void otmi_storage_record(otmi_storage *storage, otmi_number value, const otm_attr *attrs, size_t attr_count,
                         const otm_context *context);

/* Records through a bound target, in any state. */
void otmi_target_record(otmi_target *target, otmi_number value, const otm_context *context);
/* The same where the context adds attributes (otmi_context_adds()). */
void otmi_target_record_in_context(otmi_target *target, otmi_number value, const otm_context *context);
/* The slow path of it. */
void otmi_storage_record_target(otmi_target *target, otmi_number value, const otm_context *context);

/* Attaches a target to the series of the attributes (or the overflow series). The target stays where it is in memory
 * until otmi_storage_unbind(). Fails: OTM_ERR_NO_MEMORY. */
otm_status otmi_storage_bind(otmi_storage *storage, const otm_attr *attrs, size_t attr_count, bool visible_from_start,
                             otmi_target *target);
void otmi_storage_unbind(otmi_target *target);

/* Tries to give a target in the overflow series one of its own. OTM_ERR_LIMIT. */
otm_status otmi_storage_rebind(otmi_target *target);

/* Ends a series. OTM_ERR_NOT_FOUND. */
otm_status otmi_storage_remove(otmi_storage *storage, const otm_attr *attrs, size_t attr_count);

/* Totals of the target's series since it began. OTM_ERR_NOT_FOUND before the first measurement. */
otm_status otmi_storage_peek(otmi_target *target, otm_series_value *out);

/* Adds atomically to a target of a sum; for signal handlers. */
void otmi_target_add_from_signal(otmi_target *target, otmi_number value);

/* -- Collection: begin, a grace period, read; where otmi_storage_two_steps() another grace period and read again -- */

/* A wall clock may step back; a point never ends before it starts. */
static inline uint64_t otmi_not_before(uint64_t time_ns, uint64_t start_ns)
{
    return time_ns < start_ns ? start_ns : time_ns;
}

typedef struct otmi_points {
    otm_point *points;
    size_t count;
} otmi_points;

bool otmi_storage_two_steps(const otmi_storage *storage);
void otmi_storage_collect_begin(otmi_storage *storage, uint64_t now_ns);
void otmi_storage_collect_again(otmi_storage *storage); /* raises the epoch for the second step */
otm_status otmi_storage_collect_read(otmi_storage *storage, uint32_t reader_bit, otmi_arena *arena, uint64_t now_ns,
                                     otmi_points *out);
void otmi_storage_collect_read_again(otmi_storage *storage, otmi_points *points);
/* After the last read, when nothing can fail any more: delta halves are emptied, and what no reader waits for is
 * freed. Until then a collection can be given up, and the next one reads the same again. */
void otmi_storage_collect_end(otmi_storage *storage, uint32_t reader_bit, uint64_t now_ns, const otmi_points *points);

/* -- Shared with record.c ---------------------------------------------------------------------------------------- */

#define OTMI_STACK_ATTRS 128u

/* Copies what the stream keeps, and answers how many; `kept` has room for attr_count. */
size_t otmi_storage_keep(const otmi_storage *storage, const otm_attr *attrs, size_t attr_count, otm_attr *kept);

/* Applies a measurement to a series through a slot that the caller has entered. False: only the slow path can (no
 * cell yet, not admitted, not started). */
bool otmi_storage_apply(otmi_storage *storage, const otmi_slot *slot, otmi_series *series, otmi_number value);

#endif
