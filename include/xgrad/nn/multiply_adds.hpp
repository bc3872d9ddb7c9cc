// How many multiply-adds an operation takes, from what it says at the door.
//
// Counted are products of matrices, convolutions, recurrent layers and attention, the usual figure for a network's work:
// examples/10_resnet50.cpp prints that of ResNet-50. What is done to each element (activations, normalisation, sums) is
// not.
#pragma once

#include <xgrad/autograd/program.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/spans.hpp>
#include <xgrad/ops/einsum_labels.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn::detail {

/// An operation as it was told at the door, as far as its work depends on it.
struct called_operation {
    std::string name;
    std::vector<shape> inputs{};   ///< of those that there are
    std::vector<program::attribute> attributes{};
    shape output{};
    std::uint64_t inside = 0;      ///< of the operations that it called itself

    template <class Value>
    Value attribute(std::string_view of, Value otherwise) const {
        return xgrad::detail::attribute_of(attributes, of, std::move(otherwise));
    }
};

/// How many terms each element of an einsum is the sum of.
XGRAD_ON_DEMAND std::uint64_t terms_of_einsum(const called_operation& of) {
    const auto subscripts = of.attribute("subscripts", std::string{});
    const auto equation = xgrad::detail::einsum_equation{subscripts, xgrad::detail::span_of(of.inputs)};
    auto seen = equation.output.set();
    auto terms = std::uint64_t{1};
    for (const auto& operand : equation.operands)
        for (const auto label : operand)
            if (!xgrad::detail::contains(seen, label)) {
                seen |= xgrad::detail::set_of(label);
                terms *= equation.sizes[label];
            }
    return terms;
}

/// How many terms each element of a product is the sum of.
XGRAD_ON_DEMAND std::uint64_t terms_of_product(const called_operation& of) {
    const auto& a = of.inputs[0];
    if (of.name == "einsum") return terms_of_einsum(of);
    if (of.name == "tensordot") {
        auto terms = std::uint64_t{1};
        for (const auto axis : of.attribute("axes_a", std::vector<std::int64_t>{}))
            terms *= a[static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(a.rank()) : axis)];
        return terms;
    }
    return a.rank() == 0 ? 0 : a[a.rank() - (of.attribute("transpose_a", false) && a.rank() > 1 ? 2 : 1)];
}

/// The multiply-adds of an operation; of one that is not known, those of the operations that it is made of.
XGRAD_ON_DEMAND std::uint64_t multiply_adds(const called_operation& of) {
    const auto& name = of.name;
    const auto is = [&](const auto&... names) { return ((name == names) || ...); };
    const auto count = [](const shape& sizes) { return static_cast<std::uint64_t>(sizes.elements()); };
    if (xgrad::detail::holds_function(of.attributes) || of.inputs.size() < 2) return of.inside;
    const auto& first = of.inputs[0];
    const auto& second = of.inputs[1];
    // Of a convolution, each element of y (transposed: of x) meets a whole filter.
    const auto filter = [&] { return count(second) / std::max<std::size_t>(1, second[0]); };
    if (is("conv1d", "conv2d", "conv3d")) return count(of.output) * filter();
    if (is("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")) return count(first) * filter();
    if (is("scaled_dot_product_attention")) return (count(first) + count(of.output)) * second[second.rank() - 2];
    if (is("lstm", "gru")) return count(first) * second[0];
    if (is("outer")) return count(of.output);
    if (is("addmm")) return of.inputs.size() < 3 ? of.inside : count(of.output) * second.back();
    if (is("linear", "matmul", "bmm", "einsum", "tensordot", "inner")) return count(of.output) * terms_of_product(of);
    return of.inside;
}

}  // namespace xgrad::inline XGRAD_ABI::nn::detail
