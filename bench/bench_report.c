/* The table for people and the file for programs. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench.h"

#define MAX_FIGURES 256

static bench_figure figures[MAX_FIGURES];
static size_t figure_count;

void bench_die(const char *what, otm_status status)
{
    fprintf(stderr, "otm-bench: %s: %s\n", what, otm_status_text(status));
    exit(2);
}

void bench_report(const bench_figure *figure)
{
    if (figure_count == MAX_FIGURES) {
        bench_die("too many figures", OTM_ERR_LIMIT);
    }
    figures[figure_count++] = *figure;
}

const bench_figure *bench_find_figure(const char *name, unsigned threads)
{
    for (size_t i = 0; i < figure_count; i++) {
        if (figures[i].threads == threads && strcmp(figures[i].name, name) == 0) {
            return &figures[i];
        }
    }
    return NULL;
}

static const char *check_text(const bench_figure *f)
{
    return !f->checked ? "-" : f->why[0] == '\0' ? "ok" : "FAILED";
}

static void print_row(const bench_figure *f)
{
    char ratio[16] = "";
    if (f->ratio > 0) {
        snprintf(ratio, sizeof ratio, "%.2f", f->ratio);
    }
    int decimals = f->value < 1000 && f->value != (double)(int64_t)f->value ? 2 : 0;
    printf("%-54s %3u %9.*f %9.*f %-11s %7s %5zu%s %s\n", f->name, f->threads, decimals, f->value, decimals, f->median,
           f->unit, ratio, f->runs, f->timed && f->runs == 0 ? "!" : " ", check_text(f));
}

static void processor_name(char *out, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(out, size, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL) {
            snprintf(out, size, "%s", strchr(line, ':') + 2);
            out[strcspn(out, "\n")] = '\0';
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

/* Our own texts and the processor's name hold no quotes; a failure's reason might. */
static void write_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', out);
        }
        fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
    fputc('"', out);
}

static void write_figure(FILE *out, const bench_figure *f)
{
    fprintf(out, "  {\"name\": ");
    write_text(out, f->name);
    fprintf(out, ", \"threads\": %u, \"unit\": \"%s\", \"value\": %.4f, \"median\": %.4f, \"runs\": %zu", f->threads,
            f->unit, f->value, f->median, f->runs);
    if (f->ratio > 0) {
        fprintf(out, ", \"ratio\": %.4f, \"base\": \"%s\"", f->ratio, f->base);
    }
    if (f->checked) {
        fprintf(out, ", \"check\": ");
        write_text(out, f->why[0] == '\0' ? "ok" : f->why);
    }
    fprintf(out, "}");
}

static void write_json(const char *path, const char *processor, const char *kernel)
{
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        bench_die(path, OTM_ERR_IO);
    }
    fprintf(out, "{\"version\": \"%s\", \"compiler\": \"%s\", \"cores\": %u, \"kernel\": \"%s\", \"processor\": ",
            otm_version(), __VERSION__, bench_cores(), kernel);
    write_text(out, processor);
    fprintf(out, ", \"run_seconds\": %.2f, \"figures\": [\n", bench_settings.seconds);
    for (size_t i = 0; i < figure_count; i++) {
        fprintf(out, "%s", i == 0 ? "" : ",\n");
        write_figure(out, &figures[i]);
    }
    fprintf(out, "\n],\n");
    bench_write_bars(out);
    fprintf(out, "}\n");
    if (fclose(out) != 0) {
        bench_die(path, OTM_ERR_IO);
    }
}

/* Says of each row what is wrong with it; the number of those whose check failed. */
static size_t print_faults(void)
{
    size_t failures = 0;
    size_t noisy = 0;
    for (size_t i = 0; i < figure_count; i++) {
        const bench_figure *f = &figures[i];
        if (f->checked && f->why[0] != '\0') {
            printf("FAILED %s, %u threads: %s\n", f->name, f->threads, f->why);
            failures++;
        }
        noisy += f->timed && f->runs == 0;
    }
    if (noisy > 0) {
        printf("NOISY  %zu rows (!) never had the machine to themselves\n", noisy);
    }
    return failures;
}

size_t bench_print(void)
{
    char processor[128];
    struct utsname system;
    processor_name(processor, sizeof processor);
    uname(&system);
    printf("%s, %u cores, Linux %s, otm %s, compiler %s\n\n", processor, bench_cores(), system.release, otm_version(),
           __VERSION__);
    printf("%-54s %3s %9s %9s %-11s %7s %5s  %s\n", "row", "th", "least", "median", "", "ratio", "runs", "check");
    for (size_t i = 0; i < figure_count; i++) {
        print_row(&figures[i]);
    }
    bench_print_bars();
    size_t failures = print_faults();
    if (bench_settings.json_path != NULL) {
        write_json(bench_settings.json_path, processor, system.release);
    }
    return failures;
}

size_t bench_print_plainly(void)
{
    size_t failures = 0;
    for (size_t i = 0; i < figure_count; i++) {
        const bench_figure *f = &figures[i];
        bool good = f->why[0] == '\0';
        if (strncmp(f->name, "baseline", 8) == 0) {
            continue;
        }
        printf("%s\t%u\t%.4f\t%.4f\t%.4f\t%zu\t%s\n", f->name, f->threads, f->value, f->median, f->ratio, f->runs,
               good ? "ok" : f->why);
        failures += !good;
    }
    return failures;
}
