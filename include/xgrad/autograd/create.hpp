// Tensors out of nothing. Every function takes its sizes as braces, `zeros<float>({2, 3})`, which fix the
// rank; as a `std::array`, which fixes it too; or as any other range of integers.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/shape.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <class Sizes>
inline constexpr std::size_t rank_of = dynamic_rank;
template <class Integer, std::size_t N>
inline constexpr std::size_t rank_of<std::array<Integer, N>> = N;
template <std::size_t N>
inline constexpr std::size_t rank_of<static_shape<N>> = N;

template <std::size_t N>
shape shape_from(const extent (&sizes)[N]) {
    auto result = shape{};
    for (const auto size : sizes) {
        if (size < 0) fail<shape_error>("shape", "a size must not be negative, got ", size.value);
        result.push_back(static_cast<std::size_t>(size.value));
    }
    return result;
}

template <std::size_t N, element T>
tensor<T, N> filled(const shape& sizes, T value) {
    auto y = make_result<T>(sizes);
    std::fill_n(access::elements(y), y.size(), value);
    return with_rank<N>(std::move(y));
}

/// Each element from one call of `next`, in row-major order.
template <std::size_t N, element T, class Next>
tensor<T, N> generated(const shape& sizes, const Next& next) {
    auto y = make_result<T>(sizes);
    with_default_generator([&](generator& numbers) {
        std::generate_n(access::elements(y), y.size(), [&] { return next(numbers); });
    });
    return with_rank<N>(std::move(y));
}

template <element T>
T integer_between(generator& numbers, std::int64_t low, std::int64_t high) {
    const auto from = static_cast<std::uint64_t>(low), to = static_cast<std::uint64_t>(high);   // which wrap around
    return static_cast<T>(static_cast<std::int64_t>(from + numbers.below(to - from)));
}

}  // namespace detail

/// Elements left as the memory held them, to be written before they are read.
template <element T = float, std::size_t N>
tensor<T, N> empty(const extent (&sizes)[N]) {
    return detail::with_rank<N>(detail::make_result<T>(detail::shape_from(sizes)));
}
template <element T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> empty(const Sizes& sizes) {
    return detail::with_rank<detail::rank_of<Sizes>>(detail::make_result<T>(shape(sizes)));
}

/// Every element is `value`.
template <element T = float, std::size_t N>
tensor<T, N> full(const extent (&sizes)[N], std::type_identity_t<T> value) {
    return detail::filled<N, T>(detail::shape_from(sizes), value);
}
template <element T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> full(const Sizes& sizes, std::type_identity_t<T> value) {
    return detail::filled<detail::rank_of<Sizes>, T>(shape(sizes), value);
}

template <element T = float, std::size_t N>
tensor<T, N> zeros(const extent (&sizes)[N]) {
    return full<T>(sizes, T{0});
}
template <element T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> zeros(const Sizes& sizes) {
    return full<T>(sizes, T{0});
}

template <element T = float, std::size_t N>
tensor<T, N> ones(const extent (&sizes)[N]) {
    return full<T>(sizes, T{1});
}
template <element T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> ones(const Sizes& sizes) {
    return full<T>(sizes, T{1});
}

/// Uniform in [0, 1).
template <real T = float, std::size_t N>
tensor<T, N> rand(const extent (&sizes)[N]) {
    return detail::generated<N, T>(detail::shape_from(sizes), [](generator& g) { return g.uniform<T>(); });
}
template <real T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> rand(const Sizes& sizes) {
    return detail::generated<detail::rank_of<Sizes>, T>(shape(sizes), [](generator& g) { return g.uniform<T>(); });
}

/// Normal with mean 0 and standard deviation 1.
template <real T = float, std::size_t N>
tensor<T, N> randn(const extent (&sizes)[N]) {
    return detail::generated<N, T>(detail::shape_from(sizes), [](generator& g) { return g.normal<T>(); });
}
template <real T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> randn(const Sizes& sizes) {
    return detail::generated<detail::rank_of<Sizes>, T>(shape(sizes), [](generator& g) { return g.normal<T>(); });
}

