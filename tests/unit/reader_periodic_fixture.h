/* A periodic reader in a provider that is a fake, with an exporter that is one. */
#ifndef OTM_TEST_READER_PERIODIC_FIXTURE_H
#define OTM_TEST_READER_PERIODIC_FIXTURE_H

#include "reader_fixture.h"

typedef struct fixture {
    otmi_pipeline pipeline;
    fake_exporter fake;
    otm_exporter *exporter;
    otm_reader *reader;
    otm_reader_options reader_options;
    otm_periodic_reader_options options;
    otm_poll_fd fds[4];
    size_t fd_count;
    uint64_t wake_ns;
} fixture;

/* A host-stepped reader unless the test changes the options; fixture_start() makes it. */
void fixture_prepare(fixture *f);
void fixture_start(fixture *f);
void fixture_setup(fixture *f); /* both */
void fixture_teardown(fixture *f);

/* One more reader on the same exporter, for the test to detach and release. */
otm_reader *fixture_start_reader(fixture *f);
void fixture_detach(otm_reader *reader);

/* Makes exports last until the test ends them. */
void fixture_make_exports_pend(fixture *f);

/* Steps the reader; the second moves the clock to this moment after the start before. */
otm_status fixture_step(fixture *f);
otm_status fixture_step_at(fixture *f, uint64_t ns);
uint64_t after_start(uint64_t ns);

otm_accounts fixture_accounts(fixture *f);

/* Flushes a reader on another thread, so many times or until it fails. */
typedef struct background_flush {
    otm_reader *reader;
    uint64_t deadline_ns;
    int times;
    otm_status status;
} background_flush;

void *flush_on_thread(void *background);

#endif
