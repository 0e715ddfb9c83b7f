/* A reader that hands out a tree made by the test: stands in for the SDK's manual reader. */
#ifndef OTM_TEST_PROM_FAKE_READER_H
#define OTM_TEST_PROM_FAKE_READER_H

#include <otm/sdk_reader.h>

/* What every fake reader of the process does. Threads: set it before the threads that collect. */
typedef struct prom_fake_reader_state {
    const otm_metrics_data *data; /* NULL: an empty tree */
    otm_status status;            /* of collecting */
    void (*on_collect)(void *user_data); /* may be NULL */
    void *user_data;
    otm_reader_options options; /* of the last one created */
    int64_t timeout_ms;         /* of the last collection */
    int out;                    /* trees handed out and not returned */
    int live;                   /* readers not released */
    int collections;
} prom_fake_reader_state;

extern prom_fake_reader_state prom_fake_reader;

void prom_fake_reader_reset(void);

#endif
