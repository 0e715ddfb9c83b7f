/* Looking at resources. Include cmocka.h first. */
#ifndef OTM_TEST_RESOURCE_FIXTURE_H
#define OTM_TEST_RESOURCE_FIXTURE_H

#include <otm/resource.h>

/* NULL if there is no such attribute. */
const otm_value *find_attribute(const otm_resource *resource, const char *key);

void assert_text(const otm_resource *resource, const char *key, const char *text);
void assert_absent(const otm_resource *resource, const char *key);

size_t attribute_count(const otm_resource *resource);

/* Asserts success. */
otm_resource *make_resource(const otm_attr *attrs, size_t count, const char *schema_url);

/* The resource as text, to compare at a glance: "type{k=v,..}[k=v,..]@url;..|k=v,..|url", i.e. entities, loose
 * attributes and schema URL; strings and integers only. Valid until the next call. */
const char *resource_text(const otm_resource *resource);

/* The opposite for entities, and loose attributes "k=v,..": made by the functions under test. */
otm_resource *resource_of(const char *entities, const char *loose);

#endif
