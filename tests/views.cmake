# Unit tests of views, streams and duplicates: no threads, no provider.
pkg_check_modules(OTM_JANSSON REQUIRED IMPORTED_TARGET jansson)

foreach(name aggregation key_filter stream duplicate instrument_name)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c LIBS otm::sdk_static INTERNAL LABELS unit)
endforeach()
foreach(name view view_set view_compose)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c unit/view_fixture.c LIBS otm::sdk_static INTERNAL LABELS unit)
endforeach()
otm_test(NAME view_suite_test SOURCES unit/view_suite_test.c unit/view_fixture.c
  LIBS otm::sdk_static PkgConfig::OTM_JANSSON INTERNAL LABELS unit suites)
