/* Keeps calls that may raise a signal, or start threads, from having any part in the host's signals. */
#ifndef OTMI_SIGNALS_H
#define OTMI_SIGNALS_H

#include <signal.h>

typedef struct otmi_signal_guard {
    sigset_t before;
    sigset_t pending; /* before */
} otmi_signal_guard;

/* Between the two calls this thread takes no signal, and threads that it starts (libcurl's, for names) never will; a
 * SIGPIPE or SIGXFSZ that arises is swallowed. Keep the time between them short. Preserves errno. */
void otmi_signals_block(otmi_signal_guard *guard);
void otmi_signals_restore(const otmi_signal_guard *guard);

#endif
