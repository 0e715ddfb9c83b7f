#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "diag_recorder.h"
#include "failing_alloc.h"
#include "resource_fixture.h"

static void assert_parses(const char *text, const char *expected, size_t warnings)
{
    diag_recorder heard;
    diag_recorder_init(&heard);
    heard.options.unthrottled = 0; /* each fault is told all the same */
    otm_resource *resource;
    assert_int_equal(otm_resource_parse_entities(text, NULL, &heard.options, &resource), OTM_OK);
    assert_string_equal(resource_text(resource), expected);
    assert_int_equal(diag_recorder_count_of(&heard, OTM_WARN, "OTEL_ENTITIES"), warnings);
    assert_int_equal(diag_recorder_count(&heard), warnings);
    otm_resource_release(resource);
    diag_recorder_fini(&heard);
}

/* ENT-04 */
static void entity_env_reads_type_identity_description_and_schema_url(void **state)
{
    (void)state;
    assert_parses("service{service.name=my-app,service.instance.id=instance-1}[service.version=1.0.0]",
                  "service{service.instance.id=instance-1,service.name=my-app}[service.version=1.0.0];||", 0);
    assert_parses("service{service.name=a}[service.version=1]@https://opentelemetry.io/schemas/1.21.0;"
                  "host{host.id=host-123}[host.name=web-server-01]",
                  "service{service.name=a}[service.version=1]@https://opentelemetry.io/schemas/1.21.0;"
                  "host{host.id=host-123}[host.name=web-server-01];||", 0);
    assert_parses("a{b=c}[]", "a{b=c}[];||", 0);
    assert_parses("a{b=}", "a{b=}[];||", 0); /* an empty value is one */
    assert_parses("Ab_1-c.D{Ab_1-c.D= x y }[E_2=F]@a-b.c+d:x", "Ab_1-c.D{Ab_1-c.D=x y}[E_2=F]@a-b.c+d:x;||a-b.c+d:x",
                  0);
}

/* ENT-04 */
static void entity_env_ignores_empty_entries(void **state)
{
    (void)state;
    assert_parses("", "||", 0);
    assert_parses(NULL, "||", 0);
    assert_parses(";service{service.name=app1};; ;host{host.id=host-123};",
                  "service{service.name=app1}[];host{host.id=host-123}[];||", 0);
}

/* ENT-04 */
static void entity_env_decodes_percent_signs_in_values(void **state)
{
    (void)state;
    assert_parses("service{service.name=my%2Capp,service.instance.id=inst-1}[config=key%3Dvalue%5Bprod%5d]",
                  "service{service.instance.id=inst-1,service.name=my,app}[config=key=value[prod]];||", 0);
    assert_parses("a{b=%7B%7D%5B%5D%40%3B%2C%3D}", "a{b={}[]@;,=}[];||", 0);
}

/* ENT-05 */
static void entity_env_skips_what_is_malformed_and_takes_the_rest(void **state)
{
    (void)state;
    assert_parses("service{service.name=app1};invalid{syntax;host{host.id=1}",
                  "service{service.name=app1}[];host{host.id=1}[];||", 1);
    assert_parses("a{b=c}rest;d{e=f}", "d{e=f}[];||", 1);
    assert_parses("a{b=c}[d=e;f{g=h}", "f{g=h}[];||", 1);
    assert_parses("1a{b=c};a b{c=d};{b=c};plain", "||", 4);
    /* A bad pair of an identity would leave another identity; one of a description is left out alone. */
    assert_parses("a{b=c,d}", "||", 2);
    assert_parses("a{b=c%2}", "||", 2);
    assert_parses("a{b=c=d}", "||", 2);
    assert_parses("a{b=c}[d,e=f,=g,h=%zz]", "a{b=c}[e=f];||", 3);
}

/* ENT-05 */
static void entity_env_skips_an_entity_without_identity(void **state)
{
    (void)state;
    assert_parses("service{};host{host.id=123}", "host{host.id=123}[];||", 1);
}

/* ENT-05 */
static void entity_env_ignores_a_bad_schema_url_but_keeps_the_entity(void **state)
{
    (void)state;
    assert_parses("service{service.name=app1}@invalid-url", "service{service.name=app1}[];||", 1);
    assert_parses("service{service.name=app1}@", "service{service.name=app1}[];||", 1);
    assert_parses("service{service.name=app1}@https://a b", "service{service.name=app1}[];||", 1);
    assert_parses("service{service.name=app1}@1http://a", "service{service.name=app1}[];||", 1);
    assert_parses("service{service.name=app1}@u:", "service{service.name=app1}[];||", 1);
    assert_parses("service{service.name=app1}@u:a|b", "service{service.name=app1}[];||", 1);
    assert_parses("service{service.name=app1}@u:\x7f", "service{service.name=app1}[];||", 1);
    assert_parses("service{service.name=app1}@u:\xc3\xa4", "service{service.name=app1}[];||", 1);
}

/* ENT-05 */
static void entity_env_uses_the_last_of_a_type(void **state)
{
    (void)state;
    assert_parses("service{service.name=app1}[version=1.0];service{service.name=app1}[version=2.0]",
                  "service{service.name=app1}[version=2.0];||", 1);
    assert_parses("service{service.name=app1};service{service.name=app2}", "service{service.name=app2}[];||", 1);
}

