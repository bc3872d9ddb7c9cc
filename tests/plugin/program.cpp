// A program and its plugins, which are named on the command line: they share what there is one of in a process,
// whatever instruction set each was compiled for; and a plugin that was compiled for the same one takes the program's
// tensors. The program exports its symbols (CMake: ENABLE_EXPORTS).
#include "support/unit.hpp"

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>

#include <dlfcn.h>

namespace {

template <class Symbol>
Symbol* find(void* library, const char* name) {
    return reinterpret_cast<Symbol*>(::dlsym(library, name));
}

bool has_avx2() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
#else
    return false;
#endif
}

/// The graph of y = x x is recorded in the plugin, and gone through here.
int differentiate_through(void* library) {
    auto x = xgrad::tensor<float, 1>{1, 2, 3};
    x.requires_grad(true);
    auto y = xgrad::tensor<float, 1>{};
    find<void(const void*, void*)>(library, "plugin_square")(&x, &y);
    xgrad::sum(y).backward();
    return expect(x.grad()(2) == 6, "a graph that the plugin recorded");
}

}  // namespace

int main(int count, char** arguments) {
    auto wrong = expect(count > 1, "a plugin is named");
    for (auto i = 1; i < count; ++i) {
        auto* const library = ::dlopen(arguments[i], RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) {
            std::printf("%s\n", ::dlerror());
            return 1;
        }
        const auto build = std::string_view{find<const char>(library, "plugin_build")};
        if (build.find("avx2") != build.npos && !has_avx2()) {
            std::puts("skipped: this machine has no AVX2");
            continue;
        }
        std::printf("%s and %s\n", this_unit().build(), build.data());
        wrong += differences_from(find<unit()>(library, "plugin_unit")());
        if (build == this_unit().build()) wrong += differentiate_through(library);
    }
    return wrong;
}
