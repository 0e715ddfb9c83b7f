otm_test(NAME config_model_test SOURCES unit/config_model_test.c LIBS otm::config LABELS unit)
