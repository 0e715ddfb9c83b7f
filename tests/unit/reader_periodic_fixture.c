#include "reader_periodic_fixture.h"

#include "platform/platform.h"

void fixture_prepare(fixture *f)
{
    memset(f, 0, sizeof *f);
    pipeline_init(&f->pipeline);
    fake_exporter_init(&f->fake);
    f->exporter = fake_exporter_wrap(&f->fake);
    otm_reader_options_init(&f->reader_options);
    otm_periodic_reader_options_init(&f->options);
    f->options.reader = &f->reader_options;
    f->options.run_mode = OTM_RUN_HOST_STEPPED;
}

otm_reader *fixture_start_reader(fixture *f)
{
    otm_reader *reader = NULL;
    assert_int_equal(otm_periodic_reader_create(f->exporter, &f->options, &reader), OTM_OK);
    assert_int_equal(otmi_reader_attach(reader, &f->pipeline, 0), OTM_OK);
    assert_int_equal(otmi_reader_start(reader), OTM_OK);
    return reader;
}

void fixture_start(fixture *f)
{
    f->reader = fixture_start_reader(f);
}

void fixture_setup(fixture *f)
{
    fixture_prepare(f);
    fixture_start(f);
}

/* A thread that was told to end may need a moment to get out of the pipeline. */
void fixture_detach(otm_reader *reader)
{
    uint64_t until_ns = soon();
    bool detached = otmi_reader_detach(reader);
    while (!detached && otmi_monotonic_ns() < until_ns) {
        detached = otmi_reader_detach(reader);
    }
    assert_true(detached);
}

void fixture_teardown(fixture *f)
{
    fixture_detach(f->reader);
    otm_reader_release(f->reader);
    otm_exporter_release(f->exporter);
    fake_exporter_fini(&f->fake);
    assert_int_equal(f->fake.overlaps, 0);
    assert_int_equal(f->pipeline.overlaps, 0);
    pipeline_fini(&f->pipeline);
}

otm_status fixture_step(fixture *f)
{
    return otm_periodic_reader_step(f->reader, f->fds, 4, &f->fd_count, &f->wake_ns);
}

uint64_t after_start(uint64_t ns)
{
    return FAKE_CLOCK_MONOTONIC_START_NS + ns;
}

otm_status fixture_step_at(fixture *f, uint64_t ns)
{
    fake_clock_set_monotonic(&f->pipeline.clock, after_start(ns));
    return fixture_step(f);
}

otm_accounts fixture_accounts(fixture *f)
{
    otm_accounts accounts;
    otm_accounts_init(&accounts);
    otm_reader_accounts(f->reader, &accounts);
    return accounts;
}

void fixture_make_exports_pend(fixture *f)
{
    f->fake.begin_status = OTM_PENDING;
    f->fake.step_status = OTM_PENDING;
}

void *flush_on_thread(void *argument)
{
    background_flush *b = argument;
    for (int i = 0; i < b->times && b->status == OTM_OK; i++) {
        b->status = otmi_reader_flush(b->reader, b->deadline_ns);
    }
    return NULL;
}
