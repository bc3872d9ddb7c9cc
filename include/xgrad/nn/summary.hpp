// A table of what a network is made of.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/module.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn {

namespace detail {

using summary_row = std::array<std::string, 3>;   // name, shape, number of elements

/// The rows in columns, the last one flush right.
inline std::string format_rows(const std::vector<summary_row>& rows) {
    auto widths = std::array<std::size_t, 3>{};
    for (const auto& row : rows)
        for (auto i = std::size_t{0}; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    auto text = std::string{};
    for (const auto& [name, sizes, count] : rows) {
        text += name + std::string(widths[0] - name.size() + 2, ' ');
        text += sizes + std::string(widths[1] - sizes.size() + 2 + widths[2] - count.size(), ' ');
        text += count + '\n';
    }
    return text;
}

template <class T, class Module>
std::vector<summary_row> summary_rows(const Module& module) {
    auto rows = std::vector<summary_row>{{"parameter", "shape", "elements"}};
    for (const auto& each : nn::parameters<T>(module))
        rows.push_back({each.name(), to_string(each.shape()), std::to_string(each.size())});
    for (const auto& each : nn::buffers<T>(module))
        rows.push_back({each.name(), to_string(each.shape()), "buffer"});
    rows.push_back({"all", "", std::to_string(parameter_count(module))});
    return rows;
}

}  // namespace detail

/// The parameters and buffers of a module with their shapes and sizes, one to a line, and the sum.
template <class Module>
std::string summary(const Module& module) {
    return detail::format_rows(detail::summary_rows<detail::real_type<void, Module>>(module));
}

/// The same, and what shape comes out of the module for an input of `input_shape`: it is called once, on
/// zeros, without recording.
template <class Module>
std::string summary(const Module& module, const shape& input_shape) {
    using T = detail::real_type<void, Module>;
    const auto guard = no_grad{};
    auto rows = detail::summary_rows<T>(module);
    rows.push_back({"input", to_string(input_shape), ""});
    rows.push_back({"output", to_string(shape(module(zeros<T>(input_shape)).shape())), ""});
    return detail::format_rows(rows);
}

}  // namespace xgrad::nn
