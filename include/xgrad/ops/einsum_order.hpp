// In which order the operands of a product of many are multiplied, two at a time.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/ops/einsum_labels.hpp>

#include <bit>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace xgrad::inline XGRAD_ABI::detail {

/// The cheapest way to multiply up to `most` operands, found from all (R. Bellman's dynamic programming over sets of operands,
/// as in R. Pfeifer, J. Haegeman, F. Verstraete, "Faster identification of optimal contraction sequences for tensor networks",
/// 2014). The cost of two is the number of their products of single elements.
template <class = void>   // on demand
class contraction_order {
public:
    static constexpr std::size_t most = 8;

    contraction_order(std::span<const label_set> operands, label_set output, const label_sizes& sizes)
        : m_operands{operands}, m_output{output}, m_sizes{sizes}, m_best(std::size_t{1} << operands.size()) {
        for (auto set = std::size_t{1}; set < m_best.size(); ++set)
            if (!std::has_single_bit(set)) find_split(set);
    }

    /// One of the two sets of operands of which the product of `set` is made; the other one is the rest.
    std::size_t split(std::size_t set) const { return m_best[set].left; }
    std::size_t all() const { return m_best.size() - 1; }

    /// The labels of the product of a set of operands that are needed outside it, or in the result.
    label_set labels(std::size_t set) const {
        auto inside = label_set{0}, outside = m_output;
        for (auto k = std::size_t{0}; k < m_operands.size(); ++k) ((set >> k & 1u) != 0 ? inside : outside) |= m_operands[k];
        return inside & outside;
    }

private:
    struct entry {
        double cost = 0;
        std::size_t left = 0;
    };

    void find_split(std::size_t set) {
        auto& best = m_best[set];
        best.cost = std::numeric_limits<double>::infinity();
        // Every way to part the set, once: its lowest operand is on the left.
        const auto lowest = set & (~set + 1);
        for (auto left = (set - 1) & set; left != 0; left = (left - 1) & set) {
            if ((left & lowest) == 0) continue;
            const auto cost = m_best[left].cost + m_best[set ^ left].cost + volume(labels(left) | labels(set ^ left));
            if (best.left == 0 || cost < best.cost) best = {cost, left};
        }
        // More axes than a tensor has: any other way is better.
        if (static_cast<std::size_t>(std::popcount(labels(set))) > max_rank) best.cost = std::numeric_limits<double>::infinity();
    }

    double volume(label_set set) const {
        auto product = 1.0;
        for (; set != 0; set &= set - 1) product *= static_cast<double>(m_sizes[static_cast<std::size_t>(std::countr_zero(set))]);
        return product;
    }

    std::span<const label_set> m_operands;
    label_set m_output;
    const label_sizes& m_sizes;
    std::vector<entry, memory::allocator<entry>> m_best;
};

}  // namespace xgrad::inline XGRAD_ABI::detail
