# Tests that prove rows of docs/conformance.csv which no other part's tests prove.
otm_test(NAME context_test SOURCES unit/context_test.c LIBS otm::api LABELS unit)
otm_test(NAME exemplar_reservoir_test SOURCES unit/exemplar_reservoir_test.c LIBS otm::sdk_static INTERNAL LABELS unit)
otm_test(NAME pipeline_test SOURCES unit/pipeline_test.c LIBS otm::sdk otm::stream LABELS unit)

# Look-ups in the map of series are counted by wrappers around the functions that do them.
otm_test(NAME bound_lookup_test SOURCES unit/bound_lookup_test.c LIBS otm::sdk_static INTERNAL LABELS unit)
target_link_options(bound_lookup_test PRIVATE -Wl,--wrap=otmi_series_map_find,--wrap=otmi_storage_record)
