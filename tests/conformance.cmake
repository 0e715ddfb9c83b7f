# Conformance cases as data for the driver: one test a file of ours, and one for the cases of the shared kit.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

set(cases ${CMAKE_CURRENT_SOURCE_DIR}/conformance)
# Cases that wait for parts not built yet are named, with the reason, in one list.
set(run_cases ${Python3_EXECUTABLE} ${cases}/run_cases.py --not-yet ${cases}/not_yet.txt $<TARGET_FILE:otm-driver>)

foreach(topic
    async_instruments attributes batches bind cardinality config_model errors exemplars exponential filters identity idle
    lifecycle producers resource start_times sync_instruments temporality views views_composable)
  add_test(NAME conformance_${topic} COMMAND ${run_cases} ${cases}/${topic}.jsonl)
  otm_test_properties(conformance_${topic} LABELS conformance)
endforeach()

add_test(NAME conformance_shared_cases COMMAND ${run_cases} ${OTM_SHARED_DIR}/conformance/cases)
otm_test_properties(conformance_shared_cases LABELS conformance)
