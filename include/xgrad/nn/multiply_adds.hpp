// How many multiply-adds an operation takes, from what it says at the door.
//
// Counted are products of matrices, convolutions, recurrent layers and attention, the usual figure for a network's work: 4.09 thousand million
// for ResNet-50 and a picture of 224 x 224. What is done to each element (activations, normalisation, sums) is not.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/shape.hpp>

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
    std::vector<std::pair<std::string, shape>> inputs{};
    std::vector<std::pair<std::string, bool>> truths{};
    std::vector<std::pair<std::string, std::string>> texts{};
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> integers{};
    shape output{};
    std::uint64_t inside = 0;   ///< of the operations that it called itself

    bool truth_of(std::string_view attribute) const { return value_of(truths, attribute, false); }
    std::string text_of(std::string_view attribute) const { return value_of(texts, attribute, std::string{}); }
    std::vector<std::int64_t> integers_of(std::string_view attribute) const {
        return value_of(integers, attribute, std::vector<std::int64_t>{});
    }

private:
    template <class Value>
    static Value value_of(const std::vector<std::pair<std::string, Value>>& list, std::string_view name, Value otherwise) {
        const auto found = std::ranges::find(list, name, [](const auto& each) { return std::string_view{each.first}; });
        return found == list.end() ? otherwise : found->second;
    }
};

/// The labels of an operand, "..." left out, and what they stand for; in order, from the front and from the back.
inline void find_label_sizes(std::string_view labels, const shape& sizes, std::vector<std::pair<char, std::size_t>>& to) {
    const auto ellipsis = labels.find("...");
    auto names = std::string{};
    for (const auto letter : labels)
        if (letter != '.' && letter != ' ') names += letter;
    const auto front = ellipsis == std::string_view::npos ? names.size() : ellipsis;
    for (auto i = std::size_t{0}; i < names.size(); ++i) {
        const auto axis = i < front ? i : sizes.rank() - (names.size() - i);
        if (axis >= sizes.rank()) return;
        const auto found = std::ranges::find(to, names[i], [](const auto& each) { return each.first; });
        if (found == to.end()) to.emplace_back(names[i], sizes[axis]);
        else found->second = std::max(found->second, sizes[axis]);
    }
}

/// How many terms each element of an einsum is the sum of; 0 for a single operand, which is not multiplied.
inline std::uint64_t terms_of_einsum(const called_operation& of) {
    auto subscripts = std::string{};
    for (const auto letter : of.text_of("subscripts"))
        if (letter != ' ') subscripts += letter;
    const auto arrow = subscripts.find("->");
    auto left = std::string_view{subscripts}.substr(0, arrow);
    auto sizes = std::vector<std::pair<char, std::size_t>>{};
    for (const auto& [name, each] : of.inputs) {
        const auto comma = left.find(',');
        find_label_sizes(left.substr(0, comma), each, sizes);
        left = comma == std::string_view::npos ? std::string_view{} : left.substr(comma + 1);
    }
    auto terms = std::uint64_t{of.inputs.size() > 1};
    const auto all = std::string_view{subscripts}.substr(0, arrow);
    for (const auto& [label, size] : sizes) {
        const auto stays = arrow == std::string::npos ? std::ranges::count(all, label) == 1
                                                      : subscripts.find(label, arrow + 2) != std::string::npos;
        if (!stays) terms *= size;
    }
    return terms;
}

/// How many terms each element of a product is the sum of.
inline std::uint64_t terms_of_product(const called_operation& of) {
    const auto& a = of.inputs[0].second;
    if (of.name == "einsum") return terms_of_einsum(of);
    if (of.name == "tensordot") {
        auto terms = std::uint64_t{1};
        for (const auto axis : of.integers_of("axes_a")) terms *= a[static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(a.rank()) : axis)];
        return terms;
    }
    return a.rank() == 0 ? 0 : a[a.rank() - (of.truth_of("transpose_a") && a.rank() > 1 ? 2 : 1)];
}

/// The multiply-adds of an operation; of one that is not known, those of the operations that it is made of.
inline std::uint64_t multiply_adds(const called_operation& of) {
    const auto& name = of.name;
    const auto is = [&](const auto&... names) { return ((name == names) || ...); };
    const auto count = [](const shape& sizes) { return static_cast<std::uint64_t>(sizes.elements()); };
    const auto is_opaque = std::ranges::any_of(of.texts, [](const auto& each) { return each.second == "(a function)"; });   // by any name
    if (is_opaque || of.inputs.size() < (name == "einsum" ? 1u : 2u)) return of.inside;
    const auto& first = of.inputs[0].second;
    const auto& second = of.inputs[1].second;
    // Of a convolution, each element of y (transposed: of x) meets a whole filter.
    if (is("conv1d", "conv2d", "conv3d")) return count(of.output) * (count(second) / std::max<std::size_t>(1, second[0]));
    if (is("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")) return count(first) * (count(second) / std::max<std::size_t>(1, second[0]));
    if (is("scaled_dot_product_attention")) return (count(first) + count(of.output)) * second[second.rank() - 2];
    if (is("lstm", "gru")) return count(first) * second[0];
    if (is("addmm")) return of.inputs.size() < 3 ? of.inside : count(of.output) * second.back();
    if (is("linear", "matmul", "bmm", "einsum", "tensordot", "inner")) return count(of.output) * terms_of_product(of);
    return of.inside;
}

}  // namespace xgrad::inline XGRAD_ABI::nn::detail
