/* The built-in detectors: each adds what it finds. */
#ifndef OTMI_DETECTOR_LIST_H
#define OTMI_DETECTOR_LIST_H

#include "detection.h"

void otmi_detect_container(otmi_detection *d);
void otmi_detect_host(otmi_detection *d);
void otmi_detect_os(otmi_detection *d);
void otmi_detect_process(otmi_detection *d);
void otmi_detect_service(otmi_detection *d);

/* Whether the process runs in a container, and in which: an empty span if that is not to be seen. */
typedef struct otmi_container {
    bool inside;
    otmi_span id;
} otmi_container;

otmi_container otmi_container_of_process(otmi_detection *d);

/* A machine name of uname(2) as the conventions spell it; itself if they do not. */
const char *otmi_host_arch(const char *machine);

/* A system name of uname(2) as the conventions spell it; NULL if they do not. */
const char *otmi_os_type(const char *system);

/* "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx" (RFC 9562) of 16 random bytes. */
#define OTMI_UUID_TEXT_SIZE 37 /* with NUL */
void otmi_uuid_v4_text(const uint8_t random[16], char text[OTMI_UUID_TEXT_SIZE]);

#endif
