// Walks over all 2^32 floats, and prints the largest error of each function of core/simd_math.hpp in units in the last
// place, on vectors and on single numbers. It takes an hour or so and is run by hand:
//
//     cmake --build build --target every_float && build/tests/every_float [function] [step]
//
// `step` looks at every so manieth float only; doubles are drawn, a hundred million divided by it.

#include <support/accuracy.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <thread>
#include <vector>

namespace {

using namespace accuracy;

/// Takes numbers one by one and looks at them when there is a whole vector of them.
template <class T>
struct collector {
    const function<T>& f;
    worst<T> found{};
    T x[simd::width<T>] = {};
    std::size_t filled = 0;

    void take(T number) {
        x[filled++] = number;
        if (filled != simd::width<T>) return;
        filled = 0;
        look(f, x, found);
    }
};

worst<float> walk(const function<float>& f, std::uint64_t first, std::uint64_t step) {
    auto here = collector<float>{f};
    for (auto bits = first; bits < (std::uint64_t{1} << 32); bits += step)
        here.take(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    return here.found;
}

/// One third of all exponents, one third from -800 to 800, one third from -8 to 8.
worst<double> walk(const function<double>& f, std::uint64_t first, std::uint64_t step) {
    auto here = collector<double>{f};
    auto numbers = std::mt19937_64{first + 1};
    for (auto i = std::uint64_t{0}; i < 100'000'000 / step; ++i) {
        const auto even = static_cast<double>(numbers() >> 11) * 0x1p-52 - 1;
        here.take(i % 3 == 0 ? std::bit_cast<double>(numbers()) : even * (i % 3 == 1 ? 800 : 8));
    }
    return here.found;
}

template <class T>
void report(const char* type, const char* only, std::uint64_t step) {
    const auto threads = std::uint64_t{std::max(1u, std::thread::hardware_concurrency())};
    for (const auto& f : functions<T>()) {
        if (only != nullptr && std::strcmp(f.name, only) != 0) continue;
        auto parts = std::vector<worst<T>>(threads);
        auto workers = std::vector<std::thread>{};
        for (auto i = std::uint64_t{0}; i < threads; ++i)
            workers.emplace_back([&, i] { parts[i] = walk(f, i * step, step * threads); });
        for (auto& worker : workers) worker.join();
        auto all = worst<T>{};
        for (const auto& part : parts) {
            if (!(part.error <= all.error)) all.error = part.error, all.at = part.at;
            if (!(part.number_error <= all.number_error)) all.number_error = part.number_error, all.number_at = part.number_at;
        }
        std::printf("%-12s %-7s vectors %.3f at %a    numbers %.3f at %a%s\n", f.name, type, all.error,
                    static_cast<double>(all.at), all.number_error, static_cast<double>(all.number_at),
                    all.error <= f.bound && all.number_error <= f.bound ? "" : "    beyond what is promised");
        std::fflush(stdout);
    }
}

}  // namespace

int main(int count, char** arguments) {
    const auto* const only = count > 1 && *arguments[1] != '\0' ? arguments[1] : nullptr;
    const auto step = count > 2 ? std::max(1ull, std::strtoull(arguments[2], nullptr, 10)) : 1ull;
    report<float>("float", only, step);
    report<double>("double", only, step);
}
