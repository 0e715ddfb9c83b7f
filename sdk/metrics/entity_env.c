#include "metrics/entity_env.h"

#include "metrics/entity.h"

/* Of one text: an environment variable may hold 100 kB of nonsense, and each attribute is compared with all others. */
#define MAX_WARNINGS 64
#define MAX_PAIRS ((size_t)4096)

typedef struct span {
    const char *text;
    size_t size;
} span;

typedef struct parser {
    otmi_arena *arena;
    otmi_diag *diag;
    size_t warnings;
    size_t pairs;
    otm_status status; /* sticky: OTM_OK or OTM_ERR_NO_MEMORY */
    otm_entity *entities;
    size_t count;
} parser;

/* -- Help -------------------------------------------------------------------------------------------------------- */

#define WARN(p, ...) \
    do { \
        if ((p)->warnings++ < MAX_WARNINGS) { \
            otmi_diag_report((p)->diag, OTM_WARN, OTM_ERR_CONFIG, &(otmi_diag_origin){.component = "resource"}, \
                             "OTEL_ENTITIES: " __VA_ARGS__); \
        } \
    } while (0)

/* A span for %.*s, cut to what a person can read. */
#define SHOWN(s) (int)((s).size < 80 ? (s).size : 80), (s).text

static void *allocate(parser *p, size_t size)
{
    void *piece = p->status == OTM_OK ? otmi_arena_alloc(p->arena, size) : NULL;
    if (piece == NULL) {
        p->status = OTM_ERR_NO_MEMORY;
    }
    return piece;
}

static span trim(span s)
{
    while (s.size > 0 && (s.text[0] == ' ' || s.text[0] == '\t')) {
        s.text++;
        s.size--;
    }
    while (s.size > 0 && (s.text[s.size - 1] == ' ' || s.text[s.size - 1] == '\t')) {
        s.size--;
    }
    return s;
}

/* What stands before the first of the marks, which is left at the start of *rest. */
static span take_until(span *rest, const char *marks)
{
    size_t size = 0;
    while (size < rest->size && strchr(marks, rest->text[size]) == NULL) {
        size++;
    }
    span taken = {rest->text, size};
    *rest = (span){rest->text + size, rest->size - size};
    return taken;
}

