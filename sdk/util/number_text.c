#include "util/number_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS 17 /* always enough for a double */

/* A positive finite number as 0.d1d2d3... x 10^point. */
typedef struct decimal {
    char digits[MAX_DIGITS + 1]; /* NUL-terminated, neither first nor last is '0' */
    int count;
    int point;
} decimal;

static bool reads_back(const decimal *d, double number)
{
    /* Digits and an exponent, but no decimal point: strtod() takes this alike in every locale. */
    char text[MAX_DIGITS + 16];
    snprintf(text, sizeof text, "%se%d", d->digits, d->point - d->count);
    return strtod(text, NULL) == number;
}

static void drop_trailing_zeros(decimal *d)
{
    while (d->count > 1 && d->digits[d->count - 1] == '0') {
        d->digits[--d->count] = '\0';
    }
}

/* The nearest decimal of `count` digits. */
static void round_to(double number, int count, decimal *d)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", count - 1, number);
    const char *p = text;
    d->count = 0;
    for (; *p != 'e'; p++) {
        if (*p >= '0' && *p <= '9') { /* all but the decimal point, which may be several bytes in some locales */
            d->digits[d->count++] = *p;
        }
    }
    d->digits[d->count] = '\0';
    d->point = (int)strtol(p + 1, NULL, 10) + 1;
}

/* The next decimal above, of as many digits. */
static void round_up(decimal *d)
{
    int at = d->count - 1;
    while (at >= 0 && d->digits[at] == '9') {
        d->digits[at--] = '0';
    }
    if (at >= 0) {
        d->digits[at]++;
        return;
    }
    d->digits[0] = '1'; /* 999 became 000 */
    d->point++;
}

/* Whether d, or for a power of two the decimal above it, reads back. At a power of two the doubles above lie further
 * apart than those below, so that a decimal above may do where the nearest one, below, does not. */
static bool fits(decimal *d, double number)
{
    int exponent;
    if (reads_back(d, number)) {
        return true;
    }
    if (frexp(number, &exponent) != 0.5) {
        return false;
    }
    round_up(d);
    return reads_back(d, number);
}

/* The fewest digits that read back to `number`, by trying. Up to 15 digits always survive the way through a normal
 * double, so the nearest 15 without their trailing zeros are shortest if they read back at all. Subnormal numbers have
 * less precision, and are tried from one digit on. */
static void shortest(double number, decimal *d)
{
    int count = number < 0x1p-1022 ? 1 : 15;
    round_to(number, count, d);
    while (!fits(d, number) && count < MAX_DIGITS) {
        round_to(number, ++count, d);
    }
    drop_trailing_zeros(d);
}

static char *put(char *out, const char *text, size_t size)
{
    memcpy(out, text, size);
    return out + size;
}

static char *put_zeros(char *out, int count)
{
    memset(out, '0', (size_t)count);
    return out + count;
}

static char *put_plain(char *out, const decimal *d)
{
    if (d->point <= 0) {
        return put(put_zeros(put(out, "0.", 2), -d->point), d->digits, (size_t)d->count);
    }
    if (d->point >= d->count) {
        return put_zeros(put(out, d->digits, (size_t)d->count), d->point - d->count);
    }
    out = put(out, d->digits, (size_t)d->point);
    *out++ = '.';
    return put(out, d->digits + d->point, (size_t)(d->count - d->point));
}

static char *put_exponential(char *out, const decimal *d)
{
    *out++ = d->digits[0];
    if (d->count > 1) {
        *out++ = '.';
        out = put(out, d->digits + 1, (size_t)d->count - 1);
    }
    return out + sprintf(out, "e%+d", d->point - 1);
}

size_t otmi_u64_text(uint64_t number, char text[OTMI_U64_TEXT_SIZE])
{
    char digits[OTMI_U64_TEXT_SIZE];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(text, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

static char *put_magnitude(char *out, double magnitude)
{
    /* Whole numbers below 2^53, by far the most, need no search. */
    if (magnitude < 0x1p53 && magnitude == floor(magnitude)) {
        return out + otmi_u64_text((uint64_t)magnitude, out);
    }
    decimal d;
    shortest(magnitude, &d);
    /* Plain from 0.000001 to below 1e+21, as JSON writers do: people read these best. */
    bool plain = d.point > -6 && d.point <= 21;
    return plain ? put_plain(out, &d) : put_exponential(out, &d);
}

size_t otmi_f64_text(double number, char text[OTMI_F64_TEXT_SIZE])
{
    char *out = text;
    if (isnan(number)) {
        out = put(out, "NaN", 3);
    } else {
        if (signbit(number)) {
            *out++ = '-';
        }
        out = isinf(number) ? put(out, "Infinity", 8) : put_magnitude(out, fabs(number));
    }
    *out = '\0';
    return (size_t)(out - text);
}
