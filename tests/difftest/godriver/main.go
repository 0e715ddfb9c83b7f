// godriver speaks the driver's protocol (tests/driver/README.md) on top of the official OpenTelemetry Go SDK, for
// difftest.py: only what its scripts ask for. Where the Go SDK is known to deviate it is bent, so that scripts meet
// each thing by one rule; each such place is marked "Bent" and listed in docs/design/differences.md.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
	_ "unsafe"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
)

// The SDK takes its time from this variable (its own tests set it). Linking needs -ldflags=-checklinkname=0.
//
//go:linkname aggregateNow go.opentelemetry.io/otel/sdk/metric/internal/aggregate.now
var aggregateNow func() time.Time

type obj = map[string]any

var clock = int64(1700000000000000000)

// ops are the operations that the scripts use.
var ops = map[string]func(obj) (obj, error){
	"clock":      opClock,
	"provider":   opProvider,
	"meter":      opMeter,
	"instrument": opInstrument,
	"record":     opRecord,
	"records":    opRecords,
	"bind":       opBind,
	"enabled":    opEnabled,
	"observe":    opObserve,
	"collect":    opCollect,
}

func opClock(r obj) (obj, error) {
	n, ok := toInt(r["advance"])
	if !ok {
		return nil, errors.New("clock: expected how far to advance")
	}
	clock += n
	return obj{}, nil
}

// answer obeys one line; whatever goes wrong, a panic too, is an answer that is not ok.
func answer(line []byte) (ans obj) {
	defer func() {
		if p := recover(); p != nil {
			ans = obj{"ok": false, "message": fmt.Sprint(p)}
		}
	}()
	var r obj
	if err := unmarshal(line, &r); err != nil {
		panic(err)
	}
	op := ops[str(r, "op")]
	if op == nil {
		panic(fmt.Errorf("unknown op %v", r["op"]))
	}
	ans, err := op(r)
	if err != nil {
		panic(err)
	}
	ans["ok"] = true
	return ans
}

func main() {
	os.Setenv("OTEL_GO_X_PER_SERIES_START_TIMESTAMPS", "true") // Bent (SDK-START-03): only then Go's series have their own
	aggregateNow = func() time.Time { return time.Unix(0, clock) }
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {}))
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		if err := out.Encode(answer(line)); err != nil {
			return
		}
	}
}
