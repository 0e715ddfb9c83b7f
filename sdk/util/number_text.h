/* Numbers as text, whatever the locale. */
#ifndef OTMI_NUMBER_TEXT_H
#define OTMI_NUMBER_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define OTMI_F64_TEXT_SIZE 32
#define OTMI_U64_TEXT_SIZE 20

/* The shortest digits that read back to the same bits: "1", "0.1", "1e+21", "5e-324". Not finite: "NaN", "Infinity",
 * "-Infinity". Returns the length. */
size_t otmi_f64_text(double number, char text[OTMI_F64_TEXT_SIZE]);

/* Decimal, without a NUL. Returns the length. */
size_t otmi_u64_text(uint64_t number, char text[OTMI_U64_TEXT_SIZE]);

#endif
