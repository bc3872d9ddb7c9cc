// The elements that stand at given places of the sorted order along an axis.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::kernels {

/// places[o, r, i] = where along the axis the element stands that has rank ranks[r] among x[o, :, i], in which equals stand by
/// their places, or the first that is equal to it; where there is a NaN, the first one.
/// x: as `at`  places: (outer, count, inner)
template <class T>
void places_of_ranks(const T* x, const axis_view& at, const std::size_t* ranks, std::size_t count, bool first_of_equals, std::int64_t* places) {
    struct item {
        T value;
        std::int64_t place;
    };
    const auto before = [](const item& a, const item& b) { return a.value < b.value || (a.value == b.value && a.place < b.place); };
    parallel_for(at.outer * at.inner, detail::reduce_grain / (8 * at.length + 1) + 1, [&](std::size_t begin, std::size_t end) {
        const auto room = memory::scratch<item>{at.length};
        auto* const items = room.data();
        for (auto row = begin; row < end; ++row) {
            const auto o = row / at.inner, i = row % at.inner;
            auto nan = std::int64_t{-1};
            for (auto k = at.length; k-- > 0;) {
                items[k] = {x[(o * at.length + k) * at.inner + i], static_cast<std::int64_t>(k)};
                if (items[k].value != items[k].value) nan = items[k].place;
            }
            auto* const to = places + o * count * at.inner + i;
            for (auto r = std::size_t{0}; r < count; ++r) {
                if (nan < 0) std::nth_element(items, items + ranks[r], items + at.length, before);
                auto found = items[ranks[r]];
                for (auto k = std::size_t{0}; first_of_equals && k < ranks[r]; ++k)   // the others are behind
                    if (items[k].value == found.value) found.place = std::min(found.place, items[k].place);
                to[r * at.inner] = nan < 0 ? found.place : nan;
            }
        }
    });
}

}  // namespace xgrad::kernels
