#include "suite_csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(FILE *file)
{
    char *text = NULL;
    size_t size = 0;
    for (size_t capacity = 1 << 16;; capacity *= 2) {
        char *grown = realloc(text, capacity + 1);
        if (grown == NULL) {
            free(text);
            return NULL;
        }
        text = grown;
        size += fread(text + size, 1, capacity - size, file);
        if (size < capacity) {
            text[size] = '\0';
            return text;
        }
    }
}

char *suite_text(const char *name, const char *test)
{
    char path[4096];
    const char *folder = getenv("OTM_SHARED_DIR");
    snprintf(path, sizeof path, "%s/suites/%s", folder != NULL ? folder : "../shared", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        printf("SKIP %s: suites/%s is not there (OTM_SHARED_DIR)\n", test, name);
        return NULL;
    }
    char *text = read_all(file);
    fclose(file);
    return text;
}

bool suite_csv_open(suite_csv *csv, const char *name, const char *test)
{
    memset(csv, 0, sizeof *csv);
    csv->text = suite_text(name, test);
    csv->at = csv->text;
    return csv->text != NULL && suite_csv_next(csv);
}

/* Unquotes the field at *in, in place. *in is then behind the separator that ended it, which is returned. */
static char take_field(char **in, char **field)
{
    char *p = *in;
    char *out = p;
    *field = out;
    bool quoted = *p == '"';
    p += quoted ? 1 : 0;
    while (*p != '\0' && (quoted || (*p != ',' && *p != '\n'))) {
        if (quoted && *p == '"') {
            p++;
            quoted = *p == '"'; /* a doubled quote stands for one, a single one ends the quotation */
            if (!quoted) {
                continue;
            }
        }
        *out++ = *p++;
    }
    char separator = *p;
    *in = separator != '\0' ? p + 1 : p;
    out -= out > *field && separator != ',' && out[-1] == '\r' ? 1 : 0;
    *out = '\0';
    return separator;
}

bool suite_csv_next(suite_csv *csv)
{
    csv->field_count = 0;
    if (*csv->at == '\0') {
        return false;
    }
    char separator = ',';
    while (separator == ',' && csv->field_count < SUITE_CSV_FIELDS) {
        separator = take_field(&csv->at, &csv->fields[csv->field_count++]);
    }
    return true;
}

void suite_csv_close(suite_csv *csv)
{
    free(csv->text);
    memset(csv, 0, sizeof *csv);
}
