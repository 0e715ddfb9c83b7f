#include "fuzz_script.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MAX_REQUEST 16384
#define MAX_CHOICES 24

/* In an alternative, $X is any alternative of rule X, $0 to $9 one digit below it, $N a byte; ' stands for ". The
 * rules hold no circle. Instrument 0 is a counter that no view and no removal touches: its total is known. */
typedef struct rule {
    char name;
    const char *choices[MAX_CHOICES];
} rule;

static const rule rules[] = {
    {'P', {"{'op':'provider','id':'p','view_matching_mode':'$Y','config':{'meter_provider':{"
           "'exemplar_filter':'$F','readers':["
           "{'manual':{'id':'cumulative','temporality_preference':'cumulative'$L}},"
           "{'manual':{'id':'delta','temporality_preference':'delta'$L}},"
           "{'manual':{'id':'other','temporality_preference':'$T'$H$Q$L}}],"
           "'views':[{'selector':{'instrument_name':'total'},'stream':{'attribute_keys':{'excluded':['$X']}}},"
           "$W,$W]}}}"}},
    {'Y', {"independent", "composable"}},
    {'F', {"trace_based", "always_on", "always_off"}},
    {'T', {"cumulative", "delta", "low_memory"}},
    {'L', {"", ",'cardinality_limits':{'default':1$4}", ",'cardinality_limits':{'counter':1,'histogram':2}"}},
    {'H', {"", ",'default_histogram_aggregation':'base2_exponential_bucket_histogram'"}},
    {'Q', {"", ",'idle_ttl':1000"}},
    {'W', {"{'selector':{'instrument_name':'x$8'},'stream':{$S}}",
           "{'selector':{'instrument_name':'x*'},'stream':{$S}}",
           "{'selector':{'instrument_type':'histogram'},'stream':{$S}}",
           "{'selector':{'instrument_name':'x?','instrument_type':'$K'},'stream':{$S}}"}},
    {'S', {"'name':'y'", "'name':'x$8','description':'d'", "'aggregation':{$G}", "'aggregation_cardinality_limit':1$3",
           "'attribute_keys':{'included':['$X']}", "'attribute_keys':{'excluded':['$X']}",
           "'aggregation':{$G},'attribute_keys':{'excluded':['$X']}", "'name':'1 bad','aggregation':{$G}"}},
    {'G', {"'drop':{}", "'sum':{}", "'last_value':{}", "'default':{}", "'explicit_bucket_histogram':{}",
           "'explicit_bucket_histogram':{'boundaries':[]}", "'explicit_bucket_histogram':{'boundaries':[0,5,10.5]}",
           "'explicit_bucket_histogram':{'boundaries':[-1,1],'record_min_max':false}",
           "'base2_exponential_bucket_histogram':{}",
           "'base2_exponential_bucket_histogram':{'max_size':2,'max_scale':20}",
           "'base2_exponential_bucket_histogram':{'max_size':4,'max_scale':-10}"}},
    {'X', {"a", "*", "?", "b*", "nothing"}},
    {'K', {"counter", "up_down_counter", "histogram", "gauge", "observable_counter", "observable_up_down_counter",
           "observable_gauge"}},
    {'M', {"int", "double"}},
    {'D', {"{'op':'meter','id':'m','provider':'p','name':'fuzz','version':'1','attributes':$A}"}},
    {'I', {"{'op':'instrument','id':'i$8','meter':'m','kind':'$K','number':'$M','name':'x$8'$Z}"}},
    {'Z', {"", ",'unit':'s'", ",'description':'long'", ",'advisory':{'explicit_bucket_boundaries':[1,2,3]}",
           ",'advisory':{'explicit_bucket_boundaries':[2,1]}", ",'advisory':{'attributes':['a']}"}},
    {'O', {"{'op':'record','instrument':'total','value':$N,'attributes':$A$C}",
           "{'op':'record','instrument':'total','value':$V,'attributes':$A$C,'repeat':1$9}",
           "{'op':'record','instrument':'i$8','value':$V,'attributes':$A$C}",
           "{'op':'record','instrument':'i$8','value':$V,'attributes':$A,'repeat':1$9}",
           "{'op':'records','instrument':'i$8','values':[$V,$V,$V,$V,$N],'attributes':$A$C}",
           "{'op':'bind','id':'b$4','instrument':'total','attributes':$A}",
           "{'op':'bind','id':'b$4','instrument':'i$8','attributes':$A}",
           "{'op':'record','bound':'b$4','value':$V$C}",
           "{'op':'unbind','bound':'b$4'}",
           "{'op':'remove','instrument':'i$8','attributes':$A}",
           "{'op':'observe','instrument':'i$8','observations':[$E,$E]}",
           "{'op':'observe','instrument':'i$8','callback':'k$3','observations':[$E,$E,$E]}",
           "{'op':'unobserve','callback':'k$3'}",
           "{'op':'collect','reader':'cumulative'}",
           "{'op':'collect','reader':'delta'}",
           "{'op':'collect','reader':'other'}",
           "{'op':'clock','advance':$U}",
           "$I", "$R", "$R"}},
    {'R', {"{'op':'enabled','instrument':'i$8'}",
           "{'op':'configure_meters','provider':'p','meter_configurator':null}",
           "{'op':'flush','provider':'p','timeout_ms':100}",
           "{'op':'accounts','provider':'p'}",
           "{'op':'record','instrument':'total','value':$N,'attributes':$A,'repeat':1$9,'threads':2}",
           "{'op':'record','instrument':'i$8','value':$V,'attributes':$A,'repeat':1$9,'threads':2}",
           "{'op':'record','instrument':'total','value':$N,'background':'t$2','repeat':1$9}",
           "{'op':'join','background':'t$2'}",
           "{'op':'meter','id':'m$2','provider':'p','name':'fuzz','version':'1','attributes':$A}",
           "{'op':'instrument','id':'j$4','meter':'m$2','kind':'$K','number':'$M','name':'X$8'$Z}",
           "{'op':'record','instrument':'j$4','value':$V,'attributes':$A}",
           "{'op':'shutdown','provider':'p','timeout_ms':100}",
           "{'op':'describe'}", "{'op':'collect','reader':'nobody'}"}},
    {'E', {"{'value':$V,'attributes':$A}", "{'value':$N,'attributes':{'a':$2}}"}},
    {'U', {"1000000", "1000000000", "$N", "-$N", "3600000000000"}},
    {'C', {"", ",'context':{'trace_id':'0102030405060708090a0b0c0d0e0f10','span_id':'0102030405060708','sampled':true}",
           ",'context':{'trace_id':'0102030405060708090a0b0c0d0e0f10','span_id':'0102030405060708','sampled':false}"}},
    {'V', {"1", "2", "0", "-1", "$N", "0.5", "-0.0", "1e308", "-1e-308", "5e-324", "'NaN'", "'Infinity'", "'-Infinity'",
           "9223372036854775807", "'-9223372036854775808'", "1.0000000000000002"}},
    {'A', {"{}", "{'a':$N}", "{'a':$2,'b':'x'}", "{'b':'x','a':$2}", "{'a':true,'bb':1.5}", "{'':1}", "{'a':''}",
           "[{'key':'a','value':{'intValue':'1'}},{'key':'a','value':{'intValue':'$2'}}]",
           "[{'key':'a','value':{'arrayValue':{'values':[{'intValue':'$2'},{'stringValue':'s'},{}]}}}]",
           "[{'key':'a','value':{'kvlistValue':{'values':[{'key':'k','value':{'boolValue':true}}]}}}]",
           "[{'key':'a','value':{'bytesValue':'AAEC'}},{'key':'b','value':{'doubleValue':'NaN'}}]",
           "[{'key':'a','value':{}}]", "{'otel.metric.overflow':true}"}},
};

