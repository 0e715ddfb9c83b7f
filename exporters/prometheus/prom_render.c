/* One rendering: collect, build the model, write it, compress it. */
#include <unistd.h>

#include "prom_gzip.h"
#include "prom_negotiate.h"
#include "prom_work.h"
#include "util/alloc.h"

#define LARGEST_MODEL ((size_t)512 << 20)
#define LARGEST_SCRATCH ((size_t)16 << 20)
#define LARGEST_TEXT ((size_t)256 << 20) /* also in otm_prometheus_render()'s page */
#define SHORTEST_ZIPPED 256              /* below, gzip gains nothing */

/* -- Working memory ---------------------------------------------------------------------------------------------- */

/* Working memory is kept from one rendering to the next while it is about what a text of that size needs; most models
 * are smaller than their text, and one of tiny families is some ten times as large. */
#define LARGEST_KEPT_RATIO 32
#define LARGEST_KEPT_SURPLUS ((size_t)1 << 20)

static bool is_worth_keeping(const otmi_prom_work *work)
{
    size_t held = work->arena.total_bytes + work->scratch.capacity + otmi_prom_text_parts_capacity(&work->parts);
    return held <= LARGEST_KEPT_SURPLUS || (held - LARGEST_KEPT_SURPLUS) / LARGEST_KEPT_RATIO <= work->text_size;
}

otmi_prom_work *otmi_prom_work_take(otm_prometheus_exporter *exporter)
{
    otmi_mutex_lock(&exporter->mu);
    otmi_prom_work *work = exporter->idle;
    size_t text_size = exporter->text_size;
    exporter->idle = NULL;
    otmi_mutex_unlock(&exporter->mu);
    if (work == NULL) {
        work = otmi_alloc_zeroed(exporter->allocator, sizeof *work);
        if (work == NULL) {
            return NULL;
        }
        otmi_arena_init(&work->arena, exporter->allocator, LARGEST_MODEL);
        otmi_buf_init(&work->scratch, exporter->allocator, LARGEST_SCRATCH);
        otmi_prom_text_parts_init(&work->parts, exporter->allocator);
    }
    work->text_size = text_size;
    return work;
}

void otmi_prom_work_give_back(otm_prometheus_exporter *exporter, otmi_prom_work *work)
{
    bool keep = is_worth_keeping(work);
    otmi_arena_reset(&work->arena);
    otmi_mutex_lock(&exporter->mu);
    exporter->text_size = work->text_size;
    if (keep && exporter->idle == NULL) {
        exporter->idle = work;
        work = NULL;
    }
    otmi_mutex_unlock(&exporter->mu);
    otmi_prom_work_destroy(exporter->allocator, work);
}

void otmi_prom_work_destroy(const otm_allocator *allocator, otmi_prom_work *work)
{
    if (work != NULL) {
        otmi_arena_fini(&work->arena);
        otmi_buf_fini(&work->scratch);
        otmi_prom_text_parts_fini(&work->parts);
        otmi_free(allocator, work, sizeof *work);
    }
}

/* -- Writing ----------------------------------------------------------------------------------------------------- */

static otm_status write_data(otm_prometheus_exporter *e, otmi_prom_work *work, const otmi_prom_format *format,
                             const otm_metrics_data *data, otmi_prom_model *model, otmi_buf *text)
{
    otm_status st = otmi_prom_model_build(model, &work->arena, &work->scratch, &e->settings, format->escaping, data);
    if (st != OTM_OK) {
        return st;
    }
    otmi_prom_body_init(text, e->bodies, LARGEST_TEXT, work->text_size);
    if (work->text_size > text->capacity) {
        (void)otmi_buf_reserve(text, work->text_size + work->text_size / 16);
    }
    otmi_prom_write_text(text, &work->parts, model);
    work->text_size = text->size;
    return text->status;
}

/* Notes are reported once the tree is given back: a handler may collect, or wait for somebody who does. */
static otm_status render_text(otm_prometheus_exporter *e, const otmi_prom_format *format, otmi_buf *text)
{
    otmi_prom_work *work = otmi_prom_work_take(e);
    if (work == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otmi_prom_model model = {NULL, NULL};
    const otm_metrics_data *data = NULL;
    otm_status st = otm_reader_collect(e->reader, e->scrape_timeout_ms, &data);
    if (st == OTM_OK) {
        st = write_data(e, work, format, data, &model, text);
        otm_reader_return(e->reader, data);
    }
    otmi_prom_report_notes(e->diag, model.notes);
    otmi_prom_work_give_back(e, work);
    return st;
}

/* -- Responses --------------------------------------------------------------------------------------------------- */

static void give_body(otm_prometheus_response *out, otmi_buf *body)
{
    out->body = body->data != NULL ? body->data : "";
    out->size = body->size;
    out->capacity = body->capacity;
    out->allocator = body->allocator;
}

/* The plain text goes out if there is no memory for the other. */
static void give_zipped(otm_prometheus_response *out, const otm_allocator *allocator, otmi_buf *text)
{
    otmi_buf zipped;
    otmi_buf_init(&zipped, text->allocator, text->maximum);
    if (otmi_prom_gzip(&zipped, allocator, text->data, text->size) != OTM_OK) {
        otmi_buf_fini(&zipped);
        give_body(out, text);
        return;
    }
    out->content_encoding = "gzip";
    give_body(out, &zipped);
    otmi_buf_fini(text);
}

static void give_failure(otm_prometheus_response *out, otm_status reason)
{
    out->status = 503;
    out->content_type = "text/plain; charset=utf-8";
    out->body = otm_status_text(reason);
    out->size = strlen(out->body);
}

otm_status otm_prometheus_render(otm_prometheus_exporter *exporter, const char *accept, const char *accept_encoding,
                                 otm_prometheus_response *out)
{
    if (out == NULL || out->struct_size < sizeof *out) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    otm_prometheus_response_init(out);
    out->content_encoding = "";
    if (exporter == NULL || exporter->process != getpid()) {
        otm_status st = exporter == NULL ? OTM_ERR_INVALID_ARGUMENT : OTM_ERR_SHUTDOWN;
        give_failure(out, st);
        return st;
    }
    const otmi_prom_format *format = otmi_prom_negotiate(accept);
    otmi_buf text;
    otmi_buf_init(&text, exporter->allocator, 0);
    otm_status st = render_text(exporter, format, &text);
    if (st != OTM_OK) {
        otmi_buf_fini(&text);
        give_failure(out, st);
        otmi_diag_report(exporter->diag, OTM_WARN, st, &(otmi_diag_origin){OTMI_PROM_COMPONENT, NULL, NULL},
                         "a scrape was answered 503: %s", out->body);
        return st;
    }
    out->status = 200;
    out->content_type = format->content_type;
    if (text.size >= SHORTEST_ZIPPED && otmi_prom_accepts_gzip(accept_encoding)) {
        give_zipped(out, exporter->allocator, &text);
    } else {
        give_body(out, &text);
    }
    return OTM_OK;
}

void otm_prometheus_response_free(otm_prometheus_response *response)
{
    if (response != NULL && response->capacity > 0) {
        otmi_free(response->allocator, (char *)(uintptr_t)response->body, response->capacity);
    }
    if (response != NULL) {
        response->body = NULL;
        response->size = 0;
        response->capacity = 0;
    }
}
