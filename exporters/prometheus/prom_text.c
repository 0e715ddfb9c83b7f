/* Writer of the text exposition format 0.0.4: HELP, TYPE, then the samples of a family in one block. Points carry no
 * timestamps; exemplars, minimum and maximum have no form here. */
#include "prom_text.h"

#include <math.h>

#include "prom_escape.h"
#include "util/number_text.h"

/* Everything but the labels that a line can hold: suffix, quotes, le, value. */
#define LINE_EXTRA (2 * OTMI_F64_TEXT_SIZE + 64)
#define LARGEST_LABEL_TEXT ((size_t)16 << 20)
#define LARGEST_ENDS ((size_t)256 << 20) /* shorter than the lines they are for: the text reaches its maximum first */

typedef struct text_writer {
    otmi_buf *out;
    otmi_prom_text_parts *parts;
    bool quoted;                     /* the name is legal in quotes only, and then stands among the labels */
    const otm_histogram_data *ended; /* whose bounds parts->ends is for; NULL: none yet */
} text_writer;

/* -- Parts ------------------------------------------------------------------------------------------------------- */

void otmi_prom_text_parts_init(otmi_prom_text_parts *parts, const otm_allocator *allocator)
{
    otmi_buf_init(&parts->name, allocator, LARGEST_LABEL_TEXT);
    otmi_buf_init(&parts->shared, allocator, LARGEST_LABEL_TEXT);
    otmi_buf_init(&parts->own, allocator, LARGEST_LABEL_TEXT);
    otmi_buf_init(&parts->start, allocator, LARGEST_LABEL_TEXT);
    otmi_buf_init(&parts->ends, allocator, LARGEST_ENDS);
}

void otmi_prom_text_parts_fini(otmi_prom_text_parts *parts)
{
    otmi_buf_fini(&parts->name);
    otmi_buf_fini(&parts->shared);
    otmi_buf_fini(&parts->own);
    otmi_buf_fini(&parts->start);
    otmi_buf_fini(&parts->ends);
}

size_t otmi_prom_text_parts_capacity(const otmi_prom_text_parts *parts)
{
    return parts->name.capacity + parts->shared.capacity + parts->own.capacity + parts->start.capacity +
           parts->ends.capacity;
}

/* The failure of a part, which the next reset would wipe out, is the whole's. */
static void keep_failure(text_writer *w, const otmi_buf *part)
{
    if (w->out->status == OTM_OK) {
        w->out->status = part->status;
    }
}

/* -- Labels ------------------------------------------------------------------------------------------------------ */

static char *put(char *to, const char *text, size_t size)
{
    if (size > 0) {
        memcpy(to, text, size);
    }
    return to + size;
}

static void write_plain_label(otmi_buf *out, const otmi_prom_label *label)
{
    char *start = otmi_buf_reserve(out, label->name.size + label->value.size + sizeof "=\"\"");
    if (start != NULL) {
        char *to = put(start, label->name.data, label->name.size);
        *to++ = '=';
        *to++ = '"';
        to = put(to, label->value.data, label->value.size);
        *to++ = '"';
        out->size += (size_t)(to - start);
    }
}

