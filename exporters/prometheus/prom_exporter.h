/* The exporter's own struct, shared with its server. */
#ifndef OTMI_PROM_EXPORTER_H
#define OTMI_PROM_EXPORTER_H

#include <otm/prometheus.h>
#include <sys/types.h>

#include "platform/platform.h"
#include "prom_bodies.h"
#include "prom_text.h"
#include "util/diag.h"

#define OTMI_PROM_COMPONENT "prometheus_exporter"

typedef struct otmi_prom_server otmi_prom_server;

/* Memory of one rendering, kept for the next. */
typedef struct otmi_prom_work {
    otmi_arena arena;
    otmi_buf scratch;
    otmi_prom_text_parts parts;
    size_t text_size; /* of the exposition, at first of the one before: they are about as large */
} otmi_prom_work;

/* Everything above `mu` never changes after creation. */
struct otm_prometheus_exporter {
    const otm_allocator *allocator;
    otmi_diag *diag; /* may be NULL */
    otm_reader *reader;
    otmi_prom_bodies *bodies;
    otmi_prom_settings settings; /* its patterns are ours */
    char *host;
    uint32_t port; /* 0: any */
    uint32_t max_connections;
    uint32_t connection_timeout_s;
    int64_t scrape_timeout_ms;
    otm_prometheus_request_handler on_request;
    void *on_request_user_data;
    pid_t process; /* in which it works; the copies of a fork() do nothing */

    otmi_mutex mu;            /* guards what follows; held for a few instructions only */
    otmi_prom_work *idle;     /* one that no rendering uses; may be NULL */
    size_t text_size;         /* of the last exposition */
    otmi_prom_server *server; /* NULL: none */
    bool starting;
};

/* Reports what a person should know about the making of a model. */
void otmi_prom_report_notes(otmi_diag *diag, const otmi_prom_note *notes);

#endif
