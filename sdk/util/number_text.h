/* Doubles as text, whatever the locale: the shortest digits that read back to the same bits. */
#ifndef OTMI_NUMBER_TEXT_H
#define OTMI_NUMBER_TEXT_H

#include <stddef.h>

#define OTMI_F64_TEXT_SIZE 32

/* Finite: "1", "0.1", "1e+21", "5e-324". Otherwise "NaN", "Infinity", "-Infinity". Returns the length. */
size_t otmi_f64_text(double number, char text[OTMI_F64_TEXT_SIZE]);

#endif
