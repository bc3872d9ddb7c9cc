// A table of what a network is made of.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/sequence.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/evaluation.hpp>
#include <xgrad/nn/layer_table.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/walk.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn {

namespace detail {

/// The rows in columns, of which those behind the `left`-th are flush right but for the last, a remark.
XGRAD_ON_DEMAND std::string format_rows(const std::vector<std::vector<std::string>>& rows, std::size_t left) {
    auto widths = std::vector<std::size_t>{};
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (auto i = std::size_t{0}; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    auto text = std::string{};
    for (const auto& row : rows) {
        auto line = std::string{};
        for (auto i = std::size_t{0}; i < row.size(); ++i) {
            const auto room = std::string(widths[i] - row[i].size(), ' ');
            const auto right = i >= left && i + 1 < row.size();
            line += (i == 0 ? "" : "  ") + (right ? room + row[i] : row[i] + room);
        }
        text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
    }
    return text;
}

/// The name of the first tensor with these elements, if it is not the one at `position` itself.
XGRAD_ON_DEMAND std::string shared_with(const std::vector<listed_tensor>& tensors, std::size_t position) {
    const auto& own = tensors[position];
    const auto first = lists::find(tensors, own.elements, &listed_tensor::elements);
    const auto shared = own.sizes.elements() != 0 && static_cast<std::size_t>(first - tensors.begin()) != position;
    return shared ? first->name : std::string{};
}

template <class Module>
std::vector<listed_tensor> list_tensors(const Module& module) {
    auto tensors = std::vector<listed_tensor>{};
    for_each_tensor([&](std::string_view name, const auto& x) {
        const auto& own = xgrad::detail::access::get(x);
        const auto learns = x.requires_grad();
        tensors.push_back({std::string{name}, shape(x.shape()), own.elements, learns, learns || own.frozen});
    }, module);
    return tensors;
}

/// The table of the tensors, of which `parameters` elements are parameters, the buffers behind these.
XGRAD_ON_DEMAND std::string tensor_table(const std::vector<listed_tensor>& tensors, std::size_t parameters) {
    auto rows = std::vector<std::vector<std::string>>{{"parameter", "shape", "elements", ""}};
    auto buffers = std::vector<std::vector<std::string>>{};
    for (auto i = std::size_t{0}; i < tensors.size(); ++i) {
        const auto& each = tensors[i];
        const auto shared = shared_with(tensors, i);
        const auto size = !shared.empty() ? "" : each.learns ? std::to_string(each.sizes.elements()) : "buffer";
        (each.learns ? rows : buffers)
            .push_back({each.name, to_string(each.sizes), size, shared.empty() ? "" : "shared with " + shared});
    }
    rows.insert(rows.end(), buffers.begin(), buffers.end());
    rows.push_back({"all", "", std::to_string(parameters), ""});
    return format_rows(rows, 2);
}

/// The parameters of a layer, of which those count that no other layer before it has, and what it shares with which.
struct counted_parameters {
    std::size_t elements = 0;
    std::string shared;
};
XGRAD_ON_DEMAND counted_parameters count_parameters(const std::vector<listed_tensor>& tensors, const std::string& layer) {
    auto result = counted_parameters{};
    auto others = std::vector<std::string>{};
    for (auto i = std::size_t{0}; i < tensors.size(); ++i) {
        if (!tensors[i].counts || tensors[i].layer() != layer) continue;
        const auto shared = shared_with(tensors, i);
        if (shared.empty()) result.elements += tensors[i].sizes.elements();
        else others.push_back(shared);
    }
    if (others.empty()) return result;
    for (const auto& each : others) result.shared += (result.shared.empty() ? "shared with " : ", ") + each;
    return result;
}

XGRAD_ON_DEMAND std::string number_or_nothing(std::uint64_t number) {
    return number == 0 ? "" : std::to_string(number);
}

XGRAD_ON_DEMAND std::string listed_operations(const layer_row& row) {
    constexpr auto most = std::size_t{4};
    auto text = std::string{};
    for (auto i = std::size_t{0}; i < std::min(most, row.operations.size()); ++i)
        text += (i == 0 ? "" : ", ") + row.operations[i];
    return row.operations.size() > most ? text + ", ..." : text;
}

/// The shape of what comes out of a module, of several results the first, where there is one to be seen.
template <class Y>
std::optional<shape> shape_of_first(const Y& y) {
    if constexpr (requires { shape(y.shape()); }) return shape(y.shape());
    else if constexpr (requires { y.output; }) return shape_of_first(y.output);
    else if constexpr (requires { std::get<0>(y); }) return shape_of_first(std::get<0>(y));
    else if constexpr (xgrad::detail::sequence<Y>)
        return std::begin(y) == std::end(y) ? std::optional<shape>{} : shape_of_first(*std::begin(y));
    else return {};
}

/// The table of the layers in the order in which they were called, and of what was not called.
XGRAD_ON_DEMAND std::string layer_table(const std::string& input, const std::string& output, const std::vector<layer_row>& called,
                               const std::vector<listed_tensor>& tensors) {
    auto rows = std::vector<std::vector<std::string>>{
        {"layer", "operations", "output", "parameters", "multiply-adds", ""}, {"input", "", input, "", "", ""}};
    auto told = std::vector<std::string>{};
    auto parameters = std::size_t{0};
    auto multiply_adds = std::uint64_t{0};
    const auto own = [&](const std::string& layer) {
        const auto name = layer == "(net)" ? std::string{} : layer;
        if (lists::contains(told, name)) return counted_parameters{.elements = 0, .shared = "again"};
        told.push_back(name);
        return count_parameters(tensors, name);
    };
    for (const auto& each : called) {
        const auto counted = each.layer.empty() ? counted_parameters{} : own(each.layer);
        parameters += counted.elements;
        multiply_adds += each.multiply_adds;
        rows.push_back({each.layer, listed_operations(each), to_string(each.output), number_or_nothing(counted.elements),
                        number_or_nothing(each.multiply_adds), counted.shared});
    }
    for (const auto& each : tensors) {
        if (!each.counts || lists::contains(told, each.layer())) continue;
        const auto name = each.layer().empty() ? std::string{"(net)"} : each.layer();
        const auto counted = own(name);
        parameters += counted.elements;
        rows.push_back({name, "(not called)", "", number_or_nothing(counted.elements), "", counted.shared});
    }
    rows.push_back({"all", "", output, std::to_string(parameters), std::to_string(multiply_adds), ""});
    return format_rows(rows, 3);
}

}  // namespace detail

/// The parameters and buffers of a module with their shapes and sizes, one to a line, and the sum. A tensor that
/// several members share counts once; the others say with whom they share it: a copy of a layer is that layer again,
/// so `std::vector<linear<>>(3, layer)` has one layer three times.
template <class Module>
std::string summary(const Module& module) {
    return detail::tensor_table(detail::list_tensors(module), parameter_count(module));
}

/// The layers of a module as they are called for the input x, in evaluation: their operations, the shape that comes out
/// of the last of these (of a recurrent layer by itself, its output), parameters, and multiply-adds of products,
/// convolutions and attention; in the last row, the shape that comes out of the module, of several results the first.
/// What a layer has in common with one above it counts there. An operation belongs to the layer whose tensors it uses;
/// what uses none (an activation, pooling) has lines of its own.
///
///     layer  operations    output     parameters  multiply-adds
///     input                (32, 784)
///     0      linear, relu  (32, 512)      401920       12845056
///     2      linear        (32, 10)         5130         163840
///     all                  (32, 10)       407050       13008896
///
/// A clone of the module is called once, without recording: the module, its running statistics and the default
/// generator stay as they are.
template <class Module, element T, std::size_t N>
std::string summary(const Module& module, const tensor<T, N>& x) {
    const auto recording = no_grad{};
    const auto random = detail::generator_as_it_was{};
    auto copy = detail::evaluated(module);
    auto tensors = detail::list_tensors(module);
    auto position = std::size_t{0};
    for_each_tensor([&](std::string_view, const auto& own) {
        tensors[position++].called = xgrad::detail::access::get(own).owner;
    }, copy);
    auto reader = detail::layer_reader{};
    const auto y = copy(x);
    const auto output = detail::shape_of_first(y);
    // What names its tensors itself, as a recurrent module does, is one layer however many modules are in it.
    constexpr auto of_one_layer = detail::names_its_tensors<Module>;
    auto rows = detail::rows_by_layer(std::move(reader).rows(), tensors, of_one_layer);
    if (of_one_layer && rows.size() == 1 && output) rows[0].output = *output;   // its last operation may be about the states
    return detail::layer_table(to_string(shape(x.shape())), output ? to_string(*output) : std::string{}, rows, tensors);
}

/// The same for an input of zeros of a shape: integers for a layer that takes no others, such as `embedding`.
template <class Module>
std::string summary(const Module& module, const shape& input_shape) {
    using real_input = tensor<detail::real_type<void, Module>>;
    if constexpr (std::invocable<Module&, const real_input&>)
        return summary(module, real_input{zeros<typename real_input::value_type>(input_shape)});
    else return summary(module, tensor<std::int64_t>{zeros<std::int64_t>(input_shape)});
}

}  // namespace xgrad::nn
