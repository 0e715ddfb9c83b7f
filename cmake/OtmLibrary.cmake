# One library of otm: a shared and a static form of the same objects, named otm::NAME and otm::NAME_static.
#
#   otm_library(NAME SOURCES file.c ... [PUBLIC target ...] [PRIVATE target ...] [MAP exports.map])
#
# PUBLIC names other libraries of ours (without otm::), PRIVATE names outside targets.
# The objects of sdk/util and sdk/platform are linked in, hidden, wherever the library asks for UTIL.

add_library(otm_compile_options INTERFACE)
target_compile_features(otm_compile_options INTERFACE c_std_11)
target_compile_definitions(otm_compile_options INTERFACE _GNU_SOURCE)
target_compile_options(otm_compile_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
  -fvisibility=hidden -fno-math-errno -ffp-contract=off $<$<BOOL:${OTM_WERROR}>:-Werror>)
if(OTM_SANITIZE)
  target_compile_options(otm_compile_options INTERFACE
    -fsanitize=${OTM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(otm_compile_options INTERFACE -fsanitize=${OTM_SANITIZE})
endif()

function(otm_library name)
  cmake_parse_arguments(ARG "UTIL" "MAP" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(otm_${name}_objects OBJECT ${ARG_SOURCES})
  set_target_properties(otm_${name}_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(otm_${name}_objects PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(otm_${name}_objects PRIVATE ${PROJECT_SOURCE_DIR}/sdk)
  target_link_libraries(otm_${name}_objects PRIVATE otm_compile_options ${ARG_PRIVATE})

  foreach(kind SHARED STATIC)
    string(TOLOWER _${kind} suffix)
    string(REPLACE _shared "" suffix ${suffix})
    set(target otm_${name}${suffix})
    add_library(${target} ${kind} $<TARGET_OBJECTS:otm_${name}_objects>)
    add_library(otm::${name}${suffix} ALIAS ${target})
    set_target_properties(${target} PROPERTIES
      OUTPUT_NAME otm_${name} EXPORT_NAME ${name}${suffix}
      VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
    target_include_directories(${target} PUBLIC
      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${target} PRIVATE ${ARG_PRIVATE} Threads::Threads m)
    foreach(dependency ${ARG_PUBLIC})
      target_link_libraries(${target} PUBLIC otm_${dependency}${suffix})
    endforeach()
    list(TRANSFORM ARG_PUBLIC APPEND "${suffix}" OUTPUT_VARIABLE needs)
    if(ARG_UTIL)
      if(kind STREQUAL SHARED)
        target_sources(${target} PRIVATE $<TARGET_OBJECTS:otm_util_objects>)
      else()
        target_link_libraries(${target} PUBLIC otm_util_static)
        list(APPEND needs util_static)
      endif()
    endif()
    # For packaging: what of ours and of others has to be found with it.
    set_target_properties(${target} PROPERTIES OTM_NEEDS "${needs}" OTM_OUTSIDE "${ARG_PRIVATE}" OTM_UTIL "${ARG_UTIL}")
    if(OTM_SANITIZE)
      target_link_options(${target} PRIVATE -fsanitize=${OTM_SANITIZE})
    endif()
    if(kind STREQUAL SHARED)
      # An exit hook in unloaded code would crash: the libraries stay loaded.
      target_link_options(${target} PRIVATE -Wl,-z,nodelete)
      if(NOT OTM_SANITIZE)
        target_link_options(${target} PRIVATE -Wl,-z,defs) # the sanitizers leave theirs to the program
      endif()
      if(ARG_MAP)
        target_link_options(${target} PRIVATE -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/${ARG_MAP})
        set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_MAP})
        set_property(GLOBAL APPEND PROPERTY OTM_EXPORT_MAPS
          $<TARGET_FILE:${target}>=${CMAKE_CURRENT_SOURCE_DIR}/${ARG_MAP})
      endif()
    endif()
    set_property(GLOBAL APPEND PROPERTY OTM_INSTALL_TARGETS ${target})
  endforeach()
endfunction()
