/* Names of metrics and labels, in two steps (metrics/sdk_exporters/prometheus.md, "Interaction with translation
 * strategy"): the translation strategy makes a name, then the escaping that the scraper asked for may rewrite it. */
#ifndef OTMI_PROM_NAME_H
#define OTMI_PROM_NAME_H

#include <otm/prometheus.h>
#include <otm/sdk_data.h>

#include "util/buf.h"

typedef enum otmi_prom_type {
    OTMI_PROM_GAUGE,
    OTMI_PROM_COUNTER,
    OTMI_PROM_HISTOGRAM,
    OTMI_PROM_SUMMARY,
    OTMI_PROM_UNKNOWN,
    OTMI_PROM_INFO
} otmi_prom_type;

typedef enum otmi_prom_escaping {
    OTMI_PROM_UNDERSCORES, /* each illegal character becomes _ */
    OTMI_PROM_ALLOW_UTF8   /* names as they are; the writer quotes what is not legal bare */
} otmi_prom_escaping;

/* What a label name may not hold that a metric name may: the colon. */
typedef enum otmi_prom_name_kind { OTMI_PROM_METRIC_NAME, OTMI_PROM_LABEL_NAME } otmi_prom_name_kind;

/* True if the name needs neither escaping nor quotes: [a-zA-Z_:][a-zA-Z0-9_:]*. */
bool otmi_prom_is_legal(otmi_prom_name_kind kind, const char *name, size_t size);

static inline bool otmi_prom_has_suffixes(uint32_t translation)
{
    return translation == OTM_PROMETHEUS_UNDERSCORE_ESCAPING_WITH_SUFFIXES ||
           translation == OTM_PROMETHEUS_NO_UTF8_ESCAPING_WITH_SUFFIXES;
}

static inline bool otmi_prom_has_underscores(uint32_t translation)
{
    return translation == OTM_PROMETHEUS_UNDERSCORE_ESCAPING_WITH_SUFFIXES ||
           translation == OTM_PROMETHEUS_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES;
}

/* These append to `out` the name by the strategy. False if nothing is left that could serve as a name. */
bool otmi_prom_metric_name(otmi_buf *out, uint32_t translation, otm_string name, otm_string unit, otmi_prom_type type);
bool otmi_prom_label_name(otmi_buf *out, uint32_t translation, const char *key, size_t key_size);

#define OTMI_PROM_UNIT_SIZE 512

/* The unit in words, "" if it has none: "By/s" is bytes_per_second. Returns their length. With `underscores` only
 * characters that are legal in a name are left. */
size_t otmi_prom_unit_words(char words[OTMI_PROM_UNIT_SIZE], otm_string unit, bool underscores);

/* Appends a name as the escaping wants it. */
void otmi_prom_escape_name(otmi_buf *out, otmi_prom_escaping escaping, otmi_prom_name_kind kind, const char *name,
                           size_t size);

/* Copies characters that are legal in a name behind the `length` bytes of `to`, where there is room for all. Each run
 * of others, and of _, becomes one _. Returns the new length. */
size_t otmi_prom_collapse(char *to, size_t length, otmi_prom_name_kind kind, const char *text, size_t size);

#endif
