// Indices that a formula gives, for `take_along`.
#pragma once

#include <xgrad/autograd/create.hpp>
#include <xgrad/core/config.hpp>

#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::detail {

/// The indices 0, ..., count - 1, each through `f`.
template <class F>
tensor<std::int64_t> index_map(std::size_t count, const F& f) {
    auto y = make_result<std::int64_t>({count});
    for (auto i = std::size_t{0}; i < count; ++i) access::elements(y)[i] = static_cast<std::int64_t>(f(i));
    return y;
}

}  // namespace xgrad::inline XGRAD_ABI::detail
