/* The object behind otm_metric_producer. */
#ifndef OTMI_METRIC_PRODUCER_H
#define OTMI_METRIC_PRODUCER_H

#include <otm/producer.h>

/* Asks the producer. *out may be set whatever the status is, and then has to be given back. */
otm_status otmi_metric_producer_ask(otm_metric_producer *producer, const otm_produce_request *request,
                                    const otm_metrics_data **out);
void otmi_metric_producer_give_back(otm_metric_producer *producer, const otm_metrics_data *data);

#endif
