# Unit tests of readers and the exporter wrapper. The fixture defines the pipeline's functions itself, so that nothing
# of the provider is linked in.
foreach(name temporality periodic_machine)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c LIBS otm::sdk_static INTERNAL LABELS unit)
endforeach()
foreach(name exporter reader_options reader)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c unit/reader_fixture.c
    LIBS otm::sdk_static INTERNAL LABELS unit)
endforeach()
foreach(name reader_periodic reader_periodic_thread)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c unit/reader_fixture.c unit/reader_periodic_fixture.c
    LIBS otm::sdk_static INTERNAL LABELS unit)
endforeach()
