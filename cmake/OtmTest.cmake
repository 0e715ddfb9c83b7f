# One test program, known to ctest by its name and built into build/bin/tests.
#
#   otm_test(NAME name SOURCES file.c ... LIBS target ... [INTERNAL] [OBJECTS target ...] [ARGS arg ...]
#            [LABELS label ...] [TIMEOUT seconds])
#
# INTERNAL lets the test include private headers of sdk/. OBJECTS names object libraries to link in.
# Tests find outside data through the environment variable OTM_SHARED_DIR; they are skipped by name without it: a cmocka
# case prints "SKIP name: reason" and calls skip(), any other program prints the same and returns 77.

set(OTM_SHARED_DIR ${PROJECT_SOURCE_DIR}/../shared CACHE PATH "Outside data that some tests read; may be missing")
find_package(PkgConfig REQUIRED)
pkg_check_modules(OTM_CMOCKA REQUIRED IMPORTED_TARGET cmocka)

# What every entry of ctest gets, program or script.
function(otm_test_properties name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES
    ENVIRONMENT
    "OTM_SHARED_DIR=${OTM_SHARED_DIR};OTM_SOURCE_DIR=${PROJECT_SOURCE_DIR};OTM_BINARY_DIR=${PROJECT_BINARY_DIR}"
    SKIP_RETURN_CODE 77 TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

function(otm_test)
  cmake_parse_arguments(ARG "INTERNAL" "NAME;TIMEOUT" "SOURCES;LIBS;OBJECTS;ARGS;LABELS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "otm_test(${ARG_NAME}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  set_target_properties(${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin/tests)
  target_include_directories(${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/tests)
  if(ARG_INTERNAL)
    target_include_directories(${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/sdk)
  endif()
  target_link_libraries(${ARG_NAME} PRIVATE
    otm_compile_options $<TARGET_NAME_IF_EXISTS:otm_test_support> ${ARG_LIBS} ${ARG_OBJECTS}
    PkgConfig::OTM_CMOCKA Threads::Threads m)
  add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} ${ARG_ARGS})
  otm_test_properties(${ARG_NAME} LABELS ${ARG_LABELS} TIMEOUT ${ARG_TIMEOUT})
endfunction()
