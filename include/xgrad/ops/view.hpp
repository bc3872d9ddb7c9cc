// Parts of a tensor, by xtensor's slices.
//
//     view(x, 3)    view(x, xt::all(), xt::range(1, 5))    view(x, xt::newaxis(), xt::ellipsis(), -1)
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/spans.hpp>
#include <xgrad/core/xtensor.hpp>
#include <xgrad/kernels/strided.hpp>
#include <xgrad/ops/take.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <element T>
tensor<T> place(const basic_tensor<T>& part, const kernels::strides& at, const shape& sizes, T around = T{0});

/// The places of elements, as attributes of an operation: element (i, j, ...) stands at offset + i strides[0] + ...
struct places_of_view {
    kernels::strides at;
    std::size_t rank;
};
void say_options(const places_of_view& places, const auto& say) {
    say("offset", places.at.offset);
    say("strides", std::span<const std::ptrdiff_t>{places.at.along.data(), places.rank});
}

template <element T>
tensor<T> strided_part(const basic_tensor<T>& x, const kernels::strides& at, const shape& part);

/// The elements of x at the places `at`, under the shape `part`.        dx = dy at those places, 0 elsewhere
template <element T>
tensor<T> strided_value(const basic_tensor<T>& x, const kernels::strides& at, const shape& part) {
    // A run of whole rows stands in memory as it should, and is shared.
    auto dense = kernels::strides::row_major(part);
    auto in_place = true;
    for (auto axis = std::size_t{0}; axis < part.rank(); ++axis)
        in_place = in_place && (part[axis] == 1 || at.along[axis] == dense.along[axis]);
    auto y = in_place || part.elements() == 0
                 ? make_view(x, part, part.elements() == 0 ? 0 : static_cast<std::size_t>(at.offset))
                 : make_result<T>(part);
    if (!in_place) kernels::gather_strided(x.data(), at, part, access::elements(y));
    if constexpr (!real<T>) return y;
    else
        return record("view", std::move(y), {x}, keep(), [at, from = shape_of(x)](const auto& dy, gradients& d) {
            d(0, [&] { return place(dy, at, from); });
        });
}
template <element T>
tensor<T> strided_part(const basic_tensor<T>& x, const kernels::strides& at, const shape& part) {
    return call("view", {"x", "at", "shape"},
                [](const basic_tensor<T>& v, const places_of_view& in, const shape& sizes) { return strided_value(v, in.at, sizes); },
                x, places_of_view{at, part.rank()}, part);
}

/// `around` everywhere under the shape `sizes`, but `part` at the places `at`.        dpart = dy at those places
template <element T>
tensor<T> place(const basic_tensor<T>& part, const kernels::strides& at, const shape& sizes, T around) {
    return call("place", {"part", "at", "shape", "around"}, [](const basic_tensor<T>& x, const places_of_view& in, const shape& whole_shape, T other) {
        auto y = filled<dynamic_rank>(whole_shape, other);
        kernels::scatter_strided(x.data(), shape_of(x), access::elements(y), in.at);
        if constexpr (!real<T>) return y;
        else
            return record("place", std::move(y), {x}, keep(), [places = in.at, from = shape_of(x)](const auto& dy, gradients& d) {
                d(0, [&] { return strided_part(dy, places, from); });
            });
    }, part, places_of_view{at, part.rank()}, sizes, around);
}

/// x[first : first + count] along one axis.
template <element T>
tensor<T> range_along(const basic_tensor<T>& x, std::size_t axis, std::size_t first, std::size_t count) {
    auto at = kernels::strides::row_major(shape_of(x));
    at.offset = static_cast<std::ptrdiff_t>(first) * at.along[axis];
    auto sizes = shape_of(x);
    sizes[axis] = count;
    return strided_part(x, at, sizes);
}

template <class S>
concept index_list_slice = requires(S slice) { slice.normalize(std::size_t{}); };
template <class S>
inline constexpr bool drops = false;
template <class T>
inline constexpr bool drops<xt::xdrop_slice<T>> = true;
template <class S>
concept sized_later_slice = requires(const S& slice) { slice.get(std::size_t{}); };

