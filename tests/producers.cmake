# Metric producers, metric filters, and exports in batches.
otm_test(NAME metric_filter_test SOURCES unit/metric_filter_test.c LIBS otm::sdk_static LABELS unit)
otm_test(NAME producer_test SOURCES unit/producer_test.c LIBS otm::sdk_static LABELS unit)
otm_test(NAME producer_conduct_test SOURCES unit/producer_conduct_test.c LIBS otm::sdk_static LABELS unit)
otm_test(NAME produced_check_test SOURCES unit/produced_check_test.c LIBS otm::sdk_static INTERNAL LABELS unit)
otm_test(NAME batch_split_test SOURCES unit/batch_split_test.c LIBS otm::sdk_static INTERNAL LABELS unit)
# With the pipeline of the readers' fixture in place of the provider's.
otm_test(NAME reader_batches_test
  SOURCES unit/reader_batches_test.c unit/reader_fixture.c unit/reader_periodic_fixture.c
  LIBS otm::sdk_static INTERNAL LABELS unit)
