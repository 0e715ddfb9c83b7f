# sdk/util, sdk/platform, attribute sets, exporters/stream, and the fakes that all tests use.
foreach(name alloc diag hash kvlist number_text pb_writer platform support text)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c LIBS otm_util_static INTERNAL)
endforeach()

# Compiled in, and not linked from the library: it needs nothing else of it.
otm_test(NAME attr_set_test SOURCES unit/attr_set_test.c ${PROJECT_SOURCE_DIR}/sdk/metrics/attr_set.c
  LIBS otm_util_static INTERNAL)

# The test stands in for the SDK's exporter wrapper, so that it can call the operations itself.
otm_test(NAME memory_exporter_test SOURCES unit/memory_exporter_test.c LIBS otm_util_static OBJECTS otm_stream_objects INTERNAL)
