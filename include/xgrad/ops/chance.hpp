// Random numbers as tensors: bernoulli, multinomial, normal, uniform, and dropout. (rand, randn, randint and randperm are made
// out of nothing, in autograd/create.hpp.) All come from the default generator, so that `manual_seed` determines them.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/distributions.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/multinomial.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

/// Uniform in [low, high); never `high`, unless it is `low`. Throws `value_error`.
template <real T = float, std::size_t N>
tensor<T, N> uniform(double low, double high, const extent (&sizes)[N]) {
    return detail::generated<N, T>(detail::shape_from(sizes), detail::uniform_numbers<T>("uniform", low, high));
}
template <real T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> uniform(double low, double high, const Sizes& sizes) {
    return detail::generated<detail::rank_of<Sizes>, T>(shape(sizes), detail::uniform_numbers<T>("uniform", low, high));
}

/// Normal with this mean and standard deviation. Throws `value_error`.
template <real T = float, std::size_t N>
tensor<T, N> normal(double mean, double deviation, const extent (&sizes)[N]) {
    return detail::generated<N, T>(detail::shape_from(sizes), detail::normal_numbers<T>("normal", mean, deviation));
}
template <real T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> normal(double mean, double deviation, const Sizes& sizes) {
    return detail::generated<detail::rank_of<Sizes>, T>(shape(sizes), detail::normal_numbers<T>("normal", mean, deviation));
}

namespace detail {

/// y = mean + deviation z, z standard normal        dmean = dy,  ddeviation = dy z
template <real T>
tensor<T> normal_around(const basic_tensor<T>& mean, const basic_tensor<T>& deviation) {
    for (const auto each : deviation.span())
        if (!(each >= 0)) fail<value_error>("normal", "a standard deviation is at least 0, got ", each);
    const auto sizes = broadcast_shapes("normal", shape_of(mean), shape_of(deviation));
    const auto noise = generated<dynamic_rank, T>(sizes, [](generator& numbers) { return numbers.normal<T>(); });
    return apply_binary<add_fn>(mean, apply_binary<multiply_fn>(deviation, noise));
}

/// One element each: 1 with the probability that p says, 0 else.
template <element R, real T>
tensor<R> bernoulli_of(const basic_tensor<T>& p) {
    for (const auto each : p.span()) check_probability("bernoulli", static_cast<double>(each));
    auto y = make_result<R>(shape_of(p));
    with_default_generator([&](generator& numbers) {
        std::transform(p.data(), p.data() + p.size(), access::elements(y),
                       [&](T each) { return static_cast<R>(numbers.uniform<double>() < static_cast<double>(each)); });
    });
    return y;
}

}  // namespace detail

/// Normal, each element with a mean and a standard deviation of its own, which broadcast; one of them may be a number. The
/// derivatives are those for the numbers drawn: y = mean + deviation z, dmean = dy, ddeviation = dy z. Throws `value_error`.
template <real T, std::size_t N, std::size_t M>
tensor<T, broadcast_rank<N, M>> normal(const tensor<T, N>& mean, const tensor<T, M>& deviation) {
    return detail::with_rank<broadcast_rank<N, M>>(detail::normal_around<T>(mean, deviation));
}
template <real T, std::size_t N, scalar S>
tensor<T, N> normal(const tensor<T, N>& mean, S deviation) {
    return detail::with_rank<N>(detail::normal_around<T>(mean, tensor<T>(static_cast<T>(deviation))));
}
template <real T, std::size_t N, scalar S>
tensor<T, N> normal(S mean, const tensor<T, N>& deviation) {
    return detail::with_rank<N>(detail::normal_around<T>(tensor<T>(static_cast<T>(mean)), deviation));
}

/// For each probability a 1 that comes with it, or a 0. Steps have no slope: nothing is recorded. Throws `value_error` for what is
/// no probability.
template <real T, std::size_t N>
tensor<T, N> bernoulli(const tensor<T, N>& p) {
    return detail::with_rank<N>(detail::bernoulli_of<T, T>(p));
}
/// The same with one probability for all, of any type of elements.
template <element T = float, std::size_t N>
tensor<T, N> bernoulli(double p, const extent (&sizes)[N]) {
    detail::check_probability("bernoulli", p);
    return detail::generated<N, T>(detail::shape_from(sizes), [=](generator& g) { return static_cast<T>(g.uniform<double>() < p); });
}
template <element T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> bernoulli(double p, const Sizes& sizes) {
    detail::check_probability("bernoulli", p);
    return detail::generated<detail::rank_of<Sizes>, T>(shape(sizes), [=](generator& g) { return static_cast<T>(g.uniform<double>() < p); });
}

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> normal_around(const basic_tensor<T>&, const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
