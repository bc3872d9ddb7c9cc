// The one header that names a header of xsimd, and the few words that kernels use to speak of vectors.
//
// Everything here is stable from xsimd 8.1 to 14: load, store, fma, select, min, max, any, sqrt, abs. The mathematical
// functions are in core/simd_math.hpp.
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

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

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

/// A vector of floats or doubles.
template <class V>
concept real_vector = is_batch<V> && std::floating_point<typename V::value_type>;

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

/// Asks for it to come as far as the second-level cache, for later.
template <class T>
XGRAD_ALWAYS_INLINE void prefetch_for_later([[maybe_unused]] const T* from) {
#if defined(__GNUC__)
    __builtin_prefetch(from, 0, 2);
#endif
}

/// Has x, a register, stay where it is. With 16 of them g++ would rather read what came from memory once more for each use.
template <class V>
XGRAD_ALWAYS_INLINE void hold([[maybe_unused]] V& x) {
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
    if constexpr (registers == 16 && sizeof(V) < 64) asm("" : "+x"(x));
#endif
}

#if defined(__AVX512F__)
// A mask register does what needs a detour through memory elsewhere: load and store a part of a vector.
inline __mmask16 mask16(std::size_t count) { return static_cast<__mmask16>((1u << count) - 1u); }
inline __mmask8 mask8(std::size_t count) { return static_cast<__mmask8>((1u << count) - 1u); }
#elif defined(__AVX2__)
// A mask is a vector with all bits set in the first `count` lanes.
inline __m256i mask32x8(std::size_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline __m256i mask64x4(std::size_t count) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<long long>(count)), _mm256_setr_epi64x(0, 1, 2, 3));
}
#endif

/// Whether a partial load costs no more than a whole one, so that loops need not avoid it.
#if defined(__AVX512F__)
inline constexpr bool cheap_partial = true;
#else
inline constexpr bool cheap_partial = false;
#endif

/// Whether a partial load is an instruction, and not a detour through memory.
#if defined(__AVX512F__) || defined(__AVX2__)
inline constexpr bool masked_loads = true;
#else
inline constexpr bool masked_loads = false;
#endif

namespace detail {

// Without masks: calls, for the end of every loop is compiled to one.
template <class T>
XGRAD_NOINLINE batch<T> load_first(const T* from, std::size_t count, T fill) {
    alignas(64) T whole[width<T>];
    for (auto i = std::size_t{0}; i < width<T>; ++i) whole[i] = i < count ? from[i] : fill;
    return batch<T>::load_aligned(whole);
}
template <class T>
XGRAD_NOINLINE void store_first(T* to, batch<T> value, std::size_t count) {
    alignas(64) T whole[width<T>];
    value.store_aligned(whole);
    std::memcpy(to, whole, count * sizeof(T));
}

}  // namespace detail

/// The first `count` < width elements at `from`; the others are `fill`. Reads nothing beyond them.
template <class T>
XGRAD_ALWAYS_INLINE batch<T> load_partial(const T* from, std::size_t count, T fill = T{0}) {
#if defined(__AVX512F__)
    if constexpr (std::same_as<T, float>) return _mm512_mask_loadu_ps(batch<T>(fill), mask16(count), from);
    else if constexpr (std::same_as<T, double>) return _mm512_mask_loadu_pd(batch<T>(fill), mask8(count), from);
    else
#elif defined(__AVX2__)
    if constexpr (std::same_as<T, float>) {
        const auto mask = mask32x8(count);
        return _mm256_blendv_ps(batch<T>(fill), _mm256_maskload_ps(from, mask), _mm256_castsi256_ps(mask));
    } else if constexpr (std::same_as<T, double>) {
        const auto mask = mask64x4(count);
        return _mm256_blendv_pd(batch<T>(fill), _mm256_maskload_pd(from, mask), _mm256_castsi256_pd(mask));
    } else
#endif
        return detail::load_first(from, count, fill);
}

