// Images read at places that a grid names.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/pooling.hpp>
#include <xgrad/ops/resize.hpp>
#include <xgrad/ops/take.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

/// What stands outside of an image: zeros, the elements at its border, or its reflection.
enum class grid_padding { zeros, border, reflection };

struct grid_sample_options {
    upsample_mode mode = upsample_mode::linear;
    grid_padding padding = grid_padding::zeros;
    bool align_corners = false;   ///< whether -1 and 1 are the centres of the outermost elements, not their edges
};

void say_options(const grid_sample_options& options, const auto& say) {
    say("mode", options.mode == upsample_mode::nearest ? "nearest" : options.mode == upsample_mode::linear ? "linear" : "cubic");
    say("padding", options.padding == grid_padding::zeros ? "zeros" : options.padding == grid_padding::border ? "border" : "reflection");
    say("align_corners", options.align_corners);
}

namespace detail {

/// A place along an axis by the padding's rule, sign x + shift with both constant around it.
struct grid_place {
    double sign = 1, shift = 0;

    grid_place(double x, std::size_t size, const grid_sample_options& options) {
        if (options.padding == grid_padding::zeros || !std::isfinite(x)) return;
        const auto last = static_cast<double>(size - 1);
        if (options.padding == grid_padding::reflection) {
            const auto low = options.align_corners ? 0 : -0.5, span = options.align_corners ? last : last + 1;
            if (span == 0) {
                constant(0);
                return;
            }
            const auto away = x - low, inside = std::abs(away), turns = std::floor(inside / span);
            const auto direction = away < 0 ? -1.0 : 1.0;
            sign = std::fmod(turns, 2) == 0 ? direction : -direction;
            shift = std::fmod(turns, 2) == 0 ? -direction * low - turns * span + low : direction * low + (turns + 1) * span + low;
        }
        const auto y = sign * x + shift;
        if (y <= 0) constant(0);
        else if (y >= last) constant(last);
    }
    double operator()(double x) const { return sign * x + shift; }

private:
    void constant(double value) { sign = 0, shift = value; }
};

/// One tap along an axis, for all places: which element, -1 for none, and its weight, undefined for 1.
template <real T>
struct grid_tap {
    std::vector<std::int64_t> element;
    tensor<T> weight;
};

inline std::int64_t element_at(double place, std::size_t size, const grid_sample_options& options, bool is_placed) {
    const auto at = is_placed ? place : std::round(grid_place{place, size, options}(place));
    return at >= 0 && at < static_cast<double>(size) ? static_cast<std::int64_t>(at) : -1;
}

/// place: (n, 1, places), in units of elements
template <real T>
std::vector<grid_tap<T>> grid_taps(const tensor<T>& given, std::size_t size, const grid_sample_options& options) {
    auto place = given;
    const auto cubic = options.mode == upsample_mode::cubic;
    if (!cubic && options.padding != grid_padding::zeros) {
        auto sign = make_result<T>(shape_of(given)), shift = make_result<T>(shape_of(given));
        for (auto i = std::size_t{0}; i < given.size(); ++i) {
            const auto by = grid_place{static_cast<double>(given.data()[i]), size, options};
            access::elements(sign)[i] = static_cast<T>(by.sign);
            access::elements(shift)[i] = static_cast<T>(by.shift);
        }
        place = given * sign + shift;
    }
    const auto nearest = options.mode == upsample_mode::nearest;
    auto whole = make_result<T>(shape_of(place));
    for (auto i = std::size_t{0}; i < whole.size(); ++i) {
        const auto at = place.data()[i];
        access::elements(whole)[i] = nearest ? std::nearbyint(at) : std::floor(at);
    }
    const auto first = cubic ? -1 : 0, last = nearest ? 0 : cubic ? 2 : 1;
    const auto part = nearest ? tensor<T>{} : tensor<T>{place - whole};
    auto taps = std::vector<grid_tap<T>>{};
    for (auto k = first; k <= last; ++k) {
        auto tap = grid_tap<T>{};
        for (auto i = std::size_t{0}; i < whole.size(); ++i)
            tap.element.push_back(element_at(static_cast<double>(std::as_const(whole).data()[i]) + k, size, options, !cubic));
        if (cubic) {
            const auto x = k <= 0 ? tensor<T>{part - static_cast<T>(k)} : tensor<T>{static_cast<T>(k) - part};   // how far away
            const auto a = T(-0.75);
            tap.weight = k == 0 || k == 1 ? tensor<T>{((a + 2) * x - (a + 3)) * x * x + T{1}} : tensor<T>{((a * x - 5 * a) * x + 8 * a) * x - 4 * a};
        } else if (!nearest) {
            tap.weight = k == 0 ? tensor<T>{T{1} - part} : part;
        }
        taps.push_back(std::move(tap));
    }
    return taps;
}

/// The elements of x at one tap of each axis, times the weights; 0 where there is none.
template <real T>
tensor<T> grid_term(const tensor<T>& planes, const std::array<const grid_tap<T>*, 3>& taps, const shape& sizes, std::size_t axes) {
    const auto images = shape_of(planes)[0], channels = shape_of(planes)[1], places = taps[0]->element.size() / std::max<std::size_t>(1, images);
    auto indices = make_result<std::int64_t>({images, channels, places});
    auto inside = make_result<bool>({images, 1, places});
    for (auto i = std::size_t{0}; i < images * places; ++i) {
        auto at = std::int64_t{0};
        auto exists = true;
        for (auto a = std::size_t{0}; a < axes; ++a) {
            exists = exists && taps[a]->element[i] >= 0;
            at = at * static_cast<std::int64_t>(sizes[2 + a]) + taps[a]->element[i];
        }
        access::elements(inside)[i] = exists;
        for (auto c = std::size_t{0}; c < channels; ++c)
            access::elements(indices)[(i / places * channels + c) * places + i % places] = exists ? at : 0;
    }
    auto value = take_in_planes<T>(planes, indices, 1);
    for (auto a = std::size_t{0}; a < axes; ++a)
        if (taps[a]->weight.defined()) value = value * taps[a]->weight;
    return where(inside, value, T{0});
}

/// x: (n, c, ...)  grid: (n, places..., axes), the last axis of x first
template <real T>
tensor<T> grid_sample_value(const basic_tensor<T>& x, const basic_tensor<T>& grid, const grid_sample_options& options) {
    const auto &sizes = shape_of(x), &of_grid = shape_of(grid);
    const auto axes = sizes.rank() - 2, images = sizes[0];
    auto places = std::size_t{1}, elements = std::size_t{1};
    auto result = shape{images, sizes[1]};
    for (auto a = std::size_t{0}; a < axes; ++a) {
        result.push_back(of_grid[1 + a]);
        places *= of_grid[1 + a];
        elements *= sizes[2 + a];
    }
    auto taps = std::array<std::vector<grid_tap<T>>, 3>{};
    for (auto a = std::size_t{0}; a < axes; ++a) {
        auto which = make_result<std::int64_t>({});
        *access::elements(which) = static_cast<std::int64_t>(axes - 1 - a);
        const auto along = reshape_to(take_along<T>(grid, which, of_grid.rank() - 1), {images, 1, places});
        const auto size = static_cast<T>(sizes[2 + a]);
        taps[a] = grid_taps<T>(options.align_corners ? tensor<T>{(along + T{1}) * ((size - 1) / 2)} : tensor<T>{(along + T{1}) * (size / 2) - T(0.5)},
                               sizes[2 + a], options);
    }
    const auto planes = reshape_to(x, {images, sizes[1], elements});
    const auto per_axis_taps = taps[0].size();
    auto combinations = std::size_t{1};
    for (auto a = std::size_t{0}; a < axes; ++a) combinations *= per_axis_taps;
    auto y = tensor<T>{};
    for (auto i = std::size_t{0}; i < combinations; ++i) {
        auto chosen = std::array<const grid_tap<T>*, 3>{};
        for (auto a = axes, rest = i; a-- > 0; rest /= per_axis_taps) chosen[a] = &taps[a][rest % per_axis_taps];
        auto term = grid_term<T>(planes, chosen, sizes, axes);
        y = i == 0 ? std::move(term) : tensor<T>{y + term};
    }
    return reshape_to(y, result);
}

template <real T>
tensor<T> grid_sample_any(const basic_tensor<T>& x, const basic_tensor<T>& grid, const grid_sample_options& options) {
    const auto &sizes = shape_of(x), &places = shape_of(grid);
    if (sizes.rank() < 3 || sizes.rank() > 5 || places.rank() != sizes.rank())
        fail<rank_error>("grid_sample", "x is ", sizes, ", grid is ", places, "; x has axes for images, channels, and one to three more, grid as many");
    if (places[0] != sizes[0] || places.back() != sizes.rank() - 2)
        fail<shape_error>("grid_sample", "x is ", sizes, ", grid is ", places, "; both have as many images, and the last axis of grid names ",
                          sizes.rank() - 2, " coordinates");
    for (auto a = std::size_t{2}; a < sizes.rank(); ++a)
        if (sizes[a] == 0) fail<shape_error>("grid_sample", "x is ", sizes, "; there is nothing along axis ", a);
    return call("grid_sample", {"x", "grid", "options"}, [](const basic_tensor<T>& v, const basic_tensor<T>& g, const grid_sample_options& how) {
        return grid_sample_value<T>(v, g, how);
    }, x, grid, options);
}

}  // namespace detail

/// y[n, c, i, j] = x[n, c] at the place grid[n, i, j] = (column, row), each from -1 to 1 over the image
///     x: (n, c, h, w)  grid: (n, rows, columns, 2)  y: (n, c, rows, columns); likewise over one and three axes
///
/// Interpolates by `.mode`: linear, nearest, cubic. Differentiable by both operands. Throws `shape_error`, `rank_error`.
struct grid_sample_fn {
    template <element T, element U, std::size_t N, std::size_t M>
    tensor<T, N> operator()(const tensor<T, N>& x, const tensor<U, M>& grid, const grid_sample_options& options = {}) const {
        detail::check_types<T, U>();
        static_assert(N == M || N == dynamic_rank || M == dynamic_rank, "x and grid have as many axes");
        return detail::with_rank<N>(detail::grid_sample_any<T>(x, grid, options));
    }
};
inline constexpr grid_sample_fn grid_sample{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) XGRAD_INSTANCE tensor<T> grid_sample_any(const basic_tensor<T>&, const basic_tensor<T>&, const grid_sample_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
