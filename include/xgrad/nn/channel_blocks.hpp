// Programs whose images lie in blocks of channels, from one convolution to the next: the weights of these are transposed once, when
// the program is made, and nothing is transposed between them.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/program.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/text.hpp>
#include <xgrad/kernels/channel_blocks.hpp>
#include <xgrad/kernels/window.hpp>
#include <xgrad/nn/fused_operation.hpp>
#include <xgrad/ops/conv_blocked.hpp>
#include <xgrad/ops/conv_sizes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn::detail {

using kernels::channel_order;

template <real T>
class blocked_convolution final : public callable_operation {
public:
    blocked_convolution(channel_order of_x, const tensor<T>& turned, const xgrad::detail::conv_sizes& sizes, bool relu)
        : m_order{of_x}, m_turned{turned}, m_sizes{sizes}, m_relu{relu} {}

    std::vector<any_tensor> operator()(std::span<const any_tensor> inputs) const override {
        const auto x = inputs[0].as<T>(), summand = inputs.size() == 4 ? inputs[3].as<T>() : tensor<T>{};
        auto sizes = m_sizes;
        sizes.of.batch = x.shape()[0];
        return {xgrad::detail::conv_in_blocks<T>(x, m_order, m_turned, inputs[2].as<T>(), summand, sizes, m_relu)};
    }

private:
    channel_order m_order;
    tensor<T> m_turned;
    xgrad::detail::conv_sizes m_sizes;
    bool m_relu;
};

template <real T>
class blocked_max_pool final : public callable_operation {
public:
    blocked_max_pool(const kernels::window& over, const shape& result) : m_over{over}, m_result{result} {}

    std::vector<any_tensor> operator()(std::span<const any_tensor> inputs) const override {
        const auto x = inputs[0].as<T>();
        auto result = m_result;
        result[0] = x.shape()[0];
        return {xgrad::detail::max_pool_in_blocks<T>(x, m_over, result)};
    }

private:
    kernels::window m_over;
    shape m_result;
};

template <real T>
class reordered final : public callable_operation {
public:
    explicit reordered(channel_order to) : m_to{to} {}

    std::vector<any_tensor> operator()(std::span<const any_tensor> inputs) const override {
        return {xgrad::detail::reorder_channels<T>(inputs[0].as<T>(), m_to)};
    }

private:
    channel_order m_to;
};

inline constexpr const char *in_planes = "channels_in_planes", *in_blocks = "channels_in_blocks";

/// Whether what it makes lies in blocks of channels.
XGRAD_ON_DEMAND bool is_blocked(const program::operation& of) {
    return lists::any_of(of.attributes, [](const program::attribute& each) { return each.name == "channels"; });
}
/// Whether it is max pooling of images, with an axis for the batch, that gives the largest elements alone.
XGRAD_ON_DEMAND bool is_max_pool(const program& in, const program::operation& of) {
    if (of.name != "max_pool1d" && of.name != "max_pool2d" && of.name != "max_pool3d") return false;
    return !holds_function(of.attributes) && of.inputs.size() == 1 && of.results.size() == 1 &&
           in.values[of.inputs[0].value].shape.rank() == attribute_of(of.attributes, "in", std::vector<std::int64_t>{}).size() + 2;
}

/// The windows of a pool of which a program says the sizes.
XGRAD_ON_DEMAND kernels::window window_of_pool(const program::operation& of) {
    auto over = kernels::window{};
    const auto numbers = [&](const char* name) { return attribute_of(of.attributes, name, std::vector<std::int64_t>{}); };
    const auto in = numbers("in"), kernel = numbers("kernel"), stride = numbers("stride"), dilation = numbers("dilation"), out = numbers("out");
    const auto before = numbers("padding");
    const auto size = [](std::int64_t value) { return static_cast<std::size_t>(value); };
    for (auto i = std::size_t{0}; i < in.size(); ++i)
        over.axes[3 - in.size() + i] = {size(in[i]), size(kernel[i]), size(stride[i]), size(dilation[i]), size(out[i]), static_cast<std::ptrdiff_t>(before[i])};
    return over;
}

