#include <otm/stream.h>

#include <pthread.h>

#include "otlp_json.h"
#include "platform/platform.h"
#include "stream_preferences.h"
#include "util/alloc.h"
#include "util/options.h"

#define DEFAULT_MAX_BATCHES 16
#define MAX_JSON_BYTES ((size_t)256 << 20)

/* `batches` is a ring of texts: `count` of them, the oldest at `first`. mu guards these three and shut_down; the rest
 * never changes after creation, but for next, which exporters_mu guards. */
typedef struct memory_exporter {
    const otm_allocator *allocator;
    otmi_stream_preferences preferences;
    const otm_exporter *handle;
    struct memory_exporter *next;
    size_t max_batches;
    otmi_mutex mu;
    char **batches;
    size_t first;
    size_t count;
    bool shut_down;
} memory_exporter;

/* -- From a handle to its exporter ------------------------------------------------------------------------------- */

/* A handle does not tell what is behind it, so the living exporters are listed. A handle of another kind is in no list,
 * and harmless. */
static pthread_mutex_t exporters_mu = PTHREAD_MUTEX_INITIALIZER;
static memory_exporter *exporters;

static void list_add(memory_exporter *self, const otm_exporter *handle)
{
    otmi_mutex_lock(&exporters_mu);
    self->handle = handle;
    self->next = exporters;
    exporters = self;
    otmi_mutex_unlock(&exporters_mu);
}

static void list_remove(const memory_exporter *self)
{
    otmi_mutex_lock(&exporters_mu);
    memory_exporter **link = &exporters;
    while (*link != NULL && *link != self) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = self->next;
    }
    otmi_mutex_unlock(&exporters_mu);
}

/* NULL if it is none of ours. The caller holds a reference to the handle, so what is found stays. */
static memory_exporter *find(const otm_exporter *handle)
{
    otmi_mutex_lock(&exporters_mu);
    memory_exporter *self = exporters;
    while (self != NULL && self->handle != handle) {
        self = self->next;
    }
    otmi_mutex_unlock(&exporters_mu);
    return handle != NULL ? self : NULL;
}

/* -- Batches ----------------------------------------------------------------------------------------------------- */

static char **slot(memory_exporter *self, size_t index)
{
    return &self->batches[(self->first + index) % self->max_batches];
}

/* Takes the text over. Returns what is to be freed: the oldest, pushed out; `json` itself after shutdown; or NULL. */
static char *keep_locked(memory_exporter *self, char *json)
{
    char *out = NULL;
    if (self->shut_down) {
        return json;
    }
    if (self->count == self->max_batches) {
        out = *slot(self, 0);
        self->first = (self->first + 1) % self->max_batches;
        self->count--;
    }
    *slot(self, self->count) = json;
    self->count++;
    return out;
}

/* The text of a tree, for otmi_free_text(). */
static otm_status to_json(const otm_allocator *allocator, const otm_metrics_data *data, char **json)
{
    otmi_buf buf;
    otmi_buf_init(&buf, allocator, MAX_JSON_BYTES);
    otmi_otlp_json_append(&buf, data);
    otm_status st = buf.status;
    *json = NULL;
    if (st == OTM_OK) {
        *json = otmi_text_copy(allocator, buf.data, buf.size);
        st = *json != NULL ? OTM_OK : OTM_ERR_NO_MEMORY;
    }
    otmi_buf_fini(&buf);
    return st;
}

static otm_status memory_begin(void *context, const otm_metrics_data *batch, uint64_t deadline_ns)
{
    (void)deadline_ns; /* nothing here waits */
    memory_exporter *self = context;
    char *json;
    otm_status st = to_json(self->allocator, batch, &json);
    if (st != OTM_OK) {
        return st;
    }
    otmi_mutex_lock(&self->mu);
    st = self->shut_down ? OTM_ERR_SHUTDOWN : OTM_OK;
    char *unwanted = keep_locked(self, json);
    otmi_mutex_unlock(&self->mu);
    otmi_free_text(self->allocator, unwanted);
    return st;
}

/* What was kept can still be looked at. */
static otm_status memory_shutdown(void *context, uint64_t deadline_ns)
{
    (void)deadline_ns;
    memory_exporter *self = context;
    otmi_mutex_lock(&self->mu);
    self->shut_down = true;
    otmi_mutex_unlock(&self->mu);
    return OTM_OK;
}

