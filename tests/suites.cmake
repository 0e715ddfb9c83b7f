# Tables of the shared suites, read where they are and skipped by name without them.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
pkg_check_modules(OTM_JANSSON REQUIRED IMPORTED_TARGET jansson)

foreach(script sdk_suites.py sdk_identity_suites.py)
  cmake_path(GET script STEM suites)
  add_test(NAME ${suites} COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/suites/${script}
    $<TARGET_FILE:otm-driver> ${OTM_SHARED_DIR}/suites)
  otm_test_properties(${suites} LABELS suites)
endforeach()

otm_test(NAME exponential_index_test INTERNAL SOURCES unit/exponential_index_test.c LIBS otm::sdk_static LABELS suites)
otm_test(NAME suite_downscale_test INTERNAL SOURCES unit/suite_downscale_test.c
  LIBS otm::sdk_static PkgConfig::OTM_JANSSON LABELS suites)