static bool take_byte(span *rest, char byte)
{
    bool there = rest->size > 0 && rest->text[0] == byte;
    if (there) {
        *rest = (span){rest->text + 1, rest->size - 1};
    }
    return there;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* [a-zA-Z][a-zA-Z0-9._-]* */
static bool is_name(span s)
{
    bool good = s.size > 0 && is_letter(s.text[0]);
    for (size_t i = 1; good && i < s.size; i++) {
        char c = s.text[i];
        good = is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
    }
    return good;
}

/* -- Values ------------------------------------------------------------------------------------------------------ */

static int hex_digit(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    c = (char)(c | 0x20); /* lower case */
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte at the start of s, with *used characters of it; -1: no such byte. */
static int value_byte(span s, size_t *used)
{
    *used = 1;
    if (s.text[0] != '%') {
        return strchr("{}[]@;,=", s.text[0]) == NULL ? (unsigned char)s.text[0] : -1;
    }
    int high = s.size >= 3 ? hex_digit(s.text[1]) : -1;
    int low = s.size >= 3 ? hex_digit(s.text[2]) : -1;
    *used = 3;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool decode_value(parser *p, span s, otm_value *out)
{
    char *text = allocate(p, s.size);
    size_t size = 0;
    for (size_t used; text != NULL && s.size > 0; s = (span){s.text + used, s.size - used}) {
        int byte = value_byte(s, &used);
        if (byte < 0) {
            return false;
        }
        text[size++] = (char)byte;
    }
    *out = otm_value_string_sized(text, size);
    return text != NULL;
}

static bool parse_pair(parser *p, span pair, otm_attr *out)
{
    span value = pair;
    span key = trim(take_until(&value, "="));
    if (!is_name(key) || !take_byte(&value, '=')) {
        return false;
    }
    out->key = key.text;
    out->key_size = key.size;
    return decode_value(p, trim(value), &out->value);
}

/* -- Entities ---------------------------------------------------------------------------------------------------- */

typedef enum when_malformed { REFUSE_THE_LIST, SKIP_THE_PAIR } when_malformed;

static size_t count_pairs(span list)
{
    size_t count = 1;
    for (size_t i = 0; i < list.size; i++) {
        count += list.text[i] == ',';
    }
    return count;
}

static bool parse_list(parser *p, span list, when_malformed rule, const otm_attr **out, size_t *count)
{
    size_t most = count_pairs(list);
    *count = 0;
    if (most > MAX_PAIRS - p->pairs) {
        WARN(p, "\"%.*s\" is one attribute too many: expected at most %zu in all", SHOWN(list), MAX_PAIRS);
        return false;
    }
    p->pairs += most;
    otm_attr *attrs = allocate(p, most * sizeof *attrs);
    *out = attrs;
    while (attrs != NULL && trim(list).size > 0) {
        span pair = take_until(&list, ",");
        take_byte(&list, ',');
        if (parse_pair(p, pair, &attrs[*count])) {
            ++*count;
        } else if (p->status == OTM_OK) {
            WARN(p, "\"%.*s\" is left out: expected key=value, with %%XX for special characters", SHOWN(pair));
            if (rule == REFUSE_THE_LIST) {
                return false;
            }
        }
    }
    return attrs != NULL;
}

/* RFC 3986, as far as it tells a URI from other words: a scheme, a colon, and printable characters behind it. */
static bool is_uri(span s)
{
    span rest = s;
    span scheme = take_until(&rest, ":");
    bool good = scheme.size > 0 && is_letter(scheme.text[0]) && rest.size > 1;
    for (size_t i = 0; good && i < scheme.size; i++) {
        char c = scheme.text[i];
        good = is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
    }
    for (size_t i = 0; good && i < rest.size; i++) {
        good = rest.text[i] > ' ' && rest.text[i] < 0x7f && strchr("\"<>\\^`{|}", rest.text[i]) == NULL;
    }
    return good;
}

static const char *copy_text(parser *p, span s)
{
    char *text = allocate(p, s.size + 1); /* zeroed, so it ends in NUL */
    if (text != NULL) {
        memcpy(text, s.text, s.size);
    }
    return text;
}

static bool parse_schema_url(parser *p, span url, const char **out)
{
    if (!is_uri(url)) {
        WARN(p, "the schema URL \"%.*s\" is ignored: expected a URI with a scheme", SHOWN(url));
        return true;
    }
    *out = copy_text(p, url);
    return *out != NULL;
}

/* type{id}[description]@schema_url, the last two optional. False: not to be used, which is reported. */
static bool parse_entity(parser *p, span text, otm_entity *out)
{
    span rest = text;
    span type = trim(take_until(&rest, "{"));
    bool has_id = take_byte(&rest, '{');
    span id = take_until(&rest, "}");
    has_id = has_id && take_byte(&rest, '}');
    rest = trim(rest);
    bool has_description = take_byte(&rest, '[');
    span description = has_description ? take_until(&rest, "]") : (span){"", 0};
    bool closed = !has_description || take_byte(&rest, ']');
    rest = trim(rest);
    bool has_url = take_byte(&rest, '@');
    if (!is_name(type) || !has_id || !closed || (!has_url && rest.size > 0)) {
        WARN(p, "\"%.*s\" is skipped: expected type{id}[description]@schema_url", SHOWN(text));
        return false;
    }
    out->type = copy_text(p, type);
    bool good = parse_list(p, id, REFUSE_THE_LIST, &out->id_attributes, &out->id_attribute_count);
    if (!good || out->id_attribute_count == 0) {
        WARN(p, "the entity \"%.*s\" is skipped: expected at least one key=value, all well formed, in {}", SHOWN(type));
        return false;
    }
    return parse_list(p, description, SKIP_THE_PAIR, &out->description_attributes, &out->description_attribute_count) &&
           (!has_url || parse_schema_url(p, trim(rest), &out->schema_url));
}

/* -- Duplicates and conflicts ------------------------------------------------------------------------------------ */

static void remove_entity(parser *p, size_t index)
{
    p->count--;
    memmove(&p->entities[index], &p->entities[index + 1], (p->count - index) * sizeof *p->entities);
}

/* A resource has one entity of a type; of several the last is used, whether they are the same entity or not. */
static void keep_last_of_type(parser *p, const otm_entity *added)
{
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->entities[i].type, added->type) == 0) {
            WARN(p, "an entity of type \"%.80s\" is defined again: the last counts", added->type);
            remove_entity(p, i);
            return; /* there was no other before */
        }
    }
}

