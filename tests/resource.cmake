# Resources and entities.
foreach(name resource resource_bind resource_merge entity entity_env)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c unit/resource_fixture.c
    LIBS otm::sdk_static INTERNAL LABELS unit)
endforeach()
otm_test(NAME entity_export_test SOURCES unit/entity_export_test.c unit/resource_fixture.c
  LIBS otm::otlp_static otm::stream_static otm::sdk_static OBJECTS otm_proto_objects INTERNAL LABELS unit)
target_include_directories(entity_export_test PRIVATE ${PROJECT_SOURCE_DIR}/exporters/otlp)

# Children of a provider.
foreach(name for_entity for_entity_life)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c unit/for_entity_fixture.c
    LIBS otm::sdk_static otm::stream_static LABELS unit)
endforeach()

# Detectors read small trees in a temporary folder.
foreach(name detect detector_container detector_host detector_process detector_service)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c unit/detector_fixture.c unit/resource_fixture.c
    LIBS otm::detectors_static INTERNAL LABELS unit)
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/detectors)
endforeach()

otm_test(NAME process_context_test SOURCES unit/process_context_test.c unit/resource_fixture.c
  LIBS otm::detectors_static OBJECTS otm_proto_objects INTERNAL LABELS unit)
target_include_directories(process_context_test PRIVATE ${PROJECT_SOURCE_DIR}/detectors)

# The system's refusals are played by wrappers.
otm_test(NAME process_context_failure_test SOURCES unit/process_context_failure_test.c unit/resource_fixture.c
  LIBS otm::detectors_static LABELS unit)
target_link_options(process_context_failure_test PRIVATE
  -Wl,--wrap=memfd_create,--wrap=mmap,--wrap=munmap,--wrap=madvise,--wrap=prctl,--wrap=clock_gettime)
