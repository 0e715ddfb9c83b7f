/* The declarative model, read and checked: the options that code would have built.
 *
 * Reading (model_*.c but the last two) starts nothing. Creating (model_build.c, model_sdk.c) turns a plan that is
 * complete and valid into objects, so that nothing half-configured ever starts. Strings of a plan belong to the JSON
 * value it was read from, lists to the arena of otmi_model. */
#ifndef OTMI_MODEL_H
#define OTMI_MODEL_H

#include <otm/config.h>
#include <otm/otlp.h>
#include <otm/stream.h>

#include "model/model_meters.h"
#include "model/model_node.h"

typedef struct otmi_resource_plan {
    const otm_attr *attributes;
    size_t attribute_count;
    const char *attributes_list; /* k=v,k=v; of lower priority; NULL: none */
    const char *schema_url;
} otmi_resource_plan;

typedef enum otmi_exporter_kind {
    OTMI_EXPORTER_NONE = 0, /* a manual reader */
    OTMI_EXPORTER_OTLP_HTTP,
    OTMI_EXPORTER_CONSOLE,
    OTMI_EXPORTER_PROMETHEUS
} otmi_exporter_kind;

typedef struct otmi_reader_plan {
    otmi_exporter_kind exporter;
    otm_reader_options reader;
    otm_periodic_reader_options periodic; /* with a push exporter; its reader is set when it is built */
    otm_otlp_http_exporter_options otlp;
    otm_stdout_exporter_options console;
    otm_prometheus_exporter_options prometheus;
} otmi_reader_plan;

typedef struct otmi_plan {
    bool disabled; /* or without a meter provider */
    uint32_t log_level; /* otm_level; 0: not given */
    otmi_resource_plan resource;
    otmi_reader_plan *readers;
    size_t reader_count;
    otm_view *views;
    size_t view_count;
    uint32_t exemplar_filter;
    otmi_meter_rules *meter_rules; /* NULL: none; owned */
} otmi_plan;

/* Each reads one node. */
otm_status otmi_model_read(otmi_model *model, const json_t *root, otmi_plan *out);
otm_status otmi_model_read_resource(const otmi_node *node, otmi_resource_plan *out);
otm_status otmi_model_read_reader(const otmi_node *node, otmi_reader_plan *out);
otm_status otmi_model_read_push_exporter(const otmi_node *node, otmi_reader_plan *out);
otm_status otmi_model_read_pull_exporter(const otmi_node *node, otmi_reader_plan *out);
otm_status otmi_model_read_otlp_http(const otmi_node *node, otm_otlp_http_exporter_options *out);
otm_status otmi_model_read_otlp_grpc(const otmi_node *node);
otm_status otmi_model_read_view(const otmi_node *node, otm_view *out);
otm_status otmi_model_read_aggregation(const otmi_node *node, otm_aggregation *out);

/* temporality_preference and default_histogram_aggregation, which several nodes have. *histogram becomes an
 * otm_aggregation_kind. */
otm_status otmi_model_read_preferences(const otmi_node *node, uint32_t *temporality, uint32_t *histogram);

/* Creating. The caller releases what they are set to; on failure that is nothing. */
otm_status otmi_model_build_resource(otmi_model *model, const otmi_resource_plan *plan, otm_resource **out);
otm_status otmi_model_build_reader(otmi_model *model, const otmi_reader_plan *plan, otm_reader **out,
                                   otm_prometheus_exporter **prometheus);

#endif
