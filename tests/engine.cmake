# The recording engine: every interleaving of its protocol, and stress.
otm_test(NAME recording_model_test SOURCES model/recording_model_test.c LABELS model)
foreach(name record delta aggregation series_end change callback child)
  otm_test(NAME ${name}_stress_test INTERNAL
    SOURCES stress/${name}_stress_test.c stress/stress_rig.c stress/stress_ledger.c stress/stress_life.c
    LIBS otm::sdk_static LABELS stress TIMEOUT 300)
endforeach()
otm_test(NAME sdk_life_test INTERNAL SOURCES unit/sdk_life_test.c LIBS otm::sdk_static LABELS unit)
foreach(name bound_record callback exemplar meter record_macro)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c LIBS otm::sdk_static LABELS unit)
endforeach()
foreach(name context_attributes context_bound)
  otm_test(NAME ${name}_test SOURCES unit/${name}_test.c unit/context_fixture.c LIBS otm::sdk_static LABELS unit)
endforeach()

foreach(name attr_span memo slot series_map)
  otm_test(NAME ${name}_test INTERNAL SOURCES unit/${name}_test.c LIBS otm::sdk_static LABELS unit)
endforeach()

# A storage alone, step by step.
foreach(name storage storage_delta storage_end storage_memo async_storage bound histogram_cell)
  otm_test(NAME ${name}_test INTERNAL SOURCES unit/${name}_test.c unit/storage_fixture.c
    LIBS otm::sdk_static LABELS unit)
endforeach()

target_link_options(storage_memo_test PRIVATE -Wl,--wrap=otmi_series_map_find)

# Each patch breaks one behaviour, and a test has to fail for it.
add_test(NAME mutants COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mutants/run)
otm_test_properties(mutants LABELS mutants TIMEOUT 900)
set_property(TEST mutants APPEND PROPERTY ENVIRONMENT "OTM_MUTANTS_DIR=${PROJECT_BINARY_DIR}/mutants")
