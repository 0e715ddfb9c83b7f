# Tables of the shared suites, read where they are and skipped by name without them.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
pkg_check_modules(OTM_JANSSON REQUIRED IMPORTED_TARGET jansson)

add_test(NAME sdk_suites COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/suites/sdk_suites.py
  $<TARGET_FILE:otm-driver> ${OTM_SHARED_DIR}/suites)
otm_test_properties(sdk_suites LABELS suites)
add_test(NAME sdk_identity_suites COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/suites/sdk_identity_suites.py
  $<TARGET_FILE:otm-driver> ${OTM_SHARED_DIR}/suites)
otm_test_properties(sdk_identity_suites LABELS suites)

otm_test(NAME exponential_index_test INTERNAL SOURCES unit/exponential_index_test.c LIBS otm::sdk_static LABELS suites)
otm_test(NAME suite_downscale_test INTERNAL SOURCES unit/suite_downscale_test.c
  LIBS otm::sdk_static PkgConfig::OTM_JANSSON LABELS suites)
