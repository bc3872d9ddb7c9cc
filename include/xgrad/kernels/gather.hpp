// Elements chosen along an axis, each place by a number of its own, and their sum put back.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::kernels {

namespace detail {
/// The row that an index names, which counts from the end when it is negative; one beyond `length` when there is none.
inline std::size_t row_of(std::int64_t index, std::size_t length) {
    return static_cast<std::size_t>(index) + (index < 0 ? length : 0);
}
}  // namespace detail

/// y[o, k, i] = x[o, indices[o, k, i], i]        x: as `at`  indices, y: (outer, count, inner)
/// Returns whether there are such elements for all indices, of which negative ones count from the end.
template <class T>
bool gather(const T* x, const axis_view& at, const std::int64_t* indices, std::size_t count, T* y) {
    const auto inner = at.inner, length = at.length, slab = count * inner;
    if (length == 0) return at.outer * slab == 0;
    auto all_there = std::atomic<bool>{true};
    parallel_for(at.outer * count, light_grain / std::max<std::size_t>(1, inner) + 1, [&](std::size_t begin, std::size_t end) {
        auto out_of_range = false;
        const auto row = [&](std::int64_t index) {
            const auto named = detail::row_of(index, length);
            out_of_range = out_of_range || named >= length;
            return named < length ? named : 0;
        };
        for (auto i = begin * inner; i < end * inner;) {
            const auto* const from = x + i / slab * length * inner;
            const auto stop = std::min(end * inner, (i / slab + 1) * slab);
            if (inner == 1) {
                for (; i < stop; ++i) y[i] = from[row(indices[i])];
            } else {
                for (; i < stop; i += inner)
                    for (auto k = std::size_t{0}; k < inner; ++k) y[i + k] = from[row(indices[i + k]) * inner + k];
            }
        }
        if (out_of_range) all_there = false;
    });
    return all_there;
}

namespace detail {

/// `gather` put back, for the columns [first, last) of one slab: y: (length, inner) += x: (count, inner), where the indices say.
template <class T>
class slab_sum {
public:
    slab_sum(const axis_view& at, std::size_t count) : m_at{at}, m_count{count} {
        if (count > add_block) m_counters = std::bit_ceil(std::max<std::size_t>(1024, count / 8));
    }
    /// How many counters a column needs: rows share them, so that few do for many rows. None where all fit one block.
    std::size_t counters() const { return m_counters; }

    enum class outcome { added, crowded, out_of_range };

    /// One after the other; of use unless more than a block comes to one place, or perhaps does: `times` counts, where there are
    /// counters.
    outcome add_directly(const T* x, const std::int64_t* indices, T* y, std::size_t first, std::size_t last, std::uint32_t* times) const {
        return times == nullptr ? add<false>(x, indices, y, first, last, times) : add<true>(x, indices, y, first, last, times);
    }
    /// As `add_at` for rows of one element, but with `inner` elements from one to the next.
    void add_column(const T* x, const std::int64_t* indices, T* y) const {
        const auto numbers = memory::scratch<std::int64_t>{m_count};
        const auto values = memory::scratch<T>{m_count};
        for (auto k = std::size_t{0}; k < m_count; ++k) {
            numbers.data()[k] = static_cast<std::int64_t>(row_of(indices[k * m_at.inner], m_at.length));
            values.data()[k] = x[k * m_at.inner];
        }
        const auto places = occurrences{numbers.data(), m_count, m_at.length};
        for (auto row = std::size_t{0}; row < m_at.length; ++row) {
            const auto begin = places.first.data()[row], end = places.first.data()[row + 1];
            add_rows(values.data(), 1, places.order.data() + begin, end - begin, y + row * m_at.inner);
        }
    }

private:
    template <bool Counted>
    outcome add(const T* x, const std::int64_t* indices, T* y, std::size_t first, std::size_t last, std::uint32_t* times) const {
        const auto inner = m_at.inner, length = m_at.length, columns = last - first, mask = m_counters - 1;
        auto out_of_range = false;
        const auto add_one = [&](std::size_t k, std::size_t i) {
            const auto row = row_of(indices[k * inner + i], length);
            if (row >= length) {
                out_of_range = true;
                return;
            }
            auto& sum = y[row * inner + i];
            sum = sum_of{}(sum, x[k * inner + i]);
            if constexpr (Counted) ++times[(row & mask) * columns + i - first];
        };
        if (columns == 1)
            for (auto k = std::size_t{0}; k < m_count; ++k) add_one(k, first);
        else
            for (auto k = std::size_t{0}; k < m_count; ++k)
                for (auto i = first; i < last; ++i) add_one(k, i);
        if (out_of_range) return outcome::out_of_range;
        auto most = std::uint32_t{0};
        if constexpr (Counted)
            for (auto i = std::size_t{0}; i < m_counters * columns; ++i) most = std::max(most, times[i]);
        return most > add_block ? outcome::crowded : outcome::added;
    }

    axis_view m_at;
    std::size_t m_count;
    std::size_t m_counters = 0;
};

}  // namespace detail

/// y[o, j, i] = base[o, j, i] + the sum of x[o, k, i] over all k with indices[o, k, i] = j; without a base, 0 in its place.
/// x, indices: (outer, count, inner)  y, base: as `at`. What comes to one element is added in blocks, and these pairwise, as by
/// `add_at`. Returns whether there are such elements for all indices, of which negative ones count from the end.
template <class T>
bool scatter_sum(const T* x, const axis_view& at, const std::int64_t* indices, std::size_t count, const T* base, T* y) {
    const auto inner = at.inner, size = at.length * inner;
    const auto add = detail::slab_sum<T>{at, count};
    const auto begin_with = [&](std::size_t slab, std::size_t first, std::size_t last) {
        const auto whole = last - first == inner;   // then its rows follow each other without gaps
        const auto step = whole ? size : inner, length = whole ? size : last - first;
        for (auto i = slab * size + first; i < (slab + 1) * size; i += step) {
            if (base == nullptr) std::fill_n(y + i, length, T{0});
            else std::copy_n(base + i, length, y + i);
        }
    };
    auto all_there = std::atomic<bool>{true};
    // A part may begin and end in the middle of a slab: what comes to one column does not depend on the others.
    parallel_for(at.outer * inner, light_grain / (at.length + count + 1) + 1, [&](std::size_t begin, std::size_t end) {
        const auto counted = add.counters() * std::min(inner, end - begin);
        const auto times = memory::scratch<std::uint32_t>{counted};
        while (begin < end) {
            const auto slab = begin / inner, first = begin % inner, last = std::min(inner, first + (end - begin));
            const auto* const from = x + slab * count * inner;
            const auto* const index = indices + slab * count * inner;
            begin_with(slab, first, last);
            std::fill_n(times.data(), counted, 0u);
            const auto outcome = add.add_directly(from, index, y + slab * size, first, last, counted == 0 ? nullptr : times.data());
            if (outcome == detail::slab_sum<T>::outcome::out_of_range) all_there = false;
            if (outcome == detail::slab_sum<T>::outcome::crowded) {
                begin_with(slab, first, last);
                for (auto i = first; i < last; ++i) add.add_column(from + i, index + i, y + slab * size + i);
            }
            begin += last - first;
        }
    });
    return all_there;
}

}  // namespace xgrad::kernels
