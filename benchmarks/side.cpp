#include "side.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

using named_case = std::pair<std::string, std::function<work()>>;

std::vector<named_case>& cases() {
    static auto all = std::vector<named_case>{};
    return all;
}

/// The case asked for last stays ready: its rounds are spread over time.
work& ready(const std::string& name) {
    static auto current = std::string{};
    static auto kept = work{};
    if (current != name) {
        const auto found =
            std::find_if(cases().begin(), cases().end(), [&](const named_case& known) { return known.first == name; });
        if (found == cases().end()) throw std::runtime_error{"there is no case " + name};
        kept = {};
        current.clear();
        kept = found->second();
        current = name;
    }
    return kept;
}

/// Takes the time of a run out of Google Benchmark's report.
class time_taker : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const auto& run : runs)
            if (run.iterations > 0) nanoseconds = run.real_accumulated_time / static_cast<double>(run.iterations) * 1e9;
    }
    double nanoseconds = std::numeric_limits<double>::quiet_NaN();
};

double time_of(const std::string& name) {
    ready(name);
    auto reporter = time_taker{};
    benchmark::RunSpecifiedBenchmarks(&reporter, "^" + name + "/real_time$");
    return reporter.nanoseconds;
}

template <class T>
void put(std::ostream& out, const T& value) {
    out.write(reinterpret_cast<const char*>(&value), sizeof(T));
}
template <class T>
T get(std::istream& in) {
    auto value = T{};
    in.read(reinterpret_cast<char*>(&value), sizeof(T));
    return value;
}

void write(const std::vector<piece>& pieces, const std::string& path) {
    auto out = std::ofstream{path, std::ios::binary};
    put(out, pieces.size());
    for (const auto& [name, values] : pieces) {
        put(out, name.size());
        out.write(name.data(), static_cast<std::streamsize>(name.size()));
        put(out, values.size());
        out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
    }
    if (!out.flush()) throw std::runtime_error{"cannot write " + path};
}

std::vector<piece> read(const std::string& path) {
    auto in = std::ifstream{path, std::ios::binary};
    auto pieces = std::vector<piece>(get<std::size_t>(in));
    for (auto& [name, values] : pieces) {
        name.resize(get<std::size_t>(in));
        in.read(name.data(), static_cast<std::streamsize>(name.size()));
        values.resize(get<std::size_t>(in));
        in.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
    }
    if (!in) throw std::runtime_error{"cannot read " + path};
    return pieces;
}

/// The largest difference of two arrays, relative to the largest element.
double difference(const std::vector<float>& a, const std::vector<float>& b) {
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    if (a.size() != b.size()) return infinity;
    auto largest = 0.0, apart = 0.0;
    for (auto i = std::size_t{0}; i < a.size(); ++i) {
        const auto d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
        if (!(d < infinity)) return infinity;   // NaN too
        apart = std::max(apart, d);
        largest = std::max(largest, std::abs(static_cast<double>(b[i])));
    }
    return apart == 0 ? 0 : apart / largest;
}

/// "DIFFERENCE PIECE" for the piece that differs most. The sides name them in whatever order; those of one name keep theirs.
std::string compare(std::vector<piece> ours, std::vector<piece> theirs) {
    for (auto* const pieces : {&ours, &theirs})
        std::stable_sort(pieces->begin(), pieces->end(), [](const piece& a, const piece& b) { return a.name < b.name; });
    if (ours.size() != theirs.size()) throw std::runtime_error{"the sides give different numbers of arrays"};
    auto worst = -1.0;
    auto where = std::string{};
    for (auto i = std::size_t{0}; i < ours.size(); ++i) {
        if (ours[i].name != theirs[i].name) throw std::runtime_error{ours[i].name + " is compared with " + theirs[i].name};
        if (const auto d = difference(ours[i].values, theirs[i].values); d > worst) worst = d, where = ours[i].name;
    }
    return (std::ostringstream{} << worst << ' ' << where).str();
}

