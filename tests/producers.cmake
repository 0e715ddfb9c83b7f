# Metric producers and metric filters.
otm_test(NAME metric_filter_test SOURCES unit/metric_filter_test.c LIBS otm::sdk_static LABELS unit)
otm_test(NAME producer_test SOURCES unit/producer_test.c LIBS otm::sdk_static LABELS unit)
