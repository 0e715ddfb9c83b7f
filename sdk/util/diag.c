#include "util/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "platform/platform.h"
#include "util/alloc.h"
#include "util/hash.h"
#include "util/options.h"

#define THROTTLE_ENTRIES 64
#define THROTTLE_NS (UINT64_C(60) * 1000 * 1000 * 1000)
#define TEXT_BYTES 1024

/* What is known of one kind of report. */
typedef struct throttle_entry {
    uint64_t hash; /* of level, component, instrument and format; 0: unused */
    uint64_t reported_ns;
    uint64_t held_back; /* since then */
    bool ever_reported;
} throttle_entry;

/* Immutable but for `entries`, which mu guards. The handler never runs under mu. */
struct otmi_diag {
    const otm_allocator *allocator;
    const otm_clock *clock;
    otm_diagnostics_options options;
    otmi_mutex mu;
    throttle_entry entries[THROTTLE_ENTRIES];
};

static _Thread_local bool inside_handler;

bool otmi_diag_inside_handler(void)
{
    return inside_handler;
}

otmi_diag *otmi_diag_create(const otm_allocator *allocator, const otm_diagnostics_options *options,
                            const otm_clock *clock)
{
    otmi_diag *diag = otmi_alloc_zeroed(allocator, sizeof *diag);
    if (diag == NULL) {
        return NULL;
    }
    if (otmi_mutex_init(&diag->mu) != OTM_OK) {
        otmi_free(allocator, diag, sizeof *diag);
        return NULL;
    }
    diag->allocator = allocator;
    diag->clock = otmi_clock_or_system(clock);
    otmi_options_take_known(options, &diag->options, sizeof diag->options);
    if (diag->options.minimum_level == 0) {
        diag->options.minimum_level = OTM_WARN;
    }
    return diag;
}

otmi_diag *otmi_diag_create_unthrottled(const otm_allocator *allocator, const otm_diagnostics_options *options)
{
    otmi_diag *diag = otmi_diag_create(allocator, options, NULL);
    if (diag != NULL) {
        diag->options.unthrottled = 1;
    }
    return diag;
}

void otmi_diag_destroy(otmi_diag *diag)
{
    if (diag != NULL) {
        otmi_mutex_fini(&diag->mu);
        otmi_free(diag->allocator, diag, sizeof *diag);
    }
}

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static uint64_t hash_text(const otmi_hash_key *key, const char *text)
{
    return text != NULL ? otmi_hash_bytes(key, text, strlen(text)) : 0;
}

static uint64_t report_hash(otm_level level, const otmi_diag_origin *origin, const char *format)
{
    const otmi_hash_key *key = otmi_hash_key_process();
    uint64_t who = otmi_hash_words(key, hash_text(key, origin->component), hash_text(key, origin->instrument), level);
    uint64_t hash = otmi_hash_words(key, who, hash_text(key, format), 0);
    return hash != 0 ? hash : 1;
}

/* The entry of `hash`; else a fresh one, in the place of an unused or the oldest. */
static throttle_entry *find_entry_locked(otmi_diag *diag, uint64_t hash)
{
    throttle_entry *oldest = &diag->entries[0];
    for (size_t i = 0; i < THROTTLE_ENTRIES; i++) {
        throttle_entry *entry = &diag->entries[i];
        if (entry->hash == hash) {
            return entry;
        }
        if (entry->hash == 0) { /* entries fill up from the front */
            oldest = entry;
            break;
        }
        if (entry->reported_ns < oldest->reported_ns) {
            oldest = entry;
        }
    }
    *oldest = (throttle_entry){.hash = hash};
    return oldest;
}

/* Whether to report now, and how many alike were held back before. */
static bool pass(otmi_diag *diag, uint64_t hash, uint64_t *held_back)
{
    uint64_t now_ns = diag->clock->monotonic_ns(diag->clock->context);
    otmi_mutex_lock(&diag->mu);
    throttle_entry *entry = find_entry_locked(diag, hash);
    bool due = !entry->ever_reported || diag->options.unthrottled != 0 || now_ns - entry->reported_ns >= THROTTLE_NS;
    bool report = due && !inside_handler;
    *held_back = entry->held_back;
    if (report) {
        entry->held_back = 0;
        entry->ever_reported = true;
        entry->reported_ns = now_ns;
    } else {
        entry->held_back++;
    }
    otmi_mutex_unlock(&diag->mu);
    return report;
}

static bool wanted(const otmi_diag *diag, otm_level level)
{
    return diag != NULL && diag->options.handler != NULL && (uint32_t)level >= diag->options.minimum_level;
}

void otmi_diag_report(otmi_diag *diag, otm_level level, otm_status status, const otmi_diag_origin *origin,
                      const char *format, ...)
{
    static const otmi_diag_origin nowhere = {NULL, NULL, NULL};
    if (!wanted(diag, level)) {
        return;
    }
    int saved_errno = errno;
    const otmi_diag_origin *from = origin != NULL ? origin : &nowhere;
    uint64_t held_back;
    if (pass(diag, report_hash(level, from, format), &held_back)) {
        char text[TEXT_BYTES];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        otm_diagnostic diagnostic = {
            .struct_size = sizeof diagnostic,
            .level = (uint32_t)level,
            .status = (uint32_t)status,
            .component = text_or_empty(from->component),
            .meter = text_or_empty(from->meter),
            .instrument = text_or_empty(from->instrument),
            .text = text,
            .suppressed = held_back,
        };
        inside_handler = true;
        diag->options.handler(&diagnostic, diag->options.user_data);
        inside_handler = false;
    }
    errno = saved_errno;
}
