// What the library is, as seen by the preprocessor: its version, the namespace that carries it, and the
// few attributes that no standard spells yet.
#pragma once

// A compiler goes on after an #error, and thousands of lines bury it; it stops at a header that is not there. So
// what cannot work ends here, with one sentence.
#if (defined(_MSVC_LANG) ? _MSVC_LANG : __cplusplus) < 202002L
#include <xgrad needs C++20: compile with -std=c++20>
#endif

#if !defined(__cpp_exceptions)
#include <xgrad reports errors by exceptions: compile without -fno-exceptions>
#endif

// The dependencies cannot stand these two macros. libstdc++ does away with them in each of its headers.
#include <cstddef>

#if defined(min) || defined(max)
#include <xtensor and xsimd have functions min and max: define NOMINMAX before windows.h, or #undef the two macros>
#endif

// Flags that allow the compiler to take it that no number is infinite or NaN, that zeros have no sign, or that sums
// may be regrouped. g++ tells of each of them; clang only of -ffinite-math-only and of -ffast-math as a whole.
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || defined(_M_FP_FAST) || \
    (defined(__GCC_IEC_559) && __GCC_IEC_559 == 0)
#if !defined(XGRAD_ALLOW_FAST_MATH)
#include <xgrad counts on IEEE 754: compile without -ffast-math, -Ofast and the like (or see docs/pitfalls.md)>
#endif
#define XGRAD_FAST_MATH 1
#define XGRAD_ARITHMETIC _fast_math
#else
#define XGRAD_ARITHMETIC
#endif

#define XGRAD_VERSION_MAJOR 0
#define XGRAD_VERSION_MINOR 2
#define XGRAD_VERSION_PATCH 0

// Two inline namespaces. XGRAD_ABI holds the code: two translation units that were built for different instruction
// sets have different machine code under the same name; a linker would keep one of the two and crash on the older
// machine. So its name says for which set the code was built, and what else of the build changes code: a BLAS,
// a compiler that takes liberties with arithmetic.
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
#define XGRAD_LEAST_ISA 1
#elif defined(__ARM_FEATURE_SVE)
#define XGRAD_ISA sve
#elif defined(__ARM_NEON) || defined(_M_ARM64)
#define XGRAD_ISA neon
#define XGRAD_LEAST_ISA 1
#else
#define XGRAD_ISA generic
#endif

#if defined(XGRAD_USE_BLAS)
#define XGRAD_PRODUCTS _blas
#else
#define XGRAD_PRODUCTS
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

// With xgrad::compiled the library has the code, for several sets, and chooses when the program starts. What a program
// and the library have in common is then named for no set. A unit that is built for more than the least set of its
// machine goes without the library: it is header-only, for its own set. So does one with AddressSanitizer, whose memory is
// another.
// An INSTANCE is a function that the library has, behind the headers that define it: with one name for all sets. A
// COMMON_INSTANCE it has once, for the least set: files, errors, threads, where no vectors help.
// In the library, XGRAD_COMPILED_TYPE is the real type that a unit is about, XGRAD_COMPILED_COMMON marks the unit of what is common.
#if defined(XGRAD_COMPILED_TYPE)
#define XGRAD_NAMED_FOR compiled
#define XGRAD_INSTANCE template XGRAD_VISIBLE
#define XGRAD_FOR_REAL_TYPES(list) list(XGRAD_COMPILED_TYPE)
#elif defined(XGRAD_COMPILED_COMMON) || (defined(XGRAD_COMPILED) && defined(XGRAD_LEAST_ISA) && !XGRAD_ADDRESS_SANITIZER)
#define XGRAD_NAMED_FOR compiled
#define XGRAD_INSTANCE extern template XGRAD_VISIBLE
#define XGRAD_FOR_REAL_TYPES(list) list(float) list(double)
#else
#define XGRAD_NAMED_FOR XGRAD_ISA
#endif
#if defined(XGRAD_COMPILED_COMMON)
#define XGRAD_COMMON_INSTANCE template XGRAD_VISIBLE
#elif defined(XGRAD_INSTANCE)
#define XGRAD_COMMON_INSTANCE extern template XGRAD_VISIBLE
#endif

#define XGRAD_JOIN_TOKENS(major, minor) v##major##_##minor
#define XGRAD_JOIN(major, minor) XGRAD_JOIN_TOKENS(major, minor)
#define XGRAD_EXTEND_TOKENS(version, isa, products, arithmetic) version##_##isa##products##arithmetic
#define XGRAD_EXTEND(version, isa, products, arithmetic) XGRAD_EXTEND_TOKENS(version, isa, products, arithmetic)

// XGRAD_SHARED_ABI carries the version alone. It holds what there must be one of in a process whatever its parts were
// built for: the exceptions, and, in the namespace `per_process`, data. No functions but those that an exception has by itself.
#define XGRAD_SHARED_ABI XGRAD_JOIN(XGRAD_VERSION_MAJOR, XGRAD_VERSION_MINOR)
#define XGRAD_ABI XGRAD_EXTEND(XGRAD_SHARED_ABI, XGRAD_NAMED_FOR, XGRAD_PRODUCTS, XGRAD_ARITHMETIC)

#define XGRAD_STRINGIZE_TOKENS(text) #text
#define XGRAD_STRINGIZE(text) XGRAD_STRINGIZE_TOKENS(text)

#if defined(_MSC_VER) && !defined(__clang__)
#define XGRAD_ALWAYS_INLINE __forceinline
#define XGRAD_INLINED [[msvc::forceinline]]
#define XGRAD_FLATTEN
#define XGRAD_NOINLINE __declspec(noinline)
#define XGRAD_COLD __declspec(noinline)
#define XGRAD_RESTRICT __restrict
#define XGRAD_VISIBLE
#else
#define XGRAD_ALWAYS_INLINE inline __attribute__((always_inline))
#define XGRAD_INLINED __attribute__((always_inline))   // of a lambda, behind its parameters
#define XGRAD_FLATTEN __attribute__((flatten))                // all that it calls is inlined
#define XGRAD_NOINLINE __attribute__((noinline))
#define XGRAD_COLD __attribute__((cold, noinline))            // rare, and never in a hurry: compiled for size
#define XGRAD_RESTRICT __restrict__
#define XGRAD_VISIBLE __attribute__((visibility("default")))   // between libraries, whatever they are compiled with
#endif

// Before a function, or a member function, that most programs do not call, in place of `inline`: a template, so that what
// its body needs (a sort of strings, a table, a message) is made when somebody calls it. A function that is no template
// has all of that made in each program that includes the header. docs/performance.md, "Compiling", says what it is worth.
// Also before what a COMMON_INSTANCE names: g++ would make that in each program all the same, were it `inline`.
#define XGRAD_ON_DEMAND template <class = void>

// Before a loop over an array of vectors: left as a loop, the array would live in memory instead of in
// registers. At -O2 g++ unrolls no such loop unless it is told to; clang does so by itself.
#if defined(__GNUC__) && !defined(__clang__)
#define XGRAD_UNROLL _Pragma("GCC unroll 16")
#else
#define XGRAD_UNROLL
#endif