/// Reads slices from left to right against the axes of x.
template <element T>
class slicer {
public:
    slicer(const basic_tensor<T>& x, std::size_t axes_named) : m_sizes{shape_of(x)}, m_own{kernels::strides::row_major(m_sizes)} {
        if (axes_named > m_sizes.rank())
            fail<rank_error>("view", axes_named, " slices for ", m_sizes.rank(), " axes");
        m_left_over = m_sizes.rank() - axes_named;
    }

    template <class S>
    void add(const S& slice) {
        if constexpr (std::is_arithmetic_v<S>) {
            const auto size = static_cast<std::ptrdiff_t>(m_sizes[m_axis]), index = extent{slice}.value;
            if (index < -size || index >= size)
                fail<index_error>("view", "index ", index, " is out of range for axis ", m_axis, " of size ", size);
            m_at.offset += (index < 0 ? index + size : index) * m_own.along[m_axis++];
        } else if constexpr (std::is_same_v<S, xt::xnewaxis_tag>) {
            push(1, 0);
        } else if constexpr (std::is_same_v<S, xt::xall_tag>) {
            keep_axis();
        } else if constexpr (std::is_same_v<S, xt::xellipsis_tag>) {
            for (; m_left_over != 0; --m_left_over) keep_axis();
        } else if constexpr (index_list_slice<S>) {
            m_lists[m_part.rank()] = chosen_by(slice);
            keep_axis();
        } else if constexpr (sized_later_slice<S>) {
            static_assert(!std::is_floating_point_v<decltype(slice.start())> && !std::is_floating_point_v<decltype(slice.stop())> &&
                              !std::is_floating_point_v<decltype(slice.step())>,
                          "sizes, axes and indices are integers, neither truth values nor fractions");   // xtensor reads 1.5 as _
            if constexpr (std::integral<decltype(slice.step())>)
                if (slice.step() == 0) fail<value_error>("view", "a range's step must not be 0");
            add_range(slice.get(m_sizes[m_axis]));
        } else {
            add_range(slice);
        }
    }

    tensor<T> part_of(const basic_tensor<T>& x) {
        while (m_axis < m_sizes.rank()) keep_axis();
        auto y = strided_part(x, m_at, m_part);
        for (auto axis = std::size_t{0}; axis < m_lists.size(); ++axis)
            if (m_lists[axis].defined()) y = take_along(y, m_lists[axis], axis);
        return y;
    }

private:
    void push(std::size_t size, std::ptrdiff_t stride) {
        m_part.push_back(size);   // or throws, where one axis more would be too many
        m_at.along[m_part.rank() - 1] = stride;
    }
    void keep_axis() {
        push(m_sizes[m_axis], m_own.along[m_axis]);
        ++m_axis;
    }
    /// The indices along the next axis that `xt::keep` names, or that `xt::drop` does not. Both are asked for an axis of
    /// size 0, along which negative indices are what they are: xtensor takes any number for an index, and expects what
    /// is dropped in order and without repetition, but does not say so.
    template <class S>
    tensor<std::int64_t, 1> chosen_by(const S& slice) const {
        using index = typename S::size_type;
        static_assert(std::is_integral_v<index> && !std::is_same_v<index, bool>, "kept and dropped indices are integers");
        using wide = std::conditional_t<std::is_signed_v<index>, std::ptrdiff_t, std::size_t>;
        auto own = slice;
        own.normalize(0);   // reads nothing; `convert` would read a size that is not set before
        auto named = own.template convert<wide>();
        named.normalize(0);
        const auto size = static_cast<std::ptrdiff_t>(m_sizes[m_axis]);
        auto chosen = std::vector<std::int64_t>{};
        if constexpr (drops<S>) {
            for (auto i = std::ptrdiff_t{0}; i < size; ++i)
                if (named.contains(static_cast<wide>(i)) && (std::is_unsigned_v<wide> || named.contains(static_cast<wide>(i - size))))
                    chosen.push_back(i);
            const auto count = std::size_t{0} - static_cast<std::size_t>(named.size());
            if (const auto found = m_sizes[m_axis] - chosen.size(); found != count)
                fail<index_error>("view", count, " indices to drop, of which ", found, " are different and along axis ", m_axis,
                                  " of size ", size, "; each must be, and is named once");
        } else {
            for (auto i = std::size_t{0}; i < static_cast<std::size_t>(named.size()); ++i) {
                const auto at = extent{named(static_cast<wide>(i))}.value;
                if (at < -size || at >= size) fail<index_error>("view", "a kept index leaves axis ", m_axis, " of size ", size);
                chosen.push_back(at < 0 ? at + size : at);
            }
        }
        return {span_of(chosen), {chosen.size()}};
    }

