// Two translation units of one program, compiled for different instruction sets, share no code: a linker would keep
// one version of a function that both define, and the other unit would run it. They do share what there is one of in a
// process, and they throw the same exceptions.
#include "support/unit.hpp"

unit wide_unit();

int main() {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
        std::puts("skipped: this machine has no AVX2");
        return 0;
    }
    const auto wide = wide_unit();
    std::printf("%s and %s\n", this_unit().build(), wide.build());
    return differences_from(wide) + expect(std::string_view{this_unit().build()} != wide.build(), "the builds are told apart");
}
