# Checks of the source tree and of what was built.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(otm_check name)
  add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/checks/${name}.py ${ARGN})
  otm_test_properties(${name} LABELS check)
endfunction()

include(CheckLanguage)
check_language(CXX)
otm_check(header_check ${CMAKE_C_COMPILER} ${CMAKE_CXX_COMPILER})
otm_check(generated_header_check)
otm_check(include_arrows_check)
otm_check(file_size_check)
otm_check(doc_comments_check)
otm_check(api_shape_check)
otm_check(conformance_check)

get_property(libraries GLOBAL PROPERTY OTM_EXPORT_MAPS)
otm_check(export_list_check ${CMAKE_NM} ${libraries})
if(NOT OTM_SANITIZE) # the outsider's program is built without one
  otm_check(installed_package_check ${PROJECT_BINARY_DIR} ${CMAKE_C_COMPILER})
endif()
