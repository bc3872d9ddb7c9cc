// What can be gone through, element by element. <ranges> has a concept for it, and would be a twentieth of what including
// the library takes to compile.
#pragma once

#include <xgrad/core/config.hpp>

#include <iterator>
#include <utility>

namespace xgrad::inline XGRAD_ABI::detail {

/// A range that knows how many elements it has.
template <class Range>
concept sequence = requires(const Range& range) {
    std::begin(range);
    std::end(range);
    std::size(range);
};

template <sequence Range>
using sequence_value = std::iter_value_t<decltype(std::begin(std::declval<const Range&>()))>;

}  // namespace xgrad::inline XGRAD_ABI::detail
