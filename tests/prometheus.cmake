# The Prometheus exporter. Its parts are tested on trees built by hand, behind a reader that is a fake.
find_package(PkgConfig REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(OTM_MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(OTM_JANSSON REQUIRED IMPORTED_TARGET jansson)

foreach(name name series text child golden render server)
  otm_test(NAME prom_${name}_test
    SOURCES unit/prom_${name}_test.c
      unit/prom_exposition.c unit/prom_fake_reader.c unit/prom_tree.c unit/prom_written.c
    LIBS otm::api_static otm_util_static PkgConfig::OTM_MICROHTTPD PkgConfig::OTM_JANSSON ZLIB::ZLIB
    OBJECTS otm_prometheus_objects
    INTERNAL LABELS unit)
  target_include_directories(prom_${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/exporters/prometheus)
endforeach()

otm_test(NAME prom_provider_test SOURCES unit/prom_provider_test.c LIBS otm::prometheus otm::sdk LABELS unit)
