// The windows of a convolution in bands, whose planes stay in a cache.
#pragma once

#include <xgrad/core/caches.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/gemm_blocks.hpp>
#include <xgrad/kernels/planes.hpp>
#include <xgrad/kernels/window.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels::detail {

// Of planes, and of sums that are added to, so many bytes at a time.
inline std::size_t planes_bytes() { return xgrad::detail::cache_sizes().second.bytes() / 2; }

/// The windows in bands along their outermost axis, each with planes that stay in the cache while patches are made of them.
template <class T>
class window_bands {
public:
    /// At least `least` bands, and of no fewer than `windows` windows where that does not make them fewer.
    window_bands(const window& over, std::size_t channels, std::size_t least, std::size_t windows = 1)
        : m_over{over}, m_axis{over.outermost()}, m_parts{over.axes[m_axis].out, most(over, channels, least, windows)} {}
    std::size_t count() const { return m_parts.count(); }
    window band(std::size_t number) const { return m_over.part(m_axis, m_parts.begin(number), m_parts.size(number)); }
    /// The first window of a band.
    std::size_t begin(std::size_t number) const { return m_parts.begin(number) * (m_over.out() / m_over.axes[m_axis].out); }

private:
    std::size_t most(const window& over, std::size_t channels, std::size_t least, std::size_t windows) const {
        const auto& axis = over.axes[m_axis];
        const auto slice = plane_layout{over.part(m_axis, 0, 1)}.size() / ((axis.kernel - 1) * axis.dilation + 1);
        const auto rows = planes_bytes() / std::max<std::size_t>(1, sizeof(T) * channels * slice * axis.stride);
        const auto windows_of_row = std::max<std::size_t>(1, over.out() / std::max<std::size_t>(1, axis.out));
        const auto by_size = std::max((windows + windows_of_row - 1) / windows_of_row, rows > axis.kernel ? rows - axis.kernel : 1);
        return std::min(by_size, (axis.out + least - 1) / least);
    }

    window m_over;
    std::size_t m_axis;
    even_parts m_parts;
};

}  // namespace xgrad::kernels::detail
