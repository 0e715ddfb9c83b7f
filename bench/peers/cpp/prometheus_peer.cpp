// Measures prometheus-cpp on the same work as otm-bench; ../README.md says how it is run.
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <malloc.h>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using Labels = std::map<std::string, std::string>;

const prometheus::Histogram::BucketBoundaries bounds{0,   5,   10,  25,   50,   75,   100,  250,
                                                     500, 750, 1000, 2500, 5000, 7500, 10000};
double values[1024];
std::string peer = "prometheus-cpp " PEER_VERSION;

double env(const char *name, double otherwise)
{
    const char *value = std::getenv(name);
    return value == nullptr ? otherwise : std::atof(value);
}

double now_ns()
{
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/* How long this thread was ready to run and had no core. */
double waited_ns()
{
    double ran = 0;
    double waited = 0;
    std::ifstream file("/proc/thread-self/schedstat");
    file >> ran >> waited;
    return waited;
}

double baseline_ns()
{
    double ns = 0;
    FILE *child = popen(std::getenv("OTM_BENCH_BASELINE"), "r");
    if (child == nullptr || std::fscanf(child, "%lf", &ns) != 1 || pclose(child) != 0) {
        std::cerr << "OTM_BENCH_BASELINE must name the baseline program\n";
        std::exit(2);
    }
    return ns;
}

void report(const std::string &work, unsigned threads, const char *unit, double least, double median, double ratio,
            size_t runs, const char *check)
{
    std::printf("%s\t%s\t%u\t%s\t%.4f\t%.4f\t%.4f\t%zu\t%s\n", peer.c_str(), work.c_str(), threads, unit, least, median,
                ratio, runs, check);
}

/* -- Runs: the rules of bench_run.c ----------------------------------------------------------------------------- */

struct Case {
    std::string work;
    unsigned threads;
    std::function<void(uint64_t)> run;
    std::function<bool(uint64_t)> check;
    uint64_t count = 1024;
    uint64_t total = 0;
    std::vector<double> quiet;
    double least = INFINITY;
};

void add(std::vector<Case> &cases, const std::string &work, unsigned threads, std::function<void(uint64_t)> run,
         std::function<bool(uint64_t)> check)
{
    cases.emplace_back();
    cases.back().work = work;
    cases.back().threads = threads;
    cases.back().run = std::move(run);
    cases.back().check = std::move(check);
}

struct Run {
    double wall, own;
    bool quiet;
};

Run run_once(Case &c)
{
    std::vector<double> began(c.threads), ended(c.threads), waited(c.threads);
    std::mutex mu;
    std::condition_variable ready;
    unsigned waiting = 0;
    auto one = [&](unsigned i) {
        waited[i] = -waited_ns();
        std::unique_lock<std::mutex> lock(mu);
        if (++waiting == c.threads) {
            ready.notify_all();
        }
        ready.wait(lock, [&] { return waiting == c.threads; });
        lock.unlock();
        began[i] = now_ns();
        c.run(c.count);
        ended[i] = now_ns();
        waited[i] += waited_ns();
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < c.threads; i++) {
        threads.emplace_back(one, i);
    }
    one(0);
    for (auto &thread : threads) {
        thread.join();
    }
    c.total += c.count * c.threads;
    double wall = *std::max_element(ended.begin(), ended.end()) - *std::min_element(began.begin(), began.end());
    double most = *std::max_element(waited.begin(), waited.end());
    return {wall, c.threads == 1 && most < wall / 2 ? wall - most : wall, most <= 0.03 * wall};
}

void calibrate(Case &c)
{
    double wanted = env("OTM_BENCH_SECONDS", 0.3) * 1e9;
    for (;; c.count *= 4) {
        double took = run_once(c).own;
        if (took > wanted / 20) {
            c.count = (static_cast<uint64_t>(static_cast<double>(c.count) * wanted / took * 1.1) / 1024 + 1) * 1024;
            return;
        }
    }
}

void run_all(std::vector<Case> &cases)
{
    size_t rounds = static_cast<size_t>(env("OTM_BENCH_RUNS", 7));
    double base = INFINITY;
    for (auto &c : cases) {
        calibrate(c);
    }
    bool more = true;
    for (int turns = static_cast<int>(env("OTM_BENCH_TURNS", 40)); more && turns > 0; turns--) {
        base = std::min(base, baseline_ns());
        more = false;
        for (auto &c : cases) {
            if (c.quiet.size() >= rounds) {
                continue;
            }
            Run run = run_once(c);
            if (run.quiet) {
                c.quiet.push_back(run.wall / static_cast<double>(c.count));
            }
            c.least = std::min(c.least, run.own / static_cast<double>(c.count));
            more = more || c.quiet.size() < rounds;
        }
    }
    for (auto &c : cases) {
        std::sort(c.quiet.begin(), c.quiet.end());
        double least = c.quiet.empty() ? c.least : c.quiet.front();
        double median = c.quiet.empty() ? c.least : c.quiet[c.quiet.size() / 2];
        report(c.work, c.threads, "ns/op", least, median, least / base, c.quiet.size(),
               c.check(c.total) ? "ok" : "the exported total is another");
    }
}

/* -- Work -------------------------------------------------------------------------------------------------------- */

void make_values()
{
    uint64_t x = UINT64_C(88172645463325252);
    for (double &value : values) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        value = std::pow(10.0, 4.0 * (static_cast<double>(x >> 11) / 9007199254740992.0));
    }
}

