/* Reads text expositions, to compare two by meaning: the samples with their family's type and help. Labels with an
 * empty value count as absent, "5" and "5.0" are one bound, order does not matter. */
#ifndef OTM_TEST_PROM_EXPOSITION_H
#define OTM_TEST_PROM_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>

#define PROM_EXPOSITION_SAMPLES 512

typedef struct prom_exposition {
    char *samples[PROM_EXPOSITION_SAMPLES]; /* one normal form each, sorted */
    size_t count;
    char type[64]; /* of the family being read */
    char help[512];
    char error[256]; /* "" if all lines could be read */
} prom_exposition;

/* False, and `error`, if a line is malformed, a family comes twice or a sample has no family. */
bool prom_exposition_read(prom_exposition *exposition, const char *text);
void prom_exposition_free(prom_exposition *exposition);

/* Prints what only one of them has. */
bool prom_exposition_same(const prom_exposition *want, const prom_exposition *got);

#endif
