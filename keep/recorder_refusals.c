/* What a recorder refuses: counted always, reported once. */
#include "recorder.h"

/* A handler that itself records nonsense must not be called from inside itself. */
static _Thread_local bool reporting;

static const otm_status statuses[OTMI_KEEP_REFUSAL_COUNT] = {
    [OTMI_KEEP_UNKNOWN_METRIC] = OTM_ERR_NOT_FOUND,
    [OTMI_KEEP_WRONG_KIND] = OTM_ERR_INVALID_ARGUMENT,
    [OTMI_KEEP_BAD_VALUE] = OTM_ERR_INVALID_ARGUMENT,
    [OTMI_KEEP_CLAMPED] = OTM_OK,
};

static const char *const texts[OTMI_KEEP_REFUSAL_COUNT] = {
    [OTMI_KEEP_UNKNOWN_METRIC] = "There is no such metric; the recording was refused. Names are those of the Keep "
                                 "catalogue, without \"performance_\".",
    [OTMI_KEEP_WRONG_KIND] = "The metric is of another kind than the call (counter, duration or gauge to be set); the "
                             "recording was refused.",
    [OTMI_KEEP_BAD_VALUE] = "The value was refused; a finite number was expected, and for a counter no negative one.",
    [OTMI_KEEP_CLAMPED] = "A negative duration was recorded as 0; the clock it was measured with was set back.",
};

static uint64_t fingerprint(otmi_keep_refusal refusal, const char *name)
{
    uint64_t hash = (14695981039346656037u ^ (uint64_t)refusal) * 1099511628211u; /* FNV-1a */
    for (; *name != '\0'; name++) {
        hash = (hash ^ (uint8_t)*name) * 1099511628211u;
    }
    return hash | 1; /* 0 marks a free place */
}

/* True once for each fingerprint, until there is no more room; then never. */
static bool is_news(otm_keep_recorder *recorder, uint64_t print)
{
    for (size_t i = 0; i < OTMI_KEEP_REPORTED_MAX; i++) {
        uint64_t found = 0;
        /* Relaxed: nothing but the value itself is published. */
        if (atomic_compare_exchange_strong_explicit(&recorder->reported[i], &found, print, memory_order_relaxed,
                                                    memory_order_relaxed)) {
            return true;
        }
        if (found == print) {
            return false;
        }
    }
    return false;
}

static void report(otm_keep_recorder *recorder, otmi_keep_refusal refusal, const char *name)
{
    const otm_diagnostics_options *to = &recorder->diagnostics;
    uint32_t minimum_level = to->minimum_level == 0 ? (uint32_t)OTM_WARN : to->minimum_level;
    if (to->handler == NULL || minimum_level > (uint32_t)OTM_WARN || reporting) {
        return;
    }
    if (to->unthrottled == 0 && !is_news(recorder, fingerprint(refusal, name))) {
        return;
    }
    otm_diagnostic diagnostic = {
        .struct_size = sizeof diagnostic,
        .level = OTM_WARN,
        .status = statuses[refusal],
        .component = "keep_recorder",
        .meter = "keep",
        .instrument = name,
        .text = texts[refusal],
    };
    reporting = true;
    to->handler(&diagnostic, to->user_data);
    reporting = false;
}

otm_status otmi_keep_refuse(otm_keep_recorder *recorder, otmi_keep_refusal refusal, const char *name)
{
    atomic_fetch_add_explicit(&recorder->refusals[refusal], 1, memory_order_relaxed);
    report(recorder, refusal, name == NULL ? "" : name);
    return statuses[refusal];
}

otm_status otm_keep_recorder_refusals(const otm_keep_recorder *recorder, otm_keep_refusals *out)
{
    if (out == NULL || out->struct_size < sizeof *out) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    otm_keep_refusals_init(out);
    if (recorder != NULL) {
        const _Atomic uint64_t *counts = recorder->refusals;
        out->unknown_metric = atomic_load_explicit(&counts[OTMI_KEEP_UNKNOWN_METRIC], memory_order_relaxed);
        out->wrong_kind = atomic_load_explicit(&counts[OTMI_KEEP_WRONG_KIND], memory_order_relaxed);
        out->bad_value = atomic_load_explicit(&counts[OTMI_KEEP_BAD_VALUE], memory_order_relaxed);
        out->clamped = atomic_load_explicit(&counts[OTMI_KEEP_CLAMPED], memory_order_relaxed);
    }
    return OTM_OK;
}
