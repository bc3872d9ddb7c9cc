// The one header that names a header of xsimd, and the few words that kernels use to speak of vectors.
//
// Everything here is stable from xsimd 8.1 to 14: load, store, fma, select, the mathematical functions.
#pragma once

#include <xgrad/core/config.hpp>

// g++ 12 takes the undefined operands of its own AVX-512 intrinsics for uses of uninitialised variables (GCC bug
// 105593). The warnings belong to the lines of those headers, so that is where they are switched off.
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ == 12
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <xsimd/xsimd.hpp>
#pragma GCC diagnostic pop
#else
#include <xsimd/xsimd.hpp>
#endif

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::simd {

/// A vector of as many `T` as one register of the target holds.
template <class T>
using batch = xsimd::batch<T>;

template <class T>
inline constexpr std::size_t width = batch<T>::size;

/// The number of vector registers that the target names.
#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr std::size_t registers = 32;
#else
inline constexpr std::size_t registers = 16;
#endif

template <class V>
inline constexpr bool is_batch = false;
template <class T, class A>
inline constexpr bool is_batch<xsimd::batch<T, A>> = true;

template <class T>
XGRAD_ALWAYS_INLINE batch<T> load(const T* from) {
    return batch<T>::load_unaligned(from);
}

template <class T>
XGRAD_ALWAYS_INLINE void store(T* to, const batch<T>& value) {
    value.store_unaligned(to);
}

/// Asks for the cache line at `from`, which will be read and then written. It may be any address.
template <class T>
XGRAD_ALWAYS_INLINE void prefetch([[maybe_unused]] const T* from) {
#if defined(__GNUC__)
    __builtin_prefetch(from);
#endif
}

#if defined(__AVX512F__)
// A mask register does what needs a detour through memory elsewhere: load and store a part of a vector.
inline __mmask16 mask16(std::size_t count) { return static_cast<__mmask16>((1u << count) - 1u); }
inline __mmask8 mask8(std::size_t count) { return static_cast<__mmask8>((1u << count) - 1u); }
#endif

/// Whether a partial load costs no more than a whole one, so that loops need not avoid it.
#if defined(__AVX512F__)
inline constexpr bool cheap_partial = true;
#else
inline constexpr bool cheap_partial = false;
#endif

/// The first `count` < width elements at `from`; the others are zero. Reads nothing beyond them.
template <class T>
XGRAD_ALWAYS_INLINE batch<T> load_partial(const T* from, std::size_t count) {
#if defined(__AVX512F__)
    if constexpr (std::same_as<T, float>) return batch<T>(_mm512_maskz_loadu_ps(mask16(count), from));
    else if constexpr (std::same_as<T, double>) return batch<T>(_mm512_maskz_loadu_pd(mask8(count), from));
    else
#endif
    {
        alignas(64) T whole[width<T>] = {};
        std::memcpy(whole, from, count * sizeof(T));
        return batch<T>::load_aligned(whole);
    }
}

/// Stores the first `count` < width elements of `value`. Writes nothing beyond them.
template <class T>
XGRAD_ALWAYS_INLINE void store_partial(T* to, const batch<T>& value, std::size_t count) {
#if defined(__AVX512F__)
    if constexpr (std::same_as<T, float>) _mm512_mask_storeu_ps(to, mask16(count), value);
    else if constexpr (std::same_as<T, double>) _mm512_mask_storeu_pd(to, mask8(count), value);
    else
#endif
    {
        alignas(64) T whole[width<T>];
        value.store_aligned(whole);
        std::memcpy(to, whole, count * sizeof(T));
    }
}

/// The first `count` elements at `from`, as many as the vector has when there are more.
template <class T>
XGRAD_ALWAYS_INLINE batch<T> load_up_to(const T* from, std::size_t count) {
    return count >= width<T> ? load(from) : load_partial(from, count);
}

template <class T>
XGRAD_ALWAYS_INLINE void store_up_to(T* to, const batch<T>& value, std::size_t count) {
    if (count >= width<T>) store(to, value);
    else store_partial(to, value, count);
}

/// a * b + c, rounded once where the target can.
template <class T>
XGRAD_ALWAYS_INLINE batch<T> fma(const batch<T>& a, const batch<T>& b, const batch<T>& c) {
    return xsimd::fma(a, b, c);
}

/// a where the condition holds, b elsewhere; for vectors and for single values.
template <class T, class A>
XGRAD_ALWAYS_INLINE xsimd::batch<T, A> select(const xsimd::batch_bool<T, A>& condition, const xsimd::batch<T, A>& a,
                                              const xsimd::batch<T, A>& b) {
    return xsimd::select(condition, a, b);
}
template <class T>
    requires std::is_arithmetic_v<T>
XGRAD_ALWAYS_INLINE T select(bool condition, T a, T b) {
    return condition ? a : b;
}

/// Whether a value is not even equal to itself. (Not `x != x`: for AVX-512, xsimd 8.1 calls NaN not unequal to NaN.)
template <class V>
XGRAD_ALWAYS_INLINE auto is_nan(const V& x) {
    return !(x == x);
}

// The mathematical functions under one name for vectors and for single numbers.
#define XGRAD_SIMD_FUNCTION(name)                                    \
    template <class T, class A>                                      \
    xsimd::batch<T, A> name(const xsimd::batch<T, A>& x) {           \
        return xsimd::name(x);                                       \
    }                                                                \
    template <std::floating_point T>                                 \
    T name(T x) {                                                    \
        return std::name(x);                                         \
    }
XGRAD_SIMD_FUNCTION(exp)
XGRAD_SIMD_FUNCTION(expm1)
XGRAD_SIMD_FUNCTION(log)
XGRAD_SIMD_FUNCTION(log1p)
XGRAD_SIMD_FUNCTION(sqrt)
XGRAD_SIMD_FUNCTION(abs)
XGRAD_SIMD_FUNCTION(sin)
XGRAD_SIMD_FUNCTION(cos)
#undef XGRAD_SIMD_FUNCTION

/// Number by number: xsimd's own, e^(b ln a), is wrong for zeros, infinities and NaN, and loses as many digits as
/// the result has before the point (340 units in the last place at 3^100, with 8.1).
template <class T, class A>
xsimd::batch<T, A> pow(const xsimd::batch<T, A>& base, const xsimd::batch<T, A>& exponent) {
    alignas(64) T a[xsimd::batch<T, A>::size], b[xsimd::batch<T, A>::size];
    base.store_aligned(a);
    exponent.store_aligned(b);
    for (auto i = std::size_t{0}; i < xsimd::batch<T, A>::size; ++i) a[i] = std::pow(a[i], b[i]);
    return xsimd::batch<T, A>::load_aligned(a);
}
template <std::floating_point T>
T pow(T base, T exponent) {
    return std::pow(base, exponent);
}

/// The polynomial with these coefficients, that of the highest power first.
template <class T, class A, std::same_as<T>... Rest>
XGRAD_ALWAYS_INLINE xsimd::batch<T, A> polynomial(const xsimd::batch<T, A>& x, std::type_identity_t<T> first, Rest... rest) {
    auto sum = xsimd::batch<T, A>(first);
    ((sum = xsimd::fma(sum, x, xsimd::batch<T, A>(rest))), ...);
    return sum;
}

/// By way of e^-2|x| - 1, which is exact for small x and cannot overflow: tanh |x| = -d / (2 + d). For floats, to
/// within 4 units in the last place, in one formula for all x; for doubles xsimd's.
template <class T, class A>
xsimd::batch<T, A> tanh(const xsimd::batch<T, A>& x) {
    if constexpr (std::same_as<T, float>) {
        using batch = xsimd::batch<T, A>;
        const auto size = xsimd::abs(x);
        const auto t = batch(-2.0f) * xsimd::select(size > batch(10.0f), batch(10.0f), size);
        // e^t = 2^n e^r with |r| <= ln 2 / 2, ln 2 in two parts; e^r = 1 + r + r^2 q(r), a minimax polynomial.
        const auto n = xsimd::nearbyint(t * batch(1.44269504f));
        const auto r = xsimd::fma(n, batch(2.12194440e-4f), xsimd::fma(n, batch(-0.693359375f), t));
        const auto q = polynomial(r, 0.00138825213f, 0.00836652052f, 0.0416672006f, 0.166665435f, 0.49999997f);
        const auto scale = xsimd::ldexp(batch(1.0f), xsimd::to_int(n));
        const auto d = xsimd::fma(scale, xsimd::fma(r * r, q, r), scale - batch(1.0f));
        return xsimd::copysign(d / (batch(-2.0f) - d), x);
    } else {
        return xsimd::tanh(x);
    }
}
template <std::floating_point T>
T tanh(T x) {
    return std::tanh(x);
}

/// For floats xsimd's; for doubles, where that is wrong by up to 68 units in the last place, x p(x^2) below 1 and
/// 1 - e^-x^2 q((x - 3) / (x + 3)) from there to 6, where the difference from 1 ends; p and q interpolate, at
/// Chebyshev's points, erf(x) / x and e^x^2 erfc(x). Within 2 units.
template <class T, class A>
xsimd::batch<T, A> erf(const xsimd::batch<T, A>& x) {
    if constexpr (std::same_as<T, double>) {
        using batch = xsimd::batch<T, A>;
        const auto one = batch(1.0), size = xsimd::abs(x), a = xsimd::select(size > batch(6.0), batch(6.0), size), z = a * a;
        const auto near = polynomial(z, -7.79589882700214225e-10, 1.37200645467776856e-08, -1.62084838018717059e-07,
                                         1.64474247033173624e-06, -1.49247369074196603e-05, 1.20552949048397079e-04,
                                         -8.54832597538969208e-04, 5.22397760711642273e-03, -2.68661706432377704e-02,
                                         1.12837916709450063e-01, -3.76126389031835404e-01, 1.12837916709551257e+00);
        const auto far = polynomial((a - batch(3.0)) / (a + batch(3.0)),
                                    1.28019008629626619e-06, 2.02360317964175664e-06, -8.00802131941268433e-06,
                                    -1.28488945125235288e-05, 6.40618207353054674e-05, 4.52547263548335414e-05,
                                    -5.97062351709328428e-04, 7.07746444390153731e-04, 4.26913634750825636e-03,
                                    -2.43924993182731931e-02, 7.16658371977487434e-02, -1.50115936500787439e-01,
                                    2.45603801712331945e-01, -3.26233560043037175e-01, 1.79001151181389950e-01);
        return xsimd::copysign(xsimd::select(a < one, a * near, one - xsimd::exp(-z) * far), x);
    } else {
        return xsimd::erf(x);
    }
}
template <std::floating_point T>
T erf(T x) {
    return std::erf(x);
}

/// 1 / (1 + e^-x), by way of e^-|x|, which cannot overflow.
template <class V>
V sigmoid(const V& x) {
    const auto e = simd::exp(-simd::abs(x));
    return simd::select(x < V(0), e, V(1)) / (V(1) + e);
}

/// The value of `reduce` over the elements of `value`, folded in halves: a fixed order.
template <class T, class Reduce>
XGRAD_ALWAYS_INLINE T fold(const batch<T>& value, const Reduce& reduce) {
    alignas(64) T lanes[width<T>];
    value.store_aligned(lanes);
    for (auto half = width<T> / 2; half != 0; half /= 2)
        for (auto i = std::size_t{0}; i < half; ++i) lanes[i] = reduce(lanes[i], lanes[i + half]);
    return lanes[0];
}

}  // namespace xgrad::simd
