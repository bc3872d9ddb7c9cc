#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/reduce.hpp>

#include <cmath>
#include <cstdio>

float of_header_only_unit();   // header_only.cpp

int main() {
    xgrad::manual_seed(3);
    const auto theirs = of_header_only_unit();
    xgrad::manual_seed(3);   // the generator is theirs, too
    const auto a = xgrad::rand<float>({20, 30});
    const auto ours = xgrad::sum(xgrad::matmul(a, a, {.transpose_b = true})).item();
    std::printf("%g %g\n", double(theirs), double(ours));
    return std::abs(theirs - ours) <= 1e-5f * std::abs(ours) ? 0 : 1;
}
