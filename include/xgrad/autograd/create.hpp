// Tensors out of nothing. Every function takes its sizes as braces, `zeros<float>({2, 3})`, which fix the
// rank; as a `std::array`, which fixes it too; or as any other range of integers.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/shape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
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

/// Random numbers are an operation, drawn anew each time it is called.
template <std::size_t N, real T>
tensor<T, N> uniform_numbers(const shape& sizes) {
    return call("rand", {"shape", "to"}, [](const shape& of, dtype) {
        return generated<N, T>(of, [](generator& g) { return g.uniform<T>(); });
    }, sizes, dtype_of<T>());
}
template <std::size_t N, real T>
tensor<T, N> normal_numbers(const shape& sizes) {
    return call("randn", {"shape", "to"}, [](const shape& of, dtype) {
        return generated<N, T>(of, [](generator& g) { return g.normal<T>(); });
    }, sizes, dtype_of<T>());
}

/// One of the integers from low to high - 1, which are all of type T.
template <element T>
T integer_between(generator& numbers, whole low, whole high) {
    const auto count = high.bits() - low.bits();   // 0 for all 2^64
    const auto bits = low.bits() + (count == 0 ? numbers() : numbers.below(count));
    if constexpr (real<T>) return static_cast<T>(static_cast<std::int64_t>(bits));
    else return static_cast<T>(bits);
}

/// Throws `value_error` unless every integer from low to high - 1 is a T, and there is one.
template <element T>
void check_integers(whole low, whole high) {
    using limits = std::numeric_limits<T>;
    if (low >= high) fail<value_error>("randint", "low must be below high, got ", low, " and ", high);
    const auto [least, most] = [] {
        if constexpr (real<T>) return std::pair{whole{-(std::int64_t{1} << limits::digits)}, whole{std::int64_t{1} << limits::digits}};
        else return std::pair{whole{limits::lowest()}, whole{limits::max()}};
    }();
    if (low < least || (high > most && high.bits() - most.bits() != 1))
        fail<value_error>("randint", "low is ", low, ", high is ", high, "; the numbers between must be among the integers of ",
                          dtype_name<T>(), ", ", least, " to ", most);
}

template <std::size_t N, element T>
tensor<T, N> random_integers(whole low, whole high, const shape& sizes) {
    check_integers<T>(low, high);
    return call("randint", {"low", "high", "shape", "to"}, [](whole first, whole end, const shape& of, dtype) {
        return generated<N, T>(of, [=](generator& g) { return integer_between<T>(g, first, end); });
    }, low, high, sizes, dtype_of<T>());
}

/// The numbers of `arange`, found as they are written: each bound as it was given, whatever T holds.
template <element T>
    requires std::is_integral_v<T>
tensor<T, 1> spaced(whole start, whole stop, whole step) {
    const auto up = step > 0;
    start.as<T>("arange");
    if (up ? start >= stop : start <= stop) return with_rank<1>(make_result<T>({0}));
    const auto distance = [up](whole from, whole to) { return up ? to.bits() - from.bits() : from.bits() - to.bits(); };
    const auto edge = whole{up ? std::numeric_limits<T>::max() : std::numeric_limits<T>::lowest()};
    const auto stride = distance(0, step);
    const auto leaves = up ? stop > edge : stop < edge;
    const auto room = leaves ? distance(start, edge) : distance(start, stop) - 1;
    if (leaves && stride - room % stride < distance(edge, stop))
        fail<value_error>("arange", "from ", start, " to ", stop, " in steps of ", step, " there are numbers that do not fit ", dtype_name<T>());
    const auto steps = std::min(room / stride, static_cast<std::uint64_t>(std::numeric_limits<std::ptrdiff_t>::max()) - 1);
    auto y = make_result<T>({steps + 1});
    for (auto i = std::uint64_t{0}; i <= steps; ++i) access::elements(y)[i] = static_cast<T>(start.bits() + i * step.bits());
    return with_rank<1>(std::move(y));
}
template <real T>
tensor<T, 1> spaced(double start, double stop, double step) {
    const auto distance = stop - start;
    const auto steps = std::ceil(is_finite_number(distance) ? distance / step : (stop / 2 - start / 2) / (step / 2));
    auto y = make_result<T>({steps > 0 ? nearest_cast<std::size_t>(steps) : std::size_t{0}});
    // Rounded once: a product and a sum would be fused by some compilers and not by others.
    const auto at = [=](std::size_t i) { return static_cast<T>(std::fma(static_cast<double>(i), step, start)); };
    if (y.size() != 0 && !(is_finite_number(at(0)) && is_finite_number(at(y.size() - 1))))
        fail<value_error>("arange", "from ", start, " to ", stop, " there are numbers that do not fit ", dtype_name<T>());
    for (auto i = std::size_t{0}; i < y.size(); ++i) access::elements(y)[i] = at(i);
    return with_rank<1>(std::move(y));
}

/// A bound of `arange`.
template <element T>
using bound_for = std::conditional_t<real<T>, double, whole>;

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

