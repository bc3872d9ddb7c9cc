// LAPACK as NumPy calls it for row-major matrices (numpy/linalg/umath_linalg.cpp): the operand is copied into the order
// of Fortran and the result back, solve and inv are gesv, cholesky is potrf, eigh is syevd, svd is gesdd. Without what Python
// takes. The inverse is there by getri, too, which is LAPACK's own way to it.
#include "lapack.hpp"

#include "../linear_algebra.hpp"

#include <cblas.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" {
void sgesv_(const int* n, const int* columns, float* a, const int* lda, int* pivots, float* b, const int* ldb, int* info);
void sgetrf_(const int* m, const int* n, float* a, const int* lda, int* pivots, int* info);
void sgetri_(const int* n, float* a, const int* lda, const int* pivots, float* work, const int* room, int* info);
void spotrf_(const char* half, const int* n, float* a, const int* lda, int* info);
void ssyevd_(const char* job, const char* half, const int* n, float* a, const int* lda, float* w, float* work, const int* room,
             int* integers, const int* integers_room, int* info);
void sgesdd_(const char* job, const int* m, const int* n, float* a, const int* lda, float* s, float* u, const int* ldu, float* vt,
             const int* ldvt, float* work, const int* room, int* integers, int* info);
}

namespace bench {

namespace {

using floats = std::vector<float>;

/// A matrix in the other order.
void copy_transposed(int n, const float* from, float* to) {
    for (auto row = 0; row < n; ++row) cblas_scopy(n, from + row, n, to + row * n, 1);
}

/// One case's memory. `a` is given, row-major; `factors` is what LAPACK gets.
struct room {
    int n, info = 0;
    floats a, factors, work, b, s, u, vt;
    std::vector<int> integers;

    explicit room(floats given, std::size_t size)
        : n{static_cast<int>(size)}, a{std::move(given)}, factors(a.size()), integers(8 * size) {}

    void take() { copy_transposed(n, a.data(), factors.data()); }
    void done(const char* what) const {
        if (info != 0) throw std::runtime_error{std::string{what} + " gives " + std::to_string(info)};
    }
};

template <class Prepare, class Run, class Pieces>
void add_case(const std::string& name, floats (*values)(std::size_t), std::size_t n, Prepare prepare, Run run, Pieces pieces) {
    add("linalg/" + name, [=] {
        auto data = std::make_shared<room>(values(n), n);
        prepare(*data);
        return timed([=] {
            data->take();
            run(*data);
            data->done(name.c_str());
            return data;
        }, [pieces](const auto& d) { return pieces(*d); });
    });
}

floats result(const floats& columns, int n) { return transposed(columns, static_cast<std::size_t>(n)); }

void add_solvers() {
    add_case("solve", invertible, solved_size, [](room& r) { r.b.resize(solved_size); }, [given = numbers(solved_size, 3)](room& r) {
        const auto one = 1;
        r.b = given;
        sgesv_(&r.n, &one, r.factors.data(), &r.n, r.integers.data(), r.b.data(), &r.n, &r.info);
    }, [](const room& r) { return std::vector<piece>{{"y", r.b}}; });

    add_case("inverse", invertible, solved_size, [](room& r) { r.u.resize(r.a.size()); }, [](room& r) {
        auto identity = floats(r.a.size());
        for (auto i = std::size_t{0}; i < solved_size; ++i) identity[i * solved_size + i] = 1;
        sgesv_(&r.n, &r.n, r.factors.data(), &r.n, r.integers.data(), identity.data(), &r.n, &r.info);
        copy_transposed(r.n, identity.data(), r.u.data());
    }, [](const room& r) { return std::vector<piece>{{"y", r.u}}; });

    add_case("inverse_getri", invertible, solved_size, [](room& r) {
        r.u.resize(r.a.size());
        r.work.resize(64 * solved_size);
    }, [](room& r) {
        const auto size = static_cast<int>(r.work.size());
        sgetrf_(&r.n, &r.n, r.factors.data(), &r.n, r.integers.data(), &r.info);
        r.done("getrf");
        sgetri_(&r.n, r.factors.data(), &r.n, r.integers.data(), r.work.data(), &size, &r.info);
        copy_transposed(r.n, r.factors.data(), r.u.data());
    }, [](const room& r) { return std::vector<piece>{{"y", r.u}}; });

    add_case("cholesky", positive_definite, solved_size, [](room& r) { r.u.resize(r.a.size()); }, [](room& r) {
        spotrf_("L", &r.n, r.factors.data(), &r.n, &r.info);
        for (auto j = std::size_t{1}; j < solved_size; ++j)   // above the diagonal
            for (auto i = std::size_t{0}; i < j; ++i) r.factors[j * solved_size + i] = 0;
        copy_transposed(r.n, r.factors.data(), r.u.data());
    }, [](const room& r) { return std::vector<piece>{{"y", r.u}}; });
}

void add_spectra() {
    add_case("eigh", [](std::size_t n) { return symmetric(n); }, spectral_size, [](room& r) {
        const auto ask = -1;
        auto wanted = 0.0F;
        auto integers = 0;
        ssyevd_("V", "L", &r.n, nullptr, &r.n, nullptr, &wanted, &ask, &integers, &ask, &r.info);
        r.work.resize(static_cast<std::size_t>(wanted));
        r.integers.resize(static_cast<std::size_t>(integers));
        r.s.resize(spectral_size);
        r.u.resize(r.a.size());
    }, [](room& r) {
        const auto size = static_cast<int>(r.work.size()), integers = static_cast<int>(r.integers.size());
        ssyevd_("V", "L", &r.n, r.factors.data(), &r.n, r.s.data(), r.work.data(), &size, r.integers.data(), &integers, &r.info);
        copy_transposed(r.n, r.factors.data(), r.u.data());
    }, [](const room& r) { return std::vector<piece>{{"values", r.s}, {"a", reconstructed(r.u, r.s, result(r.u, r.n))}}; });

    add_case("svd", invertible, spectral_size, [](room& r) {
        const auto ask = -1;
        auto wanted = 0.0F;
        r.s.resize(spectral_size);
        r.u.resize(2 * r.a.size());
        r.vt.resize(2 * r.a.size());
        sgesdd_("A", &r.n, &r.n, r.factors.data(), &r.n, r.s.data(), r.u.data(), &r.n, r.vt.data(), &r.n, &wanted, &ask,
                r.integers.data(), &r.info);
        r.work.resize(static_cast<std::size_t>(wanted));
    }, [](room& r) {
        const auto size = static_cast<int>(r.work.size());
        const auto half = r.a.size();   // the other half is row-major
        sgesdd_("A", &r.n, &r.n, r.factors.data(), &r.n, r.s.data(), r.u.data(), &r.n, r.vt.data(), &r.n, r.work.data(), &size,
                r.integers.data(), &r.info);
        copy_transposed(r.n, r.u.data(), r.u.data() + half);
        copy_transposed(r.n, r.vt.data(), r.vt.data() + half);
    }, [](const room& r) {
        const auto half = static_cast<std::ptrdiff_t>(r.a.size());
        return std::vector<piece>{{"s", r.s}, {"a", reconstructed({r.u.begin() + half, r.u.end()}, r.s, {r.vt.begin() + half, r.vt.end()})}};
    });
}

}  // namespace

void add_lapack() {
    add_solvers();
    add_spectra();
}

}  // namespace bench