/* ENT-05 */
static void entity_env_gives_a_key_of_two_entities_to_the_last(void **state)
{
    (void)state;
    assert_parses("a{x=1}[env=prod,y=1];b{z=1}[env=dev]", "a{x=1}[y=1];b{z=1}[env=dev];||", 1);
    assert_parses("a{x=1}[env=prod];b{z=1}[env=prod]", "a{x=1}[];b{z=1}[env=prod];||", 0); /* nothing is lost */
    assert_parses("a{x=1}[z=2];b{z=1}", "a{x=1}[];b{z=1}[];||", 1);
    assert_parses("a{x=1};b{z=1}[x=2]", "a{x=1}[];b{z=1}[];||", 1); /* an identity is not taken apart */
    assert_parses("a{x=1};b{x=1,z=1}", "b{x=1,z=1}[];||", 1);
    assert_parses("a{x=1,y=1};b{x=2}[y=3]", "b{x=2}[y=3];||", 1); /* what is skipped takes nothing with it */
}

/* ENT-04: the default resource has the entities of the environment, which displace attributes. */
static void entity_env_goes_into_the_default_resource(void **state)
{
    (void)state;
    setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name=loose,k=v", 1);
    setenv("OTEL_ENTITIES", "host{host.id=H1}[host.name=web];bad;service{service.name=shop}", 1);
    diag_recorder heard;
    diag_recorder_init(&heard);
    otm_resource *resource;
    assert_int_equal(otm_resource_default(NULL, &heard.options, &resource), OTM_OK);
    assert_int_equal(diag_recorder_count_of(&heard, OTM_WARN, "OTEL_ENTITIES: \"bad\""), 1);
    assert_string_equal(resource_text(resource),
                        "host{host.id=H1}[host.name=web];service{service.name=shop}[];"
                        "|k=v,telemetry.sdk.language=c,telemetry.sdk.name=otm,telemetry.sdk.version=" OTM_VERSION_STRING
                        "|");
    otm_resource_release(resource);
    unsetenv("OTEL_ENTITIES");
    unsetenv("OTEL_RESOURCE_ATTRIBUTES");
    diag_recorder_fini(&heard);
}

static void entity_env_of_endless_nonsense_is_bounded(void **state)
{
    (void)state;
    enum { PIECES = 20000 };
    char *text = malloc(PIECES * 8);
    assert_non_null(text);
    for (size_t i = 0; i < PIECES; i++) {
        memcpy(text + 2 * i, "x;", 3);
    }
    assert_parses(text, "||", 64);
    size_t size = 0;
    for (size_t i = 0; i < 300; i++) {
        char entity[] = "t000{k000=1};";
        entity[1] = entity[6] = (char)('0' + i / 100);
        entity[2] = entity[7] = (char)('0' + i / 10 % 10);
        entity[3] = entity[8] = (char)('0' + i % 10);
        memcpy(text + size, entity, sizeof entity);
        size += sizeof entity - 1;
    }
    otm_resource *resource;
    assert_int_equal(otm_resource_parse_entities(text, NULL, NULL, &resource), OTM_OK);
    assert_int_equal(otm_resource_entity_count(resource), 256);
    otm_resource_release(resource);
    free(text);
}

static void entity_env_of_more_than_4096_attributes_skips_the_entity_that_is_too_much(void **state)
{
    (void)state;
    enum { MANY = 4095 };
    char text[MANY * 8 + 64];
    size_t size = (size_t)snprintf(text, sizeof text, "a{b=1}[");
    for (int i = 0; i < MANY; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%sk%d=", i > 0 ? "," : "", i);
    }
    snprintf(text + size, sizeof text - size, "];c{d=1}[e=2];f{g=1}");
    diag_recorder heard;
    diag_recorder_init(&heard);
    otm_resource *resource;
    assert_int_equal(otm_resource_parse_entities(text, NULL, &heard.options, &resource), OTM_OK);
    assert_int_equal(attribute_count(resource), 4096);
    assert_int_equal(otm_resource_entity_count(resource), 1);
    assert_int_equal(diag_recorder_count_of(&heard, OTM_WARN, "expected at most 4096 in all"), 2);
    otm_resource_release(resource);
    diag_recorder_fini(&heard);
}

static void entity_env_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    diag_recorder heard;
    diag_recorder_init(&heard);
    otm_status st = OTM_ERR_NO_MEMORY;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otm_resource *resource;
        st = otm_resource_parse_entities("a{x=1}[y=%41]@u:1;bad;b{z=1}[y=3]", &fa.base, &heard.options, &resource);
        failed = failing_alloc_failed(&fa);
        /* Without memory for diagnostics it goes on without. */
        assert_true(st == OTM_OK || (st == OTM_ERR_NO_MEMORY && resource == NULL));
        otm_resource_release(resource);
        assert_int_equal(fa.live, 0);
    }
    assert_int_equal(st, OTM_OK);
    diag_recorder_fini(&heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entity_env_reads_type_identity_description_and_schema_url),
        cmocka_unit_test(entity_env_ignores_empty_entries),
        cmocka_unit_test(entity_env_decodes_percent_signs_in_values),
        cmocka_unit_test(entity_env_skips_what_is_malformed_and_takes_the_rest),
        cmocka_unit_test(entity_env_skips_an_entity_without_identity),
        cmocka_unit_test(entity_env_ignores_a_bad_schema_url_but_keeps_the_entity),
        cmocka_unit_test(entity_env_uses_the_last_of_a_type),
        cmocka_unit_test(entity_env_gives_a_key_of_two_entities_to_the_last),
        cmocka_unit_test(entity_env_goes_into_the_default_resource),
        cmocka_unit_test(entity_env_of_endless_nonsense_is_bounded),
        cmocka_unit_test(entity_env_of_more_than_4096_attributes_skips_the_entity_that_is_too_much),
        cmocka_unit_test(entity_env_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
