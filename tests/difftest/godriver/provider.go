package main

import (
	"fmt"
	"path"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

var (
	providers = map[string]*sdk.MeterProvider{}
	readers   = map[string]*sdk.ManualReader{}
)

var kinds = map[string]sdk.InstrumentKind{
	"counter":                    sdk.InstrumentKindCounter,
	"up_down_counter":            sdk.InstrumentKindUpDownCounter,
	"histogram":                  sdk.InstrumentKindHistogram,
	"gauge":                      sdk.InstrumentKindGauge,
	"observable_counter":         sdk.InstrumentKindObservableCounter,
	"observable_up_down_counter": sdk.InstrumentKindObservableUpDownCounter,
	"observable_gauge":           sdk.InstrumentKindObservableGauge,
}

var defaultBounds = []float64{0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000}

// ---- views ---------------------------------------------------------------

func explicit(p obj) sdk.Aggregation {
	bounds := defaultBounds
	if l, ok := p["boundaries"].([]any); ok {
		bounds = floats(l)
	}
	return sdk.AggregationExplicitBucketHistogram{Boundaries: bounds, NoMinMax: p["record_min_max"] == false}
}

func exponential(p obj) sdk.Aggregation {
	out := sdk.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20, NoMinMax: p["record_min_max"] == false}
	if n, ok := toInt(p["max_size"]); ok {
		out.MaxSize = int32(n)
	}
	if n, ok := toInt(p["max_scale"]); ok {
		out.MaxScale = int32(n)
	}
	return out
}

func aggregation(a obj) (sdk.Aggregation, error) {
	for k, v := range a {
		switch k {
		case "drop":
			return sdk.AggregationDrop{}, nil
		case "sum":
			return sdk.AggregationSum{}, nil
		case "explicit_bucket_histogram":
			return explicit(v.(obj)), nil
		case "base2_exponential_bucket_histogram":
			return exponential(v.(obj)), nil
		}
		return nil, fmt.Errorf("aggregation %q", k)
	}
	return nil, nil
}

// matches is whether a pattern of * and ? matches; names and keys of the scripts have no other sign of path.Match.
func matches(pattern, s string) bool {
	ok, _ := path.Match(pattern, s)
	return ok
}

func matchesAny(patterns []any, key string) bool {
	for _, p := range patterns {
		if matches(p.(string), key) {
			return true
		}
	}
	return false
}

func keyFilter(keys obj) attribute.Filter {
	if keys == nil {
		return nil
	}
	included, has := keys["included"].([]any)
	excluded := list(keys, "excluded")
	return func(kv attribute.KeyValue) bool {
		k := string(kv.Key)
		return (!has || matchesAny(included, k)) && !matchesAny(excluded, k)
	}
}

func view(v obj) (sdk.View, error) {
	selector, stream := sub(v, "selector"), sub(v, "stream")
	agg, err := aggregation(sub(stream, "aggregation"))
	if err != nil {
		return nil, err
	}
	filter := keyFilter(sub(stream, "attribute_keys"))
	kind, hasKind := kinds[str(selector, "instrument_type")]
	return func(i sdk.Instrument) (sdk.Stream, bool) {
		if n, ok := selector["instrument_name"].(string); ok && !matches(n, i.Name) || hasKind && kind != i.Kind {
			return sdk.Stream{}, false
		}
		s := sdk.Stream{Name: i.Name, Description: i.Description, Unit: i.Unit, Aggregation: agg, AttributeFilter: filter}
		if n, ok := stream["name"].(string); ok {
			s.Name = n
		}
		if d, ok := stream["description"].(string); ok {
			s.Description = d
		}
		return s, true
	}, nil
}

// ---- readers -------------------------------------------------------------

func temporality(preference string) sdk.TemporalitySelector {
	switch preference {
	case "delta":
		return func(k sdk.InstrumentKind) metricdata.Temporality {
			// Bent (OTLP-OPT-16): the declarative schema makes gauges delta, Go leaves them cumulative.
			if k == sdk.InstrumentKindGauge || k == sdk.InstrumentKindObservableGauge {
				return metricdata.DeltaTemporality
			}
			return sdk.DeltaTemporalitySelector(k)
		}
	case "low_memory":
		return sdk.LowMemoryTemporalitySelector
	}
	return sdk.DefaultTemporalitySelector
}

func limit(limits obj) sdk.CardinalityLimitSelector {
	l, ok := toInt(limits["default"])
	if !ok {
		l = 2000
	}
	// Bent (SDK-CARD-05): Go counts the overflow series against the limit.
	return func(sdk.InstrumentKind) (int, bool) { return int(l) + 1, false }
}

func manualReader(c obj) *sdk.ManualReader {
	aggregation := sdk.DefaultAggregationSelector
	if str(c, "default_histogram_aggregation") == "base2_exponential_bucket_histogram" {
		aggregation = func(k sdk.InstrumentKind) sdk.Aggregation {
			if k == sdk.InstrumentKindHistogram {
				return exponential(nil)
			}
			return sdk.DefaultAggregationSelector(k)
		}
	}
	return sdk.NewManualReader(sdk.WithTemporalitySelector(temporality(str(c, "temporality_preference"))),
		sdk.WithAggregationSelector(aggregation), sdk.WithCardinalityLimitSelector(limit(sub(c, "cardinality_limits"))))
}

var exemplarFilters = map[string]exemplar.Filter{
	"":            exemplar.TraceBasedFilter,
	"trace_based": exemplar.TraceBasedFilter,
	"always_on":   exemplar.AlwaysOnFilter,
	"always_off":  exemplar.AlwaysOffFilter,
}

func opProvider(r obj) (obj, error) {
	config := sub(sub(r, "config"), "meter_provider")
	opts := []sdk.Option{sdk.WithExemplarFilter(exemplarFilters[str(config, "exemplar_filter")])}
	for _, e := range list(config, "readers") {
		m := sub(e.(obj), "manual")
		rd := manualReader(m)
		readers[str(m, "id")] = rd
		opts = append(opts, sdk.WithReader(rd))
	}
	for _, e := range list(config, "views") {
		v, err := view(e.(obj))
		if err != nil {
			return nil, err
		}
		opts = append(opts, sdk.WithView(v))
	}
	providers[str(r, "id")] = sdk.NewMeterProvider(opts...)
	return obj{}, nil
}
