// Classes drawn by their weights.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

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
tensor<std::int64_t> multinomial_value(const basic_tensor<T>& weights, std::size_t count, bool replacement) {
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
template <real T>
tensor<std::int64_t> multinomial_any(const basic_tensor<T>& weights, std::size_t count, bool replacement) {
    return call("multinomial", {"weights", "count", "replacement"}, [](const basic_tensor<T>& w, std::size_t draws, bool again) {
        return multinomial_value(w, draws, again);
    }, weights, count, replacement);
}

}  // namespace detail

/// `count` classes, drawn with probabilities proportional to the weights: weights (classes) or (rows, classes), y (count) or
/// (rows, count); without `replacement` each class at most once. Throws `value_error` for weights that are negative, not finite or
/// all 0, and for more classes than have a weight; `rank_error`.
template <real T, std::size_t N>
tensor<std::int64_t, N> multinomial(const tensor<T, N>& weights, std::size_t count, multinomial_options options = {}) {
    static_assert(N == 1 || N == 2 || N == dynamic_rank, "weights are (classes) or (rows, classes)");
    return detail::with_rank<N>(detail::multinomial_any<T>(weights, count, options.replacement));
}

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<std::int64_t> multinomial_any(const basic_tensor<T>&, std::size_t, bool);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