/// Integers in [low, high), each as likely as the next. Throws `value_error` when there are none.
template <element T = std::int64_t, std::size_t N>
tensor<T, N> randint(std::int64_t low, std::int64_t high, const extent (&sizes)[N]) {
    if (low >= high) fail<value_error>("randint", "low must be below high, got ", low, " and ", high);
    return detail::generated<N, T>(detail::shape_from(sizes),
                                   [=](generator& g) { return detail::integer_between<T>(g, low, high); });
}

/// The numbers 0, ..., count - 1 in random order.
inline tensor<std::int64_t, 1> randperm(std::size_t count) {
    auto y = detail::make_result<std::int64_t>({count});
    auto* const numbers = detail::access::elements(y);
    for (auto i = std::size_t{0}; i < count; ++i) numbers[i] = static_cast<std::int64_t>(i);
    with_default_generator([&](generator& g) { g.shuffle(std::span{numbers, count}); });
    return detail::with_rank<1>(std::move(y));
}

/// (rows, columns) with ones on the diagonal; square when `columns` is left out.
template <element T = float>
tensor<T, 2> eye(std::size_t rows, std::size_t columns) {
    auto y = zeros<T>({rows, columns});
    for (auto i = std::size_t{0}; i < std::min(rows, columns); ++i)
        detail::access::elements(y)[i * columns + i] = T{1};
    return y;
}
template <element T = float>
tensor<T, 2> eye(std::size_t rows) {
    return eye<T>(rows, rows);
}

/// start, start + step, ... below `stop` (above it for a negative step). Throws `value_error` for step 0.
template <element T = float>
tensor<T, 1> arange(std::type_identity_t<T> start, std::type_identity_t<T> stop, std::type_identity_t<T> step = T{1}) {
    if (step == T{0}) fail<value_error>("arange", "the step must not be 0");
    const auto steps = std::ceil((static_cast<double>(stop) - static_cast<double>(start)) / static_cast<double>(step));
    const auto count = steps > 0 ? static_cast<std::size_t>(steps) : std::size_t{0};
    auto y = empty<T>({count});
    for (auto i = std::size_t{0}; i < count; ++i)
        detail::access::elements(y)[i] = static_cast<T>(start + static_cast<T>(i) * step);
    return y;
}
template <element T = float>
tensor<T, 1> arange(std::type_identity_t<T> stop) {
    return arange<T>(T{0}, stop);
}

/// `count` numbers from `start` to `stop`, both included, evenly spaced.
template <real T = float>
tensor<T, 1> linspace(std::type_identity_t<T> start, std::type_identity_t<T> stop, std::size_t count = 50) {
    auto y = empty<T>({count});
    for (auto i = std::size_t{0}; i < count; ++i)
        detail::access::elements(y)[i] =
            i + 1 == count && count > 1 ? stop
                                        : start + (stop - start) * static_cast<T>(i) / static_cast<T>(std::max<std::size_t>(count, 2) - 1);
    return y;
}

template <element T, std::size_t N>
tensor<T, N> empty_like(const tensor<T, N>& x) {
    return empty<T>(x.shape());
}
template <element T, std::size_t N>
tensor<T, N> full_like(const tensor<T, N>& x, std::type_identity_t<T> value) {
    return full<T>(x.shape(), value);
}
template <element T, std::size_t N>
tensor<T, N> zeros_like(const tensor<T, N>& x) {
    return zeros<T>(x.shape());
}
template <element T, std::size_t N>
tensor<T, N> ones_like(const tensor<T, N>& x) {
    return ones<T>(x.shape());
}
template <real T, std::size_t N>
tensor<T, N> rand_like(const tensor<T, N>& x) {
    return rand<T>(x.shape());
}
template <real T, std::size_t N>
tensor<T, N> randn_like(const tensor<T, N>& x) {
    return randn<T>(x.shape());
}

}  // namespace xgrad
