/* Working memory of renderings: kept from one to the next, so that a scrape like the one before allocates nothing. */
#ifndef OTMI_PROM_WORK_H
#define OTMI_PROM_WORK_H

#include "prom_exporter.h"

/* The idle one, or a new one when several render at a time; NULL without memory. */
otmi_prom_work *otmi_prom_work_take(otm_prometheus_exporter *exporter);
void otmi_prom_work_give_back(otm_prometheus_exporter *exporter, otmi_prom_work *work);
void otmi_prom_work_destroy(const otm_allocator *allocator, otmi_prom_work *work); /* NULL is ignored */

#endif
