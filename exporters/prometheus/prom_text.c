/* Writer of the text exposition format 0.0.4: HELP, TYPE, then the samples of a family in one block. Points carry no
 * timestamps; exemplars, minimum and maximum have no form here. */
#include "prom_text.h"

#include <math.h>

#include "prom_escape.h"
#include "util/number_text.h"

/* Everything but the labels that a line can hold: suffix, quotes, le, value. */
#define LINE_EXTRA (2 * OTMI_F64_TEXT_SIZE + 64)
#define LARGEST_LABEL_TEXT ((size_t)16 << 20)

typedef struct text_writer {
    otmi_buf *out;
    otmi_buf name;   /* of the family, escaped, without quotes */
    bool quoted;     /* the name is legal in quotes only, and then stands among the labels */
    otmi_buf shared; /* a group's shared labels: k="v",k="v" */
    otmi_buf own;    /* the same of one series */
} text_writer;

/* -- Labels ------------------------------------------------------------------------------------------------------ */

static void write_label(otmi_buf *out, const otmi_prom_label *label)
{
    if (out->size > 0) {
        otmi_buf_byte(out, ',');
    }
    if (otmi_prom_is_legal(OTMI_PROM_LABEL_NAME, label->name.data, label->name.size)) {
        otmi_buf_append(out, label->name.data, label->name.size);
    } else {
        otmi_buf_byte(out, '"');
        otmi_prom_escape_quoted(out, label->name.data, label->name.size);
        otmi_buf_byte(out, '"');
    }
    otmi_buf_append(out, "=\"", 2);
    otmi_prom_escape_quoted(out, label->value.data, label->value.size);
    otmi_buf_byte(out, '"');
}

/* The failure of a part, which the next reset would wipe out, is the whole's. */
static void keep_failure(text_writer *w, const otmi_buf *part)
{
    if (w->out->status == OTM_OK) {
        w->out->status = part->status;
    }
}

static void write_labels(text_writer *w, otmi_buf *part, const otmi_prom_labels *labels)
{
    otmi_buf_reset(part);
    for (size_t i = 0; i < labels->count; i++) {
        write_label(part, &labels->items[i]);
    }
    keep_failure(w, part);
}

/* -- Lines ------------------------------------------------------------------------------------------------------- */

static char *put(char *to, const char *text, size_t size)
{
    if (size > 0) {
        memcpy(to, text, size);
    }
    return to + size;
}

static char *put_part(char *to, char *first, const char *text, size_t size)
{
    if (size == 0) {
        return to;
    }
    if (to != first) {
        *to++ = ',';
    }
    return put(to, text, size);
}

/* name_suffix{own,extra,shared} value, all of them escaped; without labels just the name. */
static void write_line(text_writer *w, const char *suffix, otm_string extra, otm_string value)
{
    size_t suffix_size = strlen(suffix);
    char *line = otmi_buf_reserve(w->out, w->name.size + w->own.size + w->shared.size + LINE_EXTRA);
    if (line == NULL) {
        return;
    }
    char *to = line;
    if (!w->quoted) {
        to = put(to, w->name.data, w->name.size);
        to = put(to, suffix, suffix_size);
    }
    *to++ = '{';
    char *first = to;
    if (w->quoted) {
        *to++ = '"';
        to = put(to, w->name.data, w->name.size);
        to = put(to, suffix, suffix_size);
        *to++ = '"';
    }
    to = put_part(to, first, w->own.data, w->own.size);
    to = put_part(to, first, extra.data, extra.size);
    to = put_part(to, first, w->shared.data, w->shared.size);
    if (to == first) {
        to--; /* no labels, no braces */
    } else {
        *to++ = '}';
    }
    *to++ = ' ';
    to = put(to, value.data, value.size);
    *to++ = '\n';
    w->out->size += (size_t)(to - line);
}

/* -- Values ------------------------------------------------------------------------------------------------------ */

typedef struct number_text {
    char text[OTMI_F64_TEXT_SIZE];
    size_t size;
} number_text;

static otm_string text_of(const number_text *number)
{
    return (otm_string){number->text, number->size};
}

static void put_f64(number_text *out, double number)
{
    if (isinf(number)) {
        const char *text = number > 0 ? "+Inf" : "-Inf";
        out->size = strlen(text);
        memcpy(out->text, text, out->size);
    } else {
        out->size = otmi_f64_text(number, out->text);
    }
}

static void put_u64(number_text *out, uint64_t number)
{
    out->size = otmi_u64_text(number, out->text);
}

