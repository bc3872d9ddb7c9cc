// The product of two tensors whose axes have labels, summed over those that are not needed further: what einsum and
// tensordot are made of.
//
// It is one matrix product, or a stack of them, wherever there is something to sum. Labels fall into those of the stack
// (shared and needed), inner ones (shared and summed) and free ones (of one operand). An operand is read where it stands when
// its inner labels are together, and behind those of the stack; transposed when free labels come last. Only else its
// axes are moved first.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/einsum_labels.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/shape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI::detail {

template <real T>
struct labelled {
    tensor<T> value{};
    label_list labels{};
};

XGRAD_ON_DEMAND shape sizes_of(std::span<const axis_label> labels, const label_sizes& sizes) {
    auto result = shape{};
    for (const auto one : labels) result.push_back(sizes[one]);
    return result;
}

/// The same with its axes in the order of `wanted`, which has the same labels.
template <real T>
labelled<T> reordered(const labelled<T>& x, const label_list& wanted) {
    if (x.labels == wanted) return x;
    auto order = std::array<std::size_t, max_rank>{};
    for (auto axis = std::size_t{0}; axis < wanted.count; ++axis) order[axis] = x.labels.position(wanted[axis]);
    return {permute_axes(x.value, order), wanted};
}

/// How one operand takes part in a stack of matrix products as it stands: its labels are those of the stack (and some free ones
/// among them), then (free, inner), or (inner, free) when it is transposed.
template <class = void>   // on demand
struct matrix_layout {
    std::span<const axis_label> stack, free, inner;
    bool inner_first = false, possible = true;

    matrix_layout(const label_list& labels, label_set shared, label_set summed) {
        const auto is_inner = [=](axis_label one) { return contains(summed, one); };
        const auto is_shared = [=](axis_label one) { return contains(shared, one); };
        const auto *const begin = labels.begin(), *const end = labels.end();
        const auto* const first = std::find_if(begin, end, is_inner);
        const auto* const last = std::find_if_not(first, end, is_inner);
        inner = {first, last};
        inner_first = last != end;
        if (inner_first) {
            stack = {begin, first}, free = {last, end};
            possible = std::none_of(last, end, is_inner) && std::none_of(last, end, is_shared);
        } else {
            auto from = first;
            while (from != begin && !is_shared(from[-1])) --from;
            stack = {begin, from}, free = {from, first};
        }
    }
    label_list shared_stack(label_set shared) const {
        auto result = label_list{};
        result.append(stack.data(), stack.data() + stack.size());
        return result.only(shared);
    }
};

inline std::size_t volume_of(std::span<const axis_label> labels, const label_sizes& sizes) {
    auto product = std::size_t{1};
    for (const auto one : labels) product *= sizes[one];
    return product;
}

/// The product of two operands, summed over what they share and nobody needs further.
template <real T>
class contraction {
public:
    contraction(labelled<T> a, labelled<T> b, label_set needed, const label_sizes& sizes)
        : m_a{std::move(a)}, m_b{std::move(b)}, m_sizes{sizes}, m_shared{m_a.labels.set() & m_b.labels.set()},
          m_summed{m_shared & ~needed} {}

    /// With its axes as in `wanted`, so far as that costs nothing.
    labelled<T> in_order_of(const label_list& wanted) {
        if (m_summed == 0) return elementwise(wanted);
        arrange();
        const auto stack = merged(layout(m_a), layout(m_b));
        if (result_labels(stack, m_b, m_a) == wanted) std::swap(m_a, m_b);
        const auto left = layout(m_a), right = layout(m_b);
        auto y = multiply_matrices(as_matrices(m_a, left, stack), as_matrices(m_b, right, stack), {left.inner_first, !right.inner_first});
        const auto labels = result_labels(stack, m_a, m_b);
        return {reshape_to(y, sizes_of(labels, m_sizes)), labels};
    }

private:
    /// Below so many products of single elements, one matrix product of moved operands is better than a stack of them.
    static constexpr std::size_t least_work = 4096;

    matrix_layout<> layout(const labelled<T>& x) const { return {x.labels, m_shared & ~m_summed, m_summed}; }
    label_set free_in_stack(const matrix_layout<>& x) const {
        auto set = label_set{0};
        for (const auto one : x.stack) set |= set_of(one);
        return set & ~m_shared;
    }