typedef struct text {
    char bytes[MAX_REQUEST];
    size_t size;
} text;

static void append(text *out, char c)
{
    if (out->size < sizeof out->bytes) {
        out->bytes[out->size++] = c;
    }
}

static const char *choose(fuzz_bytes *bytes, char name)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        uint32_t count = 0;
        while (count < MAX_CHOICES && rules[i].choices[count] != NULL) {
            count++;
        }
        if (rules[i].name == name) {
            return rules[i].choices[count == 1 ? 0 : fuzz_below(bytes, count)];
        }
    }
    FUZZ_CHECK(false); /* no such rule: a mistake in the table above */
    return "";
}

static void expand(text *out, fuzz_bytes *bytes, const char *form)
{
    for (; *form != '\0'; form++) {
        if (*form != '$') {
            append(out, *form == '\'' ? '"' : *form);
            continue;
        }
        form++;
        char number[4] = "";
        if (*form == 'N') {
            (void)snprintf(number, sizeof number, "%u", fuzz_take(bytes));
        } else if (*form >= '0' && *form <= '9') {
            (void)snprintf(number, sizeof number, "%u", fuzz_below(bytes, (uint32_t)(*form - '0')));
        }
        expand(out, bytes, number[0] != '\0' ? number : choose(bytes, *form));
    }
}

json_t *fuzz_script_request(fuzz_bytes *bytes, char name)
{
    text request = {.size = 0};
    expand(&request, bytes, choose(bytes, name));
    return json_loadb(request.bytes, request.size, 0, NULL);
}
