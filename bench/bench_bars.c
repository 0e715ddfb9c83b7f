/* What is aimed at, and how far off it we are. Nothing here fails a run: machines differ. */
#include "bench.h"

#define ALL_CORES 0u

typedef enum bar_kind {
    RATIO,  /* to the baseline */
    VALUE,  /* as it stands */
    TIMES,  /* of another row */
    BEYOND, /* more than that row, in its unit */
} bar_kind;

typedef struct bar {
    const char *name;
    unsigned threads;
    bar_kind kind;
    double limit;
    const char *other; /* TIMES, BEYOND; NULL: the same row */
    unsigned other_threads;
} bar;

static const char empty_loop[] = "baseline: empty loop";
static const char bound_add[] = "bound counter add, integer";
static const char three[] = "counter add, 3 string attributes";
static const char without_exemplars[] = "exemplars off: bound counter add";

static const bar bars[] = {
    {"no SDK: bound counter add", 1, BEYOND, 0.3, empty_loop, 1},
    {"no SDK: OTM_RECORD, 2 attributes", 1, BEYOND, 0.3, empty_loop, 1},
    {"no SDK: counter add, 2 attributes", 1, BEYOND, 0.3, empty_loop, 1},
    {"disabled meter: bound counter add", 1, BEYOND, 0.3, empty_loop, 1},
    {"disabled meter: OTM_RECORD, 2 attributes", 1, BEYOND, 0.3, empty_loop, 1},
    {"disabled meter: counter add, 2 attributes", 1, BEYOND, 0.3, empty_loop, 1},
    {"dropped by a view: bound counter add", 1, BEYOND, 0.3, empty_loop, 1},
    {"dropped by a view: OTM_RECORD, 2 attributes", 1, BEYOND, 0.3, empty_loop, 1},
    {"dropped by a view: counter add, 2 attributes", 1, BEYOND, 0.3, empty_loop, 1},
    {bound_add, 1, RATIO, 1.3, NULL, 1},
    {"bound counter add, double", 1, RATIO, 1.3, NULL, 1},
    {bound_add, ALL_CORES, TIMES, 1.1, NULL, 1},
    {"bound counter add, double", ALL_CORES, TIMES, 1.1, NULL, 1},
    {"bound histogram record, 15 bounds", 1, RATIO, 3.5, NULL, 1},
    {"bound histogram record, 15 bounds", ALL_CORES, RATIO, 3.5, NULL, 1},
    {"bound exponential histogram record", 1, RATIO, 5, NULL, 1},
    {"bound exponential histogram record", ALL_CORES, RATIO, 5, NULL, 1},
    {three, 1, RATIO, 20, NULL, 1},
    {three, ALL_CORES, RATIO, 20, NULL, 1},
    {"counter add, 10 string attributes", 1, RATIO, 60, NULL, 1},
    {"counter add, 3 string attributes shuffled", 1, TIMES, 1.3, three, 1},
    {"counter add, 10 string attributes shuffled", 1, TIMES, 1.3, "counter add, 10 string attributes", 1},
    {"counter add, 3 attributes, 100 sets in turn", 1, TIMES, 1.3, three, 1},
    {"counter add, 3 attributes, 10 000 sets in turn", 1, TIMES, 1.3, three, 1},
    {without_exemplars, 1, TIMES, 1.05, bound_add, 1},
    {"exemplars on, unsampled span: bound counter add", 1, BEYOND, 3, without_exemplars, 1},
    {"exemplars on, sampled span: bound counter add", 1, BEYOND, 30, without_exemplars, 1},
    {"exemplars kept: bound counter add", 1, BEYOND, 30, without_exemplars, 1},
    {"collection of 10 000 counters", 1, VALUE, 60, NULL, 1},
    {"OTLP collect + encode, 10 000 counters", 1, VALUE, 60, NULL, 1},
    {"OTLP allocations, 10 000 counters", 1, VALUE, 0, NULL, 1},
    {"text scrape, 10 000 counters + 1 000 histograms", 1, VALUE, 2, NULL, 1},
    {"text scrape, allocations", 1, VALUE, 0, NULL, 1},
    {"bytes a series: counter", 1, VALUE, 96, NULL, 1},
    {"bytes a series: histogram, 15 bounds", 1, VALUE, 320, NULL, 1},
    {"bytes a series: exponential histogram", 1, VALUE, 1024, NULL, 1},
    {"bytes a series: counter", 128, TIMES, 1.05, NULL, 64},
    {"bytes a series: counter, 64 threads that came and went", 1, TIMES, 1.05, "bytes a series: counter", 1},
    {"bytes a series: counter, twice as many sets", 1, TIMES, 1.05, "bytes a series: counter", 1},
    {"shutdown(1 ms), collector never answers, idle", 1, VALUE, 2, NULL, 1},
    {"shutdown(1 ms), collector never answers, exporting", 1, VALUE, 2, NULL, 1},
};
#define BARS (sizeof bars / sizeof bars[0])

