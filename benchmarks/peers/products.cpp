// The matrix product of one library, chosen when this is compiled: a program for each, since they would not share
// their threads in one.
#include "../side.hpp"

#if defined(BENCH_EIGEN)
#include <Eigen/Core>
#elif defined(BENCH_ONEDNN)
#include <oneapi/dnnl/dnnl.h>
#elif defined(BENCH_LIBXSMM)
#include <libxsmm.h>
#else
#include <cblas.h>
#endif

#if defined(BENCH_OPENBLAS)
#include "lapack.hpp"
#endif

#if defined(BENCH_BLIS)
// Not all releases' headers for C++ declare these; a processor is an enumeration there.
extern "C" void bli_init();
extern "C" int bli_arch_query_id();
extern "C" const char* bli_arch_string(int id);
#endif

#include <string>

namespace {

using bench::operands;
using bench::product;

// Each library gives `multiplier(p)`, which computes p's product of `operands`, and `about()`, its word for the
// instructions that it took.

#if defined(BENCH_EIGEN)

/// `Alignment` in bytes, 0 for any; `Stride` between rows, where there are gaps.
template <int Alignment, class Stride>
void multiply(const product& p, operands& data, Stride (*stride)(std::size_t row)) {
    using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const auto at = [&](const bench::placed_floats& values, std::size_t rows, std::size_t columns, std::size_t row) {
        return Eigen::Map<matrix, Alignment, Stride>(values.data(), static_cast<Eigen::Index>(rows),
                                                     static_cast<Eigen::Index>(columns), stride(row));
    };
    const auto a = p.transpose_a ? at(data.a, p.k, p.m, p.row_of_a()) : at(data.a, p.m, p.k, p.row_of_a());
    const auto b = p.transpose_b ? at(data.b, p.n, p.k, p.row_of_b()) : at(data.b, p.k, p.n, p.row_of_b());
    auto c = at(data.c, p.m, p.n, p.row_of_c());
    if (p.transpose_a) c.noalias() = a.transpose() * b;
    else if (p.transpose_b) c.noalias() = a * b.transpose();
    else c.noalias() = a * b;
}

auto multiplier(const product& p) {
    using dense = Eigen::Stride<0, 0>;
    using spaced = Eigen::OuterStride<>;
    return [p](operands& data) {
        if (p.aligned()) multiply<Eigen::Aligned64, dense>(p, data, [](std::size_t) { return dense{}; });
        else multiply<Eigen::Unaligned, spaced>(p, data, [](std::size_t row) { return spaced{static_cast<Eigen::Index>(row)}; });
    };
}

std::string about() {
#if defined(EIGEN_VECTORIZE_FMA) && !defined(EIGEN_VECTORIZE_AVX512)   // which it names by itself
    return std::string{"FMA, "} + Eigen::SimdInstructionSetsInUse();
#else
    return Eigen::SimdInstructionSetsInUse();
#endif
}

#elif defined(BENCH_ONEDNN)

auto multiplier(const product& p) {
    const auto size = [](std::size_t n) { return static_cast<dnnl_dim_t>(n); };
    return [=](operands& data) {
        dnnl_sgemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', size(p.m), size(p.n), size(p.k), 1, data.a.data(),
                   size(p.row_of_a()), data.b.data(), size(p.row_of_b()), 0, data.c.data(), size(p.row_of_c()));
    };
}

std::string about() {
    switch (dnnl_get_effective_cpu_isa()) {
        case dnnl_cpu_isa_sse41: return "SSE41";
        case dnnl_cpu_isa_avx: return "AVX";
        case dnnl_cpu_isa_avx2: return "AVX2";
        case dnnl_cpu_isa_avx512_core: return "AVX512_CORE";
        default: return "its own choice";
    }
}

#elif defined(BENCH_LIBXSMM)

// Its matrices are column-major, so a row-major one is what it calls transposed: c^T = b^T a^T. It compiles a kernel for
// the sizes, and none for a transposed left operand, which is our b.
libxsmm_smmfunction kernel_of(const product& p) {
    const auto size = [](std::size_t n) { return static_cast<libxsmm_blasint>(n); };
    if (p.transpose_b) return nullptr;
    const auto lda = size(p.row_of_b()), ldb = size(p.row_of_a()), ldc = size(p.row_of_c());
    const auto alpha = 1.0F, beta = 0.0F;
    const int flags = p.transpose_a ? LIBXSMM_GEMM_FLAG_TRANS_B : LIBXSMM_GEMM_FLAG_NONE, prefetch = LIBXSMM_PREFETCH_NONE;
    return libxsmm_smmdispatch(size(p.n), size(p.m), size(p.k), &lda, &ldb, &ldc, &alpha, &beta, &flags, &prefetch);
}

auto multiplier(const product& p) {
    return [kernel = kernel_of(p)](operands& data) { kernel(data.b.data(), data.a.data(), data.c.data()); };
}

std::string about() { return libxsmm_get_target_arch(); }

#else

auto multiplier(const product& p) {
    const auto size = [](std::size_t n) { return static_cast<int>(n); };
    return [=](operands& data) {
        cblas_sgemm(CblasRowMajor, p.transpose_a ? CblasTrans : CblasNoTrans, p.transpose_b ? CblasTrans : CblasNoTrans,
                    size(p.m), size(p.n), size(p.k), 1, data.a.data(), size(p.row_of_a()), data.b.data(),
                    size(p.row_of_b()), 0, data.c.data(), size(p.row_of_c()));
    };
}

#if defined(BENCH_BLIS)
std::string about() {
    bli_init();
    return bli_arch_string(bli_arch_query_id());
}
#else
std::string about() { return openblas_get_corename(); }
#endif

#endif

/// Whether the library is meant for such a product. libxsmm is for small ones, which fit the caches as they are.
bool known([[maybe_unused]] const product& p) {
#if defined(BENCH_LIBXSMM)
    return p.m * p.n * p.k <= 1'000'000 && kernel_of(p) != nullptr;
#else
    return true;
#endif
}

}  // namespace

int main(int argc, char** argv) {
    for (const auto& p : bench::products())
        if (known(p)) bench::add_product(p, multiplier(p));
#if defined(BENCH_OPENBLAS)
    bench::add_lapack();
#endif
    return bench::main(argc, argv, [](int) {}, about);   // how many threads is said in the environment
}
