// Products along an axis, and the product of all others at each place.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/kernels/scan.hpp>
#include <xgrad/kernels/take.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::kernels {

/// y[o, i] = the product of x[o, k, i] over all k, 1 of none; of floats in double precision.        x: as `at`  y: (outer, inner)
template <class T>
void product(const T* x, const axis_view& at, T* y) {
    using wide = std::conditional_t<std::is_same_v<T, float>, double, T>;
    std::fill_n(y, at.outer * at.inner, T{1});
    scan(at, false, wide{1}, [=, inner = at.inner, slab = at.length * at.inner, last = at.length - 1](wide& so_far, std::size_t place, std::size_t k) {
        so_far = product_of{}(so_far, static_cast<wide>(x[place]));
        if (k == last) y[place / slab * inner + place % inner] = static_cast<T>(so_far);
    });
}

/// y[o, k, i] = the product of x[o, j, i] over all j but k: of those before times those after.        x, y: as `at`
template <class T>
void product_of_others(const T* x, const axis_view& at, T* y) {
    using wide = std::conditional_t<std::is_same_v<T, float>, double, T>;
    const auto before = memory::scratch<wide>{at.outer * at.length * at.inner};
    scan(at, false, wide{1}, [x, to = before.data()](wide& product, std::size_t place, std::size_t) {
        to[place] = product;
        product *= static_cast<wide>(x[place]);
    });
    scan(at, true, wide{1}, [x, y, from = before.data()](wide& product, std::size_t place, std::size_t) {
        y[place] = static_cast<T>(from[place] * product);
        product *= static_cast<wide>(x[place]);
    });
}

}  // namespace xgrad::kernels