/// Stores the first `count` < width elements of `value`. Writes nothing beyond them.
template <class T>
XGRAD_ALWAYS_INLINE void store_partial(T* to, const batch<T>& value, std::size_t count) {
#if defined(__AVX512F__)
    if constexpr (std::same_as<T, float>) _mm512_mask_storeu_ps(to, mask16(count), value);
    else if constexpr (std::same_as<T, double>) _mm512_mask_storeu_pd(to, mask8(count), value);
    else
#elif defined(__AVX2__)
    if constexpr (std::same_as<T, float>) _mm256_maskstore_ps(to, mask32x8(count), value);
    else if constexpr (std::same_as<T, double>) _mm256_maskstore_pd(to, mask64x4(count), value);
    else
#endif
        detail::store_first(to, value, count);
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

/// Whether the target can multiply and add with one rounding.
#if defined(__FMA__) || defined(__AVX512F__) || defined(__aarch64__)
inline constexpr bool fuses = true;
#else
inline constexpr bool fuses = false;
#endif

/// a * b + c, rounded once where the target can.
template <class T, class A>
XGRAD_ALWAYS_INLINE xsimd::batch<T, A> fma(const xsimd::batch<T, A>& a, const xsimd::batch<T, A>& b,
                                           const xsimd::batch<T, A>& c) {
#if defined(__AVX512F__)
    // For AVX-512, xsimd 8.1 leaves it to the compiler to make one instruction of two, which not every one does.
    if constexpr (std::same_as<T, float>) return _mm512_fmadd_ps(a, b, c);
    else if constexpr (std::same_as<T, double>) return _mm512_fmadd_pd(a, b, c);
    else
#endif
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

/// x, or `most` where x is larger; x, or `least` where x is smaller. Where x is NaN, so is the result: the instructions
/// give their second operand where the operands do not compare.
template <class T, class A>
XGRAD_ALWAYS_INLINE xsimd::batch<T, A> at_most(const xsimd::batch<T, A>& x, const xsimd::batch<T, A>& most) {
    return xsimd::min(most, x);
}
template <class T>
    requires std::is_arithmetic_v<T>
XGRAD_ALWAYS_INLINE T at_most(T x, T most) {
    return most < x ? most : x;
}
template <class T, class A>
XGRAD_ALWAYS_INLINE xsimd::batch<T, A> at_least(const xsimd::batch<T, A>& x, const xsimd::batch<T, A>& least) {
    return xsimd::max(least, x);
}
template <class T>
    requires std::is_arithmetic_v<T>
XGRAD_ALWAYS_INLINE T at_least(T x, T least) {
    return least > x ? least : x;
}

/// Whether a condition holds in any lane.
template <class T, class A>
XGRAD_ALWAYS_INLINE bool any(const xsimd::batch_bool<T, A>& condition) {
    return xsimd::any(condition);
}

/// Whether a value is not even equal to itself. (Not `x != x`: for AVX-512, xsimd 8.1 calls NaN not unequal to NaN.)
template <class V>
XGRAD_ALWAYS_INLINE auto is_nan(const V& x) {
    return !(x == x);
}

/// An unsigned integer as wide as T.
template <class T>
using word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

/// The bits of the elements, and the elements with these bits.
template <class T, class A>
XGRAD_ALWAYS_INLINE xsimd::batch<word<T>, A> to_bits(const xsimd::batch<T, A>& x) {
    return std::bit_cast<xsimd::batch<word<T>, A>>(x);
}
template <real_vector V, class W, class A>
XGRAD_ALWAYS_INLINE V from_bits(const xsimd::batch<W, A>& bits) {
    return std::bit_cast<V>(bits);
}

template <std::floating_point T>
inline constexpr auto sign_bit = std::bit_cast<word<T>>(T(-0.0));

/// -x, with the other sign whatever x is. (Not `-x`: for AVX-512, xsimd 8.1 subtracts from zero, and 0 - 0 is +0.)
template <class T, class A>
XGRAD_ALWAYS_INLINE xsimd::batch<T, A> negate(const xsimd::batch<T, A>& x) {
    return from_bits<xsimd::batch<T, A>>(to_bits(x) ^ xsimd::batch<word<T>, A>(sign_bit<T>));
}
/// Integers wrap.
template <class T>
    requires std::is_arithmetic_v<T>
constexpr T negate(T x) {
    if constexpr (std::is_floating_point_v<T>) return -x;
    else return static_cast<T>(std::uintmax_t{0} - static_cast<std::uintmax_t>(x));
}

/// |size| with the sign of `sign`.
template <class T, class A>
XGRAD_ALWAYS_INLINE xsimd::batch<T, A> copysign(const xsimd::batch<T, A>& size, const xsimd::batch<T, A>& sign) {
    const auto mask = xsimd::batch<word<T>, A>(sign_bit<T>);
    return from_bits<xsimd::batch<T, A>>((to_bits(sign) & mask) | (to_bits(size) & ~mask));
}

/// The nearest whole number, of |x| < 2^31.
template <class T, class A>
XGRAD_ALWAYS_INLINE xsimd::batch<T, A> nearest(const xsimd::batch<T, A>& x) {
#if defined(__SSE2__) && !defined(__SSE4_1__)
    // Two conversions: xsimd adds and subtracts 2^23 or 2^52, which -ffast-math takes for nothing.
    if constexpr (std::same_as<T, float>) return _mm_cvtepi32_ps(_mm_cvtps_epi32(x));
    else return _mm_cvtepi32_pd(_mm_cvtpd_epi32(x));
#else
    return xsimd::nearbyint(x);
#endif
}

template <class T, class A>
XGRAD_ALWAYS_INLINE xsimd::batch<T, A> sqrt(const xsimd::batch<T, A>& x) {
    return xsimd::sqrt(x);
}
template <class T, class A>
XGRAD_ALWAYS_INLINE xsimd::batch<T, A> abs(const xsimd::batch<T, A>& x) {
    return xsimd::abs(x);
}

/// x 2^power, rounded once, of whole powers from -2 bias to 2 bias, where the bias of the exponent is 127 or 1023: down
/// among the subnormal numbers and up to where infinity begins.
template <class T, class A>
XGRAD_ALWAYS_INLINE xsimd::batch<T, A> scale(const xsimd::batch<T, A>& x, const xsimd::batch<T, A>& power) {
#if defined(__AVX512F__)
    if constexpr (std::same_as<T, float>) return _mm512_scalef_ps(x, power);
    else return _mm512_scalef_pd(x, power);
#else
    // 2^power in two factors, either of which is a normal number. power + 2 bias + 2^23 has an exponent of its own, so
    // that the whole number stands in its last bits; both halves of it are shifted to where an exponent stands.
    using batch = xsimd::batch<T, A>;
    constexpr auto digits = sizeof(T) == 4 ? 23 : 52;
    constexpr auto offset = sizeof(T) == 4 ? T(8388608 + 2 * 127) : T(4503599627370496 + 2 * 1023);
    const auto whole = to_bits(power + batch(offset)), half = whole >> 1;
    return (x * from_bits<batch>(half << digits)) * from_bits<batch>((whole - half) << digits);
#endif
}

/// f(x) where `rare` holds, y elsewhere: number by number, for what would cost all others time.
template <class T, class A, class F>
XGRAD_NOINLINE xsimd::batch<T, A> corrected(const xsimd::batch<T, A>& y, const xsimd::batch<T, A>& x,
                                            const xsimd::batch_bool<T, A>& rare, const F& f) {
    using batch = xsimd::batch<T, A>;
    alignas(64) T values[batch::size], points[batch::size], chosen[batch::size];
    y.store_aligned(values);
    x.store_aligned(points);
    simd::select(rare, batch(T{1}), batch(T{0})).store_aligned(chosen);
    for (auto i = std::size_t{0}; i < batch::size; ++i)
        if (chosen[i] != 0) values[i] = f(points[i]);
    return batch::load_aligned(values);
}

namespace detail {

/// The vector in whose lane i stands x[i xor Half].
template <std::size_t Half, class T>
XGRAD_ALWAYS_INLINE batch<T> exchanged(const batch<T>& x) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
#if defined(__has_builtin) && __has_builtin(__builtin_shufflevector)
        const typename batch<T>::register_type lanes = x;
        return batch<T>(__builtin_shufflevector(lanes, lanes, (I ^ Half)...));
#else
        return batch<T>(x.get(I ^ Half)...);
#endif
    }(std::make_index_sequence<width<T>>{});
}

}  // namespace detail

/// The value of `reduce` over the elements of `value`, folded in halves: a fixed order.
template <class T, class Reduce, std::size_t Half = width<T> / 2>
XGRAD_ALWAYS_INLINE T fold(const batch<T>& value, const Reduce& reduce) {
    if constexpr (Half == 0) return value.get(0);
    else return simd::fold<T, Reduce, Half / 2>(reduce(value, detail::exchanged<Half>(value)), reduce);
}

}  // namespace xgrad::simd
