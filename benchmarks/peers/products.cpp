// The matrix product of one library, chosen when this is compiled: a program for each, since they would not share
// their threads in one.
#include "../side.hpp"

#if defined(BENCH_EIGEN)
#include <Eigen/Core>
#elif defined(BENCH_ONEDNN)
#include <oneapi/dnnl/dnnl.h>
#else
#include <cblas.h>
#endif

namespace {

using bench::operands;
using bench::product;

#if defined(BENCH_EIGEN)

void multiply(const product& p, operands& data) {
    using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const auto at = [](const bench::aligned_floats& values, std::size_t rows, std::size_t columns) {
        return Eigen::Map<matrix, Eigen::Aligned64>(values.data(), static_cast<Eigen::Index>(rows),
                                                    static_cast<Eigen::Index>(columns));
    };
    const auto a = p.transpose_a ? at(data.a, p.k, p.m) : at(data.a, p.m, p.k);
    const auto b = p.transpose_b ? at(data.b, p.n, p.k) : at(data.b, p.k, p.n);
    auto c = at(data.c, p.m, p.n);
    if (p.transpose_a) c.noalias() = a.transpose() * b;
    else if (p.transpose_b) c.noalias() = a * b.transpose();
    else c.noalias() = a * b;
}

#elif defined(BENCH_ONEDNN)

void multiply(const product& p, operands& data) {
    const auto m = static_cast<dnnl_dim_t>(p.m), n = static_cast<dnnl_dim_t>(p.n), k = static_cast<dnnl_dim_t>(p.k);
    dnnl_sgemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', m, n, k, 1, data.a.data(), p.transpose_a ? m : k,
               data.b.data(), p.transpose_b ? k : n, 0, data.c.data(), n);
}

#else

void multiply(const product& p, operands& data) {
    const auto m = static_cast<int>(p.m), n = static_cast<int>(p.n), k = static_cast<int>(p.k);
    cblas_sgemm(CblasRowMajor, p.transpose_a ? CblasTrans : CblasNoTrans, p.transpose_b ? CblasTrans : CblasNoTrans, m, n,
                k, 1, data.a.data(), p.transpose_a ? m : k, data.b.data(), p.transpose_b ? k : n, 0, data.c.data(), n);
}

#endif

}  // namespace

int main(int argc, char** argv) {
    for (const auto& p : bench::products())
        bench::add_product(p, [p](operands& data) { multiply(p, data); });
    return bench::main(argc, argv, [](int) {});   // how many threads is said in the environment
}
