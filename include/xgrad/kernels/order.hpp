// The order of the elements along an axis: ascending or descending, equals by their places, NaN after all numbers.
//
// An element becomes an unsigned integer that compares as it does, with its place behind it: then all items are different, any
// method of sorting is stable, and long lines go by their digits, least first (D. E. Knuth, The Art of Computer Programming,
// vol. 3, 5.2.5).
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/arg_reduce.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI::kernels {

/// Whether a stands before b where NaN counts as the largest.
template <class T>
bool ordered_before(T a, T b) {
    return a < b || (b != b && a == a);
}

namespace detail {

template <class T>
using order_key = std::conditional_t<(sizeof(T) > 4), std::uint64_t, std::uint32_t>;

/// The unsigned integer that stands where x does: one for both zeros, and the largest for every NaN.
template <class T>
order_key<T> key_of(T x) {
    if constexpr (real<T>) {
        constexpr auto sign = simd::sign_bit<T>;
        if (x != x) return std::numeric_limits<order_key<T>>::max();
        const auto bits = std::bit_cast<order_key<T>>(x + T{0});   // -0 + 0 is +0
        return (bits & sign) != 0 ? ~bits : bits | sign;
    } else {
        using key = order_key<T>;
        return static_cast<key>(static_cast<key>(x) ^ (std::is_signed_v<T> ? key{1} << (8 * sizeof(key) - 1) : key{0}));
    }
}

/// A key and a place in one number, or, where there is no room, beside each other.
template <class Key>
struct order_item {
    Key key;
    std::uint64_t place;
    friend auto operator<=>(const order_item&, const order_item&) = default;
};
template <>
struct order_item<std::uint32_t> {
    std::uint64_t both;
    order_item() = default;
    order_item(std::uint32_t key, std::uint64_t place) : both{std::uint64_t{key} << 32 | place} {}
    friend auto operator<=>(const order_item&, const order_item&) = default;
};

template <class Key>
std::int64_t place_in(const order_item<Key>& item) {
    if constexpr (sizeof(Key) == 4) return static_cast<std::int64_t>(item.both & 0xffffffffu);
    else return static_cast<std::int64_t>(item.place);
}

/// The byte of a key that counts 256^digit.
template <class Key>
std::size_t digit_of(const order_item<Key>& item, std::size_t digit) {
    if constexpr (sizeof(Key) == 4) return static_cast<std::size_t>(item.both >> (32 + 8 * digit) & 255);
    else return static_cast<std::size_t>(item.key >> (8 * digit) & 255);
}

inline constexpr std::size_t digits_pay = 256;   // items; fewer are sorted by comparing them

/// The items in order, where they are or in `room`; equal keys keep the order in which they come.
template <class Key>
order_item<Key>* sort_items(order_item<Key>* items, order_item<Key>* room, std::size_t count) {
    if (count < digits_pay) {
        std::sort(items, items + count);
        return items;
    }
    std::array<std::array<std::size_t, 256>, sizeof(Key)> ends{};
    for (auto i = std::size_t{0}; i < count; ++i)
        for (auto digit = std::size_t{0}; digit < sizeof(Key); ++digit) ++ends[digit][digit_of(items[i], digit)];
    for (auto digit = std::size_t{0}; digit < sizeof(Key); ++digit) {
        auto& next = ends[digit];
        if (next[digit_of(items[0], digit)] == count) continue;   // all have the same
        auto before = std::size_t{0};
        for (auto& each : next) before += std::exchange(each, before);
        for (auto i = std::size_t{0}; i < count; ++i) room[next[digit_of(items[i], digit)]++] = items[i];
        std::swap(items, room);
    }
    return items;
}

/// The first `wanted` items in order, at the beginning.
template <class Item>
void select_items(Item* items, std::size_t count, std::size_t wanted) {
    if (wanted < count) std::nth_element(items, items + wanted, items + count);
    std::sort(items, items + wanted);
}

/// The first `wanted` of the line's items in order, few of many: kept as a heap whose top is the last of them.
template <class Key, class T, class Item>
void select_few(const T* x, std::size_t step, const Item& item, std::size_t count, std::size_t wanted, bool descending, order_item<Key>* best) {
    for (auto k = std::size_t{0}; k < wanted; ++k) best[k] = item(k);
    std::make_heap(best, best + wanted);
    const auto next = [&](std::size_t k) {
        const auto bound = x[static_cast<std::size_t>(place_in(best[0])) * step];
        return descending ? next_candidate<std::greater<>>(x, step, k, count, bound) : next_candidate<std::less<>>(x, step, k, count, bound);
    };
    for (auto k = next(wanted); k < count; k = next(k + 1))
        if (const auto each = item(k); each < best[0]) {
            std::pop_heap(best, best + wanted);
            best[wanted - 1] = each;
            std::push_heap(best, best + wanted);
        }
    std::sort_heap(best, best + wanted);
}

/// The places of the first `wanted` elements of a line in order, and where they go, both `step` apart.
template <class T>
class line_order {
public:
    using key = order_key<T>;

    line_order(std::size_t count, std::size_t wanted, bool descending)
        : m_count{count}, m_wanted{wanted}, m_descending{descending}, m_items{count}, m_room{wanted == count ? count : 0} {}

    void operator()(const T* x, std::size_t step, std::int64_t* places) const {
        const auto flip = m_descending ? std::numeric_limits<key>::max() : key{0};
        const auto item = [=](std::size_t k) { return order_item<key>{static_cast<key>(key_of(x[k * step]) ^ flip), k}; };
        auto* sorted = m_items.data();
        if (m_wanted * 16 <= m_count && m_wanted != 0) {
            select_few<key>(x, step, item, m_count, m_wanted, m_descending, sorted);
        } else {
            for (auto k = std::size_t{0}; k < m_count; ++k) sorted[k] = item(k);
            if (m_wanted == m_count) sorted = sort_items(sorted, m_room.data(), m_count);
            else select_items(sorted, m_count, m_wanted);
        }
        for (auto k = std::size_t{0}; k < m_wanted; ++k) places[k * step] = place_in(sorted[k]);
    }

private:
    std::size_t m_count, m_wanted;
    bool m_descending;
    memory::scratch<order_item<key>> m_items, m_room;
};

}  // namespace detail

/// places[o, k, i] = where along the axis the k-th of x[o, :, i] in order stands, k < wanted.        x: as `at`
/// A line has fewer than 2^32 elements.
template <class T>
void order_places(const T* x, const axis_view& at, std::size_t wanted, bool descending, std::int64_t* places) {
    const auto grain = std::size_t{4096} / std::max<std::size_t>(1, at.length) + 1;
    parallel_for(at.outer * at.inner, grain, [&](std::size_t begin, std::size_t end) {
        const auto order = detail::line_order<T>{at.length, wanted, descending};
        for (auto line = begin; line < end; ++line) {
            const auto o = line / at.inner, i = line % at.inner;
            order(x + o * at.length * at.inner + i, at.inner, places + o * wanted * at.inner + i);
        }
    });
}

/// y[i] = how many of the `length` numbers in order at `sorted` stand before values[i], or do not stand behind it (`right`).
template <class T>
void search_sorted(const T* sorted, std::size_t length, const T* values, std::size_t count, bool right, std::int64_t* y) {
    parallel_for(count, std::size_t{4096}, [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i) {
            const auto* const found = right ? std::upper_bound(sorted, sorted + length, values[i], ordered_before<T>)
                                            : std::lower_bound(sorted, sorted + length, values[i], ordered_before<T>);
            y[i] = found - sorted;
        }
    });
}

}  // namespace xgrad::kernels
