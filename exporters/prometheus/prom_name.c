#include "prom_name.h"

#include "util/utf8.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_legal_inside(otmi_prom_name_kind kind, char c)
{
    return is_letter(c) || is_digit(c) || c == '_' || (c == ':' && kind == OTMI_PROM_METRIC_NAME);
}

bool otmi_prom_is_legal(otmi_prom_name_kind kind, const char *name, size_t size)
{
    if (size == 0 || is_digit(name[0])) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!is_legal_inside(kind, name[i])) {
            return false;
        }
    }
    return true;
}

size_t otmi_prom_collapse(char *to, size_t length, otmi_prom_name_kind kind, const char *text, size_t size)
{
    bool after_underscore = length > 0 && to[length - 1] == '_';
    for (size_t i = 0; i < size; i++) {
        bool underscore = text[i] == '_' || !is_legal_inside(kind, text[i]);
        if (!underscore || !after_underscore) {
            to[length++] = underscore ? '_' : text[i];
        }
        after_underscore = underscore;
    }
    return length;
}

static void append_collapsed(otmi_buf *out, size_t start, otmi_prom_name_kind kind, const char *text, size_t size)
{
    if (otmi_buf_reserve(out, size) != NULL) {
        out->size = start + otmi_prom_collapse(out->data + start, out->size - start, kind, text, size);
    }
}

/* True if `name` is, or ends in, `word` that stands by itself: "foo.total" ends in "total", "subtotal" does not. */
static bool ends_with_word(const char *name, size_t size, const char *word, size_t word_size)
{
    if (size < word_size || memcmp(name + size - word_size, word, word_size) != 0) {
        return false;
    }
    if (size == word_size) {
        return true;
    }
    char before = name[size - word_size - 1];
    return !is_letter(before) && !is_digit(before) && (before & 0x80) == 0;
}

static bool name_ends_with(const otmi_buf *out, size_t start, const char *word, size_t word_size)
{
    return ends_with_word(out->data + start, out->size - start, word, word_size);
}

static void append_suffix(otmi_buf *out, size_t start, bool underscores, const char *word, size_t word_size)
{
    if (out->status != OTM_OK || name_ends_with(out, start, word, word_size)) {
        return;
    }
    if (!underscores || out->data[out->size - 1] != '_') {
        otmi_buf_byte(out, '_');
    }
    otmi_buf_append(out, word, word_size);
}

/* The unit stands before _total, so a _total that the instrument's own name has is taken off first. */
static void take_off_total(otmi_buf *out, size_t start)
{
    size_t suffix = strlen("_total");
    if (out->size - start > suffix && name_ends_with(out, start, "total", suffix - 1)) {
        out->size -= suffix;
    }
}

static void append_suffixes(otmi_buf *out, size_t start, bool underscores, otm_string unit, otmi_prom_type type)
{
    char words[OTMI_PROM_UNIT_SIZE];
    size_t words_size = otmi_prom_unit_words(words, unit, underscores);
    if (type == OTMI_PROM_COUNTER) {
        take_off_total(out, start);
    }
    if (words_size > 0) {
        append_suffix(out, start, underscores, words, words_size);
    }
    /* The specification has no word for the unit 1. Peers call a gauge of it a ratio, but not a counter: many count
     * things in ones. */
    if (type == OTMI_PROM_GAUGE && unit.size == 1 && unit.data[0] == '1') {
        append_suffix(out, start, underscores, "ratio", strlen("ratio"));
    }
    if (type == OTMI_PROM_COUNTER) {
        append_suffix(out, start, underscores, "total", strlen("total"));
    }
    if (type == OTMI_PROM_INFO) {
        append_suffix(out, start, underscores, "info", strlen("info"));
    }
}

static bool has_letter_or_digit(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (is_letter(text[i]) || is_digit(text[i])) {
            return true;
        }
    }
    return false;
}

/* Legal characters, none of them repeated underscores. */
static void append_underscored(otmi_buf *out, otmi_prom_name_kind kind, const char *text, size_t size)
{
    size_t start = out->size;
    if (is_digit(text[0])) {
        otmi_buf_byte(out, '_'); /* a digit may not come first; it is kept, for "1a" and "2a" to stay apart */
    }
    if (!has_letter_or_digit(text, size)) {
        otmi_buf_append(out, text, size); /* underscores alone, or the caller would have refused it */
    } else {
        append_collapsed(out, start, kind, text, size);
    }
}

/* A name that holds nothing but what becomes underscores tells nothing, unless it was given as underscores. */
static bool is_lost(otmi_prom_name_kind kind, const char *text, size_t size)
{
    return size == 0 || (!has_letter_or_digit(text, size) && !otmi_prom_is_legal(kind, text, size));
}

bool otmi_prom_metric_name(otmi_buf *out, uint32_t translation, otm_string name, otm_string unit, otmi_prom_type type)
{
    bool underscores = otmi_prom_has_underscores(translation);
    size_t start = out->size;
    if (name.size == 0 || (underscores && is_lost(OTMI_PROM_METRIC_NAME, name.data, name.size))) {
        return false;
    }
    if (underscores) {
        append_underscored(out, OTMI_PROM_METRIC_NAME, name.data, name.size);
    } else {
        otmi_buf_append(out, name.data, name.size);
    }
    if (otmi_prom_has_suffixes(translation) && out->status == OTM_OK) {
        append_suffixes(out, start, underscores, unit, type);
    }
    return true;
}

static bool is_reserved(const char *key, size_t size)
{
    return size > 4 && memcmp(key, "__", 2) == 0 && memcmp(key + size - 2, "__", 2) == 0;
}

bool otmi_prom_label_name(otmi_buf *out, uint32_t translation, const char *key, size_t key_size)
{
    if (!otmi_prom_has_underscores(translation)) {
        otmi_buf_append(out, key, key_size);
        return key_size > 0;
    }
    if (is_lost(OTMI_PROM_LABEL_NAME, key, key_size)) {
        return false;
    }
    if (!is_reserved(key, key_size)) {
        append_underscored(out, OTMI_PROM_LABEL_NAME, key, key_size);
        return true;
    }
    /* Prometheus gives a meaning to names in double underscores: these stay double. */
    otmi_buf_text(out, "__");
    append_collapsed(out, out->size, OTMI_PROM_LABEL_NAME, key + 2, key_size - 4);
    otmi_buf_text(out, "__");
    return true;
}

void otmi_prom_escape_name(otmi_buf *out, otmi_prom_escaping escaping, otmi_prom_name_kind kind, const char *name,
                           size_t size)
{
    if (escaping == OTMI_PROM_ALLOW_UTF8 || otmi_prom_is_legal(kind, name, size)) {
        otmi_buf_append(out, name, size);
        return;
    }
    for (size_t i = 0; i < size;) {
        size_t length = otmi_utf8_character(name + i, size - i);
        bool legal = is_legal_inside(kind, name[i]) && !(i == 0 && is_digit(name[i]));
        otmi_buf_byte(out, legal ? name[i] : '_'); /* one for a whole character, however many bytes it has */
        i += length > 0 ? length : 1;
    }
}
