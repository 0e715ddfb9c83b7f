/* UCUM units in words (compatibility/prometheus_and_openmetrics.md, "Metric Metadata": units). */
#include "prom_name.h"

typedef struct unit_word {
    const char *unit;
    const char *word;
} unit_word;

/* KBy is no UCUM, but widespread. */
static const unit_word main_words[] = {
    {"d", "days"},        {"h", "hours"},         {"min", "minutes"},    {"s", "seconds"},    {"ms", "milliseconds"},
    {"us", "microseconds"}, {"ns", "nanoseconds"}, {"By", "bytes"},       {"KiBy", "kibibytes"}, {"MiBy", "mebibytes"},
    {"GiBy", "gibibytes"}, {"TiBy", "tebibytes"}, {"kBy", "kilobytes"},  {"KBy", "kilobytes"}, {"MBy", "megabytes"},
    {"GBy", "gigabytes"}, {"TBy", "terabytes"},   {"m", "meters"},       {"V", "volts"},      {"A", "amperes"},
    {"J", "joules"},      {"W", "watts"},         {"g", "grams"},        {"Cel", "celsius"},  {"Hz", "hertz"},
    {"%", "percent"},     {"1", ""},
};

/* After the slash, where m is a minute: rates per meter do not occur. */
static const unit_word per_words[] = {
    {"s", "second"}, {"m", "minute"}, {"min", "minute"}, {"h", "hour"},  {"d", "day"},
    {"w", "week"},   {"wk", "week"},  {"mo", "month"},   {"y", "year"},  {"a", "year"},
};

static otm_string word_of(const unit_word *words, size_t count, otm_string unit)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i].unit) == unit.size && memcmp(words[i].unit, unit.data, unit.size) == 0) {
            return (otm_string){words[i].word, strlen(words[i].word)};
        }
    }
    return unit;
}

#define WORD_OF(words, unit) word_of(words, sizeof(words) / sizeof *(words), unit)

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Copies without {annotations} and surrounding blanks. `room` is as large as the text. */
static otm_string strip(char *room, const char *text, size_t size)
{
    size_t length = 0;
    bool inside = false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '{') {
            inside = true;
        } else if (text[i] == '}') {
            inside = false;
        } else if (!inside && !(length == 0 && is_blank(text[i]))) {
            room[length++] = text[i];
        }
    }
    while (length > 0 && is_blank(room[length - 1])) {
        length--;
    }
    return (otm_string){room, length};
}

static size_t append_word(char *words, size_t length, otm_string word, bool underscores)
{
    if (underscores) {
        return otmi_prom_collapse(words, length, OTMI_PROM_METRIC_NAME, word.data, word.size);
    }
    memcpy(words + length, word.data, word.size);
    return length + word.size;
}

/* "._widgets_." is widgets. */
static size_t trim_underscores(char *words, size_t length)
{
    while (length > 0 && words[length - 1] == '_') {
        length--;
    }
    if (length > 0 && words[0] == '_') {
        memmove(words, words + 1, --length); /* one at most: runs are collapsed */
    }
    return length;
}

#define LONGEST_UNIT 200

size_t otmi_prom_unit_words(char words[OTMI_PROM_UNIT_SIZE], otm_string unit, bool underscores)
{
    char room[LONGEST_UNIT];
    if (unit.size == 0 || unit.size > LONGEST_UNIT) {
        return 0; /* so long a unit is none that could end a name */
    }
    const char *slash = memchr(unit.data, '/', unit.size);
    size_t main_size = slash != NULL ? (size_t)(slash - unit.data) : unit.size;
    otm_string main_unit = strip(room, unit.data, main_size);
    size_t length = append_word(words, 0, WORD_OF(main_words, main_unit), underscores);
    if (slash != NULL) {
        otm_string per_unit = strip(room, slash + 1, unit.size - main_size - 1);
        if (per_unit.size > 0) {
            const char *per = length > 0 ? "_per_" : "per_";
            length = append_word(words, length, (otm_string){per, strlen(per)}, underscores);
            length = append_word(words, length, WORD_OF(per_words, per_unit), underscores);
        }
    }
    return underscores ? trim_underscores(words, length) : length;
}