static void write_any_label(otmi_buf *out, const otmi_prom_label *label)
{
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

static void write_labels(text_writer *w, otmi_buf *part, const otmi_prom_labels *labels)
{
    otmi_buf_reset(part);
    for (size_t i = 0; i < labels->count; i++) {
        if (i > 0) {
            otmi_buf_byte(part, ',');
        }
        if (labels->items[i].is_plain) {
            write_plain_label(part, &labels->items[i]);
        } else {
            write_any_label(part, &labels->items[i]);
        }
    }
    keep_failure(w, part);
}

/* -- Lines ------------------------------------------------------------------------------------------------------- */

static char *put_part(char *to, const char *first, const char *text, size_t size)
{
    if (size == 0) {
        return to;
    }
    if (to != first) {
        *to++ = ',';
    }
    return put(to, text, size);
}

/* name_suffix{own: a line up to the labels of the series. *first is where labels begin. */
static char *put_start(char *to, const text_writer *w, otm_string suffix, char **first)
{
    const otmi_prom_text_parts *p = w->parts;
    if (!w->quoted) {
        to = put(to, p->name.data, p->name.size);
        to = put(to, suffix.data, suffix.size);
    }
    *to++ = '{';
    *first = to;
    if (w->quoted) {
        *to++ = '"';
        to = put(to, p->name.data, p->name.size);
        to = put(to, suffix.data, suffix.size);
        *to++ = '"';
    }
    return put_part(to, *first, p->own.data, p->own.size);
}

static size_t largest_line(const text_writer *w)
{
    return w->parts->name.size + w->parts->own.size + w->parts->shared.size + LINE_EXTRA;
}

/* name_suffix{own,extra,shared} value, all of them escaped; without labels just the name. */
static void write_line(text_writer *w, otm_string suffix, otm_string extra, otm_string value)
{
    char *line = otmi_buf_reserve(w->out, largest_line(w));
    if (line == NULL) {
        return;
    }
    char *first;
    char *to = put_start(line, w, suffix, &first);
    to = put_part(to, first, extra.data, extra.size);
    to = put_part(to, first, w->parts->shared.data, w->parts->shared.size);
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

static const otm_string nothing = {"", 0};
static const otm_string sum_suffix = {"_sum", 4};
static const otm_string count_suffix = {"_count", 6};
static const otm_string bucket_suffix = {"_bucket", 7};

static void write_f64(text_writer *w, otm_string suffix, double number)
{
    number_text value;
    put_f64(&value, number);
    write_line(w, suffix, nothing, text_of(&value));
}

static void write_u64(text_writer *w, otm_string suffix, uint64_t number)
{
    number_text value;
    put_u64(&value, number);
    write_line(w, suffix, nothing, text_of(&value));
}

static void write_number(text_writer *w, const otm_number_data *number)
{
    number_text value;
    if (number->number == OTM_NUMBER_I64) {
        put_i64(&value, number->as.i64);
    } else {
        put_f64(&value, number->as.f64);
    }
    write_line(w, nothing, nothing, text_of(&value));
}

/* -- Histograms -------------------------------------------------------------------------------------------------- */

/* A bucket's line is start, end, value: the start is one for all buckets of a series, the end one for all series with
 * these bounds. */
typedef struct line_end {
    size_t size; /* of the text behind it */
} line_end;

/* What follows le=" in the line of a bucket. */
static void add_end(text_writer *w, double bound)
{
    const otmi_buf *shared = &w->parts->shared;
    otmi_buf *ends = &w->parts->ends;
    number_text number;
    put_f64(&number, bound);
    line_end end = {number.size + strlen("\"") + (shared->size > 0) + shared->size + strlen("} ")};
    char *to = otmi_buf_reserve(ends, sizeof end + end.size);
    if (to == NULL) {
        return;
    }
    to = put(to, (const char *)&end, sizeof end);
    to = put(to, number.text, number.size);
    *to++ = '"';
    if (shared->size > 0) {
        *to++ = ',';
        to = put(to, shared->data, shared->size);
    }
    *to++ = '}';
    *to++ = ' ';
    ends->size += sizeof end + end.size;
}

static size_t bucket_bounds(const otm_histogram_data *data)
{
    return data->bound_count < data->bucket_count ? data->bound_count : data->bucket_count;
}

/* The ends for all bounds that are shown, then for +Inf. */
static void make_ends(text_writer *w, const otm_histogram_data *data)
{
    size_t count = bucket_bounds(data);
    const otm_histogram_data *made = w->ended;
    if (made != NULL && bucket_bounds(made) == count &&
        (count == 0 || memcmp(made->bounds, data->bounds, count * sizeof *data->bounds) == 0)) {
        return;
    }
    otmi_buf_reset(&w->parts->ends);
    for (size_t i = 0; i < count; i++) {
        if (isfinite(data->bounds[i])) {
            add_end(w, data->bounds[i]);
        }
    }
    add_end(w, INFINITY);
    keep_failure(w, &w->parts->ends);
    w->ended = data;
}

static void make_start(text_writer *w)
{
    otmi_buf *start = &w->parts->start;
    otmi_buf_reset(start);
    char *line = otmi_buf_reserve(start, largest_line(w));
    if (line != NULL) {
        char *first;
        char *to = put_start(line, w, bucket_suffix, &first);
        to = put_part(to, first, "le=\"", strlen("le=\""));
        start->size = (size_t)(to - line);
    }
    keep_failure(w, start);
}

/* Writes a bucket's line; returns the end for the next. */
static const char *write_bucket(text_writer *w, const char *end, uint64_t cumulative)
{
    const otmi_buf *start = &w->parts->start;
    line_end text;
    memcpy(&text, end, sizeof text);
    end += sizeof text;
    char *line = otmi_buf_reserve(w->out, start->size + text.size + OTMI_U64_TEXT_SIZE + 1);
    if (line != NULL) {
        char *to = put(line, start->data, start->size);
        to = put(to, end, text.size);
        to += otmi_u64_text(cumulative, to);
        *to++ = '\n';
        w->out->size += (size_t)(to - line);
    }
    return end + text.size;
}

static void write_histogram(text_writer *w, const otm_histogram_data *data)
{
    make_start(w);
    make_ends(w, data);
    if (w->out->status != OTM_OK) {
        return;
    }
    const char *end = w->parts->ends.data;
    uint64_t cumulative = 0;
    for (size_t i = 0; i < bucket_bounds(data); i++) {
        cumulative += data->bucket_counts[i];
        if (isfinite(data->bounds[i])) {
            end = write_bucket(w, end, cumulative);
        }
    }
    (void)write_bucket(w, end, data->count);
    if (data->has_sum) {
        write_f64(w, sum_suffix, data->sum);
    }
    write_u64(w, count_suffix, data->count);
}

/* -- Summaries --------------------------------------------------------------------------------------------------- */

typedef struct quantile_label {
    char text[OTMI_F64_TEXT_SIZE + sizeof "quantile=\"\""];
    size_t size;
} quantile_label;

static otm_string quantile_text(quantile_label *label, double quantile)
{
    number_text number;
    put_f64(&number, quantile);
    char *to = put(label->text, "quantile=\"", strlen("quantile=\""));
    to = put(to, number.text, number.size);
    *to++ = '"';
    return (otm_string){label->text, (size_t)(to - label->text)};
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
        quantile_label label;
        number_text value;
        put_f64(&value, q->value);
        write_line(w, nothing, quantile_text(&label, q->quantile), text_of(&value));
    }
    write_f64(w, sum_suffix, data->sum);
    write_u64(w, count_suffix, data->count);
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
    otmi_buf_append(w->out, w->parts->name.data, w->parts->name.size);
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
    write_labels(w, &w->parts->own, &sample->labels);
    if (sample->point == NULL) {
        write_u64(w, nothing, 1);
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
    otmi_buf_reset(&w->parts->name);
    otmi_prom_escape_quoted(&w->parts->name, family->name.data, family->name.size);
    keep_failure(w, &w->parts->name);
    write_comments(w, family);
    for (const otmi_prom_group *group = family->groups; group != NULL; group = group->next) {
        write_labels(w, &w->parts->shared, group->shared);
        w->ended = NULL;
        for (size_t i = 0; i < group->count && w->out->status == OTM_OK; i++) {
            write_sample(w, family->type, &group->samples[i]);
        }
    }
}

void otmi_prom_write_text(otmi_buf *out, otmi_prom_text_parts *parts, const otmi_prom_model *model)
{
    text_writer w = {.out = out, .parts = parts};
    for (const otmi_prom_family *family = model->families; family != NULL; family = family->next) {
        if (has_samples(family)) {
            write_family(&w, family);
        }
    }
}