/// Answers each line with one: "ok ..." or "error ...".
void serve(const std::function<std::string()>& about) {
    auto line = std::string{};
    while (std::getline(std::cin, line)) {
        auto words = std::istringstream{line};
        auto command = std::string{}, name = std::string{}, path = std::string{};
        words >> command >> name >> std::ws;
        std::getline(words, path);   // to the end of the line: a folder's name may have blanks
        auto answer = std::ostringstream{};
        answer.precision(10);
        try {
            answer << "ok ";
            if (command == "cases")
                for (const auto& known : cases()) answer << known.first << ' ';
            else if (command == "about" && about) answer << about();
            else if (command == "time") answer << time_of(name);
            else if (command == "ready") ready(name);
            else if (command == "run") ready(name).run();
            else if (command == "write") write(ready(name).outcome(), path);
            else if (command == "compare") answer << compare(ready(name).outcome(), read(path));
            else throw std::runtime_error{"there is no command " + command};
        } catch (const std::exception& e) {
            answer.str("error ");
            answer.seekp(0, std::ios::end);
            answer << e.what();
        }
        std::cout << answer.str() << std::endl;
    }
}

/// splitmix64, G. Steele, D. Lea and C. Flood, 2014.
struct generator {
    std::uint64_t state;
    explicit generator(std::uint64_t seed) : state{seed * 0x9e3779b97f4a7c15u} {}
    std::uint64_t operator()() {
        auto z = state += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
};

network make_network(std::vector<std::size_t> widths, std::size_t batch) {
    auto net = network{batch, std::move(widths), {}, {}, {}, {}};
    for (auto l = std::size_t{0}; l + 1 < net.widths.size(); ++l) {
        const auto bound = 1 / std::sqrt(static_cast<float>(net.widths[l]));
        net.weights.push_back(numbers(net.widths[l] * net.widths[l + 1], 10 + l, -bound, bound));
        net.biases.push_back(numbers(net.widths[l + 1], 20 + l, -bound, bound));
    }
    net.x = numbers(batch * net.widths.front(), 3, 0, 1);
    net.y.resize(batch * net.widths.back());
    return net;
}

}  // namespace

void add(const std::string& name, std::function<work()> make) {
    cases().emplace_back(name, std::move(make));
    benchmark::RegisterBenchmark(name.c_str(), [name](benchmark::State& state) {
        static auto warm = std::string{};   // a case's first run, which meets fresh memory, is never timed
        const auto& run = ready(name).run;
        if (std::exchange(warm, name) != name) run();
        for (auto _ : state) run();
    })->UseRealTime();
}

int main(int argc, char** argv, const std::function<void(int)>& set_threads,
         const std::function<std::string()>& about) try {
    auto serving = false;
    auto threads = 1;
    auto kept = 1;
    for (auto i = 1; i < argc; ++i) {
        const auto argument = std::string{argv[i]};
        if (argument == "--serve") serving = true;
        else if (argument == "--threads" && i + 1 < argc) threads = std::atoi(argv[++i]);
        else argv[kept++] = argv[i];
    }
    set_threads(threads);
    benchmark::Initialize(&kept, argv);
    if (benchmark::ReportUnrecognizedArguments(kept, argv)) return 1;
    if (serving) serve(about);
    else benchmark::RunSpecifiedBenchmarks();
    return 0;
} catch (const std::exception& e) {
    std::cerr << argv[0] << ": " << e.what() << '\n';
    return 1;
}

std::vector<float> numbers(std::size_t count, std::uint64_t seed, float low, float high) {
    auto values = std::vector<float>(count);
    auto next = generator{seed};
    for (auto& value : values) value = low + (high - low) * (static_cast<float>(next() >> 40) * 0x1p-24F);
    return values;
}

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
    auto values = std::vector<std::size_t>(count);
    auto next = generator{seed};
    for (auto i = std::size_t{0}; i < count; ++i) {   // R. Durstenfeld's shuffle, 1964
        const auto j = next() % (i + 1);
        values[i] = values[j];
        values[j] = i;
    }
    return values;
}

