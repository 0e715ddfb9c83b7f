/* A library that only records: it links otm::api alone. In a program without an SDK it costs a branch a call; in one
 * that installs an SDK, before or after the library was set up, its metrics are exported. main() is such a program. */
#include <stdio.h>

#include <otm/metrics.h>

/* -- The library ------------------------------------------------------------------------------------------------- */

typedef struct cache {
    otm_meter *meter;
    otm_counter_i64 *requests;
    otm_bound_counter_i64 *hits; /* bound once: recording needs no look-up */
    otm_bound_counter_i64 *misses;
    int last;
} cache;

static void cache_open(cache *c)
{
    otm_attr hit = otm_attr_bool("cache.hit", true);
    otm_attr miss = otm_attr_bool("cache.hit", false);
    c->last = -1;
    c->meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "example.cache", NULL);
    (void)otm_meter_create_counter_i64(c->meter, "cache.requests", NULL, &c->requests); /* never leaves NULL */
    (void)otm_counter_i64_bind(c->requests, &hit, 1, NULL, &c->hits);
    (void)otm_counter_i64_bind(c->requests, &miss, 1, NULL, &c->misses);
}

static int cache_square(cache *c, int key)
{
    otm_bound_counter_i64_add(key == c->last ? c->hits : c->misses, 1);
    c->last = key;
    return key * key;
}

static void cache_close(cache *c)
{
    otm_bound_counter_i64_release(c->hits);
    otm_bound_counter_i64_release(c->misses);
    otm_counter_i64_release(c->requests);
    otm_meter_release(c->meter);
}

/* -- A program without metrics ----------------------------------------------------------------------------------- */

int main(void)
{
    cache squares;
    cache_open(&squares);
    int sum = 0;
    for (int i = 0; i < 10; i++) {
        sum += cache_square(&squares, i / 2);
    }
    printf("sum %d, metrics %s\n", sum, otm_counter_i64_enabled(squares.requests) ? "on" : "off");
    cache_close(&squares);
    return 0;
}
