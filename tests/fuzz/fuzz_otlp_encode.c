/* Trees of any form through the OTLP encoder: the bytes of protobuf-c, at the size limit and not above it. */
#include <string.h>

#include "fuzz.h"
#include "otlp_encode.h"
#include "support/otlp_any_tree.h"
#include "support/otlp_reference.h"

static void check(const otm_metrics_data *data, const otmi_buf *expected, size_t maximum)
{
    otmi_otlp_encoded counts;
    otmi_pb_writer out;
    otmi_pb_init(&out, NULL, maximum);
    otm_status st = otmi_otlp_encode(data, &out, &counts);
    FUZZ_CHECK(st == (expected->size <= maximum ? OTM_OK : OTM_ERR_LIMIT));
    FUZZ_CHECK(out.size == (st == OTM_OK ? expected->size : 0));
    FUZZ_CHECK(out.size == 0 || memcmp(otmi_pb_data(&out), expected->data, out.size) == 0);
    otmi_pb_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    otlp_any_tree tree;
    otmi_arena arena;
    otmi_buf expected;
    otlp_any_tree_make(&tree, data, size);
    otmi_arena_init(&arena, NULL, SIZE_MAX);
    otmi_buf_init(&expected, NULL, SIZE_MAX);
    otlp_reference_encode(&tree.data, &arena, &expected);
    check(&tree.data, &expected, SIZE_MAX);
    check(&tree.data, &expected, expected.size);
    if (expected.size > 0) {
        check(&tree.data, &expected, expected.size - 1);
        check(&tree.data, &expected, expected.size / 2);
    }
    otmi_buf_fini(&expected);
    otmi_arena_fini(&arena);
    otlp_any_tree_free(&tree);
    return 0;
}
