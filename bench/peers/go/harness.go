package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The rules of bench_run.c: cases take turns with the baseline, the program named by OTM_BENCH_BASELINE. A run is quiet
// when no thread waited for a core for more than 3 % of it; the figure is the least of the quiet runs.

var bounds = []float64{0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000}

// 1024 values, log-uniform in [1, 10000).
var values [1024]float64
var valuesSum float64

func init() {
	s := uint64(88172645463325252)
	for i := range values {
		s ^= s << 13
		s ^= s >> 7
		s ^= s << 17
		values[i] = math.Pow(10, 4*(float64(s>>11)/9007199254740992.0))
		valuesSum += values[i]
	}
}

func env(k string, d float64) float64 {
	if v, err := strconv.ParseFloat(os.Getenv(k), 64); err == nil {
		return v
	}
	return d
}

// delay is the time this thread was ready to run and had no core.
func delay() float64 {
	b, _ := os.ReadFile("/proc/thread-self/schedstat")
	if f := strings.Fields(string(b)); len(f) > 1 {
		ns, _ := strconv.ParseFloat(f[1], 64)
		return ns
	}
	return 0
}

type bench struct {
	name    string
	threads int
	run     func(n int, thread int)
	check   func(ops int) bool
	n       int
	total   int
	quiet   []float64
	least   float64
}

type sample struct {
	t0, t1 time.Time
	delay  float64
}

// once gives the wall time, the same without waiting for a core (one thread), and whether the run was quiet.
func (b *bench) once() (wall, own float64, quiet bool) {
	k := max(b.threads, 1)
	b.total += b.n * k
	out := make([]sample, k)
	var ready, done sync.WaitGroup
	ready.Add(k)
	done.Add(k)
	for i := range k {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			d0 := delay()
			ready.Done()
			ready.Wait()
			s := sample{t0: time.Now()}
			b.run(b.n, i)
			s.t1 = time.Now()
			s.delay = delay() - d0
			out[i] = s
			done.Done()
		}()
	}
	done.Wait()
	lo, hi := out[0].t0, out[0].t1
	for _, s := range out {
		if s.t0.Before(lo) {
			lo = s.t0
		}
		if s.t1.After(hi) {
			hi = s.t1
		}
	}
	wall = float64(hi.Sub(lo))
	quiet = true
	for _, s := range out {
		quiet = quiet && s.delay <= 0.03*wall
	}
	own = wall
	if k == 1 && out[0].delay < wall/2 {
		own -= out[0].delay
	}
	return wall, own, quiet
}

func (b *bench) calibrate(secs float64) {
	b.n = 1024
	for {
		_, own, _ := b.once()
		if own > secs*1e9*0.05 {
			b.n = (int(float64(b.n)*secs*1e9/own*1.1)/1024 + 1) * 1024
			return
		}
		b.n *= 4
	}
}

func (b *bench) round() {
	wall, own, quiet := b.once()
	if quiet {
		b.quiet = append(b.quiet, wall/float64(b.n))
	}
	if own /= float64(b.n); b.least == 0 || own < b.least {
		b.least = own
	}
}

func (b *bench) figures() (least, median float64) {
	if len(b.quiet) == 0 {
		return b.least, b.least
	}
	q := slices.Clone(b.quiet)
	slices.Sort(q)
	return q[0], q[len(q)/2]
}

// baseline is what a plain increment takes now, by the C program.
func baseline() float64 {
	out, err := exec.Command(os.Getenv("OTM_BENCH_BASELINE")).Output()
	if err != nil {
		panic(err)
	}
	ns, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		panic(err)
	}
	return ns
}

// report prints one line of the result; a ratio of 0 means none.
func report(peer, work string, threads int, unit string, least, median, ratio float64, runs int, check string) {
	fmt.Printf("%s\t%s\t%d\t%s\t%.4f\t%.4f\t%.4f\t%d\t%s\n", peer, work, threads, unit, least, median, ratio, runs, check)
}

func verdict(good bool, otherwise string) string {
	if good {
		return "ok"
	}
	return otherwise
}

func runAll(peer string, cases []*bench) {
	rounds, most := int(env("OTM_BENCH_RUNS", 7)), int(env("OTM_BENCH_TURNS", 40))
	for _, c := range cases {
		c.calibrate(env("OTM_BENCH_SECONDS", 0.3))
	}
	base := math.Inf(1)
	for more := true; more && most > 0; most-- {
		base = min(base, baseline())
		more = false
		for _, c := range cases {
			if len(c.quiet) < rounds {
				c.round()
				more = more || len(c.quiet) < rounds
			}
		}
	}
	for _, c := range cases {
		check := "-"
		if c.check != nil {
			check = verdict(c.check(c.total), "the exported total is another")
		}
		least, median := c.figures()
		report(peer, c.name, max(c.threads, 1), "ns/op", least, median, least/base, len(c.quiet), check)
	}
}

// bestOf gives the least wall time of k calls, in nanoseconds.
func bestOf(k int, f func()) float64 {
	least := math.Inf(1)
	for range k {
		began := time.Now()
		f()
		least = min(least, float64(time.Since(began)))
	}
	return least
}

func rss() float64 {
	b, _ := os.ReadFile("/proc/self/statm")
	n, _ := strconv.ParseFloat(strings.Fields(string(b))[1], 64)
	return n * 4096
}
