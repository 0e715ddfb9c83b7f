package bench;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.incubator.metrics.BoundDoubleHistogram;
import io.opentelemetry.api.incubator.metrics.BoundLongCounter;
import io.opentelemetry.api.incubator.metrics.ExtendedDoubleHistogram;
import io.opentelemetry.api.incubator.metrics.ExtendedLongCounter;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.InstrumentType;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.View;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.MetricDataType;
import io.opentelemetry.sdk.metrics.export.CollectionRegistration;
import io.opentelemetry.sdk.metrics.export.MetricReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Measures the Java metrics SDK on the same work as otm-bench; ../README.md says how it is run. */
public final class Main {
  static final class Reader implements MetricReader {
    CollectionRegistration reg = CollectionRegistration.noop();

    @Override
    public void register(CollectionRegistration r) {
      reg = r;
    }

    @Override
    public CompletableResultCode forceFlush() {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public AggregationTemporality getAggregationTemporality(InstrumentType t) {
      return AggregationTemporality.CUMULATIVE;
    }
  }

  static final Double[] BOUNDS = {
    0d, 5d, 10d, 25d, 50d, 75d, 100d, 250d, 500d, 750d, 1000d, 2500d, 5000d, 7500d, 10000d
  };

  static final String[] KEYS = {
    "method", "route", "server", "attr04", "attr05", "attr06", "attr07", "attr08", "attr09", "attr10"
  };
  static final String[] TEXTS = {
    "POST", "/api/v1/users/{id}", "node-17.example", "value-04", "value-05", "value-06", "value-07", "value-08",
    "value-09", "value-10"
  };

  static Attributes attrs(int n) {
    AttributesBuilder b = Attributes.builder();
    for (int i = 0; i < n; i++) {
      b.put(KEYS[i], TEXTS[i]);
    }
    return b.build();
  }

  static Attributes attrsOf(String server) {
    return Attributes.builder().put(KEYS[0], TEXTS[0]).put(KEYS[1], TEXTS[1]).put(KEYS[2], server).build();
  }

  static SdkMeterProvider provider(Reader r) {
    return SdkMeterProvider.builder()
        .registerMetricReader(r)
        .registerView(
            InstrumentSelector.builder().setName("exp*").build(),
            View.builder().setAggregation(Aggregation.base2ExponentialBucketHistogram(160, 20)).setCardinalityLimit(1_000_000).build())
        .registerView(
            InstrumentSelector.builder().setName("hist*").build(),
            View.builder().setAggregation(Aggregation.explicitBucketHistogram(Arrays.asList(BOUNDS))).setCardinalityLimit(1_000_000).build())
        .registerView(
            InstrumentSelector.builder().setName("c*").build(), View.builder().setCardinalityLimit(1_000_000).build())
        .build();
  }

  /** sum, points, count. */
  static double[] totals(Reader r, String name) {
    double[] t = new double[3];
    for (MetricData m : r.reg.collectAllMetrics()) {
      if (!m.getName().equals(name)) {
        continue;
      }
      m.getLongSumData().getPoints().forEach(p -> { t[0] += p.getValue(); t[1]++; });
      if (name.startsWith("exp") && m.getType() != MetricDataType.EXPONENTIAL_HISTOGRAM) {
        throw new IllegalStateException("the view did not make " + name + " exponential");
      }
      m.getHistogramData().getPoints().forEach(p -> { t[0] += p.getSum(); t[1]++; t[2] += p.getCount(); });
      m.getExponentialHistogramData().getPoints().forEach(p -> { t[0] += p.getSum(); t[1]++; t[2] += p.getCount(); });
    }
    return t;
  }

  static Harness.Check counter(Reader r, String name, int series) {
    return ops -> {
      double[] t = totals(r, name);
      return t[0] == ops && t[1] == series;
    };
  }

  static Harness.Check hist(Reader r, String name) {
    return ops -> {
      double[] t = totals(r, name);
      double want = Harness.SUM * (ops / 1024);
      return t[2] == ops && Math.abs(t[0] - want) < 1e-6 * want;
    };
  }

  static void counters(List<Harness.Case> cases, Reader r, Meter m) {
    int cores = Runtime.getRuntime().availableProcessors();
    Object[][] works = {
      {"counter add, no attributes", 0, 1},
      {"counter add, 3 string attributes", 3, 1},
      {"counter add, 3 string attributes", 3, cores},
      {"counter add, 10 string attributes", 10, 1}
    };
    for (Object[] w : works) {
      int n = (int) w[1];
      String name = "c_unbound_" + w[1] + "_" + w[2];
      LongCounter c = m.counterBuilder(name).build();
      cases.add(new Harness.Case((String) w[0], (int) w[2], (k, t) -> {
        for (long i = 0; i < k; i++) {
          c.add(1, attrs(n)); // made beforehand they would carry their hash: that is bound in all but name
        }
      }, counter(r, name, 1)));
    }
    for (int th : new int[] {1, cores}) {
      String name = "c_bound_" + th;
      BoundLongCounter b = ((ExtendedLongCounter) m.counterBuilder(name).build()).bind(attrs(1));
      cases.add(new Harness.Case("bound counter add, integer", th, (k, t) -> {
        for (long i = 0; i < k; i++) {
          b.add(1);
        }
      }, counter(r, name, 1)));
    }
    String[] servers = new String[100];
    for (int i = 0; i < 100; i++) {
      servers[i] = String.format("node-%05d.example", i);
    }
    LongCounter c = m.counterBuilder("c_cycle").build();
    cases.add(new Harness.Case("counter add, 3 attributes, 100 sets in turn", 1, (k, t) -> {
      int j = 0;
      for (long i = 0; i < k; i++) {
        c.add(1, attrsOf(servers[j]));
        if (++j == 100) {
          j = 0;
        }
      }
    }, counter(r, "c_cycle", 100)));
  }

  static void histograms(List<Harness.Case> cases, Reader r, Meter m, String kind, String unbound, String bound) {
    DoubleHistogram h = m.histogramBuilder(kind + "_u").build();
    cases.add(new Harness.Case(unbound, 1, (k, t) -> {
      for (long i = 0; i < k; i++) {
        h.record(Harness.VALUES[(int) i & 1023], attrs(3));
      }
    }, hist(r, kind + "_u")));
    for (int th : new int[] {1, Runtime.getRuntime().availableProcessors()}) {
      String name = kind + "_b_" + th;
      BoundDoubleHistogram b = ((ExtendedDoubleHistogram) m.histogramBuilder(name).build()).bind(attrs(1));
      cases.add(new Harness.Case(bound, th, (k, t) -> {
        for (long i = 0; i < k; i++) {
          b.record(Harness.VALUES[(int) i & 1023]);
        }
      }, hist(r, name)));
    }
  }

  static void record() {
    List<Harness.Case> cases = new ArrayList<>();
    Reader r = new Reader();
    Meter m = provider(r).get("bench");
    counters(cases, r, m);
    histograms(cases, r, m, "hist", "histogram record, 3 string attributes", "bound histogram record, 15 bounds");
    histograms(cases, r, m, "exp", "exponential record, 3 string attributes", "bound exponential histogram record");
    LongCounter noop = OpenTelemetry.noop().getMeter("x").counterBuilder("x").build();
    Attributes a = attrs(2);
    cases.add(new Harness.Case("no SDK: counter add, 2 attributes", 1, (k, t) -> {
      for (long i = 0; i < k; i++) {
        noop.add(1, a);
      }
    }, null));
    Harness.runAll("Java SDK 1.68.0", cases);
  }

  public static void main(String[] a) {
    record();
  }
}
