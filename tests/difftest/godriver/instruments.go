package main

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

type number interface{ int64 | float64 }

// An instrument is synchronous and has record and enabled, or asynchronous and has observe.
type instrument struct {
	record  func(ctx context.Context, value any, attrs metric.MeasurementOption)
	enabled func(context.Context) bool
	observe func(o metric.Observer, value any, attrs metric.MeasurementOption)

	meter        metric.Meter
	asynchronous metric.Observable
	observations []any // what the callback reports; nil: none is registered yet
}

type bound struct {
	inst  *instrument
	attrs attribute.Set
}

var (
	meters      = map[string]metric.Meter{}
	instruments = map[string]*instrument{}
	bounds      = map[string]bound{}
)

func opMeter(r obj) (obj, error) {
	p := providers[str(r, "provider")]
	if p == nil {
		return nil, errors.New("no such provider")
	}
	meters[str(r, "id")] = p.Meter(str(r, "name"), metric.WithInstrumentationVersion(str(r, "version")))
	return obj{}, nil
}

// ---- creation ------------------------------------------------------------

func read[N number](v any) N {
	if n, ok := toInt(v); ok {
		return N(n)
	}
	f, _ := toFloat(v)
	return N(f)
}

// adds, records and the two below make an instrument of what a constructor of the API answers.
func adds[N number, C interface {
	Add(context.Context, N, ...metric.AddOption)
	Enabled(context.Context) bool
}](c C, err error) (*instrument, error) {
	return &instrument{enabled: c.Enabled, record: func(ctx context.Context, v any, attrs metric.MeasurementOption) {
		c.Add(ctx, read[N](v), attrs)
	}}, err
}

func records[N number, R interface {
	Record(context.Context, N, ...metric.RecordOption)
	Enabled(context.Context) bool
}](h R, err error) (*instrument, error) {
	return &instrument{enabled: h.Enabled, record: func(ctx context.Context, v any, attrs metric.MeasurementOption) {
		h.Record(ctx, read[N](v), attrs)
	}}, err
}

func observesInt[O metric.Int64Observable](x O, err error) (*instrument, error) {
	return &instrument{asynchronous: x, observe: func(o metric.Observer, v any, attrs metric.MeasurementOption) {
		o.ObserveInt64(x, read[int64](v), attrs)
	}}, err
}

func observesFloat[O metric.Float64Observable](x O, err error) (*instrument, error) {
	return &instrument{asynchronous: x, observe: func(o metric.Observer, v any, attrs metric.MeasurementOption) {
		o.ObserveFloat64(x, read[float64](v), attrs)
	}}, err
}

func createInt(m metric.Meter, kind, name string, unit, text metric.InstrumentOption,
	advice metric.HistogramOption) (*instrument, error) {
	switch kind {
	case "counter":
		return adds[int64](m.Int64Counter(name, unit, text))
	case "up_down_counter":
		return adds[int64](m.Int64UpDownCounter(name, unit, text))
	case "histogram":
		if advice != nil {
			return records[int64](m.Int64Histogram(name, unit, text, advice))
		}
		return records[int64](m.Int64Histogram(name, unit, text))
	case "gauge":
		return records[int64](m.Int64Gauge(name, unit, text))
	case "observable_counter":
		return observesInt(m.Int64ObservableCounter(name, unit, text))
	case "observable_up_down_counter":
		return observesInt(m.Int64ObservableUpDownCounter(name, unit, text))
	case "observable_gauge":
		return observesInt(m.Int64ObservableGauge(name, unit, text))
	}
	return nil, fmt.Errorf("kind %q", kind)
}

func createFloat(m metric.Meter, kind, name string, unit, text metric.InstrumentOption,
	advice metric.HistogramOption) (*instrument, error) {
	switch kind {
	case "counter":
		return adds[float64](m.Float64Counter(name, unit, text))
	case "up_down_counter":
		return adds[float64](m.Float64UpDownCounter(name, unit, text))
	case "histogram":
		if advice != nil {
			return records[float64](m.Float64Histogram(name, unit, text, advice))
		}
		return records[float64](m.Float64Histogram(name, unit, text))
	case "gauge":
		return records[float64](m.Float64Gauge(name, unit, text))
	case "observable_counter":
		return observesFloat(m.Float64ObservableCounter(name, unit, text))
	case "observable_up_down_counter":
		return observesFloat(m.Float64ObservableUpDownCounter(name, unit, text))
	case "observable_gauge":
		return observesFloat(m.Float64ObservableGauge(name, unit, text))
	}
	return nil, fmt.Errorf("kind %q", kind)
}

func opInstrument(r obj) (obj, error) {
	m := meters[str(r, "meter")]
	if m == nil {
		return nil, errors.New("no such meter")
	}
	var advice metric.HistogramOption
	if l, ok := sub(r, "advisory")["explicit_bucket_boundaries"].([]any); ok {
		advice = metric.WithExplicitBucketBoundaries(floats(l)...)
	}
	create := createFloat
	if str(r, "number") == "int" {
		create = createInt
	}
	in, err := create(m, str(r, "kind"), str(r, "name"), metric.WithUnit(str(r, "unit")),
		metric.WithDescription(str(r, "description")), advice)
	if err != nil {
		return nil, err
	}
	in.meter = m
	instruments[str(r, "id")] = in
	return obj{}, nil
}

// ---- measurements --------------------------------------------------------

// target is what a recording line names, and the attributes to record with. Bent (API-BIND-01): Go has no bound
// handles; recording with the attributes they were bound with must be the same.
func target(r obj) (*instrument, metric.MeasurementOption, error) {
	in, attrs := instruments[str(r, "instrument")], attributes(r)
	if id, ok := r["bound"].(string); ok {
		in, attrs = bounds[id].inst, bounds[id].attrs
	}
	if in == nil || in.record == nil {
		return nil, nil, errors.New("no such instrument")
	}
	return in, metric.WithAttributeSet(attrs), nil
}

func opRecord(r obj) (obj, error) {
	in, attrs, err := target(r)
	if err != nil {
		return nil, err
	}
	in.record(spanContext(r), r["value"], attrs)
	return obj{}, nil
}

func opRecords(r obj) (obj, error) {
	in, attrs, err := target(r)
	if err != nil {
		return nil, err
	}
	for _, v := range list(r, "values") {
		in.record(context.Background(), v, attrs)
	}
	return obj{}, nil
}

func opBind(r obj) (obj, error) {
	in := instruments[str(r, "instrument")]
	if in == nil {
		return nil, errors.New("no such instrument")
	}
	bounds[str(r, "id")] = bound{in, attributes(r)}
	return obj{}, nil
}

func opEnabled(r obj) (obj, error) {
	in := instruments[str(r, "instrument")]
	if in == nil || in.enabled == nil {
		return nil, errors.New("no such instrument")
	}
	return obj{"enabled": in.enabled(context.Background())}, nil
}

// opObserve sets what the instrument's callback reports from now on.
func opObserve(r obj) (obj, error) {
	in := instruments[str(r, "instrument")]
	if in == nil || in.observe == nil {
		return nil, errors.New("no such asynchronous instrument")
	}
	registered := in.observations != nil
	in.observations = list(r, "observations")
	if registered {
		return obj{}, nil
	}
	_, err := in.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, e := range in.observations {
			in.observe(o, e.(obj)["value"], metric.WithAttributeSet(attributes(e.(obj))))
		}
		return nil
	}, in.asynchronous)
	return obj{}, err
}
