// The three operations that the engine itself is made of: a sum of gradients, and the pair that undoes
// broadcasting. Each is the other's derivative, so they stand together, below all other operations.
#pragma once

#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/elementwise.hpp>
#include <xgrad/kernels/reduce.hpp>

#include <cstddef>
#include <utility>

namespace xgrad::inline XGRAD_ABI::detail {

template <element T>
kernels::operand<T> operand_of(const basic_tensor<T>& x) {
    return {std::as_const(x).data(), &shape_of(x)};
}

/// y = f(x...) elementwise, with broadcasting; not recorded.
template <element R, class F, element... T>
tensor<R> compute(const char* name, const F& f, const basic_tensor<T>&... x) {
    auto sizes = shape{};
    ((sizes = shape_of(x) == sizes ? sizes : broadcast_shapes(name, sizes, shape_of(x))), ...);
    auto y = make_result<R>(sizes);
    kernels::elementwise(f, access::elements(y), shape_of(y), operand_of(x)...);
    return y;
}

/// The same elements under another shape with as many of them.      dx = dy, reshaped back
template <element T>
tensor<T> reshape_to(const basic_tensor<T>& x, const shape& sizes) {
    return call("reshape", {"x", "shape"}, [](const basic_tensor<T>& v, const shape& to) {
        auto y = make_view(v, to);
        if constexpr (real<T>)
            return record("reshape", std::move(y), {v}, keep(), [from = shape_of(v)](const auto& dy, gradients& d) {
                d(0, [&] { return reshape_to(dy, from); });
            });
        else return y;
    }, x, sizes);
}

template <real T>
tensor<T> sum_to(const basic_tensor<T>& x, const shape& sizes);

/// x repeated along the axes that it lacks or has with size 1.       dx = dy, summed over them
template <element T>
tensor<T> broadcast_value(const basic_tensor<T>& x, const shape& sizes) {
    if (broadcast_shapes("broadcast_to", shape_of(x), sizes) != sizes)
        fail<shape_error>("broadcast_to", "shape ", shape_of(x), " does not broadcast to ", sizes);
    auto y = make_result<T>(sizes);
    kernels::elementwise([](const auto& v) { return v; }, access::elements(y), shape_of(y), operand_of(x));
    if constexpr (real<T>)
        return record("broadcast_to", std::move(y), {x}, keep(), [](const auto& dy, gradients& d) {
            d(0, [&] { return tensor<T>{dy}; });   // `accumulate` sums it
        });
    else return y;
}
template <element T>
tensor<T> broadcast_to(const basic_tensor<T>& x, const shape& sizes) {
    return call("broadcast_to", {"x", "shape"}, [](const basic_tensor<T>& v, const shape& to) { return broadcast_value(v, to); }, x, sizes);
}

/// x summed over the axes along which a tensor of shape `sizes` would be repeated.   dx = dy, repeated
template <real T>
tensor<T> sum_to(const basic_tensor<T>& x, const shape& sizes) {
    const auto& from = shape_of(x);
    const auto extra = from.rank() - sizes.rank();
    auto axes = axis_set{};
    for (auto axis = std::size_t{0}; axis < from.rank(); ++axis)
        if (axis < extra || (sizes[axis - extra] == 1 && from[axis] != 1)) axes.insert(axis);
    auto y = make_result<T>(sizes);
    kernels::reduce(kernels::sum_of{}, std::as_const(x).data(), from, axes, access::elements(y));
    return record("sum_to", std::move(y), {x}, keep(), [from](const auto& dy, gradients& d) {
        d(0, [&] { return broadcast_to(dy, from); });
    });
}

/// y = a + b, of equal shapes.      da = dy,  db = dy
template <real T>
tensor<T> add_same(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    return record("add", compute<T>("add", kernels::sum_of{}, a, b), {a, b}, keep(), [](const auto& dy, gradients& d) {
        d(0, [&] { return tensor<T>{dy}; });
        d(1, [&] { return tensor<T>{dy}; });
    });
}

}  // namespace xgrad::inline XGRAD_ABI::detail

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> reshape_to(const basic_tensor<T>&, const shape&); \
    XGRAD_INSTANCE tensor<T> broadcast_to(const basic_tensor<T>&, const shape&); \
    XGRAD_INSTANCE tensor<T> sum_to(const basic_tensor<T>&, const shape&); \
    XGRAD_INSTANCE tensor<T> add_same(const basic_tensor<T>&, const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
