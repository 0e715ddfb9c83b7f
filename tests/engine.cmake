# The recording engine: every interleaving of its protocol, and stress.
otm_test(NAME recording_model_test SOURCES model/recording_model_test.c LABELS model)
otm_test(NAME record_stress_test INTERNAL SOURCES stress/record_stress_test.c
  LIBS otm::sdk_static LABELS stress TIMEOUT 300)
