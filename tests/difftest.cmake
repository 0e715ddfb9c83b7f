# Random scripts on our driver and on the official Go SDK's; skipped by name without Go. README.md there runs them all.
add_test(NAME difftest COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/difftest/run $<TARGET_FILE:otm-driver> --count 200)
otm_test_properties(difftest LABELS interop TIMEOUT 1500)