static const char *const kind_texts[] = {"times the baseline", "", "times", "more than"};

typedef struct verdict {
    const bench_figure *figure;
    double reached;
    const char *other;
} verdict;

/* False where one of the rows was not measured. */
static bool judge(const bar *b, verdict *out)
{
    const bench_figure *figure = bench_find_figure(b->name, b->threads == ALL_CORES ? bench_cores() : b->threads);
    const bench_figure *other = bench_find_figure(b->other == NULL ? b->name : b->other, b->other_threads);
    if (figure == NULL || ((b->kind == TIMES || b->kind == BEYOND) && (other == NULL || other == figure))) {
        return false;
    }
    *out = (verdict){.figure = figure, .other = ""};
    switch (b->kind) {
    case RATIO: out->reached = figure->ratio; break;
    case VALUE: out->reached = figure->value; break;
    case TIMES: out->reached = figure->value / other->value; break;
    case BEYOND: out->reached = figure->value - other->value; break;
    }
    if (b->kind == TIMES || b->kind == BEYOND) {
        out->other = b->other == NULL ? "the same of fewer threads" : b->other;
    }
    return true;
}

static void print_bar(const bar *b, const verdict *v)
{
    char result[32] = "met";
    if (v->reached > b->limit) {
        snprintf(result, sizeof result, b->limit > 0 ? "missed by %.2fx" : "missed", v->reached / b->limit);
    }
    bool noisy = v->figure->timed && v->figure->runs == 0;
    printf("%-54s %3u %9.2f %9.2f %c %-16s %s%s%s\n", b->name, v->figure->threads, v->reached, b->limit,
           noisy ? '!' : ' ', result, b->kind == VALUE ? v->figure->unit : kind_texts[b->kind],
           v->other[0] == '\0' ? "" : " ", v->other);
}

void bench_print_bars(void)
{
    verdict v;
    bool begun = false;
    for (size_t i = 0; i < BARS; i++) {
        if (judge(&bars[i], &v)) {
            if (!begun) {
                printf("\n%-54s %3s %9s %9s\n", "bar", "th", "reached", "at most");
                begun = true;
            }
            print_bar(&bars[i], &v);
        }
    }
}

void bench_write_bars(FILE *out)
{
    verdict v;
    const char *separator = "";
    fprintf(out, "\"bars\": [");
    for (size_t i = 0; i < BARS; i++) {
        if (judge(&bars[i], &v)) {
            fprintf(out, "%s\n  {\"name\": \"%s\", \"threads\": %u, \"reached\": %.4f, \"limit\": %.4f, \"met\": %s}",
                    separator, bars[i].name, v.figure->threads, v.reached, bars[i].limit,
                    v.reached <= bars[i].limit ? "true" : "false");
            separator = ",";
        }
    }
    fprintf(out, "\n]");
}
