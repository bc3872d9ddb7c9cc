// Whether all ranks still have the same weights.
#pragma once

#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/distributed/collect.hpp>
#include <xgrad/distributed/world.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace xgrad::inline XGRAD_ABI::distributed::detail {

/// A number of each parameter that changes with each of its bits.
template <real T>
std::vector<std::uint64_t> digests_of(const parameter_list<T>& parameters) {
    auto list = std::vector<std::uint64_t>{};
    for (const auto& each : parameters) list.push_back(xgrad::detail::access::get(each).hash());
    return list;
}

/// One for all of them; not 0.
template <real T>
std::uint64_t digest_of(const parameter_list<T>& parameters) {
    auto sum = std::uint64_t{0};
    for (const auto each : digests_of(parameters)) sum = std::rotl((sum ^ each) * 0x100000001b3, 31);
    return sum | 1;
}

/// Throws `value_error`, on all ranks, that names the first parameter in which a rank differs from rank 0, and the element.
template <real T>
void compare_weights(world& all, const parameter_list<T>& parameters) {
    const auto own = digests_of(parameters);
    const auto all_digests = gather_numbers(all, std::span{own}, deed::check);
    const auto other = std::find_if(all_digests.begin(), all_digests.end(), [&](const auto& each) { return each != all_digests[0]; });
    if (other == all_digests.end()) return;
    const auto rank = static_cast<std::size_t>(other - all_digests.begin());
    const auto i = static_cast<std::size_t>(std::mismatch(other->begin(), other->end(), all_digests[0].begin()).first - other->begin());
    const auto elements = gather_numbers(all, std::span<const T>{xgrad::detail::access::elements(parameters[i]), parameters[i].size()}, deed::check);
    const auto same = [](T a, T b) { return std::memcmp(&a, &b, sizeof(T)) == 0; };
    const auto [a, b] = std::mismatch(elements[0].begin(), elements[0].end(), elements[rank].begin(), same);
    fail<value_error>("data_parallel", "the weights are no longer the same: ", parameters[i].name(), " has, as element ",
                      static_cast<std::size_t>(a - elements[0].begin()), ", ", *a, " on rank 0 and ", *b, " on rank ", rank,
                      "; was it changed on one rank alone, or a gradient not averaged?");
}

}  // namespace xgrad::distributed::detail
