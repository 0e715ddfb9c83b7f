#include "prom_exposition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_LABELS 32

typedef struct label {
    char name[256];
    char value[1024];
} label;

typedef struct sample {
    char name[256];
    label labels[MOST_LABELS];
    size_t label_count;
} sample;

typedef struct reader {
    const char *p;
    prom_exposition *out;
    char family[256];
    char seen[PROM_EXPOSITION_SAMPLES][256]; /* names of families with a TYPE line */
    size_t seen_count;
} reader;

static bool fail(reader *r, const char *what)
{
    snprintf(r->out->error, sizeof r->out->error, "%s at \"%.60s\"", what, r->p);
    return false;
}

static void skip_blanks(reader *r)
{
    while (*r->p == ' ') {
        r->p++;
    }
}

/* A quoted string, unescaped. */
static bool read_quoted(reader *r, char *to, size_t size)
{
    size_t length = 0;
    for (r->p++; *r->p != '"'; r->p++) {
        char c = *r->p;
        if (c == '\0' || c == '\n') {
            return fail(r, "unterminated string");
        }
        if (c == '\\') {
            c = *++r->p;
            if (c != 'n' && c != '\\' && c != '"') {
                return fail(r, "unknown escape");
            }
            c = c == 'n' ? '\n' : c;
        }
        if (length + 1 < size) {
            to[length++] = c;
        }
    }
    r->p++;
    to[length] = '\0';
    return true;
}

