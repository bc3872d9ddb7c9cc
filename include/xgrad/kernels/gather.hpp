// Elements chosen along an axis, each place by a number of its own, and their sum put back.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::kernels {

/// y[o, k, i] = x[o, indices[o, k, i], i]        x: as `at`  indices, y: (outer, count, inner)
template <class T>
void gather(const T* x, const axis_view& at, const std::int64_t* indices, std::size_t count, T* y) {
    const auto inner = at.inner;
    parallel_for(at.outer * count, light_grain / std::max<std::size_t>(1, inner) + 1, [&](std::size_t begin, std::size_t end) {
        auto outer = begin / count, k = begin % count;
        for (auto row = begin; row < end; ++row) {
            const auto* const from = x + outer * at.length * inner;
            const auto* const index = indices + row * inner;
            for (auto i = std::size_t{0}; i < inner; ++i) y[row * inner + i] = from[static_cast<std::size_t>(index[i]) * inner + i];
            if (++k == count) k = 0, ++outer;
        }
    });
}

namespace detail {

/// `gather` put back, for the columns [first, last) of one slab: y: (length, inner), zeros  x, indices: (count, inner).
template <class T>
class slab_sum {
public:
    slab_sum(const axis_view& at, std::size_t count) : m_at{at}, m_count{count} {}

    void operator()(const T* x, const std::int64_t* indices, T* y, std::size_t first, std::size_t last) const {
        if (m_count <= add_block || most_in_one_place(indices, first, last) <= add_block) {
            for (auto k = std::size_t{0}; k < m_count; ++k)
                for (auto i = first; i < last; ++i) {
                    auto& sum = y[place(indices, k, i)];
                    sum = sum_of{}(sum, x[k * m_at.inner + i]);
                }
        } else {
            for (auto i = first; i < last; ++i) add_column(x + i, indices + i, y + i);
        }
    }

private:
    std::size_t place(const std::int64_t* indices, std::size_t k, std::size_t i) const {
        return static_cast<std::size_t>(indices[k * m_at.inner + i]) * m_at.inner + i;
    }
    std::size_t most_in_one_place(const std::int64_t* indices, std::size_t first, std::size_t last) const {
        const auto times = memory::scratch<std::uint32_t>{m_at.length * (last - first)};
        std::fill_n(times.data(), m_at.length * (last - first), 0u);
        auto most = std::uint32_t{0};
        for (auto k = std::size_t{0}; k < m_count; ++k)
            for (auto i = first; i < last; ++i) {
                const auto row = static_cast<std::size_t>(indices[k * m_at.inner + i]);
                most = std::max(most, ++times.data()[row * (last - first) + i - first]);
            }
        return most;
    }
    /// As `add_at` for rows of one element, but with `inner` elements from one to the next.
    void add_column(const T* x, const std::int64_t* indices, T* y) const {
        const auto numbers = memory::scratch<std::int64_t>{m_count};
        const auto values = memory::scratch<T>{m_count};
        for (auto k = std::size_t{0}; k < m_count; ++k) {
            numbers.data()[k] = indices[k * m_at.inner];
            values.data()[k] = x[k * m_at.inner];
        }
        const auto places = occurrences{numbers.data(), m_count, m_at.length};
        for (auto row = std::size_t{0}; row < m_at.length; ++row) {
            const auto begin = places.first.data()[row], end = places.first.data()[row + 1];
            add_rows(values.data(), 1, places.order.data() + begin, end - begin, y + row * m_at.inner);
        }
    }

    axis_view m_at;
    std::size_t m_count;
};

}  // namespace detail

/// y[o, j, i] = the sum of x[o, k, i] over all k with indices[o, k, i] = j        x, indices: (outer, count, inner)  y: as `at`
/// What comes to one element is added in blocks, and these pairwise, as by `add_at`.
template <class T>
void scatter_sum(const T* x, const axis_view& at, const std::int64_t* indices, std::size_t count, T* y) {
    const auto inner = at.inner;
    const auto add = detail::slab_sum<T>{at, count};
    // A part may begin and end in the middle of a slab: what comes to one column does not depend on the others.
    parallel_for(at.outer * inner, light_grain / (at.length + count + 1) + 1, [&](std::size_t begin, std::size_t end) {
        while (begin < end) {
            const auto slab = begin / inner, first = begin % inner, last = std::min(inner, first + (end - begin));
            auto* const to = y + slab * at.length * inner;
            if (last - first == inner) std::fill_n(to, at.length * inner, T{0});
            else
                for (auto row = std::size_t{0}; row < at.length; ++row) std::fill(to + row * inner + first, to + row * inner + last, T{0});
            add(x + slab * count * inner, indices + slab * count * inner, to, first, last);
            begin += last - first;
        }
    });
}

}  // namespace xgrad::kernels
