// Random numbers as tensors: bernoulli, multinomial, normal, uniform, and dropout. (rand, randn, randint and randperm are made
// out of nothing, in autograd/create.hpp.) All come from the default generator, so that `manual_seed` determines them.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/distributions.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/dropout.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

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

struct multinomial_options {
    bool replacement = false;   ///< whether a class can be drawn more than once
};

namespace detail {

/// Draws classes by their weights.
template <real T>
class class_lots {
public:
    class_lots(std::span<const T> weights, std::size_t row) {
        auto largest = T{0};
        for (const auto each : weights) {
            if (!(each >= 0) || !is_finite_number(each))
                fail<value_error>("multinomial", "a weight is finite and at least 0, got ", each, " in row ", row);
            largest = std::max(largest, each);
        }
        for (auto i = std::size_t{0}; i < weights.size(); ++i)
            if (weights[i] > 0) m_classes.push_back(i), m_weights.push_back(static_cast<double>(weights[i]) / static_cast<double>(largest));
        if (m_classes.empty()) fail<value_error>("multinomial", "all weights of row ", row, " are 0");
    }

    /// One after the other, whatever was drawn before.
    void draw(generator& numbers, std::span<std::int64_t> drawn) const {
        auto up_to = m_weights;
        for (auto i = std::size_t{1}; i < up_to.size(); ++i) up_to[i] += up_to[i - 1];
        for (auto& each : drawn) {
            const auto at = std::upper_bound(up_to.begin(), up_to.end(), numbers.uniform<double>() * up_to.back()) - up_to.begin();
            each = static_cast<std::int64_t>(m_classes[std::min(static_cast<std::size_t>(at), m_classes.size() - 1)]);
        }
    }
    /// Each at most once: in the order of waiting times, exponential with the weights as their rates. P. Efraimidis, P. Spirakis,
    /// "Weighted random sampling with a reservoir", 2006.
    void draw_different(generator& numbers, std::span<std::int64_t> drawn, std::size_t row) const {
        if (drawn.size() > m_classes.size())
            fail<value_error>("multinomial", drawn.size(), " different classes wanted of row ", row, ", where ", m_classes.size(), " have a weight");
        auto waiting = std::vector<std::pair<double, std::size_t>, memory::allocator<std::pair<double, std::size_t>>>{};
        for (auto i = std::size_t{0}; i < m_classes.size(); ++i) {
            const auto p = (static_cast<double>(numbers() >> 12) + 0.5) * 0x1p-52;
            waiting.emplace_back(-exact_log(p) / m_weights[i], m_classes[i]);
        }
        const auto end = waiting.begin() + static_cast<std::ptrdiff_t>(drawn.size());
        std::partial_sort(waiting.begin(), end, waiting.end());
        std::transform(waiting.begin(), end, drawn.begin(), [](const auto& each) { return static_cast<std::int64_t>(each.second); });
    }

private:
    std::vector<std::size_t, memory::allocator<std::size_t>> m_classes;   // those with a weight
    std::vector<double, memory::allocator<double>> m_weights;             // by the largest
};

template <real T>
tensor<std::int64_t> multinomial_of(const basic_tensor<T>& weights, std::size_t count, bool replacement) {
    const auto& sizes = shape_of(weights);
    if (sizes.rank() != 1 && sizes.rank() != 2)
        fail<rank_error>("multinomial", "the weights are ", sizes, "; they must be (classes) or (rows, classes)");
    if (count == 0) fail<value_error>("multinomial", "no class wanted");
    auto drawn = sizes;
    drawn[sizes.rank() - 1] = count;
    auto y = make_result<std::int64_t>(drawn);
    const auto all = weights.span();
    with_default_generator([&](generator& numbers) {
        for (auto row = std::size_t{0}; row < drawn.elements() / count; ++row) {
            const auto lots = class_lots<T>{all.subspan(row * sizes.back(), sizes.back()), row};
            const auto to = std::span{access::elements(y) + row * count, count};
            if (replacement) lots.draw(numbers, to);
            else lots.draw_different(numbers, to, row);
        }
    });
    return y;
}

}  // namespace detail

/// `count` classes, drawn with probabilities proportional to the weights: weights (classes) or (rows, classes), y (count) or
/// (rows, count); without `replacement` each class at most once. Throws `value_error` for weights that are negative, not finite or
/// all 0, and for more classes than have a weight; `rank_error`.
template <real T, std::size_t N>
tensor<std::int64_t, N> multinomial(const tensor<T, N>& weights, std::size_t count, multinomial_options options = {}) {
    static_assert(N == 1 || N == 2 || N == dynamic_rank, "weights are (classes) or (rows, classes)");
    return detail::with_rank<N>(detail::multinomial_of<T>(weights, count, options.replacement));
}

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> normal_around(const basic_tensor<T>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<std::int64_t> multinomial_of(const basic_tensor<T>&, std::size_t, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
