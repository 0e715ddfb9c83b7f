# Tables of the shared suites, read where they are and skipped by name without them.
add_test(NAME sdk_suites COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/suites/sdk_suites.py
  $<TARGET_FILE:otm-driver> ${OTM_SHARED_DIR}/suites)
otm_test_properties(sdk_suites LABELS suites)

otm_test(NAME exponential_index_test INTERNAL SOURCES unit/exponential_index_test.c LIBS otm::sdk_static LABELS suites)
