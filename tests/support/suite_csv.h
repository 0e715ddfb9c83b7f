/* Reads tables of outside data from $OTM_SHARED_DIR/suites; the tests that use them are skipped where there is none. */
#ifndef OTM_TEST_SUITE_CSV_H
#define OTM_TEST_SUITE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#define SUITE_CSV_FIELDS 16

typedef struct suite_csv {
    char *text; /* the file; fields point into it */
    char *at;
    size_t field_count;
    char *fields[SUITE_CSV_FIELDS]; /* NUL-terminated, unquoted */
} suite_csv;

/* Opens suites/NAME and reads the heading. False if it is not there: it has printed "SKIP TEST: reason" then. */
bool suite_csv_open(suite_csv *csv, const char *name, const char *test);
bool suite_csv_next(suite_csv *csv); /* the next line's fields; false at the end */
void suite_csv_close(suite_csv *csv);

/* A whole file of the suites, NUL-terminated, for free(); NULL and the SKIP line as above. */
char *suite_text(const char *name, const char *test);

#endif
