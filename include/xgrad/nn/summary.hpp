// A table of what a network is made of.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/module.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn {

namespace detail {

using summary_row = std::array<std::string, 4>;   // name, shape, number of elements, what it shares

/// The rows in columns, the third one flush right.
inline std::string format_rows(const std::vector<summary_row>& rows) {
    auto widths = std::array<std::size_t, 4>{};
    for (const auto& row : rows)
        for (auto i = std::size_t{0}; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    auto text = std::string{};
    for (const auto& [name, sizes, count, shared] : rows) {
        text += name + std::string(widths[0] - name.size() + 2, ' ');
        text += sizes + std::string(widths[1] - sizes.size() + 2 + widths[2] - count.size(), ' ');
        text += count + (shared.empty() ? "" : "  ") + shared + '\n';
    }
    return text;
}

template <class Module>
std::vector<summary_row> summary_rows(const Module& module) {
    auto rows = std::vector<summary_row>{{"parameter", "shape", "elements", ""}};
    auto buffers = std::vector<summary_row>{};
    auto seen = std::vector<std::pair<const void*, std::string>>{};
    for_each_tensor(
        [&](std::string_view name, const auto& x) {
            auto row = summary_row{std::string{name}, to_string(shape(x.shape())), "", ""};
            const void* const elements = x.data();
            const auto first = std::ranges::find(seen, elements, [](const auto& each) { return each.first; });
            if (first != seen.end() && x.size() != 0) row[3] = "shared with " + first->second;
            else row[2] = x.requires_grad() ? std::to_string(x.size()) : "buffer";
            seen.emplace_back(elements, name);
            (x.requires_grad() ? rows : buffers).push_back(std::move(row));
        },
        module);
    rows.insert(rows.end(), buffers.begin(), buffers.end());
    rows.push_back({"all", "", std::to_string(parameter_count(module)), ""});
    return rows;
}

/// Gives the default generator its state back in the end.
class generator_as_it_was {
public:
    generator_as_it_was() = default;
    generator_as_it_was(const generator_as_it_was&) = delete;
    generator_as_it_was& operator=(const generator_as_it_was&) = delete;
    ~generator_as_it_was() {
        with_default_generator([this](generator& numbers) { numbers = m_before; });
    }

private:
    generator m_before = with_default_generator([](generator& numbers) { return numbers; });
};

/// Of a layer that has several results, the first is what comes out of it.
const auto& first_result(const auto& y) {
    if constexpr (requires { y.shape(); }) return y;
    else if constexpr (requires { y.output.shape(); }) return y.output;
    else return std::get<0>(y);
}

}  // namespace detail

/// The parameters and buffers of a module with their shapes and sizes, one to a line, and the sum. A tensor that
/// several members share counts once; the others say with whom they share it: a copy of a layer is that layer again,
/// so `std::vector<linear<>>(3, layer)` has one layer three times.
template <class Module>
std::string summary(const Module& module) {
    return detail::format_rows(detail::summary_rows(module));
}

/// The same, and what shape comes out of the module for the input x. A clone of it, which is not training, is called once,
/// without recording: the module, its running statistics and the default generator stay as they are.
template <class Module, element T, std::size_t N>
std::string summary(const Module& module, const tensor<T, N>& x) {
    static_assert(std::copy_constructible<Module>,
                  "nn::summary with a shape or an input calls a copy of the module, and this one cannot be copied: "
                  "leave it out");
    auto rows = detail::summary_rows(module);
    const auto recording = no_grad{};
    const auto random = detail::generator_as_it_was{};
    auto copy = clone(module);
    eval(copy);
    const auto output = copy(x);
    rows.push_back({"input", to_string(shape(x.shape())), "", ""});
    rows.push_back({"output", to_string(shape(detail::first_result(output).shape())), "", ""});
    return detail::format_rows(rows);
}

/// The same for zeros of a shape: integers for a layer that takes no others, such as `embedding`.
template <class Module>
std::string summary(const Module& module, const shape& input_shape) {
    using real_input = tensor<detail::real_type<void, Module>>;
    if constexpr (std::invocable<Module&, const real_input&>)
        return summary(module, real_input{zeros<typename real_input::value_type>(input_shape)});
    else return summary(module, tensor<std::int64_t>{zeros<std::int64_t>(input_shape)});
}

}  // namespace xgrad::nn
