/* Collects diagnostics, for tests that look at what was reported. Threads: any. */
#ifndef OTM_TEST_DIAG_RECORDER_H
#define OTM_TEST_DIAG_RECORDER_H

#include <pthread.h>

#include <otm/host.h>

#define DIAG_RECORDER_CAPACITY 256

typedef struct diag_record {
    otm_level level;
    otm_status status;
    uint64_t suppressed;
    char component[64];
    char meter[64];
    char instrument[64];
    char text[1024];
} diag_record;

typedef struct diag_recorder {
    otm_diagnostics_options options; /* handler and user data set, unthrottled, from OTM_DEBUG on; change as needed */
    pthread_mutex_t mu;              /* guards what follows */
    size_t count;                    /* reports so far; only the first DIAG_RECORDER_CAPACITY are kept */
    diag_record records[DIAG_RECORDER_CAPACITY];
} diag_recorder;

void diag_recorder_init(diag_recorder *recorder);
void diag_recorder_fini(diag_recorder *recorder);
void diag_recorder_clear(diag_recorder *recorder);

size_t diag_recorder_count(diag_recorder *recorder);

/* How many kept reports of this level (0: any) hold `part` in their text. */
size_t diag_recorder_count_of(diag_recorder *recorder, otm_level level, const char *part);

/* A copy of one report; all empty if there is no such one. */
diag_record diag_recorder_at(diag_recorder *recorder, size_t index);

#endif