    template <class Range>
    void add_range(const Range& range) {
        const auto count = static_cast<std::ptrdiff_t>(range.size());
        using position = decltype(range.size());
        const auto at = [&](std::ptrdiff_t i) { return static_cast<std::ptrdiff_t>(range(static_cast<position>(i))); };
        const auto size = static_cast<std::ptrdiff_t>(m_sizes[m_axis]);
        const auto first = count > 0 ? at(0) : 0, step = count > 1 ? at(1) - at(0) : 1;
        if (count > 0 && (first < 0 || first >= size || at(count - 1) < 0 || at(count - 1) >= size))
            fail<index_error>("view", "the range from ", first, " to ", at(count - 1), " leaves axis ", m_axis, " of size ", size);
        m_at.offset += first * m_own.along[m_axis];
        push(static_cast<std::size_t>(std::max<std::ptrdiff_t>(count, 0)), step * m_own.along[m_axis]);
        ++m_axis;
    }

    shape m_sizes;
    kernels::strides m_own;
    kernels::strides m_at;
    shape m_part;
    std::array<tensor<std::int64_t, 1>, max_rank> m_lists;
    std::size_t m_axis = 0;
    std::size_t m_left_over = 0;
};

template <class S>
inline constexpr bool names_axis = !std::is_same_v<S, xt::xnewaxis_tag> && !std::is_same_v<S, xt::xellipsis_tag>;

}  // namespace detail

/// The part of x that the slices name, axis by axis: an index (which drops the axis; negative ones count
/// from the end), `xt::range`, `xt::all()`, `xt::newaxis()`, `xt::ellipsis()`, `xt::keep`, `xt::drop`, which names each
/// index once, in any order. Axes not named are taken whole. Ranges end at the axis's end, as in NumPy. A range of whole
/// rows shares the elements; everything else is a copy.        dx = dy at those places, 0 elsewhere
/// Throws `rank_error` for too many slices, `index_error` for an index out of range or dropped twice.
struct view_fn {
    template <element T, std::size_t N, class... Slices>
    auto operator()(const tensor<T, N>& x, const Slices&... slices) const {
        constexpr auto named = (std::size_t{0} + ... + (detail::names_axis<Slices> ? 1 : 0));
        constexpr auto dropped = (std::size_t{0} + ... + (std::is_arithmetic_v<Slices> ? 1 : 0));
        constexpr auto added = (std::size_t{0} + ... + (std::is_same_v<Slices, xt::xnewaxis_tag> ? 1 : 0));
        static_assert(N == dynamic_rank || named <= N, "more slices than the tensor has axes");
        constexpr auto rank = N == dynamic_rank ? N : N - dropped + added;
        auto slicer = detail::slicer<T>{x, named};
        (slicer.add(slices), ...);
        return detail::with_rank<rank>(slicer.part_of(x));
    }
};
inline constexpr view_fn view{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> strided_part(const basic_tensor<T>&, const kernels::strides&, const shape&); \
    XGRAD_INSTANCE tensor<T> place(const basic_tensor<T>&, const kernels::strides&, const shape&, T);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
