otm_test(NAME config_model_test SOURCES unit/config_model_test.c LIBS otm::config LABELS unit)
otm_test(NAME config_reader_test SOURCES unit/config_reader_test.c LIBS otm::config_static PkgConfig::OTM_JANSSON
  INTERNAL LABELS unit)
target_include_directories(config_reader_test PRIVATE ${PROJECT_SOURCE_DIR}/config)
