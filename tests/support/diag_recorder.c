#include "diag_recorder.h"

#include <stdio.h>

static void copy_text(char *out, size_t capacity, const char *text)
{
    snprintf(out, capacity, "%s", text);
}

static void record(const otm_diagnostic *diagnostic, void *user_data)
{
    diag_recorder *recorder = user_data;
    pthread_mutex_lock(&recorder->mu);
    if (recorder->count < DIAG_RECORDER_CAPACITY) {
        diag_record *kept = &recorder->records[recorder->count];
        kept->level = (otm_level)diagnostic->level;
        kept->status = (otm_status)diagnostic->status;
        kept->suppressed = diagnostic->suppressed;
        copy_text(kept->component, sizeof kept->component, diagnostic->component);
        copy_text(kept->meter, sizeof kept->meter, diagnostic->meter);
        copy_text(kept->instrument, sizeof kept->instrument, diagnostic->instrument);
        copy_text(kept->text, sizeof kept->text, diagnostic->text);
    }
    recorder->count++;
    pthread_mutex_unlock(&recorder->mu);
}

void diag_recorder_init(diag_recorder *recorder)
{
    memset(recorder, 0, sizeof *recorder);
    pthread_mutex_init(&recorder->mu, NULL);
    otm_diagnostics_options_init(&recorder->options);
    recorder->options.handler = record;
    recorder->options.user_data = recorder;
    recorder->options.minimum_level = OTM_DEBUG;
    recorder->options.unthrottled = 1;
}

void diag_recorder_fini(diag_recorder *recorder)
{
    pthread_mutex_destroy(&recorder->mu);
}

void diag_recorder_clear(diag_recorder *recorder)
{
    pthread_mutex_lock(&recorder->mu);
    memset(recorder->records, 0, sizeof recorder->records);
    recorder->count = 0;
    pthread_mutex_unlock(&recorder->mu);
}

size_t diag_recorder_count(diag_recorder *recorder)
{
    pthread_mutex_lock(&recorder->mu);
    size_t count = recorder->count;
    pthread_mutex_unlock(&recorder->mu);
    return count;
}

size_t diag_recorder_count_of(diag_recorder *recorder, otm_level level, const char *part)
{
    size_t found = 0;
    pthread_mutex_lock(&recorder->mu);
    for (size_t i = 0; i < recorder->count && i < DIAG_RECORDER_CAPACITY; i++) {
        const diag_record *kept = &recorder->records[i];
        if ((level == 0 || kept->level == level) && strstr(kept->text, part) != NULL) {
            found++;
        }
    }
    pthread_mutex_unlock(&recorder->mu);
    return found;
}

diag_record diag_recorder_at(diag_recorder *recorder, size_t index)
{
    diag_record copy = {0};
    pthread_mutex_lock(&recorder->mu);
    if (index < recorder->count && index < DIAG_RECORDER_CAPACITY) {
        copy = recorder->records[index];
    }
    pthread_mutex_unlock(&recorder->mu);
    return copy;
}
