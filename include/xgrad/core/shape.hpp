// Shapes: how many elements along each axis, and the rules by which two shapes become one.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/sequence.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI {

/// The rank of a tensor whose number of axes is known at run time only, in the manner of
/// `std::dynamic_extent`.
inline constexpr std::size_t dynamic_rank = static_cast<std::size_t>(-1);

/// The largest number of axes of a tensor. A shape of this many is stored in place, without the heap.
inline constexpr std::size_t max_rank = 8;

/// A size, an axis or an index: any integer, signed or not, so that `{n, 3}` never warns of narrowing. One that no
/// memory could hold stays out of every range, and what is no integer does not compile.
struct extent {
    std::ptrdiff_t value;

    template <class Number>
        requires(std::is_arithmetic_v<Number> || (std::is_enum_v<Number> && std::is_convertible_v<Number, std::ptrdiff_t>))
    constexpr extent(Number number) : value{detail::nearest_cast<std::ptrdiff_t>(+number)} {
        static_assert(!std::is_floating_point_v<Number> && !std::is_same_v<Number, bool>,
                      "sizes, axes and indices are integers, neither truth values nor fractions");
    }

    constexpr operator std::ptrdiff_t() const { return value; }
};

/// Sizes, axes and the like. A tensor of integers is none, though its elements can be gone through: it has axes itself.
template <class Range>
concept integral_range = detail::sequence<Range> && std::integral<detail::sequence_value<Range>> &&
                         !std::is_same_v<detail::sequence_value<Range>, char> &&
                         !requires(const Range& range) { range.requires_grad(); };

/// Row-major sizes, outermost axis first. A value type of fixed size.
class shape {
public:
    using value_type = std::size_t;

    constexpr shape() = default;

    constexpr shape(std::initializer_list<extent> sizes) { assign(sizes); }

    template <integral_range Range>
        requires(!std::same_as<std::remove_cvref_t<Range>, shape>)
    constexpr explicit(false) shape(const Range& sizes) { assign(sizes); }

    constexpr std::size_t rank() const noexcept { return m_rank; }
    constexpr std::size_t size() const noexcept { return m_rank; }
    constexpr bool empty() const noexcept { return m_rank == 0; }
    constexpr std::size_t operator[](std::size_t axis) const noexcept { return m_sizes[axis]; }
    constexpr std::size_t& operator[](std::size_t axis) noexcept { return m_sizes[axis]; }
    constexpr const std::size_t* begin() const noexcept { return m_sizes.data(); }
    constexpr const std::size_t* end() const noexcept { return m_sizes.data() + m_rank; }
    constexpr std::size_t* begin() noexcept { return m_sizes.data(); }
    constexpr std::size_t* end() noexcept { return m_sizes.data() + m_rank; }
    constexpr std::size_t front() const noexcept { return m_sizes[0]; }
    constexpr std::size_t back() const noexcept { return m_sizes[m_rank - 1]; }

    /// The number of elements: the product of the sizes, 1 for a scalar.
    constexpr std::size_t elements() const noexcept {
        auto product = std::size_t{1};
        for (const auto size : *this) product *= size;
        return product;
    }

    constexpr void push_back(std::size_t size) {
        if (m_rank == max_rank) fail<rank_error>("shape", "at most ", max_rank, " axes");
        m_sizes[m_rank++] = size;
    }

    constexpr void insert(std::size_t axis, std::size_t size) {
        push_back(size);
        for (auto i = m_rank - 1; i > axis; --i) m_sizes[i] = m_sizes[i - 1];
        m_sizes[axis] = size;
    }

    constexpr void erase(std::size_t axis) {
        for (auto i = axis + 1; i < m_rank; ++i) m_sizes[i - 1] = m_sizes[i];
        m_sizes[--m_rank] = 0;
    }

    friend constexpr bool operator==(const shape& a, const shape& b) noexcept {
        return a.m_rank == b.m_rank && std::equal(a.begin(), a.end(), b.begin());
    }

