# Tests of the exporter to standard output: the descriptor alone; the exporter behind a provider and a reader.
foreach(name shared_fd stdout_exporter)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c LIBS otm::stream_static otm::sdk_static INTERNAL LABELS unit)
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/exporters/stream)
endforeach()
