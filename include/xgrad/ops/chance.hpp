// Random numbers as tensors: bernoulli, multinomial, normal, uniform, and dropout. (rand, randn, randint and randperm are made
// out of nothing, in autograd/create.hpp.) All come from the default generator, so that `manual_seed` determines them.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/distributions.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/multinomial.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <std::size_t N, real T>
tensor<T, N> uniform_of(double low, double high, const shape& sizes) {
    return call("uniform", {"low", "high", "shape", "to"}, [](double from, double to, const shape& of, dtype) {
        return generated<N, T>(of, uniform_between<T>("uniform", from, to));
    }, low, high, sizes, dtype_of<T>());
}
template <std::size_t N, real T>
tensor<T, N> normal_of(double around, double deviation, const shape& sizes) {
    return call("normal", {"mean", "deviation", "shape", "to"}, [](double centre, double spread, const shape& of, dtype) {
        return generated<N, T>(of, normal_about<T>("normal", centre, spread));
    }, around, deviation, sizes, dtype_of<T>());
}
template <std::size_t N, element T>
tensor<T, N> bernoulli_for_all(double p, const shape& sizes) {
    return call("bernoulli", {"p", "shape", "to"}, [](double chance, const shape& of, dtype) {
        check_probability("bernoulli", chance);
        return generated<N, T>(of, [=](generator& numbers) { return static_cast<T>(numbers.uniform<double>() < chance); });
    }, p, sizes, dtype_of<T>());
}

}  // namespace detail

/// Uniform in [low, high); never `high`, unless it is `low`. Throws `value_error`.
template <real T = float, std::size_t N>
tensor<T, N> uniform(double low, double high, const extent (&sizes)[N]) {
    return detail::uniform_of<N, T>(low, high, detail::shape_from(sizes));
}
template <real T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> uniform(double low, double high, const Sizes& sizes) {
    return detail::uniform_of<detail::rank_of<Sizes>, T>(low, high, shape(sizes));
}

/// Normal with this mean and standard deviation. Throws `value_error`.
template <real T = float, std::size_t N>
tensor<T, N> normal(double around, double deviation, const extent (&sizes)[N]) {
    return detail::normal_of<N, T>(around, deviation, detail::shape_from(sizes));
}
template <real T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> normal(double around, double deviation, const Sizes& sizes) {
    return detail::normal_of<detail::rank_of<Sizes>, T>(around, deviation, shape(sizes));
}

namespace detail {

/// y = mean + deviation z, z standard normal        dmean = dy,  ddeviation = dy z
template <real T>
tensor<T> normal_value(const basic_tensor<T>& around, const basic_tensor<T>& deviation) {
    for (const auto each : deviation.span())
        if (!(each >= 0)) fail<value_error>("normal", "a standard deviation is at least 0, got ", each);
    const auto sizes = broadcast_shapes("normal", shape_of(around), shape_of(deviation));
    const auto noise = generated<dynamic_rank, T>(sizes, [](generator& numbers) { return numbers.normal<T>(); });
    return apply_binary<add_fn>(around, apply_binary<multiply_fn>(deviation, noise));
}
template <real T>
tensor<T> normal_around(const basic_tensor<T>& around, const basic_tensor<T>& deviation) {
    return call("normal", {"mean", "deviation"}, [](const basic_tensor<T>& m, const basic_tensor<T>& s) { return normal_value(m, s); },
                around, deviation);
}

/// One element each: 1 with the probability that p says, 0 else.
template <real T>
tensor<T> bernoulli_of(const basic_tensor<T>& all) {
    return call("bernoulli", {"p"}, [](const basic_tensor<T>& p) {
        for (const auto each : p.span()) check_probability("bernoulli", static_cast<double>(each));
        auto y = make_result<T>(shape_of(p));
        with_default_generator([&](generator& numbers) {
            std::transform(p.data(), p.data() + p.size(), access::elements(y),
                           [&](T each) { return static_cast<T>(numbers.uniform<double>() < static_cast<double>(each)); });
        });
        return y;
    }, all);
}

}  // namespace detail

/// Normal, each element with a mean and a standard deviation of its own, which broadcast; one of them may be a number. The
/// derivatives are those for the numbers drawn: y = mean + deviation z, dmean = dy, ddeviation = dy z. Throws `value_error`.
template <real T, std::size_t N, std::size_t M>
tensor<T, broadcast_rank<N, M>> normal(const tensor<T, N>& around, const tensor<T, M>& deviation) {
    return detail::with_rank<broadcast_rank<N, M>>(detail::normal_around<T>(around, deviation));
}
template <real T, std::size_t N, scalar S>
tensor<T, N> normal(const tensor<T, N>& around, S deviation) {
    return detail::with_rank<N>(detail::normal_around<T>(around, tensor<T>(static_cast<T>(deviation))));
}
template <real T, std::size_t N, scalar S>
tensor<T, N> normal(S around, const tensor<T, N>& deviation) {
    return detail::with_rank<N>(detail::normal_around<T>(tensor<T>(static_cast<T>(around)), deviation));
}

/// For each probability a 1 that comes with it, or a 0. Steps have no slope: nothing is recorded. Throws `value_error` for what is
/// no probability.
template <real T, std::size_t N>
tensor<T, N> bernoulli(const tensor<T, N>& p) {
    return detail::with_rank<N>(detail::bernoulli_of<T>(p));
}
/// The same with one probability for all, of any type of elements.
template <element T = float, std::size_t N>
tensor<T, N> bernoulli(double p, const extent (&sizes)[N]) {
    return detail::bernoulli_for_all<N, T>(p, detail::shape_from(sizes));
}
template <element T = float, integral_range Sizes>
tensor<T, detail::rank_of<Sizes>> bernoulli(double p, const Sizes& sizes) {
    return detail::bernoulli_for_all<detail::rank_of<Sizes>, T>(p, shape(sizes));
}

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> normal_around(const basic_tensor<T>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> bernoulli_of(const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
