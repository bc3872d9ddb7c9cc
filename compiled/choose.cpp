// Chooses the instruction set, when the program begins.
//
// A program calls an instance by its one name, where dispatch.hpp (which CMake writes) has a jump through a slot. The
// slots begin with the least set, so that whatever comes before the choice works, too; and nothing is lost when objects of
// several sets meet, for they differ in their functions only.
#include <xgrad/core/build_info.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/vector_sets.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#if defined(XGRAD_COMPILED_SETS)
#include "dispatch.hpp"

extern "C" {
extern void* xgrad_compiled_slots[];
extern void* const xgrad_compiled_sse2[];
extern void* const xgrad_compiled_avx2[];
extern void* const xgrad_compiled_avx512[];
}
#endif

namespace xgrad::inline XGRAD_ABI {
namespace {

#if defined(XGRAD_COMPILED_SETS)
// In the order of `vector_set`: as a header-only program's build_info() says them.
constexpr auto names = std::array<std::string_view, 3>{"sse2", "avx2_fma", "avx512"};

std::size_t chosen = 0;
std::size_t best_possible() { return static_cast<std::size_t>(detail::possible_vectors()); }

void use(std::size_t set) {
    void* const* const functions[] = {xgrad_compiled_sse2, xgrad_compiled_avx2, xgrad_compiled_avx512};
    std::copy_n(functions[set], xgrad_compiled_entries, xgrad_compiled_slots);
}

// Before the initialisers of a program's own objects, which may compute.
__attribute__((constructor(101))) void choose() {
    chosen = static_cast<std::size_t>(detail::allowed_vectors());
    use(chosen);
}
#else
constexpr auto names = std::array<std::string_view, 1>{XGRAD_STRINGIZE(XGRAD_ISA)};
constexpr auto chosen = std::size_t{0};
std::size_t best_possible() { return 0; }
#endif

}  // namespace

namespace detail {

std::string compiled_sets() {
    auto text = std::string{"compiled, "};
    text += names[chosen];
    for (auto set = std::size_t{0}; set <= best_possible(); ++set) (text += set == 0 ? " of " : ", ") += names[set];
    return text;
}

}  // namespace detail
}  // namespace xgrad
