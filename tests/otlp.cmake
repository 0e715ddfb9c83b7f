# Tests of the OTLP exporter: encoder, answers, retry, options and environment alone; the exporter over a fake transport;
# and over the loopback.
function(otlp_test name)
  otm_test(NAME otlp_${name}_test SOURCES unit/otlp_${name}_test.c ${ARGN}
    LIBS otm::otlp_static otm::sdk_static OBJECTS otm_proto_objects INTERNAL LABELS unit)
  target_include_directories(otlp_${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/exporters/otlp)
endfunction()
otlp_test(encode unit/otlp_tree.c)
otlp_test(same_bytes unit/otlp_tree.c support/otlp_any_tree.c support/otlp_reference.c)
otlp_test(response)
otlp_test(retry)
otlp_test(options)
otlp_test(exporter unit/otlp_tree.c)
otlp_test(http unit/otlp_tree.c unit/otlp_server.c)
target_link_libraries(otlp_http_test PRIVATE ZLIB::ZLIB)
