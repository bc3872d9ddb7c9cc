#include "../side.hpp"
#include "cases.hpp"

#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/matrix_ref.hpp>

#include <cstddef>

namespace kernels = xgrad::kernels;

namespace bench {

void add_products() {
    const auto matrix = [](const placed_floats& values, std::size_t rows, std::size_t columns, std::size_t row) {
        return kernels::matrix_ref<float>{values.data(), rows, columns, static_cast<std::ptrdiff_t>(row), 1};
    };
    for (const auto& p : products())
        add_product(p, [=](operands& data) {
            const auto a = p.transpose_a ? matrix(data.a, p.k, p.m, p.row_of_a()).transposed()
                                         : matrix(data.a, p.m, p.k, p.row_of_a());
            const auto b = p.transpose_b ? matrix(data.b, p.n, p.k, p.row_of_b()).transposed()
                                         : matrix(data.b, p.k, p.n, p.row_of_b());
            kernels::gemm<float>(a, b, matrix(data.c, p.m, p.n, p.row_of_c()));
        });
}

}  // namespace bench
