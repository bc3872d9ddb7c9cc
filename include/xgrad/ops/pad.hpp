// Elements put around a tensor: a number, or its own elements over again.
#pragma once

#include <xgrad/autograd/broadcast.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/sequence.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/strided.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/index_map.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/view.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <tuple>

namespace xgrad::inline XGRAD_ABI {

/// What stands outside of (a b c d): `constant` a number, `reflect` c b | a b c d | c b, `replicate` a a | a b c d | d d,
/// `circular` c d | a b c d | a b. `zeros` is `constant`, by the name that layers have for it.
enum class pad_mode { constant, reflect, replicate, circular, zeros = constant };

/// How many elements come before and after those of an axis; of which fewer than none: so many are cut off.
struct pad_width {
    extent before, after;
};

namespace detail {

/// What determines a padding, beside the tensor.
template <element T>
struct padding {
    std::array<std::ptrdiff_t, max_rank> before{}, after{};
    std::size_t axes = 0;
    pad_mode mode = pad_mode::constant;
    T value{};

    template <class Widths>
    padding(const Widths& widths, pad_mode how, T around) : mode{how}, value{around} {
        for (const auto& width : widths) {
            if (axes == max_rank) fail<rank_error>("pad", "at most ", max_rank, " axes");
            add(width);
        }
    }

private:
    void add(const pad_width& width) {
        before[axes] = width.before;
        after[axes++] = width.after;
    }
    template <class Pair>
    void add(const Pair& pair) {
        add(pad_width{std::get<0>(pair), std::get<1>(pair)});
    }
};

template <element T>
void say_options(const padding<T>& by, const auto& say) {
    constexpr const char* modes[] = {"constant", "reflect", "replicate", "circular"};
    say("before", std::span{by.before.data(), by.axes});
    say("after", std::span{by.after.data(), by.axes});
    say("mode", std::string_view{modes[static_cast<int>(by.mode)]});
    say("value", by.value);
}

/// What is left of an axis of this size when so many are cut off at its ends, and how many elements it has in the end.
struct padded_axis {
    std::ptrdiff_t begin, own;
    std::size_t size;

