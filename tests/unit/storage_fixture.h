/* One storage without a provider: what threads and collections do to it, step by step, in any order. */
#ifndef OTM_TEST_STORAGE_FIXTURE_H
#define OTM_TEST_STORAGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metrics/storage.h"
#include "support/failing_alloc.h"
#include "support/fake_clock.h"

typedef struct storage_fixture {
    failing_alloc memory;
    fake_clock clock;
    uint32_t context_in_use;
    otmi_env env;
    otmi_stream stream;
    otmi_storage *storage;
    otmi_arena arena;
} storage_fixture;

/* A cumulative integer counter with a limit of 2000; change the stream, then open. */
void storage_fixture_init(storage_fixture *f);
void storage_fixture_open(storage_fixture *f, uint64_t readers);
void storage_fixture_fini(storage_fixture *f); /* nothing may be left allocated */

/* One measurement of the set {set: number}; negative: of no attributes. */
void storage_record(storage_fixture *f, int64_t set, int64_t value);
otm_status storage_remove(storage_fixture *f, int64_t set);

/* The steps of a collection by reader 0, or all of them. */
void storage_begin(storage_fixture *f);
otmi_points storage_read(storage_fixture *f, uint32_t reader);
void storage_end(storage_fixture *f, uint32_t reader, const otmi_points *points);
otmi_points storage_collect_as(storage_fixture *f, uint32_t reader);
otmi_points storage_collect(storage_fixture *f);

/* Points of the set (as above; OVERFLOW: of the overflow series), and the sum of their values. */
#define OVERFLOW INT64_MIN
size_t points_of(const otmi_points *points, int64_t set);
int64_t value_of(const otmi_points *points, int64_t set);
const otm_point *point_of(const otmi_points *points, int64_t set);
int64_t total_of(const otmi_points *points);

#endif
