/* What asynchronous instruments observe, for one stream of one reader. Used by one collection at a time.
 *
 * A round is one collection: begin, observe, read, and commit when nothing can fail any more. Only what a round
 * observed has a point. The sets observed first keep their series, the rest is the overflow series (SDK-CARD-09).
 * Sets that are not observed are remembered while there is room, so that one that comes back under delta goes on from
 * where it was and no difference is counted twice. */
#ifndef OTMI_ASYNC_STORAGE_H
#define OTMI_ASYNC_STORAGE_H

#include "metrics/storage.h"

typedef struct otmi_async_storage otmi_async_storage;

/* The stream outlives the storage. created_ns: when the instrument was created. */
otm_status otmi_async_storage_create(const otmi_env *env, const otmi_stream *stream, uint64_t created_ns,
                                     otmi_async_storage **out);
void otmi_async_storage_destroy(otmi_async_storage *storage);

void otmi_async_begin(otmi_async_storage *storage);

/* `attrs` is canonical and stays valid until the round is read. OTM_ERR_NO_MEMORY: the value went to the overflow
 * series. */
otm_status otmi_async_observe(otmi_async_storage *storage, const otmi_attr_set *attrs, otmi_number value);

otm_status otmi_async_read(otmi_async_storage *storage, otmi_arena *arena, uint64_t now_ns, otmi_points *out);
void otmi_async_commit(otmi_async_storage *storage, uint64_t now_ns);

#endif
