// What the programs of the comparison share. Each is one side: it knows cases by name, the same names and the same
// inputs as the others, and runs them with Google Benchmark; either by itself,
//
//     bench_xgrad --benchmark_filter=gelu
//
// or, with --serve, case by case as compare.py asks, so that the sides take turns. C++17, for LibTorch's sake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bench {

/// An array that every side must agree on.
struct piece {
    std::string name;
    std::vector<float> values;
};

/// A case made ready.
struct work {
    std::function<void()> run;                      ///< what is timed
    std::function<std::vector<piece>()> outcome;    ///< what came out, for the other sides to compare
};

/// The work of calling `run`, out of whose result `pieces` makes what is compared.
template <class Run, class Pieces>
work timed(Run run, Pieces pieces) {
    return {[=]() mutable { run(); }, [=]() mutable { return std::vector<piece>(pieces(run())); }};
}

/// Makes a case known. `make` is called when the case is wanted and its work destroyed before the next case's.
void add(const std::string& name, std::function<work()> make);

/// The program: --serve, --threads N (handed to `set_threads`), or Google Benchmark's own options. `about` tells which
/// instructions the library took, in the library's own words; a library that does not say has none.
int main(int argc, char** argv, const std::function<void(int)>& set_threads,
         const std::function<std::string()>& about = {});

// ---- inputs, the same for all sides --------------------------------------------------------------------

/// `count` numbers from [low, high), of the seed alone.
std::vector<float> numbers(std::size_t count, std::uint64_t seed, float low = -1, float high = 1);

/// `count` numbers from (-1, 1), no two of which are equal, shuffled; up to four million.
std::vector<float> distinct_numbers(std::size_t count, std::uint64_t seed);

/// The numbers below `count`, shuffled.
std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed);

/// `count` integers from [0, bound).
std::vector<std::int64_t> indices(std::size_t count, std::size_t bound);

/// Fully connected layers and a batch to train them on.     weights[l]: (in, out)  biases[l]: (out)
struct network {
    std::size_t batch;
    std::vector<std::size_t> widths;
    std::vector<std::vector<float>> weights, biases;
    std::vector<float> x, y;   // x: (batch, widths.front())  y: (batch, widths.back())

    std::size_t layers() const { return weights.size(); }
};

/// 784-512-256-10 with relu after each layer, the mean squared error against one-hot targets.
network mnist_network(std::size_t batch);
inline constexpr std::size_t mnist_batches[] = {200, 32, 1};

/// 2-16-16-1 with tanh after the hidden layers, the mean squared error.
network small_network(std::size_t batch);

// The rate is so low that thousands of timed steps leave the network as it was: no gradient runs into denormal
// numbers, which would slow either side. Where the outcome is compared, a few steps must show.
inline constexpr double timed_rate = 1e-6, compared_rate = 0.1, momentum = 0.9;
inline constexpr int compared_steps = 3;

inline constexpr std::size_t elementwise_sizes[] = {1'000, 1'000'000, 10'000'000};

/// 100 multiplications of scalars, each followed by a tanh.
inline constexpr int chain_length = 100;
inline constexpr float chain_start = 0.5F, chain_factor = 1.01F;

inline constexpr std::size_t loss_rows = 256, loss_classes = 1000;
std::vector<std::int64_t> loss_labels();

/// A product c = a b.     a: (m, k), or (k, m) where transposed  b: (k, n), or (n, k)  c: (m, n)
/// Each array begins `offset` bytes behind a cache line's begin, and between the rows of each are `gap` floats.
struct product {
    std::size_t m, n, k;
    bool transpose_a, transpose_b;
    std::size_t offset = 0, gap = 0;

    std::size_t row_of_a() const { return (transpose_a ? m : k) + gap; }
    std::size_t row_of_b() const { return (transpose_b ? k : n) + gap; }
    std::size_t row_of_c() const { return n + gap; }
    bool aligned() const { return offset == 0 && gap == 0; }

    std::string name() const {
        const auto letter = [](bool transposed) { return transposed ? 't' : 'n'; };
        return "product/" + std::to_string(m) + 'x' + std::to_string(n) + 'x' + std::to_string(k) + '/' +
               letter(transpose_a) + letter(transpose_b) + (offset == 0 ? "" : "/offset" + std::to_string(offset)) +
               (gap == 0 ? "" : "/gap" + std::to_string(gap));
    }
};

/// What the network above multiplies in a step, batches of 200 and 32, and three square ones; then the largest of each
/// kind again on matrices that are not aligned.
std::vector<product> products();

/// Floats `offset` bytes behind a multiple of 64 bytes, so that no library's product depends on luck.
class placed_floats {
public:
    explicit placed_floats(const std::vector<float>& values, std::size_t offset = 0);
    explicit placed_floats(std::size_t count, std::size_t offset = 0);
    placed_floats(const placed_floats&) = delete;
    placed_floats& operator=(const placed_floats&) = delete;

    float* data() const { return m_data; }
    std::vector<float> copy() const { return {m_data, m_data + m_count}; }

private:
    std::size_t m_count;
    std::vector<float> m_room;
    float* m_data;
};

/// A matrix whose rows begin `row` floats apart, and one without gaps out of it.
std::vector<float> with_gaps(const std::vector<float>& values, std::size_t columns, std::size_t row);
std::vector<float> without_gaps(const std::vector<float>& values, std::size_t columns, std::size_t row);

/// The operands of a product, and room for its result.
struct operands {
    placed_floats a, b, c;
    explicit operands(const product& p)
        : a{with_gaps(numbers(p.m * p.k, 1), p.row_of_a() - p.gap, p.row_of_a()), p.offset},
          b{with_gaps(numbers(p.k * p.n, 2), p.row_of_b() - p.gap, p.row_of_b()), p.offset},
          c{p.m * p.row_of_c(), p.offset} {}
};

/// The case of a product: `multiply(operands)` computes it.
template <class Multiply>
void add_product(const product& p, Multiply multiply) {
    add(p.name(), [=] {
        auto data = std::make_shared<operands>(p);
        return timed([=] { return multiply(*data), data; }, [p](const auto& d) {
            return std::vector<piece>{{"c", without_gaps(d->c.copy(), p.n, p.row_of_c())}};
        });
    });
}

}  // namespace bench
