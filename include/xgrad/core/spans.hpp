// Lists as std::span.
#pragma once

#include <xgrad/core/config.hpp>

#include <span>
#include <vector>

namespace xgrad::inline XGRAD_ABI::detail {

/// The elements of a list. The constructor of std::span that takes lists has a compiler ask <ranges> about each type of
/// them, for twice as much memory as this one's.
template <class X, class Allocator>
std::span<const X> span_of(const std::vector<X, Allocator>& list) {
    return {list.data(), list.size()};
}

}  // namespace xgrad::inline XGRAD_ABI::detail
