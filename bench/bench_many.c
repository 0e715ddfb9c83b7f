#include "bench_many.h"

void bench_many_start(bench_many *many, otm_meter *meter, bench_kind kind, size_t series)
{
    otm_instrument_options advice;
    otm_instrument_options_init(&advice);
    advice.has_bucket_boundaries = true;
    advice.bucket_boundaries = bench_bounds;
    advice.bucket_boundary_count = BENCH_BOUNDS;
    *many = (bench_many){.kind = kind, .series = series};
    (void)otm_meter_create_counter_i64(meter, "counter", NULL, &many->counter);
    (void)otm_meter_create_histogram_f64(meter, kind == BENCH_HISTOGRAM ? "histogram" : "exponential",
                                         kind == BENCH_HISTOGRAM ? &advice : NULL, &many->histogram);
}

void bench_many_record(const bench_many *many, size_t each)
{
    char server[BENCH_SERVER];
    for (size_t i = 0; i < many->series; i++) {
        bench_server_text(server, i);
        otm_attr attrs[] = {otm_attr_string("method", BENCH_METHOD), otm_attr_string("route", BENCH_ROUTE),
                            otm_attr_string("server", server)};
        for (size_t k = 0; k < each; k++) {
            if (many->kind == BENCH_COUNTER) {
                otm_counter_i64_add(many->counter, 1, attrs, 3);
            } else {
                otm_histogram_f64_record(many->histogram, bench_values[(i + k) % BENCH_VALUES], attrs, 3);
            }
        }
    }
}

void bench_many_end(bench_many *many)
{
    otm_counter_i64_release(many->counter);
    otm_histogram_f64_release(many->histogram);
}
