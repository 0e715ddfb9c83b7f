#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench_baseline.h"
#include "bench_run.h"

#define MAX_ROWS 128
#define INCREMENT "baseline: increment"

double bench_values[BENCH_VALUES];
double bench_values_sum;
const double bench_bounds[BENCH_BOUNDS] = {0,   5,   10,  25,   50,   75,   100, 250,
                                           500, 750, 1000, 2500, 5000, 7500, 10000};

/* Under callgrind; the difference is what is counted, so that what a run pays once does not count. */
#define FEW BENCH_VALUES
#define MANY (11 * (uint64_t)BENCH_VALUES)

static bench_row rows[MAX_ROWS];
static size_t row_count;

/* -- Baselines --------------------------------------------------------------------------------------------------- */

static const unsigned layouts[BENCH_LAYOUTS] = {0, 1, 2, 3};

static void run_increment(bench_row *row, uint64_t count, unsigned thread)
{
    (void)thread;
    bench_increment(count, *(const unsigned *)row->variant);
}

static void run_increment_double(bench_row *row, uint64_t count, unsigned thread)
{
    (void)row;
    (void)thread;
    bench_increment_double(count);
}

static void run_empty_loop(bench_row *row, uint64_t count, unsigned thread)
{
    (void)row;
    (void)thread;
    bench_empty_loop(count);
}

/* The same increment in several layouts: ratios are to the least of them. The last two are what the rows of things
 * switched off are compared with, and how much of a double's cost is the processor's. */
static bench_row bases[] = {
    {.name = "baseline: increment, at the begin of a line", .run = run_increment, .variant = &layouts[0]},
    {.name = "baseline: increment, 16 bytes further", .run = run_increment, .variant = &layouts[1]},
    {.name = "baseline: increment, 32 bytes further", .run = run_increment, .variant = &layouts[2]},
    {.name = "baseline: increment, 48 bytes further", .run = run_increment, .variant = &layouts[3]},
    {.name = "baseline: empty loop", .run = run_empty_loop},
    {.name = "baseline: increment of a double", .run = run_increment_double},
};
#define BASES (sizeof bases / sizeof bases[0])
#define EMPTY_LOOP (&bases[BENCH_LAYOUTS])

static void check_increments(char *why)
{
    uint64_t total = 0;
    for (size_t b = 0; b < BENCH_LAYOUTS; b++) {
        total += bases[b].total;
    }
    if (bench_incremented() != total) {
        snprintf(why, BENCH_WHY, "%llu, not %llu", (unsigned long long)bench_incremented(), (unsigned long long)total);
    }
}

/* -- Registration ------------------------------------------------------------------------------------------------ */

bool bench_wanted(const char *name)
{
    return bench_settings.only == NULL || strstr(name, bench_settings.only) != NULL;
}

static void add_row(const bench_row *row, unsigned threads)
{
    if (row_count == MAX_ROWS) {
        bench_die("too many rows", OTM_ERR_LIMIT);
    }
    bench_row *added = &rows[row_count++];
    *added = *row;
    added->threads = threads;
    added->state = row->start(row);
}

void bench_add_row(const bench_row *row, unsigned threads)
{
    bool timed = !bench_settings.instructions;
    if (!bench_wanted(row->name) || (bench_settings.quick && !row->quick) || (bench_settings.hot_only && !row->hot)) {
        return;
    }
    if ((threads & BENCH_ONE) != 0) {
        add_row(row, 1);
    }
    if ((threads & BENCH_CORES) != 0 && bench_cores() > 1 && timed) {
        add_row(row, bench_cores());
    }
    if ((threads & BENCH_CROWD) != 0 && timed && !bench_settings.quick && !bench_settings.hot_only) {
        add_row(row, 4 * bench_cores());
    }
}