Labels labels_of(unsigned i)
{
    char server[24];
    std::snprintf(server, sizeof server, "node-%05u.example", i);
    return {{"method", "POST"}, {"route", "/api/v1/users/{id}"}, {"server", server}};
}

/* The library looks a series up where it adds one. */
void record()
{
    prometheus::Registry registry;
    std::vector<Case> cases;
    auto &counters = prometheus::BuildCounter().Name("c").Help("h").Register(registry);
    auto &histograms = prometheus::BuildHistogram().Name("h").Help("h").Register(registry);
    unsigned next = 1000;
    for (unsigned threads : {1u, std::max(1u, std::thread::hardware_concurrency())}) {
        auto &bound = counters.Add(labels_of(next++));
        add(cases, "bound counter add, double", threads,
                         [&bound](uint64_t n) {
                             for (uint64_t i = 0; i < n; i++) {
                                 bound.Increment();
                             }
                         },
                         [&bound](uint64_t ops) { return bound.Value() == static_cast<double>(ops); });
        Labels labels = labels_of(next++);
        add(cases, "counter add, 3 string attributes", threads,
                         [&counters, labels](uint64_t n) {
                             for (uint64_t i = 0; i < n; i++) {
                                 counters.Add(labels).Increment();
                             }
                         },
                         [&counters, labels](uint64_t ops) {
                             return counters.Add(labels).Value() == static_cast<double>(ops);
                         });
        auto &histogram = histograms.Add(labels_of(next++), bounds);
        add(cases, "bound histogram record, 15 bounds", threads,
                         [&histogram](uint64_t n) {
                             for (uint64_t i = 0; i < n; i++) {
                                 histogram.Observe(values[i % 1024]);
                             }
                         },
                         [&histogram](uint64_t ops) {
                             return histogram.Collect().histogram.sample_count == ops;
                         });
    }
    std::vector<Labels> sets;
    for (unsigned i = 0; i < 100; i++) {
        sets.push_back(labels_of(i));
    }
    add(cases, "counter add, 3 attributes, 100 sets in turn", 1,
                     [&](uint64_t n) {
                         for (uint64_t i = 0; i < n; i++) {
                             counters.Add(sets[i % 100]).Increment();
                         }
                     },
                     [&](uint64_t ops) {
                         double sum = 0;
                         for (const Labels &labels : sets) {
                             sum += counters.Add(labels).Value();
                         }
                         return sum == static_cast<double>(ops);
                     });
    run_all(cases);
}

void fill(prometheus::Registry &registry, unsigned counter_count, unsigned histogram_count, unsigned each)
{
    auto &counters = prometheus::BuildCounter().Name("requests").Help("h").Register(registry);
    auto &histograms = prometheus::BuildHistogram().Name("hist").Help("h").Register(registry);
    for (unsigned i = 0; i < counter_count; i++) {
        counters.Add(labels_of(i)).Increment(i + 1);
    }
    for (unsigned i = 0; i < histogram_count; i++) {
        auto &histogram = histograms.Add(labels_of(i), bounds);
        for (unsigned k = 0; k < each; k++) {
            histogram.Observe(values[(i + k) % 1024]);
        }
    }
}

void scrape()
{
    prometheus::Registry registry;
    prometheus::TextSerializer serializer;
    std::string text;
    double least = INFINITY;
    fill(registry, 10000, 1000, 100);
    for (int i = 0; i < 15; i++) {
        double began = now_ns();
        text = serializer.Serialize(registry.Collect());
        least = std::min(least, (now_ns() - began) / 1e6);
    }
    double sum = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        sum += line.compare(0, 8, "requests") == 0 ? std::atof(line.c_str() + line.rfind(' ')) : 0;
    }
    report("text scrape, 10 000 counters + 1 000 histograms", 1, "ms", least, least, 0, 15,
           sum == 50005000 ? "ok" : "the counters add up to something else");
}

void bytes(const std::string &kind)
{
    prometheus::Registry registry;
    bool counters = kind == "counter";
    size_t count = counters ? 100000 : 10000;
    size_t before = mallinfo2().uordblks;
    fill(registry, counters ? 100000 : 0, counters ? 0 : 10000, 1);
    double each = static_cast<double>(mallinfo2().uordblks - before) / static_cast<double>(count);
    size_t found = 0;
    for (const auto &family : registry.Collect()) {
        found += family.metric.size();
    }
    report("bytes a series: " + kind + " and 3 attributes", 1, "bytes", each, each, 0, 1,
           found == count ? "ok" : "other series came out");
}

} // namespace

int main(int argc, char **argv)
{
    std::string what = argc > 1 ? argv[1] : "";
    make_values();
    if (what == "record") {
        record();
    } else if (what == "export") {
        scrape();
    } else if (what == "bytes" && argc > 2) {
        bytes(argv[2]);
    } else {
        std::cerr << "record | export | bytes counter|histogram\n";
        return 2;
    }
    return 0;
}