/// Has the images of programs of one network lie in blocks of channels where that saves more than it costs: between convolutions
/// of enough terms, and through the max pooling after these. Whatever else reads them gets them in planes.
template <real T>
class blocks_of_channels {
public:
    void operator()(program& of) {
        m_of = &of;
        m_planes.assign(of.values.size(), none);
        m_blocks.assign(of.values.size(), none);
        m_is_blocked.assign(of.values.size(), false);
        m_welcome.assign(of.values.size(), false);
        for (const auto& each : of.operations) {
            if (is_ready(each)) m_welcome[each.inputs[0].value] = true;
            if (is_ready(each) && has_summand(each)) m_welcome[each.inputs[3].value] = true;
            if (is_pool(each)) m_welcome[each.inputs[0].value] = true;
        }
        m_made.clear();
        for (auto& each : of.operations) {
            if (gains(each)) convert(each);
            else if (is_pool(each) && m_is_blocked[each.inputs[0].value]) {
                each.again = std::make_shared<blocked_max_pool<T>>(window_of_pool(each), value(each.results[0]).shape);
                finish(each);
            } else
                for (auto& input : each.inputs) take_planes(each, input.value);
            m_made.push_back(std::move(each));
        }
        for (auto& each : of.results)
            if (each != none && m_is_blocked[each]) each = in_order(each, channel_order::planes);
        of.operations = std::exchange(m_made, {});
    }

private:
    static constexpr auto none = program::none;
    static constexpr std::size_t least_depth = 8;   // terms of a sum: with fewer, there is more to move than to multiply

    struct turned {
        any_tensor weight;   ///< held, so that no other gets its address
        channel_order order;
        tensor<T> result;
    };

    const program::value& value(std::size_t number) const { return m_of->values[number]; }
    bool is_images(std::size_t number) const {
        return number != none && value(number).type == dtype_of<T>() && value(number).shape.elements() != 0 &&
               value(number).shape[1] % xgrad::detail::channels_of_block<T>() == 0;
    }

    /// A convolution of one group whose result could lie in blocks.
    bool is_ready(const program::operation& of) const {
        if (!has_constant_weight(*m_of, of) || integer_of(of, "groups") != 1 || !is_images(of.results[0])) return false;
        const auto& weight = value(of.inputs[1].value).shape;
        return (activation_of(of) == "none" || activation_of(of) == "relu") && weight.elements() / weight[0] >= least_depth;
    }
    bool is_pool(const program::operation& of) const { return is_max_pool(*m_of, of) && is_images(of.results[0]); }
    /// Not if it alone would lie in blocks.
    bool gains(const program::operation& of) const {
        if (!is_ready(of)) return false;
        return m_is_blocked[of.inputs[0].value] || m_welcome[of.results[0]] || (has_summand(of) && m_is_blocked[of.inputs[3].value]);
    }

    void convert(program::operation& of) {
        if (has_summand(of) && !m_is_blocked[of.inputs[3].value]) of.inputs[3].value = in_order(of.inputs[3].value, channel_order::blocks);
        const auto sizes = sizes_of(*m_of, of);
        const auto order = m_is_blocked[of.inputs[0].value] ? channel_order::blocks : channel_order::planes;
        const auto& weight = turn_once(value(of.inputs[1].value).constant, sizes, order);
        of.again = std::make_shared<blocked_convolution<T>>(order, weight, sizes, activation_of(of) == "relu");
        finish(of);
    }
    /// Its result now lies in blocks.
    void finish(program::operation& of) {
        of.made_of.clear();
        of.attributes.push_back({"channels", xgrad::detail::joined_text("in blocks of ", xgrad::detail::channels_of_block<T>())});
        m_is_blocked[of.results[0]] = true;
    }
    void take_planes(program::operation& of, std::size_t& number) {
        if (number == none || !m_is_blocked[number]) return;
        number = in_order(number, channel_order::planes);
        of.made_of.clear();
    }

    /// The same images in the other order.
    std::size_t in_order(std::size_t number, channel_order order) {
        auto& known = order == channel_order::planes ? m_planes : m_blocks;
        if (known[number] != none) return known[number];
        const auto result = m_of->values.size();
        m_of->values.push_back({program::origin::result, value(number).type, value(number).shape});
        m_is_blocked.push_back(order == channel_order::blocks);
        m_welcome.push_back(false);
        m_planes.push_back(none);
        m_blocks.push_back(none);
        const auto* const name = order == channel_order::planes ? in_planes : in_blocks;
        m_made.push_back({.name = name, .inputs = {{"x", number}}, .results = {result}, .again = std::make_shared<reordered<T>>(order)});
        return known[number] = result;
    }
    const tensor<T>& turn_once(const any_tensor& weight, const xgrad::detail::conv_sizes& sizes, channel_order order) {
        const auto found = lists::find_if(m_turned, [&](const turned& each) { return &each.weight.get() == &weight.get() && each.order == order; });
        if (found != m_turned.end()) return found->result;
        return m_turned.emplace_back(turned{weight, order, xgrad::detail::turned_weight<T>(weight.as<T>(), sizes, order)}).result;
    }

    program* m_of = nullptr;
    std::vector<program::operation> m_made;
    std::vector<bool> m_is_blocked, m_welcome;    ///< of each value: whether it lies in blocks; whether someone would take it so
    std::vector<std::size_t> m_planes, m_blocks;  ///< of each value, the same in this order, if it was reordered
    std::vector<turned> m_turned;
};

}  // namespace xgrad::nn::detail