    labelled<T> elementwise(const label_list& wanted) const {
        auto labels = m_a.labels;
        for (const auto one : m_b.labels)
            if (!contains(m_shared, one)) labels.push_back(one);
        if (wanted.set() == labels.set()) labels = wanted;
        const auto aligned = [&](const labelled<T>& x) {
            const auto own = x.labels.set();
            auto sizes = sizes_of(labels, m_sizes);
            for (auto axis = std::size_t{0}; axis < labels.count; ++axis)
                if (!contains(own, labels[axis])) sizes[axis] = 1;
            return reshape_to(reordered(x, labels.only(own)).value, sizes);
        };
        return {apply_binary<multiply_fn>(aligned(m_a), aligned(m_b)), labels};
    }

    /// Moves axes where the operands do not go together as they stand: those of the larger one only if they must be.
    void arrange() {
        auto& larger = m_a.value.size() >= m_b.value.size() ? m_a : m_b;
        auto& other = &larger == &m_a ? m_b : m_a;
        if (!layout(larger).possible) move(larger, larger.labels);
        if (!go_together()) move(other, larger.labels);
        if (!go_together()) move(larger, larger.labels);
    }
    /// To (stack, free, inner), in the order in which they stand in `order`, as far as they do.
    void move(labelled<T>& x, const label_list& order) const {
        auto wanted = order.only(m_shared & ~m_summed);
        const auto rest = x.labels.only(~m_shared), inner = order.only(m_summed);
        wanted.append(rest.begin(), rest.end());
        wanted.append(inner.begin(), inner.end());
        x = reordered(x, wanted);
    }
    bool go_together() const {
        const auto left = layout(m_a), right = layout(m_b);
        if (!left.possible || !right.possible || !std::equal(left.inner.begin(), left.inner.end(), right.inner.begin(), right.inner.end()))
            return false;
        if (left.shared_stack(m_shared) != right.shared_stack(m_shared)) return false;
        const auto strays_left = free_in_stack(left), strays_right = free_in_stack(right);
        if ((strays_left | strays_right) == 0) return true;
        const auto work = volume_of(left.free, m_sizes) * volume_of(left.inner, m_sizes) * volume_of(right.free, m_sizes);
        return (strays_left == 0 || strays_right == 0) && work >= least_work && std::max(left.stack.size(), right.stack.size()) + 2 <= max_rank;
    }

    /// The stack's labels, of two operands that have the shared ones in one order.
    label_list merged(const matrix_layout<>& left, const matrix_layout<>& right) const {
        auto result = label_list{};
        const auto* next = right.stack.data();
        const auto* const end = next + right.stack.size();
        for (const auto one : left.stack) {
            if (contains(m_shared, one)) {
                while (*next != one) result.push_back(*next++);
                ++next;
            }
            result.push_back(one);
        }
        result.append(next, end);
        return result;
    }
    label_list result_labels(const label_list& stack, const labelled<T>& a, const labelled<T>& b) const {
        auto result = stack;
        for (const auto* each : {&a, &b}) {
            const auto own = layout(*each).free;
            result.append(own.data(), own.data() + own.size());
        }
        return result;
    }

    /// One matrix, or a stack with one axis; with one for each label where an operand lacks some.
    tensor<T> as_matrices(const labelled<T>& x, const matrix_layout<>& own, const label_list& stack) const {
        auto sizes = shape{};
        const auto labels = x.labels.set();
        if ((stack.set() & ~m_shared) == 0) {
            if (stack.count != 0) sizes.push_back(volume_of(own.stack, m_sizes));
        } else {
            for (const auto one : stack) sizes.push_back(contains(labels, one) ? m_sizes[one] : 1);
        }
        sizes.push_back(volume_of(own.inner_first ? own.inner : own.free, m_sizes));
        sizes.push_back(volume_of(own.inner_first ? own.free : own.inner, m_sizes));
        return reshape_to(x.value, sizes);
    }

    labelled<T> m_a, m_b;
    const label_sizes& m_sizes;
    label_set m_shared, m_summed;
};

}  // namespace xgrad::inline XGRAD_ABI::detail
