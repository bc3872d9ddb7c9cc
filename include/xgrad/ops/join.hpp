// Tensors joined into one.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/strided.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/view.hpp>

#include <cstddef>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

namespace detail {

template <element T>
std::vector<std::size_t, memory::allocator<std::size_t>> lengths_along(std::span<const tensor<T>> parts, std::size_t axis) {
    auto lengths = std::vector<std::size_t, memory::allocator<std::size_t>>{};
    for (const auto& part : parts) lengths.push_back(shape_of(part)[axis]);
    return lengths;
}

/// y = the parts one after the other along `axis`        dx_k = the range of dy where part k went
template <element T>
tensor<T> join_value(const char* name, std::span<const tensor<T>> parts, std::ptrdiff_t along) {
    if (parts.empty()) fail<shape_error>(name, "nothing to join");
    auto sizes = shape_of(parts[0]);
    const auto axis = normalize_axis(name, along, sizes.rank());
    sizes[axis] = 0;
    for (const auto& part : parts) {
        auto own = shape_of(part);
        if (own.rank() != sizes.rank())
            fail<rank_error>(name, "the parts have different ranks: ", shape_of(parts[0]), " and ", own);
        const auto length = own[axis];
        own[axis] = sizes[axis];
        if (own != sizes)
            fail<shape_error>(name, "sizes differ outside axis ", axis, ": ", shape_of(parts[0]), " and ", shape_of(part));
        sizes[axis] += length;
    }
    auto y = make_result<T>(sizes);
    auto at = kernels::strides::row_major(sizes);
    const auto step = at.along[axis];
    for (const auto& part : parts) {
        kernels::scatter_strided(part.data(), shape_of(part), access::elements(y), at);
        at.offset += static_cast<std::ptrdiff_t>(shape_of(part)[axis]) * step;
    }
    if constexpr (!real<T>) return y;
    else {
        const auto inputs = std::vector<input, memory::allocator<input>>(parts.begin(), parts.end());
        return record(name, std::move(y), std::span<const input>{inputs}, keep(),
                      [axis, lengths = lengths_along(parts, axis)](const auto& dy, gradients& d) {
                          auto first = std::size_t{0};
                          for (auto k = std::size_t{0}; k < lengths.size(); first += lengths[k++])
                              d(k, [&] { return range_along(dy, axis, first, lengths[k]); });
                      });
    }
}
template <element T>
tensor<T> join(const char* name, std::span<const tensor<T>> parts, std::ptrdiff_t along) {
    return call(name, {"parts", "axis"}, [name](std::span<const tensor<T>> all, std::ptrdiff_t axis) {
        return join_value<T>(name, all, axis);
    }, parts, along);
}

/// y = the parts one after the other, each with a new axis
template <element T>
tensor<T> stack_value(std::span<const tensor<T>> parts, std::ptrdiff_t along) {
    auto pieces = std::vector<tensor<T>, memory::allocator<tensor<T>>>(parts.begin(), parts.end());
    for (auto& part : pieces) {
        if (shape_of(part) != shape_of(parts[0])) fail<shape_error>("stack", "shapes differ: ", shape_of(parts[0]), " and ", shape_of(part));
    }
    if (!pieces.empty()) {
        const auto position = static_cast<std::ptrdiff_t>(normalize_axis("stack", along, parts[0].rank() + 1));
        for (auto& part : pieces) part = insert_axis<T>("expand_dims", part, position);
    }
    return join_value<T>("stack", std::span<const tensor<T>>{pieces}, along);
}
template <element T>
tensor<T> stack_along(std::span<const tensor<T>> parts, std::ptrdiff_t along) {
    return call("stack", {"parts", "axis"}, [](std::span<const tensor<T>> all, std::ptrdiff_t axis) { return stack_value<T>(all, axis); }, parts, along);
}

template <element T, class Parts>
std::vector<tensor<T>, memory::allocator<tensor<T>>> without_ranks(const Parts& parts) {
    return {parts.begin(), parts.end()};
}

/// Braces around tensors of different types, which are no list of one type: they only say so.
struct unlike_parts {
    template <element T, std::size_t N, element... U, std::size_t... M>
    unlike_parts(const tensor<T, N>&, const tensor<U, M>&...) {
        static_assert((std::is_same_v<T, U> && ...), "the element types differ: convert one operand with astype<T>(x)");
        static_assert(((N == M) && ...) || !(std::is_same_v<T, U> && ...), "the parts have different ranks in their types: give all as tensor<T>");
    }
};

}  // namespace detail

/// The parts one after the other along `axis`, along which alone their sizes may differ.
/// Throws `shape_error`, `rank_error`, `index_error`.
struct concat_fn {
    template <element T, std::size_t N>
    tensor<T, N> operator()(std::initializer_list<tensor<T, N>> parts, extent axis = 0) const {
        return join<T, N>(parts, axis);
    }
    template <element T, std::size_t N>
    tensor<T, N> operator()(const std::vector<tensor<T, N>>& parts, extent axis = 0) const {
        return join<T, N>(parts, axis);
    }
    void operator()(const detail::unlike_parts&, extent = 0) const {}

private:
    template <element T, std::size_t N, class Parts>
    static tensor<T, N> join(const Parts& parts, extent axis) {
        const auto pieces = detail::without_ranks<T>(parts);
        return detail::with_rank<N>(detail::join("concat", std::span<const tensor<T>>{pieces}, axis));
    }
};
inline constexpr concat_fn concat{};

/// The parts, all of one shape, along a new axis `axis`. Throws `shape_error`, `rank_error`, `index_error`.
struct stack_fn {
    template <element T, std::size_t N>
    auto operator()(std::initializer_list<tensor<T, N>> parts, extent axis = 0) const {
        return join<T, N>(parts, axis);
    }
    template <element T, std::size_t N>
    auto operator()(const std::vector<tensor<T, N>>& parts, extent axis = 0) const {
        return join<T, N>(parts, axis);
    }
    void operator()(const detail::unlike_parts&, extent = 0) const {}

private:
    template <element T, std::size_t N, class Parts>
    static tensor<T, N == dynamic_rank ? N : N + 1> join(const Parts& parts, extent axis) {
        const auto pieces = detail::without_ranks<T>(parts);
        return detail::with_rank<N == dynamic_rank ? N : N + 1>(detail::stack_along(std::span<const tensor<T>>{pieces}, axis));
    }
};
inline constexpr stack_fn stack{};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> join(const char*, std::span<const tensor<T>>, std::ptrdiff_t); \
    XGRAD_INSTANCE tensor<T> stack_along(std::span<const tensor<T>>, std::ptrdiff_t);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