static const otm_attr *find(const otm_attr *attrs, size_t count, const otm_attr *key)
{
    for (size_t i = count; i > 0; i--) { /* the last counts */
        if (otmi_attr_key_equal(&attrs[i - 1], key)) {
            return &attrs[i - 1];
        }
    }
    return NULL;
}

/* Takes out of the description of `entity` what `other` says, too: an attribute belongs to one entity. */
static void yield_description(parser *p, otm_entity *entity, const otm_attr *attrs, size_t count, const char *other)
{
    if (!otmi_attrs_share_key(entity->description_attributes, entity->description_attribute_count, attrs, count)) {
        return;
    }
    otm_attr *kept = allocate(p, entity->description_attribute_count * sizeof *kept);
    size_t kept_count = 0;
    for (size_t i = 0; kept != NULL && i < entity->description_attribute_count; i++) {
        const otm_attr *attr = &entity->description_attributes[i];
        const otm_attr *same = find(attrs, count, attr);
        if (same == NULL) {
            kept[kept_count++] = *attr;
        } else if (!otmi_value_equal(&attr->value, &same->value)) {
            WARN(p, "\"%.*s\" of the entity \"%.80s\" is left out: \"%.80s\" has another value for it",
                 SHOWN(((span){attr->key, attr->key_size})), entity->type, other);
        }
    }
    entity->description_attributes = kept;
    entity->description_attribute_count = kept_count;
}

/* Of two entities the later keeps the key; an identity keeps it in any case. */
static void settle(parser *p, otm_entity *earlier, otm_entity *later)
{
    yield_description(p, later, earlier->id_attributes, earlier->id_attribute_count, earlier->type);
    yield_description(p, earlier, later->id_attributes, later->id_attribute_count, later->type);
    yield_description(p, earlier, later->description_attributes, later->description_attribute_count, later->type);
}

static void settle_with_earlier(parser *p, otm_entity *added)
{
    for (size_t i = 0; p->status == OTM_OK && i < p->count;) {
        otm_entity *earlier = &p->entities[i];
        if (otmi_attrs_share_key(earlier->id_attributes, earlier->id_attribute_count, added->id_attributes,
                                 added->id_attribute_count)) {
            WARN(p, "the entity \"%.80s\" is skipped: \"%.80s\" has a key of its identity", earlier->type, added->type);
            remove_entity(p, i);
        } else {
            settle(p, earlier, added);
            i++;
        }
    }
}

/* -- The whole text ---------------------------------------------------------------------------------------------- */

static void add(parser *p, span text)
{
    otm_entity entity = {0};
    if (trim(text).size == 0 || !parse_entity(p, text, &entity) || p->status != OTM_OK) {
        return;
    }
    keep_last_of_type(p, &entity);
    if (p->count == OTMI_MAX_ENTITIES) {
        WARN(p, "the entity \"%.80s\" is skipped: there are %zu already", entity.type, p->count);
        return;
    }
    settle_with_earlier(p, &entity);
    p->entities[p->count++] = entity;
}

otm_status otmi_entity_env_parse(const char *text, otmi_arena *arena, otmi_diag *diag, otm_entity **out, size_t *count)
{
    parser p = {.arena = arena, .diag = diag};
    p.entities = allocate(&p, OTMI_MAX_ENTITIES * sizeof *p.entities);
    span rest = {text, strlen(text)};
    while (p.status == OTM_OK && rest.size > 0) {
        span entity = take_until(&rest, ";");
        take_byte(&rest, ';');
        add(&p, entity);
    }
    *out = p.entities;
    *count = p.count;
    return p.status;
}
