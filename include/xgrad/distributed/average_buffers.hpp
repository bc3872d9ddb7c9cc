// Running statistics, of which each rank has its own, made the same again.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/distributed/collect.hpp>
#include <xgrad/distributed/world.hpp>
#include <xgrad/nn/walk.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace xgrad::inline XGRAD_ABI::distributed {

/// The buffers of the modules (tensors that require no gradient), where they are no longer the same on all ranks: the mean of
/// floats and doubles, added from rank 0 on, what rank 0 has of others. Between the steps of `nn::batch_norm` each rank goes its
/// own way, since it sees other batches: call this before evaluating or saving. What is the same on all ranks stays as it is.
template <class... Modules>
void average_buffers(world& all, Modules&... modules) {
    nn::for_each_tensor([&]<element T>(std::string_view, basic_tensor<T>& x) {
        auto& own = xgrad::detail::access::get(x);
        if constexpr (real<T>)
            if (x.requires_grad()) return;
        const auto digest = own.hash();
        const auto digests = detail::gather_numbers(all, std::span<const std::uint64_t>{&digest, 1});
        if (lists::all_of(digests, [&](const auto& each) { return each == digests[0]; })) return;
        auto* const elements = xgrad::detail::access::elements(x);
        const auto parts = detail::gather_numbers(all, std::span<const T>{elements, x.size()});
        for (auto i = std::size_t{0}; i < x.size(); ++i) {
            if constexpr (real<T>) {
                auto sum = 0.0;
                for (const auto& part : parts) sum += static_cast<double>(part[i]);
                elements[i] = static_cast<T>(sum / static_cast<double>(all.size()));
            } else {
                elements[i] = parts[0][i];
            }
        }
        own.mark_changed();
    }, modules...);
}

}  // namespace xgrad::distributed
