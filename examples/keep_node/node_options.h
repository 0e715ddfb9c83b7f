/* The command line of keep-node. */
#ifndef KEEP_NODE_OPTIONS_H
#define KEEP_NODE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct node_options {
    uint32_t port; /* 0: any free one */
    double seconds; /* of wall time; 0: until told to stop */
    double speed;  /* virtual seconds in a second */
    uint64_t seed;
    bool no_metrics;
    bool hold;
    bool averages;
    bool help;
} node_options;

/* False, with a message on standard error, if the command line is not valid. */
bool node_options_read(int argc, char **argv, node_options *out);
void node_options_print_help(void);

#endif
