/* The hot rows once more, in a program that loads the libraries while it runs: thread-local storage may cost more
 * there. The program prints its figures as lines of fields. */
#include <stdlib.h>

#include "bench.h"
#include "bench_libraries.h"

#define MOST 64
#define PREFIX "late: "

static char names[MOST][96];

static bool read_figure(char *line, bench_figure *figure, char *name, size_t name_size)
{
    char *fields[7];
    size_t count = 0;
    for (char *field = strtok(line, "\t\n"); field != NULL && count < 7; field = strtok(NULL, "\t\n")) {
        fields[count++] = field;
    }
    if (count < 7) {
        return false;
    }
    snprintf(name, name_size, PREFIX "%s", fields[0]);
    *figure = (bench_figure){.name = name, .unit = "ns/op", .base = "baseline: increment", .timed = true,
                             .checked = true, .threads = (unsigned)strtoul(fields[1], NULL, 10),
                             .value = strtod(fields[2], NULL), .median = strtod(fields[3], NULL),
                             .ratio = strtod(fields[4], NULL), .runs = strtoul(fields[5], NULL, 10)};
    figure->crowded = figure->threads > bench_cores();
    if (strcmp(fields[6], "ok") != 0) {
        snprintf(figure->why, sizeof figure->why, "%s", fields[6]);
    }
    return true;
}

void bench_measure_late(void)
{
    char line[512];
    size_t count = 0;
    if (bench_settings.only != NULL && strstr(bench_settings.only, PREFIX) == NULL) {
        return;
    }
    FILE *child = popen(bench_settings.quick ? OTM_BENCH_LATE " --quick" : OTM_BENCH_LATE, "r");
    while (child != NULL && count < MOST && fgets(line, sizeof line, child) != NULL) {
        bench_figure figure;
        if (read_figure(line, &figure, names[count], sizeof names[count]) && bench_wanted(figure.name)) {
            bench_report(&figure);
            count++;
        }
    }
    if (child == NULL || pclose(child) != 0 || count == 0) {
        bench_figure failed = {.name = "loaded late", .unit = "", .threads = 1, .checked = true,
                               .why = "the program that loads the libraries failed"};
        bench_report(&failed);
    }
}