static bool read_bare(reader *r, char *to, size_t size)
{
    size_t length = strspn(r->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:");
    if (length == 0 || length >= size) {
        return fail(r, "no name");
    }
    memcpy(to, r->p, length);
    to[length] = '\0';
    r->p += length;
    return true;
}

static bool read_name(reader *r, char *to, size_t size)
{
    return *r->p == '"' ? read_quoted(r, to, size) : read_bare(r, to, size);
}

static void normalize_number(char *text, size_t size)
{
    char *end;
    double number = strtod(text, &end);
    if (end != text && *end == '\0') {
        snprintf(text, size, "%.17g", number);
    }
}

static bool read_labels(reader *r, sample *s)
{
    for (r->p++; *r->p != '}';) {
        label *l = &s->labels[s->label_count];
        if (s->label_count == MOST_LABELS || !read_name(r, l->name, sizeof l->name)) {
            return fail(r, "no label");
        }
        if (*r->p == '=') {
            r->p++;
            if (*r->p != '"' || !read_quoted(r, l->value, sizeof l->value)) {
                return fail(r, "no label value");
            }
            if (strcmp(l->name, "le") == 0 || strcmp(l->name, "quantile") == 0) {
                normalize_number(l->value, sizeof l->value);
            }
            s->label_count += l->value[0] != '\0';
        } else if (s->name[0] == '\0') {
            memcpy(s->name, l->name, sizeof s->name); /* a quoted name stands among the labels */
        } else {
            return fail(r, "label without a value");
        }
        if (*r->p == ',') {
            r->p++;
        } else if (*r->p != '}') {
            return fail(r, "no comma");
        }
    }
    r->p++;
    return true;
}

static int compare_labels(const void *a, const void *b)
{
    return strcmp(((const label *)a)->name, ((const label *)b)->name);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool belongs_to(const char *name, const char *family, const char *type)
{
    size_t size = strlen(family);
    if (strncmp(name, family, size) != 0) {
        return false;
    }
    const char *suffix = name + size;
    bool parts = strcmp(type, "histogram") == 0 || strcmp(type, "summary") == 0;
    return *suffix == '\0' || (parts && (strcmp(suffix, "_bucket") == 0 || strcmp(suffix, "_sum") == 0 ||
                                         strcmp(suffix, "_count") == 0));
}

static bool keep(reader *r, sample *s, const char *value)
{
    char text[8192];
    qsort(s->labels, s->label_count, sizeof *s->labels, compare_labels);
    int length = snprintf(text, sizeof text, "%s{", s->name);
    for (size_t i = 0; i < s->label_count; i++) {
        if (i > 0 && strcmp(s->labels[i].name, s->labels[i - 1].name) == 0) {
            return fail(r, "label twice");
        }
        length += snprintf(text + length, sizeof text - (size_t)length, "%s=%s|", s->labels[i].name,
                           s->labels[i].value);
    }
    snprintf(text + length, sizeof text - (size_t)length, "} %s type=%s help=%s", value, r->out->type, r->out->help);
    if (r->out->count == PROM_EXPOSITION_SAMPLES) {
        return fail(r, "too many samples");
    }
    r->out->samples[r->out->count++] = strdup(text);
    return true;
}

static bool read_sample(reader *r)
{
    static sample s;
    char value[64] = "";
    memset(&s, 0, sizeof s);
    if (*r->p != '{' && !read_bare(r, s.name, sizeof s.name)) {
        return false;
    }
    if (*r->p == '{' && !read_labels(r, &s)) {
        return false;
    }
    if (*r->p != ' ' || !belongs_to(s.name, r->family, r->out->type)) {
        return fail(r, "sample outside its family");
    }
    skip_blanks(r);
    size_t length = strcspn(r->p, " \n");
    if (length == 0 || length >= sizeof value || r->p[length] != '\n') {
        return fail(r, "no value, or more than a value");
    }
    memcpy(value, r->p, length);
    normalize_number(value, sizeof value);
    r->p += length + 1;
    return keep(r, &s, value);
}

static void read_rest(reader *r, char *to, size_t size)
{
    size_t length = strcspn(r->p, "\n");
    snprintf(to, size, "%.*s", (int)length, r->p);
    r->p += length + (r->p[length] == '\n');
}

/* TYPE begins a family, or HELP, which TYPE follows. */
static bool read_comment(reader *r)
{
    char name[256];
    bool is_help = strncmp(r->p, "# HELP ", 7) == 0;
    if (!is_help && strncmp(r->p, "# TYPE ", 7) != 0) {
        return fail(r, "unknown comment");
    }
    r->p += 7;
    if (!read_name(r, name, sizeof name)) {
        return false;
    }
    skip_blanks(r);
    if (is_help || strcmp(name, r->family) != 0) {
        r->out->help[0] = '\0';
    }
    memcpy(r->family, name, sizeof name);
    if (is_help) {
        read_rest(r, r->out->help, sizeof r->out->help);
        return true;
    }
    for (size_t i = 0; i < r->seen_count; i++) {
        if (strcmp(r->seen[i], name) == 0) {
            return fail(r, "family twice");
        }
    }
    memcpy(r->seen[r->seen_count++], name, sizeof name);
    read_rest(r, r->out->type, sizeof r->out->type);
    return true;
}

bool prom_exposition_read(prom_exposition *exposition, const char *text)
{
    static reader r;
    memset(exposition, 0, sizeof *exposition);
    memset(&r, 0, sizeof r);
    r.p = text;
    r.out = exposition;
    bool ok = true;
    while (ok && *r.p != '\0') {
        if (*r.p == '\n') {
            r.p++;
        } else {
            ok = *r.p == '#' ? read_comment(&r) : read_sample(&r);
        }
    }
    qsort(exposition->samples, exposition->count, sizeof *exposition->samples, compare_texts);
    for (size_t i = 1; ok && i < exposition->count; i++) {
        if (strcmp(exposition->samples[i], exposition->samples[i - 1]) == 0) {
            ok = fail(&r, "sample twice");
        }
    }
    return ok;
}

void prom_exposition_free(prom_exposition *exposition)
{
    for (size_t i = 0; i < exposition->count; i++) {
        free(exposition->samples[i]);
    }
    exposition->count = 0;
}

bool prom_exposition_same(const prom_exposition *want, const prom_exposition *got)
{
    size_t differences = 0;
    size_t w = 0;
    size_t g = 0;
    while (w < want->count || g < got->count) {
        int order = w == want->count ? 1 : g == got->count ? -1 : strcmp(want->samples[w], got->samples[g]);
        if (order != 0) {
            differences++;
            fprintf(stderr, "%s %s\n", order < 0 ? "missing:" : "extra:  ",
                    order < 0 ? want->samples[w] : got->samples[g]);
        }
        w += order <= 0;
        g += order >= 0;
    }
    return differences == 0;
}
