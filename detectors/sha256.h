/* SHA-256 (FIPS 180-4) of a message that is there as a whole. */
#ifndef OTMI_SHA256_H
#define OTMI_SHA256_H

#include <stddef.h>
#include <stdint.h>

void otmi_sha256(const uint8_t *message, size_t size, uint8_t digest[32]);

#endif