static otm_temporality memory_temporality(void *context, otm_instrument_kind kind)
{
    const memory_exporter *self = context;
    return otmi_stream_temporality(&self->preferences, kind);
}

static void memory_aggregation(void *context, otm_instrument_kind kind, otm_aggregation *out)
{
    const memory_exporter *self = context;
    otmi_stream_aggregation(&self->preferences, kind, out);
}

static void forget_all(memory_exporter *self)
{
    otmi_mutex_lock(&self->mu);
    while (self->count > 0) {
        self->count--;
        otmi_free_text(self->allocator, *slot(self, self->count));
    }
    otmi_mutex_unlock(&self->mu);
}

static void memory_destroy(void *context)
{
    memory_exporter *self = context;
    list_remove(self);
    forget_all(self);
    otmi_mutex_fini(&self->mu);
    otmi_free(self->allocator, self->batches, self->max_batches * sizeof *self->batches);
    otmi_free(self->allocator, self, sizeof *self);
}

static const otm_exporter_ops memory_ops = {
    .size = sizeof memory_ops,
    .begin = memory_begin,
    .shutdown = memory_shutdown,
    .temporality = memory_temporality,
    .aggregation = memory_aggregation,
    .destroy = memory_destroy,
};

/* -- Public ------------------------------------------------------------------------------------------------------ */

static otm_status read_options(const otm_memory_exporter_options *options, otm_memory_exporter_options *out,
                               otmi_stream_preferences *preferences)
{
    otm_status st = otmi_options_read(options, out, sizeof *out);
    if (st == OTM_OK && out->max_batches == 0) {
        out->max_batches = DEFAULT_MAX_BATCHES;
    }
    return st == OTM_OK ? otmi_stream_preferences_init(preferences, out->temporality_preference, out->temporality,
                                                       out->aggregation)
                        : st;
}

/* NULL when there is no memory. */
static memory_exporter *memory_new(const otm_memory_exporter_options *options,
                                   const otmi_stream_preferences *preferences)
{
    memory_exporter *self = otmi_alloc_zeroed(options->allocator, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->allocator = options->allocator;
    self->preferences = *preferences;
    self->max_batches = options->max_batches;
    self->batches = otmi_alloc_array(options->allocator, self->max_batches, sizeof *self->batches);
    if (self->batches == NULL || otmi_mutex_init(&self->mu) != OTM_OK) {
        otmi_free(options->allocator, self->batches, self->max_batches * sizeof *self->batches);
        otmi_free(options->allocator, self, sizeof *self);
        return NULL;
    }
    return self;
}

otm_status otm_memory_exporter_create(const otm_memory_exporter_options *options, otm_exporter **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otm_memory_exporter_options o;
    otmi_stream_preferences preferences;
    otm_status st = read_options(options, &o, &preferences);
    if (st != OTM_OK) {
        return st;
    }
    memory_exporter *self = memory_new(&o, &preferences);
    if (self == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    st = otm_exporter_create(&memory_ops, self, out); /* on failure it has destroyed self */
    if (st == OTM_OK) {
        list_add(self, *out);
    }
    return st;
}

size_t otm_memory_exporter_count(otm_exporter *exporter)
{
    memory_exporter *self = find(exporter);
    if (self == NULL) {
        return 0;
    }
    otmi_mutex_lock(&self->mu);
    size_t count = self->count;
    otmi_mutex_unlock(&self->mu);
    return count;
}

otm_status otm_memory_exporter_json(otm_exporter *exporter, size_t index, char **json)
{
    if (json == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *json = NULL;
    memory_exporter *self = find(exporter);
    if (self == NULL) {
        return OTM_ERR_NOT_FOUND;
    }
    otm_status st = OTM_ERR_NOT_FOUND;
    otmi_mutex_lock(&self->mu);
    if (index < self->count) {
        const char *kept = *slot(self, index);
        *json = otmi_text_copy(NULL, kept, strlen(kept));
        st = *json != NULL ? OTM_OK : OTM_ERR_NO_MEMORY;
    }
    otmi_mutex_unlock(&self->mu);
    return st;
}

void otm_memory_exporter_free_json(char *json)
{
    otmi_free_text(NULL, json);
}

void otm_memory_exporter_reset(otm_exporter *exporter)
{
    memory_exporter *self = find(exporter);
    if (self != NULL) {
        forget_all(self);
    }
}

otm_status otm_metrics_to_json(const otm_metrics_data *data, char **json)
{
    if (json == NULL || data == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    return to_json(NULL, data, json);
}
