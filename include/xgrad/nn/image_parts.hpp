// Batches of images that go through the beginning of a program in parts: what lies between two operations then stays in a cache, and
// threads that share the parts wait for each other once and not in every operation.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/program.hpp>
#include <xgrad/core/caches.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/spans.hpp>
#include <xgrad/nn/channel_blocks.hpp>
#include <xgrad/nn/fold.hpp>
#include <xgrad/nn/fused_operation.hpp>
#include <xgrad/ops/conv_blocked.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn::detail {

/// Operations on images, each by itself: of all at once, or of parts of the batch on as many threads as there are. The bits are the
/// same.
template <real T>
class image_parts final : public callable_operation {
public:
    /// The programs for the whole batch, and for parts of the two sizes that there are.
    image_parts(std::size_t parts, program whole, program longer, program shorter)
        : m_parts{parts}, m_whole{std::move(whole)}, m_longer{std::move(longer)}, m_shorter{std::move(shorter)} {}

    std::vector<any_tensor> operator()(std::span<const any_tensor> inputs) const override {
        const auto threads = static_cast<std::size_t>(num_threads());
        if (m_parts < 4 * threads && m_parts % threads != 0) return m_whole.run(inputs);   // some would have nothing to do at the end
        const auto x = inputs[0].as<T>();
        const auto batch = x.shape()[0];
        auto results = std::vector<tensor<T>>{};
        for (const auto number : m_whole.results) results.push_back(xgrad::detail::make_result<T>(shape(m_whole.values[number].shape)));
        parallel_for(m_parts, 1, [&](std::size_t begin, std::size_t end) {
            for (auto part = begin; part < end; ++part) {
                const auto first = batch * part / m_parts, count = batch * (part + 1) / m_parts - first;
                const auto& of = count == m_longer.values[m_longer.arguments[0]].shape[0] ? m_longer : m_shorter;
                auto images = xgrad::detail::make_result<T>(shape(of.values[of.arguments[0]].shape));
                std::copy_n(x.data() + first * (x.size() / batch), images.size(), xgrad::detail::access::elements(images));
                const auto made = of.run(std::array{any_tensor{images}});
                for (auto i = std::size_t{0}; i < made.size(); ++i) {
                    const auto y = made[i].template as<T>();
                    std::copy_n(y.data(), y.size(), xgrad::detail::access::elements(results[i]) + first * (y.size() / count));
                }
            }
        });
        return std::vector<any_tensor>(results.begin(), results.end());
    }

private:
    std::size_t m_parts;
    program m_whole, m_longer, m_shorter;
};

/// Has the operations at the beginning of a program that treat each image by itself go over the batch in parts.
template <real T>
class parts_of_batches {
public:
    void operator()(program& of) {
        m_of = &of;
        if (of.arguments.size() != 1) return;
        const auto x = of.arguments[0];
        if (value(x).type != dtype_of<T>() || value(x).shape.rank() < 3 || value(x).shape.elements() == 0) return;
        m_batch = value(x).shape[0];
        m_is_images.assign(of.values.size(), false);
        m_is_images[x] = true;
        // Operations; bytes that one of them has to do with, for one image; bytes of weights, and of all that is made, for one image.
        auto count = std::size_t{0}, largest = std::size_t{0}, weights = std::size_t{0}, made = std::size_t{0};
        for (; count < of.operations.size() && treats_images_alone(of.operations[count]); ++count) {
            const auto& each = of.operations[count];
            auto elements = value(each.results[0]).shape.elements();
            for (const auto& input : each.inputs)
                if (input.value != program::none && m_is_images[input.value]) elements += value(input.value).shape.elements();
            largest = std::max(largest, elements / m_batch * sizeof(T));
            made += value(each.results[0]).shape.elements() / m_batch * sizeof(T);
            if (is_convolution(each)) weights += value(each.inputs[1].value).shape.elements() * sizeof(T);
            m_is_images[each.results[0]] = true;
        }
        if (count < 2) return;
        const auto size = std::max<std::size_t>(1, xgrad::detail::cache_sizes().second.bytes() / 2 / largest);
        const auto parts = (m_batch + size - 1) / size;
        // Every part reads all weights again, which is to be less than what else would leave the cache.
        if (parts > 1 && parts * weights < m_batch * made) divide(count, parts);
    }

private:
    const program::value& value(std::size_t number) const { return m_of->values[number]; }

    bool treats_images_alone(const program::operation& of) const {
        if (holds_function(of.attributes) || of.results.size() != 1 || of.inputs.empty()) return false;
        const auto x = of.inputs[0].value;
        const auto& y = value(of.results[0]);
        if (x == program::none || !m_is_images[x] || y.type != dtype_of<T>() || y.shape.rank() < 2 || y.shape[0] != m_batch) return false;
        if (has_constant_weight(*m_of, of)) return (!has_summand(of) || m_is_images[of.inputs[3].value]) && is_alike(of);
        if (is_convolution(of) || of.inputs.size() != 1) return false;
        return is_max_pool(*m_of, of) || of.name == in_planes || of.name == in_blocks || (of.attributes.empty() && has_epilogue(of.name));
    }
    /// Whether a convolution gives the same bits for an image, however many there are.
    bool is_alike(const program::operation& of) const { return is_blocked(of) || xgrad::detail::is_alike<T>(sizes_of(*m_of, of)); }

    void divide(std::size_t count, std::size_t parts) {
        auto rest = std::vector<program::operation>(m_of->operations.begin() + static_cast<std::ptrdiff_t>(count), m_of->operations.end());
        auto is_wanted = std::vector<bool>(m_of->values.size(), false);
        for (const auto& each : rest)
            for (const auto& input : each.inputs)
                if (input.value != program::none) is_wanted[input.value] = true;
        for (const auto number : m_of->results)
            if (number != program::none) is_wanted[number] = true;
        auto whole = program{};
        whole.values = m_of->values;
        whole.arguments = m_of->arguments;
        for (auto i = std::size_t{0}; i < count; ++i) {
            auto& each = m_of->operations[i];
            if (is_wanted[each.results[0]]) whole.results.push_back(each.results[0]);
            // As it was called, it holds the sizes of its batch.
            if (is_convolution(each) && !is_blocked(each)) renew_convolution<T>(each, value(each.inputs[1].value).shape);
            whole.operations.push_back(each);
        }
        const auto of_size = [&](std::size_t size) {
            auto part = whole;
            for (auto number = std::size_t{0}; number < part.values.size(); ++number)
                if (m_is_images[number]) part.values[number].shape[0] = size;
            drop_unused(part);
            return part;
        };
        const auto longer = (m_batch + parts - 1) / parts;
        auto all = program::operation{.name = "image_parts", .inputs = {{"x", m_of->arguments[0]}},
                                      .attributes = {{"parts", static_cast<std::int64_t>(parts)}}, .results = whole.results, .made_of = whole.operations};
        all.again = std::make_shared<image_parts<T>>(parts, of_size(m_batch), of_size(longer), of_size(m_batch / parts));
        m_of->operations = {std::move(all)};
        m_of->operations.insert(m_of->operations.end(), rest.begin(), rest.end());
    }
    program* m_of = nullptr;
    std::size_t m_batch = 0;
    std::vector<bool> m_is_images;   ///< of each value, whether it has something of each image, and of one image alone
};

}  // namespace xgrad::nn::detail
