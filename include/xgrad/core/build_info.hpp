// What one got: the version and the choices of the build, as text.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/core/vector_sets.hpp>
#include <xgrad/core/xtensor.hpp>

#include <cstddef>
#include <string>

namespace xgrad::inline XGRAD_ABI {

#if defined(XGRAD_COMPILED) && defined(XGRAD_INSTANCE)
namespace detail {
/// "compiled, avx2_fma of sse2, avx2_fma, avx512": what xgrad::compiled has chosen, and among what it could.
XGRAD_VISIBLE std::string compiled_sets();
}  // namespace detail
#endif

/// "xgrad 0.2.0, avx512, 16 floats a vector, 2 threads; xtensor 0.24.3, xsimd 8.1.0"; where large matrix products have
/// wider vectors than the rest, "xgrad 0.2.0, sse2, 4 floats a vector, products by avx512, 2 threads; ..."; with
/// xgrad::compiled, "xgrad 0.2.0, compiled, avx512 of sse2, avx2_fma, avx512, 2 threads; ...": what was chosen when the
/// program began, and what was possible on this machine.
inline std::string build_info() {
    const auto version = [](int major, int minor, int patch) {
        return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
    };
    auto text = "xgrad " + version(XGRAD_VERSION_MAJOR, XGRAD_VERSION_MINOR, XGRAD_VERSION_PATCH);
#if defined(XGRAD_COMPILED) && defined(XGRAD_INSTANCE)
    text += ", " + detail::compiled_sets() + ", ";
#else
    text += ", " XGRAD_STRINGIZE(XGRAD_ISA) ", " + std::to_string(simd::width<float>) + " floats a vector, ";
#if XGRAD_CHOOSES_PRODUCTS
    if (detail::chosen_vectors() != detail::vector_set::sse2)
        (text += "products by ") += std::string{detail::vector_set_words[static_cast<std::size_t>(detail::chosen_vectors())]} + ", ";
#endif
#endif
    text += std::to_string(num_threads()) + (num_threads() == 1 ? " thread" : " threads");
#if defined(XGRAD_USE_BLAS)
    text += ", BLAS";
#endif
#if defined(XGRAD_FAST_MATH)
    text += ", fast math";
#endif
#if defined(__GNUC__) && !defined(__OPTIMIZE__)
    text += ", not optimised: hundreds of times as slow as with -O3";
#endif
    text += "; xtensor " + version(XTENSOR_VERSION_MAJOR, XTENSOR_VERSION_MINOR, XTENSOR_VERSION_PATCH);
    text += ", xsimd " + version(XSIMD_VERSION_MAJOR, XSIMD_VERSION_MINOR, XSIMD_VERSION_PATCH);
    return text;
}

}  // namespace xgrad
