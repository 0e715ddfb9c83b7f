#include "util/options.h"

static bool all_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static size_t size_of(const void *given)
{
    size_t size;
    memcpy(&size, given, sizeof size);
    return size;
}

void otmi_options_take_known(const void *given, void *out, size_t out_size)
{
    memset(out, 0, out_size);
    if (given != NULL) {
        size_t size = size_of(given);
        memcpy(out, given, size < out_size ? size : out_size);
    }
    memcpy(out, &out_size, sizeof out_size);
}

otm_status otmi_options_read(const void *given, void *out, size_t out_size)
{
    memset(out, 0, out_size);
    if (given == NULL) {
        return OTM_OK;
    }
    size_t size = size_of(given);
    if (size < sizeof size) {
        return OTM_ERR_INVALID_ARGUMENT; /* init was forgotten */
    }
    size_t known = size < out_size ? size : out_size;
    if (!all_zero((const unsigned char *)given + known, size - known)) {
        return OTM_ERR_INVALID_ARGUMENT; /* it asks for what this library does not have */
    }
    memcpy(out, given, known);
    return OTM_OK;
}