std::vector<float> distinct_numbers(std::size_t count, std::uint64_t seed) {
    auto values = std::vector<float>{};
    for (const auto i : shuffled(count, seed)) values.push_back((2 * static_cast<float>(i) + 1) / static_cast<float>(count) - 1);
    return values;
}

std::vector<std::int64_t> indices(std::size_t count, std::size_t bound) {
    auto values = std::vector<std::int64_t>(count);
    auto next = generator{5};
    for (auto& value : values) value = static_cast<std::int64_t>(next() % bound);
    return values;
}

network mnist_network(std::size_t batch) {
    auto net = make_network({784, 512, 256, 10}, batch);
    for (auto i = std::size_t{0}; i < batch; ++i) net.y[10 * i + i * 7 % 10] = 1;
    return net;
}

network small_network(std::size_t batch) {
    auto net = make_network({2, 16, 16, 1}, batch);
    net.y = numbers(batch, 4);
    return net;
}

std::vector<std::int64_t> loss_labels() {
    auto labels = std::vector<std::int64_t>(loss_rows);
    for (auto i = std::size_t{0}; i < loss_rows; ++i) labels[i] = static_cast<std::int64_t>(i * 37 % loss_classes);
    return labels;
}

std::vector<product> products() {
    auto all = std::vector<product>{};
    const auto widths = std::array<std::size_t, 4>{784, 512, 256, 10};
    for (const auto batch : {std::size_t{200}, std::size_t{32}})
        for (auto l = std::size_t{0}; l < 3; ++l) {
            const auto in = widths[l], out = widths[l + 1];
            all.push_back({batch, out, in, false, false});               // y = x W
            all.push_back({in, out, batch, true, false});                // dW = x^T dy
            if (l != 0) all.push_back({batch, in, out, false, true});    // dx = dy W^T; the first layer's is not wanted
        }
    for (const auto size : {std::size_t{16}, std::size_t{64}, std::size_t{1024}}) all.push_back({size, size, size, false, false});
    for (const auto& p : {product{200, 512, 784, false, false}, product{784, 512, 200, true, false}, product{32, 512, 784, false, false}}) {
        // A float's size; what a std::vector's array has, by the allocator of glibc; half a line.
        for (const auto offset : {std::size_t{4}, std::size_t{16}, std::size_t{32}})
            all.push_back({p.m, p.n, p.k, p.transpose_a, p.transpose_b, offset});
        all.push_back({p.m, p.n, p.k, p.transpose_a, p.transpose_b, 0, 20});   // each row at another place of its line
    }
    return all;
}

placed_floats::placed_floats(std::size_t count, std::size_t offset)
    : m_count{count}, m_room(count + 32), m_data{m_room.data()} {
    while (reinterpret_cast<std::uintptr_t>(m_data) % 64 != 0) ++m_data;
    m_data += offset / sizeof(float);
}

placed_floats::placed_floats(const std::vector<float>& values, std::size_t offset) : placed_floats(values.size(), offset) {
    std::copy(values.begin(), values.end(), m_data);
}

std::vector<float> with_gaps(const std::vector<float>& values, std::size_t columns, std::size_t row) {
    auto spaced = std::vector<float>(values.size() / columns * row);
    for (auto i = std::size_t{0}; i < values.size(); ++i) spaced[i / columns * row + i % columns] = values[i];
    return spaced;
}

std::vector<float> without_gaps(const std::vector<float>& values, std::size_t columns, std::size_t row) {
    auto dense = std::vector<float>(values.size() / row * columns);
    for (auto i = std::size_t{0}; i < dense.size(); ++i) dense[i] = values[i / columns * row + i % columns];
    return dense;
}

}  // namespace bench
