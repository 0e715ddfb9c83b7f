// A C++11 program that includes every public header and instruments itself; prints what failed, if anything.
#include OTM_ALL_HEADERS

#include <cstdio>
#include <string>

namespace {

void observe(otm_observer *observer, void *)
{
    otm_observe_f64(observer, nullptr, 1.5, nullptr, 0);
}

bool check(bool condition, const char *what)
{
    if (!condition) {
        std::printf("failed: %s\n", what);
    }
    return condition;
}

// What attributes are made of, and whether it was still there when they arrived.
bool there = false;
bool arrived = false;

struct temporary {
    temporary() { there = true; }
    ~temporary() { there = false; }
    const char *text() const { return "text"; }
};

void receive(otm_instrument *, double value, const otm_attr *attrs, size_t count)
{
    arrived = there && value == 0.5 && count == 2 && std::string(attrs[1].value.as.string) == "text";
}

bool record_of_temporaries_arrives()
{
    otm_instrument_ops ops = otm_instrument_ops();
    ops.size = sizeof ops;
    ops.record_f64 = receive;
    otm_instrument instrument = {&ops, 1};
    OTM_RECORD(otm_histogram_f64_record, reinterpret_cast<otm_histogram_f64 *>(&instrument), 0.5,
               otm_attr_i64("code", 200), otm_attr_string("route", temporary().text()));
    return arrived;
}

} // namespace

int main()
{
    bool ok = true;
    otm_meter *meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "cxx", nullptr);
    otm_instrument_options options;
    otm_instrument_options_init(&options);
    options.unit = "s";
    otm_histogram_f64 *histogram = nullptr;
    ok &= check(otm_meter_create_histogram_f64(meter, "h", &options, &histogram) == OTM_OK, "create");
    const std::string route = "/cart";
    const otm_attr attrs[] = {otm_attr_string("route", route.c_str()), otm_attr_i64("code", 200)};
    otm_histogram_f64_record(histogram, 0.25, attrs, 2);
    OTM_RECORD(otm_histogram_f64_record, histogram, 0.5, otm_attr_string("route", route.c_str()),
               otm_attr_i64("code", 200));
    ok &= check(record_of_temporaries_arrives(), "temporary objects last until a record is over");
    ok &= check(!otm_histogram_f64_enabled(histogram), "nobody listens");
    otm_bound_histogram_f64 *bound = nullptr;
    ok &= check(otm_histogram_f64_bind(histogram, attrs, 2, nullptr, &bound) == OTM_OK, "bind");
    otm_bound_histogram_f64_record(bound, 0.5);
    otm_observable *observable = nullptr;
    options.callback = observe;
    ok &= check(otm_meter_create_observable_gauge_f64(meter, "g", &options, &observable) == OTM_OK, "observable");
    ok &= check(std::string(otm_version()) == OTM_VERSION_STRING, "version");
    otm_observable_release(observable);
    otm_bound_histogram_f64_release(bound);
    otm_histogram_f64_release(histogram);
    otm_meter_release(meter);
    return ok ? 0 : 1;
}
