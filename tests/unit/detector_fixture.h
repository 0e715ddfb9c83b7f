/* A small tree of /proc and /etc in a temporary folder, an environment, and an ear for diagnostics. Include cmocka.h
 * first. */
#ifndef OTM_TEST_DETECTOR_FIXTURE_H
#define OTM_TEST_DETECTOR_FIXTURE_H

#include <limits.h>

#include <otm/detectors.h>

#include "diag_recorder.h"

typedef struct detector_fixture {
    char root[64];
    int next_descriptor; /* the number that the next open file gets: the same at the end if all were closed */
    const char *service_name; /* what the environment says; NULL: unset */
    const char *entities;
    otm_detect_options options; /* of this root, environment and recorder */
    diag_recorder heard;
} detector_fixture;

/* For cmocka_unit_test_setup_teardown(). */
int detector_set_up(void **state);
int detector_tear_down(void **state);

/* Path below the root; folders are made as needed. */
void put_file(detector_fixture *f, const char *path, const void *content, size_t size);
void put_text(detector_fixture *f, const char *path, const char *text);
void put_link(detector_fixture *f, const char *path, const char *target);
void put_folder(detector_fixture *f, const char *path);

#endif
