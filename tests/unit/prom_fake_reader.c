#include "prom_fake_reader.h"

#include <pthread.h>

/* One collection at a time, as the real one. */
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;

prom_fake_reader_state prom_fake_reader;

struct otm_reader {
    const otm_allocator *allocator;
};

void prom_fake_reader_reset(void)
{
    memset(&prom_fake_reader, 0, sizeof prom_fake_reader);
}

otm_status otm_manual_reader_create(const otm_reader_options *options, otm_reader **out)
{
    const otm_allocator *allocator = options->allocator;
    otm_reader *reader = allocator->alloc(allocator->context, sizeof *reader);
    *out = reader;
    if (reader == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    reader->allocator = allocator;
    prom_fake_reader.options = *options;
    prom_fake_reader.live++;
    return OTM_OK;
}

void otm_reader_release(otm_reader *reader)
{
    if (reader != NULL) {
        prom_fake_reader.live--;
        reader->allocator->release(reader->allocator->context, reader, sizeof *reader);
    }
}

otm_status otm_reader_collect(otm_reader *reader, int64_t timeout_ms, const otm_metrics_data **out)
{
    static const otm_metrics_data empty = {.struct_size = sizeof empty};
    (void)reader;
    pthread_mutex_lock(&mu);
    prom_fake_reader.collections++;
    prom_fake_reader.timeout_ms = timeout_ms;
    if (prom_fake_reader.on_collect != NULL) {
        prom_fake_reader.on_collect(prom_fake_reader.user_data);
    }
    if (prom_fake_reader.status != OTM_OK) {
        pthread_mutex_unlock(&mu);
        return prom_fake_reader.status;
    }
    prom_fake_reader.out++;
    *out = prom_fake_reader.data != NULL ? prom_fake_reader.data : &empty;
    return OTM_OK; /* still locked, until it is returned */
}

void otm_reader_return(otm_reader *reader, const otm_metrics_data *data)
{
    (void)reader;
    (void)data;
    prom_fake_reader.out--;
    pthread_mutex_unlock(&mu);
}
