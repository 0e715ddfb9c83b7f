# The Keep catalogue and recorder, and the programs of the demonstration.
otm_test(NAME keep_catalogue_test SOURCES unit/keep_catalogue_test.c LIBS otm::keep otm::api LABELS unit)
otm_test(NAME keep_recorder_test SOURCES unit/keep_recorder_test.c unit/keep_fake_provider.c LIBS otm::keep otm::api
  LABELS unit)
otm_test(NAME keep_ref_test SOURCES unit/keep_ref_test.c unit/keep_fake_provider.c LIBS otm::keep otm::api LABELS unit)
otm_test(NAME keep_sdk_test SOURCES unit/keep_sdk_test.c LIBS otm::keep otm::sdk LABELS unit)
otm_test(NAME keep_names_test SOURCES unit/keep_names_test.c LIBS otm::keep otm::sdk otm::prometheus LABELS unit)

# The programs of the demonstration: the receiver alone, then the node against it.
find_package(Python3 COMPONENTS Interpreter)
if(OTM_BUILD_EXAMPLES AND Python3_FOUND)
  add_test(NAME otlp_receiver_test
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/keep/otlp_receiver_test.py ${PROJECT_BINARY_DIR}/bin)
  add_test(NAME keep_node_test
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/keep/keep_node_test.py ${PROJECT_BINARY_DIR}/bin
            ${PROJECT_SOURCE_DIR})
  otm_test_properties(otlp_receiver_test)
  otm_test_properties(keep_node_test)
endif()