static void put_i64(number_text *out, int64_t number)
{
    put_u64(out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
    if (number < 0) {
        memmove(out->text + 1, out->text, out->size++);
        out->text[0] = '-';
    }
}

static const otm_string no_extra = {"", 0};

static void write_f64(text_writer *w, const char *suffix, double number)
{
    number_text value;
    put_f64(&value, number);
    write_line(w, suffix, no_extra, text_of(&value));
}

static void write_u64(text_writer *w, const char *suffix, uint64_t number)
{
    number_text value;
    put_u64(&value, number);
    write_line(w, suffix, no_extra, text_of(&value));
}

static void write_number(text_writer *w, const otm_number_data *number)
{
    number_text value;
    if (number->number == OTM_NUMBER_I64) {
        put_i64(&value, number->as.i64);
    } else {
        put_f64(&value, number->as.f64);
    }
    write_line(w, "", no_extra, text_of(&value));
}

/* -- Histograms and summaries ------------------------------------------------------------------------------------ */

typedef struct bound_label {
    char text[OTMI_F64_TEXT_SIZE + sizeof "quantile=\"\""];
    size_t size;
} bound_label;

static otm_string bound_text(bound_label *label, const char *key, double bound)
{
    number_text number;
    put_f64(&number, bound);
    char *to = put(label->text, key, strlen(key));
    to = put(to, "=\"", 2);
    to = put(to, number.text, number.size);
    *to++ = '"';
    return (otm_string){label->text, (size_t)(to - label->text)};
}

static void write_bucket(text_writer *w, double bound, uint64_t cumulative)
{
    bound_label label;
    number_text value;
    put_u64(&value, cumulative);
    write_line(w, "_bucket", bound_text(&label, "le", bound), text_of(&value));
}

static void write_histogram(text_writer *w, const otm_histogram_data *data)
{
    uint64_t cumulative = 0;
    for (size_t i = 0; i < data->bound_count && i < data->bucket_count; i++) {
        cumulative += data->bucket_counts[i];
        if (isfinite(data->bounds[i])) {
            write_bucket(w, data->bounds[i], cumulative);
        }
    }
    write_bucket(w, INFINITY, data->count);
    if (data->has_sum) {
        write_f64(w, "_sum", data->sum);
    }
    write_u64(w, "_count", data->count);
}

/* The lowest quantile above `last`, or NULL. Producers give few quantiles, mostly in order. */
static const otm_quantile_value *next_quantile(const otm_histogram_data *data, double last)
{
    const otm_quantile_value *next = NULL;
    for (size_t i = 0; i < data->quantile_count; i++) {
        const otm_quantile_value *candidate = &data->quantiles[i];
        if (candidate->quantile > last && (next == NULL || candidate->quantile < next->quantile)) {
            next = candidate;
        }
    }
    return next;
}

static void write_summary(text_writer *w, const otm_histogram_data *data)
{
    const otm_quantile_value *q = next_quantile(data, -INFINITY);
    for (; q != NULL; q = next_quantile(data, q->quantile)) {
        bound_label label;
        number_text value;
        put_f64(&value, q->value);
        write_line(w, "", bound_text(&label, "quantile", q->quantile), text_of(&value));
    }
    write_f64(w, "_sum", data->sum);
    write_u64(w, "_count", data->count);
}

/* -- Families ---------------------------------------------------------------------------------------------------- */

static const char *type_name(otmi_prom_type type)
{
    static const char *const names[] = {
        [OTMI_PROM_GAUGE] = "gauge",     [OTMI_PROM_COUNTER] = "counter",   [OTMI_PROM_HISTOGRAM] = "histogram",
        [OTMI_PROM_SUMMARY] = "summary", [OTMI_PROM_UNKNOWN] = "untyped", [OTMI_PROM_INFO] = "gauge",
    };
    return names[type];
}

static void begin_comment(text_writer *w, const char *keyword)
{
    otmi_buf_text(w->out, keyword);
    otmi_buf_text(w->out, w->quoted ? " \"" : " ");
    otmi_buf_append(w->out, w->name.data, w->name.size);
    otmi_buf_text(w->out, w->quoted ? "\" " : " ");
}

static void write_comments(text_writer *w, const otmi_prom_family *family)
{
    if (family->help.size > 0) {
        begin_comment(w, "# HELP");
        otmi_prom_escape_help(w->out, family->help.data, family->help.size);
        otmi_buf_byte(w->out, '\n');
    }
    begin_comment(w, "# TYPE");
    otmi_buf_text(w->out, type_name(family->type));
    otmi_buf_byte(w->out, '\n');
}

static void write_sample(text_writer *w, otmi_prom_type type, const otmi_prom_sample *sample)
{
    write_labels(w, &w->own, &sample->labels);
    if (sample->point == NULL) {
        write_u64(w, "", 1);
    } else if (type == OTMI_PROM_HISTOGRAM) {
        write_histogram(w, sample->point->data.histogram);
    } else if (type == OTMI_PROM_SUMMARY) {
        write_summary(w, sample->point->data.histogram);
    } else {
        write_number(w, &sample->point->data.number);
    }
}

static bool has_samples(const otmi_prom_family *family)
{
    for (const otmi_prom_group *group = family->groups; group != NULL; group = group->next) {
        if (group->count > 0) {
            return true;
        }
    }
    return false;
}

static void write_family(text_writer *w, const otmi_prom_family *family)
{
    w->quoted = !otmi_prom_is_legal(OTMI_PROM_METRIC_NAME, family->name.data, family->name.size);
    otmi_buf_reset(&w->name);
    otmi_prom_escape_quoted(&w->name, family->name.data, family->name.size);
    keep_failure(w, &w->name);
    write_comments(w, family);
    for (const otmi_prom_group *group = family->groups; group != NULL; group = group->next) {
        write_labels(w, &w->shared, group->shared);
        for (size_t i = 0; i < group->count && w->out->status == OTM_OK; i++) {
            write_sample(w, family->type, &group->samples[i]);
        }
    }
}

void otmi_prom_write_text(otmi_buf *out, const otm_allocator *allocator, const otmi_prom_model *model)
{
    text_writer w = {.out = out};
    otmi_buf_init(&w.name, allocator, LARGEST_LABEL_TEXT);
    otmi_buf_init(&w.shared, allocator, LARGEST_LABEL_TEXT);
    otmi_buf_init(&w.own, allocator, LARGEST_LABEL_TEXT);
    for (const otmi_prom_family *family = model->families; family != NULL; family = family->next) {
        if (has_samples(family)) {
            write_family(&w, family);
        }
    }
    otmi_buf_fini(&w.name);
    otmi_buf_fini(&w.shared);
    otmi_buf_fini(&w.own);
}