    padded_axis(const shape& sizes, std::size_t axis, std::ptrdiff_t before, std::ptrdiff_t after) {
        constexpr auto most = std::numeric_limits<std::ptrdiff_t>::max() / 4, none = std::ptrdiff_t{0};   // sums do not overflow
        if (before > most || after > most) fail<shape_error>("pad", "by ", std::max(before, after), ", more than memory can hold");
        begin = -std::min(before, none);
        own = static_cast<std::ptrdiff_t>(sizes[axis]) - begin + std::min(std::max(after, -most), none);
        if (own < 0 || begin > most)
            fail<shape_error>("pad", "axis ", axis, " of ", sizes, " has not as many elements as are cut off: ", before, " before, ",
                              after, " after");
        size = static_cast<std::size_t>(own + std::max(before, none) + std::max(after, none));
    }
};

/// y = x within, `value` around it        dx = dy within
template <element T>
tensor<T> pad_by_number(const basic_tensor<T>& x, const padding<T>& by) {
    auto y = reshape_to(x, shape_of(x));
    auto sizes = shape_of(x);
    for (auto axis = std::size_t{0}; axis < by.axes; ++axis) {
        const auto padded = padded_axis{sizes, axis, by.before[axis], by.after[axis]};
        if (static_cast<std::size_t>(padded.own) != sizes[axis])
            y = range_along(y, axis, static_cast<std::size_t>(padded.begin), static_cast<std::size_t>(padded.own));
        sizes[axis] = padded.size;
    }
    if (shape_of(y) == sizes) return y;
    auto at = kernels::strides::row_major(sizes);
    for (auto axis = std::size_t{0}; axis < by.axes; ++axis) at.offset += std::max(by.before[axis], std::ptrdiff_t{0}) * at.along[axis];
    return place(y, at, sizes, by.value);
}

/// The index of x at which element i of the axis, counted from where x begins, is found.
inline std::ptrdiff_t index_outside(pad_mode mode, std::ptrdiff_t i, std::ptrdiff_t size) {
    if (mode == pad_mode::replicate) return std::clamp(i, std::ptrdiff_t{0}, size - 1);
    if (mode == pad_mode::reflect) return i < 0 ? -i : i < size ? i : 2 * (size - 1) - i;
    return (i + size) % size;
}

template <element T>
tensor<T> pad_along(const basic_tensor<T>& x, std::size_t axis, pad_mode mode, std::ptrdiff_t before, std::ptrdiff_t after) {
    const auto& sizes = shape_of(x);
    const auto padded = padded_axis{sizes, axis, before, after};
    // A circle is what is left when its ends are cut off; elements that were cut off are still mirrored.
    const auto first = mode == pad_mode::circular ? padded.begin : 0;
    const auto size = mode == pad_mode::circular ? padded.own : static_cast<std::ptrdiff_t>(sizes[axis]);
    const auto most = mode == pad_mode::reflect ? std::max(size - 1, std::ptrdiff_t{0}) : size;
    if (mode == pad_mode::replicate ? size == 0 && padded.size != 0 : std::max(before, after) > most)
        fail<shape_error>("pad", "axis ", axis, " of ", sizes, " has not the elements to be padded with: ", before, " before, ",
                          after, " after");
    const auto from = [=](std::size_t i) { return first + index_outside(mode, static_cast<std::ptrdiff_t>(i) - before - first, size); };
    return take_along(x, index_map(padded.size, from), axis);
}

/// y[j] = x[the index at which j is found]        dx[i] = the sum of dy[j] over all j found there
template <element T>
tensor<T> padded_value(const basic_tensor<T>& x, const padding<T>& by) {
    if (by.axes != x.rank()) fail<rank_error>("pad", by.axes, " pairs for ", x.rank(), " axes; there is one for each");
    if (by.mode == pad_mode::constant) return pad_by_number(x, by);
    auto y = reshape_to(x, shape_of(x));
    for (auto axis = std::size_t{0}; axis < by.axes; ++axis)
        if (by.before[axis] != 0 || by.after[axis] != 0) y = pad_along(y, axis, by.mode, by.before[axis], by.after[axis]);
    return y;
}
template <element T>
tensor<T> pad_around(const basic_tensor<T>& x, const padding<T>& by) {
    return call("pad", {"x", "by"},
                [](const basic_tensor<T>& v, const padding<T>& widths) { return padded_value<T>(v, widths); },
                x, by);
}

template <class Range>
concept pad_widths = sequence<Range> && (std::same_as<sequence_value<Range>, pad_width> ||
                                         std::tuple_size<sequence_value<Range>>::value == 2);

}  // namespace detail

/// x with elements before and after its own, one pair of numbers for each axis: pad(x, {{0, 0}, {1, 2}}, pad_mode::reflect).
/// A number that is not 0 is given after the mode: pad(x, {{1, 1}}, pad_mode::constant, -1). The pairs may be a range, too.
/// By `reflect` fewer elements than x has, by `circular` at most as many. Throws `shape_error`, `rank_error`; `value_error` for
/// a number that the mode does not use.
struct pad_fn {
    template <element T, std::size_t N, std::size_t K>
    tensor<T, K> operator()(const tensor<T, N>& x, const pad_width (&widths)[K], pad_mode mode = pad_mode::constant) const {
        return (*this)(x, widths, mode, 0);
    }
    template <element T, std::size_t N, std::size_t K, scalar S>
    tensor<T, K> operator()(const tensor<T, N>& x, const pad_width (&widths)[K], pad_mode mode, S value) const {
        static_assert(N == dynamic_rank || N == K, "pad takes one pair for each axis");
        return detail::with_rank<K>(detail::pad_around(x, detail::padding<T>{widths, mode, around<T>(mode, value)}));
    }
    template <element T, std::size_t N, detail::pad_widths Widths>
    tensor<T, N> operator()(const tensor<T, N>& x, const Widths& widths, pad_mode mode = pad_mode::constant) const {
        return (*this)(x, widths, mode, 0);
    }
    template <element T, std::size_t N, detail::pad_widths Widths, scalar S>
    tensor<T, N> operator()(const tensor<T, N>& x, const Widths& widths, pad_mode mode, S value) const {
        return detail::with_rank<N>(detail::pad_around(x, detail::padding<T>{widths, mode, around<T>(mode, value)}));
    }

private:
    template <element T, scalar S>
    static T around(pad_mode mode, S value) {
        if (mode != pad_mode::constant && value != S{0}) fail<value_error>("pad", "only pad_mode::constant has a number around x");
        return detail::as_element<T>("pad", value);
    }
};
inline constexpr pad_fn pad{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> pad_around(const basic_tensor<T>&, const padding<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
