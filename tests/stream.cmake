# Tests of the exporter to standard output: the descriptor alone; the exporter behind a provider and a reader.
foreach(name shared_fd stdout_exporter)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c LIBS otm::stream_static otm::sdk_static INTERNAL LABELS unit)
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/exporters/stream)
endforeach()
if(TARGET 04_stdout)
  add_test(NAME example_04_stdout COMMAND 04_stdout)
  otm_test_properties(example_04_stdout LABELS unit)
  set_tests_properties(example_04_stdout PROPERTIES
    PASS_REGULAR_EXPRESSION "^{\"resourceMetrics\":[^\n]*\"name\":\"orders\"[^\n]*}\n$")
endif()

# Resources that tell one run of a program from another.
otm_test(NAME single_writer_test SOURCES unit/single_writer_test.c
  LIBS otm::stream_static otm::detectors_static otm::sdk_static LABELS unit)
