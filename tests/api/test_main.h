/* What every cmocka program needs, in the order cmocka asks for. */
#ifndef OTM_TEST_MAIN_H
#define OTM_TEST_MAIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
