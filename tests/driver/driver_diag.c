/* What the SDK has to say, kept until the line that it belongs to is answered. */
#include <pthread.h>

#include "driver.h"

#define MAX_KEPT 10000u /* a line that provokes more is answered with these */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards `kept` */
static json_t *kept;

static const char *level_name(uint32_t level)
{
    static const char *const names[] = {"", "debug", "info", "warn", "error"};
    return level < sizeof names / sizeof names[0] ? names[level] : "error";
}

/* Text that is not UTF-8 would be no JSON; it is shown byte by byte then. */
static json_t *text_of(const char *text)
{
    json_t *json = json_string(text);
    if (json != NULL) {
        return json;
    }
    char plain[512];
    size_t i = 0;
    for (; text[i] != '\0' && i < sizeof plain - 1; i++) {
        plain[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
    }
    plain[i] = '\0';
    return json_string(plain);
}

static void handle(const otm_diagnostic *diagnostic, void *user_data)
{
    (void)user_data;
    json_t *entry = json_pack("{s:s,s:o}", "level", level_name(diagnostic->level), "text", text_of(diagnostic->text));
    driver_diag_lock();
    if (kept == NULL) {
        kept = json_array();
    }
    if (json_array_size(kept) < MAX_KEPT) {
        (void)json_array_append(kept, entry);
    }
    driver_diag_unlock();
    json_decref(entry);
}

void driver_diag_options(otm_diagnostics_options *out)
{
    otm_diagnostics_options_init(out);
    out->handler = handle;
    out->minimum_level = OTM_DEBUG;
    out->unthrottled = 1;
}

void driver_diag_take(json_t *answer)
{
    driver_diag_lock();
    json_t *taken = kept;
    kept = NULL;
    driver_diag_unlock();
    if (taken != NULL) {
        (void)json_object_set_new(answer, "diag", taken);
    }
}

void driver_diag_lock(void)
{
    (void)pthread_mutex_lock(&mutex);
}

void driver_diag_unlock(void)
{
    (void)pthread_mutex_unlock(&mutex);
}
