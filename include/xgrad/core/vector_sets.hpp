// Which vector instructions the processor has on which a program runs, for what is chosen then and not when it is compiled.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

// A function may be compiled for more than its file: g++ and clang take that from an attribute.
#if defined(__GNUC__) && defined(__x86_64__)
#define XGRAD_CAN_CHOOSE_VECTORS 1
#else
#define XGRAD_CAN_CHOOSE_VECTORS 0
#endif

// Whether matrix products choose, and not the file's flags: xgrad::compiled has everything for each set and has chosen before.
#if XGRAD_CAN_CHOOSE_VECTORS && !defined(__AVX2__) && !defined(XGRAD_INSTANCE)
#define XGRAD_CHOOSES_PRODUCTS 1
#else
#define XGRAD_CHOOSES_PRODUCTS 0
#endif

namespace xgrad::inline XGRAD_ABI::detail {

/// Each set has the ones before it. `avx2` comes with multiply-adds in one instruction, `avx512` is F, BW, DQ, VL and CD.
enum class vector_set : std::size_t { sse2, avx2, avx512 };

/// As XGRAD_MAX_ISA says them.
inline constexpr auto vector_set_words = std::array<std::string_view, 3>{"sse2", "avx2", "avx512"};

#if XGRAD_CAN_CHOOSE_VECTORS
/// The best one that the processor and the system have.
XGRAD_COLD inline vector_set possible_vectors() {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return vector_set::sse2;
    const auto wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512cd");
    return wide ? vector_set::avx512 : vector_set::avx2;
}

/// The best of those that XGRAD_MAX_ISA in the environment allows, too. Throws `value_error` when that is no set's word.
XGRAD_COLD inline vector_set allowed_vectors() {
    const auto possible = possible_vectors();
    const auto* const most = std::getenv("XGRAD_MAX_ISA");
    if (most == nullptr || *most == '\0') return possible;
    for (auto i = std::size_t{0}; i < vector_set_words.size(); ++i)
        if (vector_set_words[i] == most) return i < static_cast<std::size_t>(possible) ? vector_set{i} : possible;
    fail<value_error>("XGRAD_MAX_ISA",
                      '"' + std::string{most} + "\" is no instruction set; it may be one of sse2, avx2, avx512");
}

/// What was allowed when this was first asked. Throws as `allowed_vectors` does.
inline vector_set chosen_vectors() {
    static const auto chosen = allowed_vectors();
    return chosen;
}
#endif

}  // namespace xgrad::inline XGRAD_ABI::detail
