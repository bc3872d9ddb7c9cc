// Sums of products, written by subscripts.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/spans.hpp>
#include <xgrad/ops/contract.hpp>
#include <xgrad/ops/einsum_labels.hpp>
#include <xgrad/ops/einsum_order.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/view.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <real T>
using operand_list = std::vector<labelled<T>, memory::allocator<labelled<T>>>;

/// x with every label once: where one stands at several axes, their diagonal.
template <real T>
labelled<T> diagonals(const labelled<T>& x) {
    const auto own = kernels::strides::row_major(shape_of(x.value));
    auto at = kernels::strides{};
    auto sizes = shape{};
    auto labels = label_list{};
    for (auto axis = std::size_t{0}; axis < x.labels.count; ++axis) {
        const auto place = labels.position(x.labels[axis]);
        if (place == labels.count) labels.push_back(x.labels[axis]), sizes.push_back(shape_of(x.value)[axis]);
        at.along[place] += own.along[axis];
    }
    if (labels.count == x.labels.count) return x;
    return {strided_part(x.value, at, sizes), labels};
}

/// x without the axes of size 1 whose label has another size elsewhere: they broadcast.
template <real T>
labelled<T> without_repetition(const labelled<T>& x, const label_sizes& sizes) {
    auto own = shape{};
    auto labels = label_list{};
    for (auto axis = std::size_t{0}; axis < x.labels.count; ++axis) {
        const auto size = shape_of(x.value)[axis];
        if (size != sizes[x.labels[axis]]) continue;
        labels.push_back(x.labels[axis]);
        own.push_back(size);
    }
    return labels.count == x.labels.count ? x : labelled<T>{reshape_to(x.value, own), labels};
}

/// x summed over the axes whose labels nobody needs.
template <real T>
labelled<T> without_idle_axes(const labelled<T>& x, label_set needed) {
    auto idle = axis_set{};
    for (auto axis = std::size_t{0}; axis < x.labels.count; ++axis)
        if (!contains(needed, x.labels[axis])) idle.insert(axis);
    return idle.empty() ? x : labelled<T>{sum_over(x.value, idle, false), x.labels.only(needed)};
}

/// The product of a set of operands, along the cheapest way.
template <real T>
labelled<T> product_of_set(const operand_list<T>& operands, const contraction_order<>& order, std::size_t set,
                           const label_list& wanted, const label_sizes& sizes) {
    if ((set & (set - 1)) == 0) return operands[static_cast<std::size_t>(std::countr_zero(set))];
    const auto left = order.split(set), right = set ^ left;
    auto a = product_of_set(operands, order, left, {}, sizes), b = product_of_set(operands, order, right, {}, sizes);
    return contraction<T>{std::move(a), std::move(b), order.labels(set), sizes}.in_order_of(wanted);
}

/// Multiplies the two whose product is the smallest beside them, until there are few enough to look at all ways.
template <real T>
void multiply_greedily(operand_list<T>& operands, label_set output, const label_sizes& sizes) {
    const auto labels_but = [&](std::size_t i, std::size_t j) {
        auto set = output;
        for (auto k = std::size_t{0}; k < operands.size(); ++k)
            if (k != i && k != j) set |= operands[k].labels.set();
        return set;
    };
    while (operands.size() > contraction_order<>::most) {
        auto first = std::size_t{0}, second = std::size_t{1};
        auto least = std::numeric_limits<double>::infinity();
        for (auto i = std::size_t{0}; i < operands.size(); ++i)
            for (auto j = i + 1; j < operands.size(); ++j) {
                auto size = 1.0;
                for (auto left = (operands[i].labels.set() | operands[j].labels.set()) & labels_but(i, j); left != 0; left &= left - 1)
                    size *= static_cast<double>(sizes[static_cast<std::size_t>(std::countr_zero(left))]);
                size -= static_cast<double>(operands[i].value.size()) + static_cast<double>(operands[j].value.size());
                if (size < least) least = size, first = i, second = j;
            }
        auto both = contraction<T>{operands[first], operands[second], labels_but(first, second), sizes}.in_order_of({});
        operands.erase(operands.begin() + static_cast<std::ptrdiff_t>(second));
        operands[first] = std::move(both);
    }
}

template <real T>
tensor<T> einsum_value(std::string_view text, std::span<const tensor<T>> given) {
    auto shapes = std::vector<shape, memory::allocator<shape>>{};
    for (const auto& each : given) shapes.push_back(shape_of(each));
    const auto equation = einsum_equation{text, span_of(shapes)};
    const auto& wanted = equation.output;
    auto operands = operand_list<T>{};
    for (auto k = std::size_t{0}; k < given.size(); ++k)
        operands.push_back(without_repetition(diagonals(labelled<T>{given[k], equation.operands[k]}), equation.sizes));
    for (auto& each : operands) {
        auto needed = wanted.set();
        for (const auto& other : operands)
            if (&other != &each) needed |= other.labels.set();
        each = without_idle_axes(each, needed);
    }
    multiply_greedily(operands, wanted.set(), equation.sizes);
    auto sets = std::vector<label_set, memory::allocator<label_set>>{};
    for (const auto& each : operands) sets.push_back(each.labels.set());
    const auto order = contraction_order{span_of(sets), wanted.set(), equation.sizes};
    const auto y = product_of_set(operands, order, order.all(), wanted, equation.sizes);
    const auto result = reordered(y, wanted).value;
    // An operand as it is gets a handle of its own: the result of an operation is none of its inputs.
    return &access::get(result) == &access::get(given[0]) ? reshape_to(result, shape_of(result)) : result;
}
template <real T>
tensor<T> einsum_any(std::string_view text, std::span<const tensor<T>> given) {
    return call("einsum", {"subscripts", "operands"}, [](const std::string& subscripts, std::span<const tensor<T>> operands) {
        return einsum_value<T>(subscripts, operands);
    }, std::string{text}, given);
}

}  // namespace detail

/// The sum of products that the subscripts say: einsum("bij,bjk->bik", a, b) is y[b, i, k] = sum_j a[b, i, j] b[b, j, k].
///
/// A letter names an axis, "..." the axes that have none, aligned at the last; both broadcast where a size is 1. A letter that
/// an operand has twice takes the diagonal. What the output does not name is summed over; without "->" the output has the
/// axes under the ellipsis and then, in alphabetical order, the letters that stand once. Spaces do not count. The operands are
/// multiplied two at a time, in the order that costs the least, by matrix products.
/// Throws `value_error`, `rank_error` and `shape_error`, which name the letter.
struct einsum_fn {
    template <element T, std::size_t N, element... U, std::size_t... M>
    tensor<T> operator()(std::string_view subscripts, const tensor<T, N>& first, const tensor<U, M>&... others) const {
        detail::check_types<T, U...>();
        const auto operands = std::array<tensor<T>, 1 + sizeof...(U)>{first, others...};
        return detail::einsum_any<T>(subscripts, operands);
    }
    template <element T, std::size_t N>
    tensor<T> operator()(std::string_view subscripts, const std::vector<tensor<T, N>>& operands) const {
        const auto list = std::vector<tensor<T>, memory::allocator<tensor<T>>>(operands.begin(), operands.end());
        return detail::einsum_any<T>(subscripts, list);
    }
};
inline constexpr einsum_fn einsum{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> einsum_any(std::string_view, std::span<const tensor<T>>);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
