// What the library is, as seen by the preprocessor: its version, the namespace that carries it, and the
// few attributes that no standard spells yet.
#pragma once

#define XGRAD_VERSION_MAJOR 0
#define XGRAD_VERSION_MINOR 1
#define XGRAD_VERSION_PATCH 0

// Two translation units that were built for different instruction sets hold different machine code under
// the same name; a linker would keep one of the two and crash on the older machine. So the name of the
// inline namespace says for which set (and with or without OpenMP, and a BLAS) the code was built.
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
#define XGRAD_ISA avx512
#elif defined(__AVX512F__)
#define XGRAD_ISA avx512f
#elif defined(__AVX2__) && defined(__FMA__)
#define XGRAD_ISA avx2_fma
#elif defined(__AVX2__)
#define XGRAD_ISA avx2
#elif defined(__AVX__)
#define XGRAD_ISA avx
#elif defined(__SSE4_2__)
#define XGRAD_ISA sse4_2
#elif defined(__SSE2__) || defined(_M_X64)
#define XGRAD_ISA sse2
#elif defined(__ARM_FEATURE_SVE)
#define XGRAD_ISA sve
#elif defined(__ARM_NEON) || defined(_M_ARM64)
#define XGRAD_ISA neon
#else
#define XGRAD_ISA generic
#endif

#if defined(_OPENMP)
#define XGRAD_THREADING _openmp
#else
#define XGRAD_THREADING
#endif

#if defined(XGRAD_USE_BLAS)
#define XGRAD_PRODUCTS _blas
#else
#define XGRAD_PRODUCTS
#endif

#define XGRAD_JOIN_TOKENS(major, minor, isa, threading, products) v##major##_##minor##_##isa##threading##products
#define XGRAD_JOIN(major, minor, isa, threading, products) XGRAD_JOIN_TOKENS(major, minor, isa, threading, products)
#define XGRAD_ABI XGRAD_JOIN(XGRAD_VERSION_MAJOR, XGRAD_VERSION_MINOR, XGRAD_ISA, XGRAD_THREADING, XGRAD_PRODUCTS)

#define XGRAD_STRINGIZE_TOKENS(text) #text
#define XGRAD_STRINGIZE(text) XGRAD_STRINGIZE_TOKENS(text)

#if defined(_MSC_VER) && !defined(__clang__)
#define XGRAD_ALWAYS_INLINE __forceinline
#define XGRAD_NOINLINE __declspec(noinline)
#define XGRAD_RESTRICT __restrict
#define XGRAD_VISIBLE
#else
#define XGRAD_ALWAYS_INLINE inline __attribute__((always_inline))
#define XGRAD_NOINLINE __attribute__((noinline))
#define XGRAD_RESTRICT __restrict__
#define XGRAD_VISIBLE __attribute__((visibility("default")))
#endif

// Before a loop over an array of vectors: left as a loop, the array would live in memory instead of in
// registers. At -O2 g++ unrolls no such loop unless it is told to; clang does so by itself.
#if defined(__GNUC__) && !defined(__clang__)
#define XGRAD_UNROLL _Pragma("GCC unroll 16")
#else
#define XGRAD_UNROLL
#endif

// Under AddressSanitizer the memory pool steps aside, so that a use after free is seen where it happens.
#if defined(__SANITIZE_ADDRESS__)
#define XGRAD_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define XGRAD_ADDRESS_SANITIZER 1
#endif
#endif
#if !defined(XGRAD_ADDRESS_SANITIZER)
#define XGRAD_ADDRESS_SANITIZER 0
#endif
