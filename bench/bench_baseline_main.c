/* otm-bench-baseline: prints what a plain increment takes now, in nanoseconds. The programs of bench/peers run it
 * between their rounds. OTM_BENCH_SECONDS (0.3) is how long it measures. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench_baseline.h"

#define PARTS (3 * BENCH_LAYOUTS)

/* Of this thread alone: it waits for nothing but a core, which is not the increment's. */
static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The least of several parts, each of another layout: what else the machine does hits only some. */
int main(void)
{
    const char *given = getenv("OTM_BENCH_SECONDS");
    double part_ns = (given == NULL ? 0.3 : atof(given)) * 1e9 / PARTS;
    uint64_t count = 1 << 20;
    double least = 0;
    for (int part = 0; part < PARTS; part++) {
        double began = now_ns();
        bench_increment(count, (unsigned)part);
        double took = now_ns() - began;
        if (part == 0 || took / (double)count < least) {
            least = took / (double)count;
        }
        count = (uint64_t)(part_ns / least);
    }
    printf("%.4f\n", least);
    return 0;
}
