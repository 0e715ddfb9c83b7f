/* Which meters are enabled: the rules of meter_configurator/development. */
#ifndef OTMI_MODEL_METERS_H
#define OTMI_MODEL_METERS_H

#include <otm/sdk.h>

#include "model/model_node.h"
#include "platform/platform.h"

/* One set of rules; never changes. The first pattern that matches a meter's name decides. */
typedef struct otmi_meter_rules otmi_meter_rules;

/* Reads the node; *out is NULL if it is absent. */
otm_status otmi_meter_rules_read(const otmi_node *node, otmi_meter_rules **out);
void otmi_meter_rules_destroy(otmi_meter_rules *rules);

/* Holds the rules in force. They can be replaced while meters are being judged: `mutex` guards `rules`, and is held
 * while patterns are compared, which calls nobody. */
typedef struct otmi_meter_judge {
    otmi_mutex mutex;
    otmi_meter_rules *rules; /* NULL: all enabled */
} otmi_meter_judge;

otm_status otmi_meter_judge_init(otmi_meter_judge *judge);
void otmi_meter_judge_fini(otmi_meter_judge *judge);

/* Takes over `rules`, returns the ones before. */
otmi_meter_rules *otmi_meter_judge_replace(otmi_meter_judge *judge, otmi_meter_rules *rules);

/* An otm_meter_configurator whose user data is the judge. */
int otmi_meter_judge_decide(const otm_scope *scope, void *judge);

#endif
