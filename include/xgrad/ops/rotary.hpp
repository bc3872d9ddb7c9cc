// Positions of a sequence: rotations of pairs of features, and sinusoids.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/ops/elementwise.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// Which features make a pair: neighbours, 2 i and 2 i + 1; or those of the two halves, i and i + width / 2.
enum class rotary_pairs { interleaved, halves };

struct rotary_options {
    rotary_pairs pairs = rotary_pairs::interleaved;
    double base = 10000;        ///< pair i turns by position / base^(2 i / width)
    std::ptrdiff_t first = 0;   ///< the position of the first element: how many came before, in a cache
};

namespace detail {

void say_options(const rotary_options& options, const auto& say) {
    say("pairs", options.pairs == rotary_pairs::interleaved ? "interleaved" : "halves");
    say("base", options.base);
    say("first", options.first);
}

/// Cosine and sine of each pair's angle at each position, (length, pairs, 2), computed in double.
template <real T>
tensor<T> rotations(std::size_t length, std::size_t pairs, double base, std::ptrdiff_t first) {
    auto turns = make_result<T>({length, pairs, 2});
    auto* const to = access::elements(turns);
    for (auto i = std::size_t{0}; i < pairs; ++i) {
        const auto frequency = std::pow(base, -static_cast<double>(i) / static_cast<double>(pairs));
        for (auto position = std::size_t{0}; position < length; ++position) {
            const auto angle = static_cast<double>(static_cast<std::ptrdiff_t>(position) + first) * frequency;
            to[2 * (position * pairs + i)] = static_cast<T>(std::cos(angle));
            to[2 * (position * pairs + i) + 1] = static_cast<T>(std::sin(angle));
        }
    }
    return turns;
}

/// Pairs (a, b) become (a cos - b sin, a sin + b cos)        dx = dy, rotated back
template <real T>
tensor<T> rotated(const basic_tensor<T>& x, const tensor<T>& turns, rotary_pairs how, bool back) {
    const auto &sizes = shape_of(x), &turn_sizes = shape_of(turns);
    const auto length = turn_sizes[0], pairs = turn_sizes[1];
    const auto step = how == rotary_pairs::interleaved ? std::size_t{2} : std::size_t{1}, other = how == rotary_pairs::interleaved ? 1 : pairs;
    auto y = make_result<T>(sizes);
    auto* const to = access::elements(y);
    const auto *const from = x.data(), *const turn = turns.data();
    const auto sign = back ? T{-1} : T{1};
    const auto rows = pairs == 0 ? 0 : x.size() / (2 * pairs);
    parallel_for(rows, light_grain / std::max<std::size_t>(1, 2 * pairs) + 1, [=](std::size_t begin, std::size_t end) {
        for (auto row = begin; row < end; ++row) {
            const auto* const by = turn + 2 * (row % length) * pairs;
            for (auto i = std::size_t{0}; i < pairs; ++i) {
                const auto at = row * 2 * pairs + i * step;
                const auto a = from[at], b = from[at + other], cosine = by[2 * i], sine = sign * by[2 * i + 1];
                to[at] = a * cosine - b * sine;
                to[at + other] = a * sine + b * cosine;
            }
        }
    });
    return record("rotary_embedding", std::move(y), {x}, keep(turns), [how, back](const auto& dy, gradients& d, const auto& turns_kept) {
        d(0, [&] { return rotated(dy, turns_kept(), how, !back); });
    });
}

template <real T>
tensor<T> rotary_of(const basic_tensor<T>& x, const rotary_options& options) {
    return call("rotary_embedding", {"x", "options"}, [](const basic_tensor<T>& v, const rotary_options& by) {
        const auto& sizes = shape_of(v);
        if (v.rank() < 2) fail<rank_error>("rotary_embedding", "x is ", sizes, "; it must be (..., length, width)");
        if (sizes.back() % 2 != 0) fail<shape_error>("rotary_embedding", "x is ", sizes, "; its width, the last size, must be even");
        const auto pairs = sizes.back() / 2;
        return rotated(v, rotations<T>(sizes[sizes.rank() - 2], pairs, by.base, by.first), by.pairs, false);
    }, x, options);
}

}  // namespace detail

/// Rotary positions: the features of x, (..., length, width), in pairs, of which pair i of the element at position p turns by the
/// angle p / base^(2 i / width), so that products of two such depend on the distance of their positions.
/// dx = dy, rotated back. Keeps the rotations. Throws `rank_error`, and `shape_error` for an odd width.
/// J. Su et al., "RoFormer: enhanced transformer with rotary position embedding", 2021.
struct rotary_embedding_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, rotary_options options = {}) const {
        detail::check_types<T>();
        static_assert(N == dynamic_rank || N >= 2, "x is (..., length, width)");
        return detail::with_rank<N>(detail::rotary_of<T>(x, options));
    }
};
inline constexpr rotary_embedding_fn rotary_embedding{};

/// The positions 0, ..., length - 1 as sinusoids, (length, width): sin(p / base^(2 i / width)) in column 2 i, cos of it in 2 i + 1.
/// Throws `shape_error` for an odd width.        A. Vaswani et al., "Attention is all you need", 2017.
template <real T = float>
tensor<T, 2> sinusoidal_positions(extent length, extent width, double base = 10000) {
    const auto sizes = shape{length, width};
    if (sizes[1] % 2 != 0) fail<shape_error>("sinusoidal_positions", "the width is ", sizes[1], "; it must be even");
    return detail::with_rank<2>(detail::call("sinusoidal_positions", {"shape", "base", "to"}, [](const shape& of, double by, dtype) {
        auto y = detail::rotations<T>(of[0], of[1] / 2, by, 0);
        auto* const values = detail::access::elements(y);
        for (auto i = std::size_t{0}; i < y.size(); i += 2) std::swap(values[i], values[i + 1]);
        return detail::reshape_to(y, of);
    }, sizes, base, dtype_of<T>()));
}

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE tensor<T> rotary_of(const basic_tensor<T>&, const rotary_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
