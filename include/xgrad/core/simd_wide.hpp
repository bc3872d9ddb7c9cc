// Vectors of any size, whatever a file is compiled for: for functions that say by an attribute of their own which instructions
// they take. What a vector is then, the compiler knows when everything is inlined there; elsewhere it is slow.
#pragma once

#include <xgrad/core/config.hpp>

#include <cstddef>
#include <cstring>

namespace xgrad::inline XGRAD_ABI::simd {

template <class T, std::size_t Bytes>
struct wide_batch {
    static constexpr std::size_t size = Bytes / sizeof(T);
    typedef T lanes __attribute__((vector_size(Bytes)));
    lanes value;

    wide_batch() = default;
    XGRAD_ALWAYS_INLINE explicit wide_batch(T x) : value{x - lanes{}} {}

    XGRAD_ALWAYS_INLINE static wide_batch load_unaligned(const T* from) {
        auto read = wide_batch{};
        std::memcpy(&read.value, from, Bytes);
        return read;
    }
    XGRAD_ALWAYS_INLINE void store_unaligned(T* to) const { std::memcpy(to, &value, Bytes); }

    XGRAD_ALWAYS_INLINE friend wide_batch operator+(const wide_batch& a, const wide_batch& b) {
        auto sum = wide_batch{};
        sum.value = a.value + b.value;
        return sum;
    }
};

/// a * b + c, rounded once where the compiler makes one instruction of it, as it does unless told otherwise.
template <class T, std::size_t Bytes>
XGRAD_ALWAYS_INLINE wide_batch<T, Bytes> fma(const wide_batch<T, Bytes>& a, const wide_batch<T, Bytes>& b,
                                             const wide_batch<T, Bytes>& c) {
    auto sum = wide_batch<T, Bytes>{};
    sum.value = a.value * b.value + c.value;
    return sum;
}

}  // namespace xgrad::inline XGRAD_ABI::simd
