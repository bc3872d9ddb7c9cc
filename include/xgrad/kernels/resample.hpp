// Resampling along one axis: each place of the result is a sum of a few elements, by weights that depend on the place alone.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace xgrad::inline XGRAD_ABI::kernels {

/// How places of the result are made of those of x.
enum class resampling { by_nearest, by_lines, by_cubics, by_average };

/// Place j is the sum over t in [begin[j], begin[j + 1]) of weight[t] x[from[t]].
template <class T>
struct resample_table {
    std::vector<std::size_t, memory::allocator<std::size_t>> begin{0}, from;
    std::vector<T, memory::allocator<T>> weight;

    void add(std::size_t at, double by) {
        from.push_back(at);
        weight.push_back(static_cast<T>(by));
    }
    void end_place() { begin.push_back(from.size()); }
};

namespace detail {

/// Where place j lies between the elements: their centres, or the outermost of them, lie on each other.
inline double source_place(std::size_t j, std::size_t in, std::size_t out, bool align_corners, double scale) {
    if (align_corners) return out > 1 ? static_cast<double>(in - 1) * static_cast<double>(j) / static_cast<double>(out - 1) : 0;
    return (static_cast<double>(j) + 0.5) * (scale > 0 ? 1 / scale : static_cast<double>(in) / static_cast<double>(out)) - 0.5;
}

/// Keys' kernel with a = -0.75, at a distance up to 1, and from 1 to 2.
inline double cubic_within(double x) { return ((-0.75 + 2) * x - (-0.75 + 3)) * x * x + 1; }
inline double cubic_beyond(double x) { return ((-0.75 * x + 3.75) * x - 6) * x + 3; }

template <class T>
void add_cubic(resample_table<T>& to, double place, std::size_t in) {
    const auto whole = std::floor(place), part = place - whole;
    const double weights[] = {cubic_beyond(part + 1), cubic_within(part), cubic_within(1 - part), cubic_beyond(2 - part)};
    for (auto k = 0; k < 4; ++k) to.add(static_cast<std::size_t>(std::clamp(whole + k - 1, 0.0, static_cast<double>(in - 1))), weights[k]);
}

}  // namespace detail

/// PyTorch's places and weights. `scale`, unless 0, is taken in the place of out / in.
template <class T>
resample_table<T> make_resample_table(resampling how, std::size_t in, std::size_t out, bool align_corners, double scale) {
    auto result = resample_table<T>{};
    for (auto j = std::size_t{0}; j < out; ++j, result.end_place()) {
        if (how == resampling::by_average) {
            const auto begin = j * in / out, end = ((j + 1) * in + out - 1) / out;
            for (auto i = begin; i < end; ++i) result.add(i, 1 / static_cast<double>(end - begin));
        } else if (how == resampling::by_nearest) {
            result.add(std::min(in - 1, scale > 0 ? static_cast<std::size_t>(static_cast<double>(j) / scale) : j * in / out), 1);
        } else if (how == resampling::by_lines) {
            const auto place = std::max(0.0, detail::source_place(j, in, out, align_corners, scale));
            const auto first = std::min(in - 1, static_cast<std::size_t>(place));
            const auto part = std::clamp(place - static_cast<double>(first), 0.0, 1.0);
            result.add(first, 1 - part);
            result.add(std::min(first + 1, in - 1), part);
        } else {
            detail::add_cubic(result, detail::source_place(j, in, out, align_corners, scale), in);
        }
    }
    return result;
}

/// to[i] (+)= by * from[i]
template <class T>
void add_scaled(const T* from, T by, std::size_t count, T* to, bool add) {
    for (auto i = std::size_t{0}; i < count; i += simd::width<T>) {
        const auto left = count - i;
        const auto zero = simd::batch<T>(T{0});
        simd::store_up_to(to + i, simd::fma(simd::batch<T>(by), simd::load_up_to(from + i, left), add ? simd::load_up_to(to + i, left) : zero), left);
    }
}

/// y[o, j, :] = sum of weight[t] x[o, from[t], :]        x: (outer, in, inner) as `at`
template <class T>
void resample(const resample_table<T>& table, const axis_view& at, const T* x, T* y) {
    const auto out = table.begin.size() - 1;
    parallel_for(at.outer, light_grain / std::max<std::size_t>(1, table.from.size() * at.inner) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto o = begin; o < end; ++o)
            for (auto j = std::size_t{0}; j < out; ++j) {
                const auto first = table.begin[j], last = table.begin[j + 1];
                auto* const to = y + (o * out + j) * at.inner;
                if (at.inner == 1) {
                    auto sum = T{0};
                    for (auto t = first; t < last; ++t) sum += table.weight[t] * x[o * at.length + table.from[t]];
                    *to = sum;
                } else {
                    for (auto t = first; t < last; ++t)
                        add_scaled(x + (o * at.length + table.from[t]) * at.inner, table.weight[t], at.inner, to, t != first);
                }
            }
    });
}

/// x[o, from[t], :] += weight[t] y[o, j, :]        x: (outer, in, inner) as `at`
template <class T>
void add_resampled(const resample_table<T>& table, const axis_view& at, const T* y, T* x) {
    const auto out = table.begin.size() - 1;
    parallel_for(at.outer, light_grain / std::max<std::size_t>(1, table.from.size() * at.inner) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto o = begin; o < end; ++o)
            for (auto j = std::size_t{0}; j < out; ++j)
                for (auto t = table.begin[j]; t < table.begin[j + 1]; ++t) {
                    const auto* const from = y + (o * out + j) * at.inner;
                    auto* const to = x + (o * at.length + table.from[t]) * at.inner;
                    if (at.inner == 1) *to += table.weight[t] * *from;
                    else add_scaled(from, table.weight[t], at.inner, to, true);
                }
    });
}

}  // namespace xgrad::kernels
