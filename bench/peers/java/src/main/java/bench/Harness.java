package bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CyclicBarrier;

/**
 * The rules of bench_run.c: cases take turns with the baseline, the program named by OTM_BENCH_BASELINE. A run is quiet
 * when no thread waited for a core for more than 3 % of it; the figure is the least of the quiet runs. Warm-up: three
 * calibration passes over every case before the first measured round.
 */
final class Harness {
  interface Run {
    void run(long n, int thread) throws Exception;
  }

  interface Check {
    boolean ok(long ops);
  }

  static final double[] VALUES = new double[1024];
  static final double SUM;

  static {
    long s = 88172645463325252L;
    double sum = 0;
    for (int i = 0; i < 1024; i++) {
      s ^= s << 13;
      s ^= s >>> 7;
      s ^= s << 17;
      VALUES[i] = Math.pow(10, 4 * ((s >>> 11) / 9007199254740992.0));
      sum += VALUES[i];
    }
    SUM = sum;
  }

  static double env(String k, double d) {
    String v = System.getenv(k);
    return v == null || v.isEmpty() ? d : Double.parseDouble(v);
  }

  /** Nanoseconds this thread was ready to run and had no core. */
  static long delay() throws IOException {
    return Long.parseLong(Files.readString(Path.of("/proc/thread-self/schedstat")).split(" ")[1]);
  }

  static final class Case {
    final String name;
    final int threads;
    final Run run;
    final Check check;
    long n = 1024;
    long total;
    final List<Double> quiet = new ArrayList<>();
    double least = Double.MAX_VALUE;
    double wallNs;
    double ownNs; // one thread: without waiting for a core
    boolean isQuiet;

    Case(String name, int threads, Run run, Check check) {
      this.name = name;
      this.threads = threads;
      this.run = run;
      this.check = check;
    }

    void once() {
      total += n * threads;
      long[][] out = new long[threads][3];
      CyclicBarrier bar = new CyclicBarrier(threads);
      Thread[] th = new Thread[threads];
      for (int i = 0; i < threads; i++) {
        int id = i;
        th[i] = new Thread(() -> {
          try {
            long d0 = delay();
            bar.await();
            out[id][0] = System.nanoTime();
            run.run(n, id);
            out[id][1] = System.nanoTime();
            out[id][2] = delay() - d0;
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
        th[i].start();
      }
      long a = Long.MAX_VALUE;
      long b = 0;
      for (int i = 0; i < threads; i++) {
        try {
          th[i].join();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
        a = Math.min(a, out[i][0]);
        b = Math.max(b, out[i][1]);
      }
      wallNs = b - a;
      ownNs = threads == 1 && out[0][2] < wallNs / 2 ? wallNs - out[0][2] : wallNs;
      isQuiet = true;
      for (long[] o : out) {
        isQuiet &= o[2] <= 0.03 * wallNs;
      }
    }

    void calibrate(double secs) {
      for (;;) {
        once();
        if (ownNs > secs * 1e9 * 0.05) {
          n = ((long) (n * secs * 1e9 / ownNs * 1.1) / 1024 + 1) * 1024;
          return;
        }
        n *= 4;
      }
    }

    void round() {
      once();
      if (isQuiet) {
        quiet.add(wallNs / n);
      }
      least = Math.min(least, ownNs / n);
    }
  }

  static double baseline() throws Exception {
    Process p = new ProcessBuilder(System.getenv("OTM_BENCH_BASELINE")).start();
    try (BufferedReader r = new BufferedReader(new InputStreamReader(p.getInputStream()))) {
      return Double.parseDouble(r.readLine().trim());
    }
  }

  static void runAll(String peer, List<Case> cases) {
    try {
      int rounds = (int) env("OTM_BENCH_RUNS", 7);
      int max = (int) env("OTM_BENCH_TURNS", 40);
      double secs = env("OTM_BENCH_SECONDS", 0.3);
      for (int w = 0; w < 3; w++) {
        for (Case c : cases) {
          c.n = 1024;
          c.calibrate(secs);
        }
      }
      double base = Double.MAX_VALUE;
      for (int r = 0; r < max; r++) {
        base = Math.min(base, baseline());
        boolean more = false;
        for (Case c : cases) {
          if (c.quiet.size() < rounds) {
            c.round();
            more |= c.quiet.size() < rounds;
          }
        }
        if (!more) {
          break;
        }
      }
      for (Case c : cases) {
        Collections.sort(c.quiet);
        double least = c.quiet.isEmpty() ? c.least : c.quiet.get(0);
        double median = c.quiet.isEmpty() ? c.least : c.quiet.get(c.quiet.size() / 2);
        String check = c.check == null ? "-" : c.check.ok(c.total) ? "ok" : "the exported total is another";
        System.out.printf(Locale.ROOT, "%s\t%s\t%d\tns/op\t%.4f\t%.4f\t%.4f\t%d\t%s%n",
            peer, c.name, c.threads, least, median, least / base, c.quiet.size(), check);
      }
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
