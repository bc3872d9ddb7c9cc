// Chooses the instruction set, when the program begins.
//
// A program calls an instance by its one name, where dispatch.hpp (which CMake writes) has a jump through a slot. The
// slots begin with the least set, so that whatever comes before the choice works, too; and nothing is lost when objects of
// several sets meet, for they differ in their functions only.
#include <xgrad/core/build_info.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
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

struct instruction_set {
    std::string_view word, name;   // as XGRAD_MAX_ISA says it; as a header-only program's build_info() does
    bool possible;
    void* const* functions;
};

#if defined(XGRAD_COMPILED_SETS)
const auto& known_sets() {
    __builtin_cpu_init();
    static const auto avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    static const auto avx512 = avx2 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                               __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
                               __builtin_cpu_supports("avx512cd") != 0;
    static const auto sets = std::array{instruction_set{"sse2", "sse2", true, xgrad_compiled_sse2},
                                        instruction_set{"avx2", "avx2_fma", avx2, xgrad_compiled_avx2},
                                        instruction_set{"avx512", "avx512", avx512, xgrad_compiled_avx512}};
    return sets;
}

void use(const instruction_set& chosen) { std::copy_n(chosen.functions, xgrad_compiled_entries, xgrad_compiled_slots); }
#else
const auto& known_sets() {
    static const auto sets = std::array{instruction_set{XGRAD_STRINGIZE(XGRAD_ISA), XGRAD_STRINGIZE(XGRAD_ISA), true, nullptr}};
    return sets;
}

void use(const instruction_set&) {}
#endif

/// The best set that the machine has and XGRAD_MAX_ISA allows. Throws `value_error` when that is no set's word.
const instruction_set& best_set() {
    const auto& sets = known_sets();
    const auto* const most = std::getenv("XGRAD_MAX_ISA");
    auto end = sets.size();
    if (most != nullptr && *most != '\0') {
        const auto named = std::find_if(sets.begin(), sets.end(), [&](const auto& set) { return set.word == most; });
        if (named == sets.end()) {
            auto words = std::string{};
            for (const auto& set : sets) (words += words.empty() ? "" : ", ") += set.word;
            fail<value_error>("XGRAD_MAX_ISA", '"' + std::string{most} + "\" is no instruction set; it may be one of ", words);
        }
        end = static_cast<std::size_t>(named - sets.begin()) + 1;
    }
    while (!sets[end - 1].possible) --end;
    return sets[end - 1];
}

const instruction_set* chosen = nullptr;

// Before the initialisers of a program's own objects, which may compute.
__attribute__((constructor(101))) void choose() {
    chosen = &best_set();
    use(*chosen);
}

}  // namespace

namespace detail {

std::string compiled_sets() {
    auto text = std::string{"compiled, "};
    text += chosen->name;
    for (const auto& set : known_sets())
        if (set.possible) (text += &set == known_sets().data() ? " of " : ", ") += set.name;
    return text;
}

}  // namespace detail
}  // namespace xgrad
