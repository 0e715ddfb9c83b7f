/* otm-bench-baseline: prints what a plain increment takes now, in nanoseconds. The programs of bench/peers run it
 * between their rounds. OTM_BENCH_SECONDS (0.3) is how long it measures. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench_baseline.h"

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The least of ten parts: what else the machine does hits only some. */
int main(void)
{
    const char *given = getenv("OTM_BENCH_SECONDS");
    double part_ns = (given == NULL ? 0.3 : atof(given)) * 1e8;
    uint64_t count = 1 << 20;
    double least = 0;
    for (int part = 0; part < 10; part++) {
        double began = now_ns();
        bench_increment(count, 0);
        double took = now_ns() - began;
        if (part == 0 || took / (double)count < least) {
            least = took / (double)count;
        }
        count = (uint64_t)(part_ns / least);
    }
    printf("%.4f\n", least);
    return 0;
}
