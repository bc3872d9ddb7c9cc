// Two translation units of one program, compiled for different instruction sets, share no code: a linker would keep
// one version of a function that both define, and the other unit would run it.
#include "product.hpp"

#include <cstdio>

outcome compute_wide();

int main() {
    const auto plain = compute();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
        std::puts("skipped: this machine has no AVX2");
        return 0;
    }
    const auto wide = compute_wide();
    std::printf("%s\n%s\n", plain.build.c_str(), wide.build.c_str());
    if (plain.build == wide.build || plain.pool == wide.pool) {
        std::puts("the two units share code");
        return 1;
    }
    if (plain.sum != 70.0f * 70 * 70 || wide.sum != plain.sum) {
        std::printf("products: %g and %g\n", static_cast<double>(plain.sum), static_cast<double>(wide.sum));
        return 1;
    }
}
