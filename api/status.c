/* Status codes: number, name and text in one table. */
#include <otm/base.h>

static const struct {
    otm_status status;
    const char *name;
    const char *text;
} table[] = {
    {OTM_OK, "OK", "The call succeeded."},
    {OTM_PENDING, "PENDING", "The work has begun and is not finished yet."},
    {OTM_ERR_INVALID_ARGUMENT, "ERR_INVALID_ARGUMENT",
     "A parameter is missing, out of range, or contradicts another one."},
    {OTM_ERR_NO_MEMORY, "ERR_NO_MEMORY", "There is no memory left; nothing was changed."},
    {OTM_ERR_SHUTDOWN, "ERR_SHUTDOWN", "The object was shut down before."},
    {OTM_ERR_TIMEOUT, "ERR_TIMEOUT", "The time given for the call ran out."},
    {OTM_ERR_REENTRANT, "ERR_REENTRANT", "The call came from inside something that it would have to wait for."},
    {OTM_ERR_NOT_FOUND, "ERR_NOT_FOUND", "There is no such name, series or object."},
    {OTM_ERR_UNSUPPORTED, "ERR_UNSUPPORTED", "The installed implementation does not offer this."},
    {OTM_ERR_IN_USE, "ERR_IN_USE", "It already belongs to somebody else."},
    {OTM_ERR_LIMIT, "ERR_LIMIT", "A documented maximum is reached."},
    {OTM_ERR_EXPORT, "ERR_EXPORT", "The exporter could not deliver; its accounts say what became of the points."},
    {OTM_ERR_IO, "ERR_IO", "The operating system refused the operation."},
    {OTM_ERR_CONFIG, "ERR_CONFIG", "A configuration text is not valid."},
};

/* The table is searched, not indexed, so that its order can never matter. */
static size_t find(otm_status status)
{
    size_t i = 0;
    while (i < sizeof table / sizeof table[0] && table[i].status != status) {
        i++;
    }
    return i;
}

const char *otm_status_name(otm_status status)
{
    size_t i = find(status);
    return i == sizeof table / sizeof table[0] ? "UNKNOWN" : table[i].name;
}

const char *otm_status_text(otm_status status)
{
    size_t i = find(status);
    return i == sizeof table / sizeof table[0] ? "This library does not know the status code." : table[i].text;
}

const char *otm_version(void)
{
    return OTM_VERSION_STRING;
}
