// How options say what windows are like along several axes.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/kernels/window.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

/// One number for every axis, or one for each: `.stride = 2`, `.stride = {2, 1}`.
class per_axis {
public:
    template <class Number>
        requires std::is_arithmetic_v<Number>
    constexpr per_axis(Number number) : m_values{extent{number}.value} {}
    constexpr per_axis(std::initializer_list<extent> numbers) { assign(numbers); }
    template <integral_range Range>
    constexpr per_axis(const Range& numbers) {
        assign(numbers);
    }

    /// The number for axis `axis` of `axes`. Throws `value_error` when there are others than so many, or it is below
    /// `least`.
    std::size_t at(const char* caller, const char* what, std::size_t axis, std::size_t axes, std::ptrdiff_t least) const {
        if (m_count != 1 && m_count != axes)
            fail<value_error>(caller, what, " names ", m_count, " numbers, there are ", axes, " axes to go over; one number, or one for each");
        const auto value = m_values[m_count == 1 ? 0 : axis];
        if (value < least) fail<value_error>(caller, what, " must be at least ", least, ", got ", value);
        return static_cast<std::size_t>(value);
    }
    std::size_t count() const { return m_count; }
    friend bool operator==(const per_axis&, const per_axis&) = default;

private:
    constexpr void assign(const auto& numbers) {
        m_count = 0;
        for (const auto each : numbers) {
            if (m_count == m_values.size()) fail<value_error>("per_axis", "windows go over three axes at most");
            m_values[m_count++] = extent{each}.value;
        }
    }

    std::array<std::ptrdiff_t, 3> m_values{};
    std::size_t m_count = 1;
};

struct same_t {};
/// Padding with which as many windows fit as there are elements; where that is odd, there is one more behind than in
/// front.
inline constexpr same_t same{};

/// Before and behind one axis.
struct padding_pair {
    constexpr padding_pair(extent before_, extent after_) : before{before_}, after{after_} {}
    extent before, after;
};

/// A number for every axis, one for each, a pair for each, or `same`.
class window_padding {
public:
    template <class Number>
        requires std::is_arithmetic_v<Number>
    constexpr window_padding(Number number) : m_before{number}, m_after{number} {}
    constexpr window_padding(std::initializer_list<extent> numbers) : m_before{numbers}, m_after{numbers} {}
    constexpr window_padding(std::initializer_list<padding_pair> pairs) : m_before{0}, m_after{0} {
        auto before = std::array<std::ptrdiff_t, 3>{}, after = before;
        if (pairs.size() == 0 || pairs.size() > before.size()) fail<value_error>("padding", "one pair for each of the axes, three at most");
        auto count = std::size_t{0};
        for (const auto& each : pairs) {
            before[count] = each.before;
            after[count++] = each.after;
        }
        m_before = shorter(before, count);
        m_after = shorter(after, count);
    }
    /// Explicit, for {{1, 2}, {3, 4}} are pairs.
    constexpr explicit window_padding(const per_axis& before, const per_axis& after) : m_before{before}, m_after{after} {}
    constexpr window_padding(same_t) : m_before{0}, m_after{0}, m_same{true} {}

    bool is_same() const { return m_same; }
    const per_axis& before() const { return m_before; }
    const per_axis& after() const { return m_after; }

private:
    static constexpr per_axis shorter(const std::array<std::ptrdiff_t, 3>& sizes, std::size_t count) {
        return count == 1 ? per_axis{sizes[0]} : count == 2 ? per_axis{sizes[0], sizes[1]} : per_axis{sizes[0], sizes[1], sizes[2]};
    }

    per_axis m_before, m_after;
    bool m_same = false;
};

namespace detail {

/// Throws `value_error` where `count` times a number given as `what` is so far that sums of a few such distances
/// overflow.
XGRAD_ON_DEMAND void check_distance(const char* caller, const char* what, std::size_t count, std::size_t number) {
    constexpr auto farthest = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / 8;
    if (count != 0 && number > farthest / count) fail<value_error>(caller, what, " ", number, " reaches beyond what memory can hold");
}

/// Windows over the last `axes` axes of `sizes`, of which one has `kernel` elements; how many there are is left open.
/// `after` is what is behind the elements.
struct placed_window {
    kernels::window over;
    std::array<std::size_t, 3> after{};
    std::size_t axes;
};
XGRAD_ON_DEMAND placed_window place_window(const char* caller, const shape& sizes, std::size_t axes, const std::array<std::size_t, 3>& kernel,
                                  const per_axis& stride, const window_padding& padding, const per_axis& dilation) {
    auto result = placed_window{.over = {}, .after = {}, .axes = axes};
    for (auto i = std::size_t{0}; i < axes; ++i) {
        auto& axis = result.over.axes[3 - axes + i];
        axis.in = sizes[sizes.rank() - axes + i];
        axis.kernel = kernel[i];
        if (axis.kernel == 0) fail<shape_error>(caller, "the kernel has no element along axis ", sizes.rank() - axes + i);
        axis.stride = stride.at(caller, "stride", i, axes, 1);
        check_distance(caller, "stride", 1, axis.stride);
        axis.dilation = dilation.at(caller, "dilation", i, axes, 1);
        check_distance(caller, "dilation", axis.kernel, axis.dilation);
        auto before = padding.before().at(caller, "padding", i, axes, 0);
        auto& after = result.after[3 - axes + i];
        after = padding.after().at(caller, "padding", i, axes, 0);
        check_distance(caller, "padding", 1, std::max(before, after));
        if (padding.is_same()) {
            if (axis.stride != 1) fail<value_error>(caller, "padding `same` goes with stride 1, the stride is ", axis.stride);
            const auto whole = (axis.kernel - 1) * axis.dilation;
            before = whole / 2;
            after = whole - before;
        }
        axis.before = static_cast<std::ptrdiff_t>(before);
    }
    return result;
}

/// How many windows there are along an axis. Throws `shape_error` when not one fits. If the last may hang over, one
/// more is there for what is left, as long as it begins within the input or the padding in front of it.
XGRAD_ON_DEMAND std::size_t count_windows(const char* caller, const kernels::window_axis& axis, std::size_t after, bool hang_over = false) {
    const auto before = static_cast<std::size_t>(axis.before), length = axis.in + before + after;
    const auto reach = (axis.kernel - 1) * axis.dilation + 1, over = hang_over ? axis.stride - 1 : 0;
    if (reach > length + over)
        fail<shape_error>(caller, "the kernel, ", axis.kernel, " elements", axis.dilation == 1 ? "" : " with dilation, together ",
                          axis.dilation == 1 ? std::string{} : std::to_string(reach), ", is larger than the input, ", axis.in,
                          " elements with padding ", before, " and ", after);
    const auto count = (length + over - reach) / axis.stride + 1;
    return hang_over && (count - 1) * axis.stride >= axis.in + before ? count - 1 : count;
}

/// What a number is along each of the axes, for who asks.
template <class F>
std::vector<std::int64_t> each_axis(const kernels::window& over, std::size_t axes, const F& f) {
    auto result = std::vector<std::int64_t>{};
    for (auto i = 3 - axes; i < 3; ++i) result.push_back(static_cast<std::int64_t>(f(over.axes[i])));
    return result;
}

}  // namespace detail

}  // namespace xgrad
