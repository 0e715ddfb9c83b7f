#include "detector_list.h"
#include "platform/platform.h"
#include "process_state.h"

void otmi_uuid_v4_text(const uint8_t random[16], char text[OTMI_UUID_TEXT_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        uint8_t byte = random[i];
        if (i == 6) {
            byte = (uint8_t)((byte & 0x0f) | 0x40); /* version 4 */
        } else if (i == 8) {
            byte = (uint8_t)((byte & 0x3f) | 0x80); /* variant 10 */
        }
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text[at++] = '-';
        }
        text[at++] = hex[byte >> 4];
        text[at++] = hex[byte & 15];
    }
    text[at] = '\0';
}

/* One for each process: a child is another instance. */
static void instance_id(char text[OTMI_UUID_TEXT_SIZE])
{
    static uint8_t random[16];       /* under the process lock */
    static uint64_t made_generation; /* as well */
    otmi_process_lock();
    if (made_generation != otmi_process_generation_locked()) {
        made_generation = otmi_process_generation_locked();
        otmi_random_bytes(random, sizeof random);
    }
    otmi_uuid_v4_text(random, text);
    otmi_process_unlock();
}

void otmi_detect_service(otmi_detection *d)
{
    const char *name = otmi_detect_variable(&d->options, "OTEL_SERVICE_NAME");
    if (name != NULL) {
        d->entity = "service";
        otmi_found_id_text(d, "service.name", name, strlen(name));
    }
    char id[OTMI_UUID_TEXT_SIZE];
    instance_id(id);
    d->entity = "service.instance";
    otmi_found_id_text(d, "service.instance.id", id, sizeof id - 1);
}
