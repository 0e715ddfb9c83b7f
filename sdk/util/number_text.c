#include "util/number_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS 17 /* always enough for a double */

size_t otmi_u64_text(uint64_t number, char text[OTMI_U64_TEXT_SIZE])
{
    size_t size = 1;
    for (uint64_t rest = number; rest >= 10; rest /= 10) {
        size++;
    }
    for (size_t at = size; at-- > 0; number /= 10) {
        text[at] = (char)('0' + number % 10);
    }
    return size;
}

/* A positive finite number as 0.d1d2d3... x 10^point. */
typedef struct decimal {
    char digits[MAX_DIGITS + 1]; /* NUL-terminated, neither first nor last is '0' */
    int count;
    int point;
} decimal;

/* -- By trying --------------------------------------------------------------------------------------------------- */

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

/* -- The same for usual magnitudes, with whole numbers ----------------------------------------------------------- */

__extension__ typedef unsigned __int128 u128;

#define LEAST_EXACT 1e-3
#define PAST_EXACT 0x1p53

/* 17 digits of any number from LEAST_EXACT to below PAST_EXACT stand before the decimal point after multiplication by
 * one of these, and the product with 54 bits fits 128. */
static const uint64_t powers_of_ten[] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

/* The power of ten above the number. */
static int point_of(double number)
{
    int point = number < 1e-2 ? -2 : number < 1e-1 ? -1 : 0;
    while (number >= (double)powers_of_ten[point < 0 ? 0 : point]) { /* all exact up to 10^22 */
        point++;
    }
    return point;
}

static void set_digits(decimal *d, uint64_t digits, int point, int wanted)
{
    char text[OTMI_U64_TEXT_SIZE];
    d->count = (int)otmi_u64_text(digits, text);
    d->point = point + d->count - wanted; /* 999 may have become 1000 */
    memcpy(d->digits, text, (size_t)d->count);
    d->digits[d->count] = '\0';
}

/* What shortest() finds by trying. `number` is mantissa x 2^-shift; it, its distance to a decimal and to the middle
 * between it and its neighbours are compared as whole multiples of 2^-(shift + 1), of the last of 17 digits. */
static bool shortest_exactly(double number, decimal *d)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    if (!(number >= LEAST_EXACT && number < PAST_EXACT) || fraction == 0) {
        return false; /* the neighbours of a power of two are at two distances */
    }
    uint64_t mantissa = fraction | UINT64_C(1) << 52;
    int shift = 1075 - (int)(bits >> 52);
    int point = point_of(number);
    uint64_t half_gap = powers_of_ten[MAX_DIGITS - point];
    u128 scaled = (u128)(2 * mantissa) * half_gap;
    uint64_t all = (uint64_t)(scaled >> (shift + 1));
    u128 rest = scaled - ((u128)all << (shift + 1));
    for (int count = 15; count <= MAX_DIGITS; count++) {
        uint64_t unit = powers_of_ten[MAX_DIGITS - count];
        uint64_t digits = all / unit;
        u128 below = ((u128)(all % unit) << (shift + 1)) + rest;
        u128 above = ((u128)unit << (shift + 1)) - below;
        bool up = below > above || (below == above && digits % 2 == 1);
        u128 distance = up ? above : below;
        if (distance < half_gap || (distance == half_gap && mantissa % 2 == 0)) {
            set_digits(d, digits + up, point, count);
            return true;
        }
    }
    return false; /* cannot be: 17 digits are enough */
}

/* -- The fewest digits ------------------------------------------------------------------------------------------- */

/* The fewest digits that read back to `number`. Up to 15 digits always survive the way through a normal double, so the
 * nearest 15 without their trailing zeros are shortest if they read back at all. Subnormal numbers have less
 * precision, and are tried from one digit on. */
static void shortest(double number, decimal *d)
{
    if (!shortest_exactly(number, d)) {
        int count = number < 0x1p-1022 ? 1 : 15;
        round_to(number, count, d);
        while (!fits(d, number) && count < MAX_DIGITS) {
            round_to(number, ++count, d);
        }
    }
    drop_trailing_zeros(d);
}

/* -- Text -------------------------------------------------------------------------------------------------------- */

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