/// Every element is `value`. Throws `value_error` for an integer that the integers of type T cannot be.
template <element T = float, std::size_t N>
tensor<T, N> full(const extent (&sizes)[N], detail::number_for<T> value) {
    return detail::filled<N, T>(detail::shape_from(sizes), detail::as_element<T>("full", value));
}
template <element T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> full(const Sizes& sizes, detail::number_for<T> value) {
    return detail::filled<detail::rank_of<Sizes>, T>(shape(sizes), detail::as_element<T>("full", value));
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
    return detail::uniform_numbers<N, T>(detail::shape_from(sizes));
}
template <real T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> rand(const Sizes& sizes) {
    return detail::uniform_numbers<detail::rank_of<Sizes>, T>(shape(sizes));
}

/// Normal with mean 0 and standard deviation 1.
template <real T = float, std::size_t N>
tensor<T, N> randn(const extent (&sizes)[N]) {
    return detail::normal_numbers<N, T>(detail::shape_from(sizes));
}
template <real T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> randn(const Sizes& sizes) {
    return detail::normal_numbers<detail::rank_of<Sizes>, T>(shape(sizes));
}

/// Integers in [low, high), each as likely as the next. Throws `value_error` when there are none, and when T does not
/// hold them all; `high` itself may be the first beyond T.
template <element T = std::int64_t, std::size_t N>
tensor<T, N> randint(whole low, whole high, const extent (&sizes)[N]) {
    return detail::random_integers<N, T>(low, high, detail::shape_from(sizes));
}
template <element T = std::int64_t, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> randint(whole low, whole high, const Sizes& sizes) {
    return detail::random_integers<detail::rank_of<Sizes>, T>(low, high, shape(sizes));
}

namespace detail {

template <element T>
tensor<T, 1> random_order(std::size_t count) {
    return call("randperm", {"count"}, [](std::size_t size) {
        auto y = make_result<T>({size});
        auto* const numbers = access::elements(y);
        for (auto i = std::size_t{0}; i < size; ++i) numbers[i] = static_cast<T>(i);
        with_default_generator([&](generator& g) { g.shuffle(std::span{numbers, size}); });
        return with_rank<1>(std::move(y));
    }, count);
}

}  // namespace detail

/// The numbers 0, ..., count - 1 in random order.
struct randperm_fn {
    template <class = void>   // on demand
    tensor<std::int64_t, 1> operator()(std::size_t count) const {
        return detail::random_order<std::int64_t>(count);
    }
};
inline constexpr randperm_fn randperm{};

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

/// start, start + step, ... below `stop` (above it for a negative step). For real numbers bounds and step are taken as
/// doubles, there are ceil((stop - start) / step) elements, and each is rounded once; integers are counted exactly, and
/// `stop` may lie beyond what T holds. Throws `value_error` for step 0, for bounds that are not finite and for elements
/// that do not fit T.
template <element T = float>
tensor<T, 1> arange(detail::bound_for<T> start, detail::bound_for<T> stop, detail::bound_for<T> step = 1) {
    if constexpr (real<T>)
        if (!(is_finite_number(start) && is_finite_number(stop) && is_finite_number(step)))
            fail<value_error>("arange", "from ", start, " to ", stop, " in steps of ", step, "; all three must be finite");
    if (step == 0) fail<value_error>("arange", "the step must not be 0");
    return detail::spaced<T>(start, stop, step);
}
template <element T = float>
tensor<T, 1> arange(detail::bound_for<T> stop) {
    return arange<T>(0, stop);
}

/// `count` numbers from `start` to `stop`, both included, evenly spaced, and counted from the nearer end: as far from
/// one as their mirror images are from the other. Throws `value_error` for bounds that T cannot hold.
template <real T = float>
tensor<T, 1> linspace(double start, double stop, std::size_t count = 50) {
    if (!(is_finite_number(static_cast<T>(start)) && is_finite_number(static_cast<T>(stop))))
        fail<value_error>("linspace", "from ", start, " to ", stop, "; both must be finite as ", dtype_name<T>());
    // Near the largest numbers a distance, times a count, might overflow.
    const auto scale = std::max(std::fabs(start), std::fabs(stop)) < 0x1p900 ? 1.0 : 0x1p-100;
    const auto first = start * scale, last = stop * scale, intervals = static_cast<double>(std::max<std::size_t>(count, 2) - 1);
    const auto along = [=](std::size_t steps) { return (last - first) * static_cast<double>(steps) / intervals; };
    auto y = empty<T>({count});
    auto* const elements = detail::access::elements(y);
    for (auto i = std::size_t{1}; i + 1 < count; ++i) {
        const auto from_stop = count - 1 - i;
        const auto scaled = i < from_stop ? first + along(i) : i > from_stop ? last - along(from_stop) : (first + last) / 2;
        elements[i] = static_cast<T>(scaled / scale);
    }
    if (count != 0) elements[count - 1] = static_cast<T>(stop), elements[0] = static_cast<T>(start);
    return y;
}

template <element T, std::size_t N>
tensor<T, N> empty_like(const tensor<T, N>& x) {
    return empty<T>(x.shape());
}
template <element T, std::size_t N>
tensor<T, N> full_like(const tensor<T, N>& x, detail::number_for<std::type_identity_t<T>> value) {
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
