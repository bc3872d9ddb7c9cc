// Rows written where numbers say.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::kernels {

/// y[places[k], :] = x[k, :], one after the other: of several with one place the last one stays.
/// x: (count, inner)  y: (length, inner)
template <class T>
void put(const T* x, std::size_t inner, const std::int64_t* places, std::size_t count, T* y) {
    for (auto k = std::size_t{0}; k < count; ++k) std::copy_n(x + k * inner, inner, y + static_cast<std::size_t>(places[k]) * inner);
}

/// stays[k] = whether places[k] is not named again after k. Returns whether all are true. Places are below `length`.
inline bool last_of_each(const std::int64_t* places, std::size_t count, std::size_t length, bool* stays) {
    const auto seen = memory::scratch<bool>{length};
    std::fill_n(seen.data(), length, false);
    auto all = true;
    for (auto k = count; k-- > 0;) {
        auto& before = seen.data()[static_cast<std::size_t>(places[k])];
        stays[k] = !before;
        all = all && stays[k];
        before = true;
    }
    return all;
}

}  // namespace xgrad::kernels
