#include "../side.hpp"
#include "cases.hpp"

#include <xgrad/kernels/gemm.hpp>

namespace kernels = xgrad::kernels;

namespace bench {

void add_products() {
    for (const auto& p : products())
        add_product(p, [p](operands& data) {
            const auto a = p.transpose_a ? kernels::row_major(data.a.data(), p.k, p.m).transposed()
                                         : kernels::row_major(data.a.data(), p.m, p.k);
            const auto b = p.transpose_b ? kernels::row_major(data.b.data(), p.n, p.k).transposed()
                                         : kernels::row_major(data.b.data(), p.k, p.n);
            kernels::gemm<float>(a, b, kernels::row_major(data.c.data(), p.m, p.n));
        });
}

}  // namespace bench