void bench_make_values(void)
{
    uint64_t x = UINT64_C(88172645463325252); /* xorshift, so that every run has the same values */
    for (size_t i = 0; i < BENCH_VALUES; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bench_values[i] = pow(10.0, 4.0 * ((double)(x >> 11) / 9007199254740992.0));
        bench_values_sum += bench_values[i];
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

void bench_report_samples(bench_figure figure, double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, compare_doubles);
    figure.value = samples[0];
    figure.median = samples[count / 2];
    figure.runs = count;
    bench_report(&figure);
}

static double least_of(const bench_row *row)
{
    double least = row->quiet_runs == 0 ? row->least : row->quiet[0];
    for (size_t i = 1; i < row->quiet_runs; i++) {
        least = fmin(least, row->quiet[i]);
    }
    return least;
}

static const bench_row *best_layout(void)
{
    const bench_row *best = &bases[0];
    for (size_t b = 1; b < BENCH_LAYOUTS; b++) {
        best = least_of(&bases[b]) < least_of(best) ? &bases[b] : best;
    }
    return best;
}

static void report_as(const char *name, bench_row *row)
{
    double base = least_of(row->to_empty_loop || row == EMPTY_LOOP ? EMPTY_LOOP : best_layout());
    bench_figure figure = {
        .name = name,
        .unit = "ns/op",
        .base = row->to_empty_loop ? EMPTY_LOOP->name : INCREMENT,
        .threads = row->threads,
        .value = least_of(row),
        .median = row->least,
        .ratio = least_of(row) / base,
        .timed = true,
        .crowded = row->threads > bench_cores(),
        .checked = row->check != NULL || row->run == run_increment,
    };
    if (row->check != NULL && row->check(row, figure.why)) {
        figure.why[0] = '\0';
    }
    if (row->run == run_increment) {
        check_increments(figure.why);
    }
    if (row->quiet_runs == 0) {
        bench_report(&figure);
    } else {
        bench_report_samples(figure, row->quiet, row->quiet_runs);
    }
}

static void report_bases(void)
{
    bench_row best = *best_layout();
    report_as(INCREMENT, &best);
    for (size_t b = 0; b < BASES; b++) {
        report_as(bases[b].name, &bases[b]);
    }
}

/* -- Rounds ------------------------------------------------------------------------------------------------------ */

static void run_round(bench_row *row, size_t most)
{
    if (row->quiet_runs >= most) {
        return;
    }
    bench_run run = bench_run_once(row);
    if (run.quiet) {
        row->quiet[row->quiet_runs++] = run.ns / (double)row->count;
    }
    if (row->runs++ == 0 || run.own / (double)row->count < row->least) {
        row->least = run.own / (double)row->count;
    }
}

/* Every row once; false when all have the quiet runs that they need. */
static bool run_turn(void)
{
    bool more = false;
    for (size_t b = 0; b < BASES; b++) {
        run_round(&bases[b], BENCH_MAX_RUNS); /* as long as the others run */
        more = more || bases[b].quiet_runs < bench_settings.runs;
    }
    for (size_t i = 0; i < row_count; i++) {
        run_round(&rows[i], bench_settings.runs);
        more = more || rows[i].quiet_runs < bench_settings.runs;
    }
    return more;
}

static void run_turns(void)
{
    double began = bench_now_ns();
    for (size_t turn = 0; turn < bench_settings.turns && run_turn(); turn++) {
        if (turn > 0 && bench_now_ns() - began > bench_settings.most_seconds * 1e9) {
            return;
        }
    }
}

static void end_row(bench_row *row)
{
    if (row->end != NULL) {
        row->end(row);
    }
}

static void begin_bases(void)
{
    for (size_t b = 0; b < BASES; b++) {
        bases[b].threads = 1;
        bases[b].runs = bases[b].quiet_runs = 0;
        bench_calibrate(&bases[b]);
    }
}

void bench_run_rows(void)
{
    static bool again;
    if (row_count == 0) {
        return;
    }
    begin_bases();
    for (size_t i = 0; i < row_count; i++) {
        bench_calibrate(&rows[i]);
    }
    run_turns();
    if (!again) {
        report_bases();
    }
    for (size_t i = 0; i < row_count; i++) {
        report_as(rows[i].name, &rows[i]);
        end_row(&rows[i]);
    }
    row_count = 0;
    again = true;
}

/* -- Instructions ------------------------------------------------------------------------------------------------ */

/* Callgrind is told to count within this function alone, and to write down the count at each of its ends. */
BENCH_OUT_OF_LINE void bench_counted_run(bench_row *row, uint64_t count)
{
    row->run(row, count, 0);
    row->total += count;
    __asm__ volatile("" ::: "memory"); /* no tail call: the function ends after the operations */
}

void bench_count_rows(void)
{
    for (size_t i = 0; i < row_count; i++) {
        bench_row *row = &rows[i];
        if (row->before == NULL) {
            char why[BENCH_WHY] = "";
            row->run(row, MANY, 0); /* what is done once is done */
            row->total += MANY;
            row->count = MANY;
            bench_counted_run(row, FEW);
            bench_counted_run(row, MANY);
            row->count = MANY;
            bool good = row->check == NULL || row->check(row, why);
            printf("%s\t%d\t%llu\t%s\n", row->name, row->hot, (unsigned long long)(MANY - FEW), good ? "ok" : why);
        }
        end_row(row);
    }
    row_count = 0;
}
