// A unit that is header-only, in a program whose other unit links xgrad::compiled: both have tensors of their own, and
// share what there is one of in a process.
#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/reduce.hpp>

float of_header_only_unit() {
    const auto a = xgrad::rand<float>({20, 30});
    return xgrad::sum(xgrad::matmul(a, a, {.transpose_b = true})).item();
}