    template <integral_range Range>
        requires(!std::same_as<std::remove_cvref_t<Range>, shape>)
    friend constexpr bool operator==(const shape& a, const Range& b) {
        return a.m_rank == std::size(b) && std::equal(a.begin(), a.end(), std::begin(b), [](auto x, auto y) {
            return x == static_cast<std::size_t>(y);
        });
    }

private:
    constexpr void assign(const auto& sizes) {
        for (const auto size : sizes) {
            const auto number = extent{size}.value;
            if (number < 0) fail<shape_error>("shape", "a size must not be negative, got ", number);
            push_back(static_cast<std::size_t>(number));
        }
    }

    std::array<std::size_t, max_rank> m_sizes{};
    std::size_t m_rank = 0;
};

/// The sizes of a tensor whose rank is known: a `std::array` that prints, too.
template <std::size_t N>
struct static_shape : std::array<std::size_t, N> {};

/// "(2, 3)", "(4,)", "()": as NumPy prints a shape.
inline std::string to_string(const shape& sizes) {
    auto text = std::string{};
    detail::append_text(text, sizes);
    return text;
}

template <class Traits>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const shape& sizes) {
    return out << to_string(sizes);
}

/// The axis that `axis` names, counted from the end when it is negative; throws `index_error`.
constexpr std::size_t normalize_axis(std::string_view where, std::ptrdiff_t axis, std::size_t rank) {
    const auto signed_rank = static_cast<std::ptrdiff_t>(rank);
    if (axis < -signed_rank || axis >= signed_rank)
        fail<index_error>(where, "axis ", axis, " is out of range for ", rank, " axes");
    return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

/// A set of axes, one bit each.
class axis_set {
public:
    constexpr axis_set() = default;

    /// Every axis of `axes`, negative ones counted from the end; throws `index_error` for one out of range
    /// and `value_error` for one named twice.
    template <class Axes>
    constexpr axis_set(std::string_view where, const Axes& axes, std::size_t rank) {
        for (const auto axis : axes) {
            const auto position = normalize_axis(where, extent{axis}, rank);
            if (contains(position)) fail<value_error>(where, "axis ", position, " is named twice");
            m_bits |= 1u << position;
        }
    }

    static constexpr axis_set all(std::size_t rank) {
        auto axes = axis_set{};
        axes.m_bits = (1u << rank) - 1;
        return axes;
    }

    constexpr void insert(std::size_t axis) { m_bits |= 1u << axis; }
    constexpr bool contains(std::size_t axis) const { return (m_bits >> axis & 1u) != 0; }
    constexpr bool empty() const { return m_bits == 0; }

private:
    std::uint32_t m_bits = 0;
};

/// The shape to which `a` and `b` broadcast by NumPy's rule: aligned at the last axis, equal or 1.
/// Throws `shape_error`.
constexpr shape broadcast_shapes(std::string_view where, const shape& a, const shape& b) {
    const auto& longer = a.rank() >= b.rank() ? a : b;
    const auto& shorter = a.rank() >= b.rank() ? b : a;
    auto result = longer;
    const auto offset = longer.rank() - shorter.rank();
    for (auto axis = offset; axis < longer.rank(); ++axis) {
        const auto m = longer[axis], n = shorter[axis - offset];
        if (m != n && m != 1 && n != 1)
            fail<shape_error>(where, "shapes do not broadcast: a is ", a, ", b is ", b,
                              "; sizes of an axis, counted from the last, must be equal or 1");
        result[axis] = m == 1 ? n : m;
    }
    return result;
}

/// The shape without `axes`, or with 1 in their place when they are kept.
constexpr shape reduced_shape(const shape& sizes, axis_set axes, bool keep) {
    auto result = shape{};
    for (auto axis = std::size_t{0}; axis < sizes.rank(); ++axis) {
        if (!axes.contains(axis)) result.push_back(sizes[axis]);
        else if (keep) result.push_back(1);
    }
    return result;
}

}  // namespace xgrad

template <std::size_t N>
struct std::tuple_size<xgrad::static_shape<N>> : std::integral_constant<std::size_t, N> {};
template <std::size_t At, std::size_t N>
struct std::tuple_element<At, xgrad::static_shape<N>> : std::type_identity<std::size_t> {};

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
XGRAD_COMMON_INSTANCE void append_text(std::string&, const shape&);
}
#endif
