/* A collected tree out of any bytes: each byte chooses. For random tests and fuzzing of encoders. */
#ifndef OTM_TEST_OTLP_ANY_TREE_H
#define OTM_TEST_OTLP_ANY_TREE_H

#include <otm/sdk_data.h>

typedef struct otlp_any_tree {
    otm_metrics_data data;
    struct otlp_any_piece *pieces; /* each string and array is a piece of malloc's, so that sanitizers see its ends */
    const uint8_t *bytes;
    size_t byte_count;
} otlp_any_tree;

/* Types, temporalities and flags are at times none that exist. Aborts without memory. */
void otlp_any_tree_make(otlp_any_tree *tree, const uint8_t *bytes, size_t byte_count);
void otlp_any_tree_free(otlp_any_tree *tree);

#endif
