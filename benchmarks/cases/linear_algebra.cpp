// Decompositions, forward only: what they are compared with has no gradients.
#include "../linear_algebra.hpp"
#include "cases.hpp"
#include "engine.hpp"

#include <xgrad/ops/decompose/cholesky.hpp>
#include <xgrad/ops/decompose/eigh.hpp>
#include <xgrad/ops/decompose/solve.hpp>
#include <xgrad/ops/decompose/svd.hpp>

#include <string>
#include <vector>

namespace bench {

namespace {

using matrix = xg::tensor<float, 2>;

template <class F, class Pieces>
void add_matrix(const std::string& name, std::vector<float> (*values)(std::size_t), std::size_t n, F f, Pieces pieces) {
    add("linalg/" + name, [=] {
        const auto a = matrix{values(n), xg::shape{n, n}};
        return timed([=] {
            const auto guard = xg::no_grad{};
            return f(a);
        }, pieces);
    });
}

}  // namespace

void add_linear_algebra() {
    constexpr auto n = solved_size, m = spectral_size;
    const auto values_of = [](const auto& x) { return engine::values_of(x); };
    const auto whole = [=](const auto& y) { return std::vector<piece>{{"y", values_of(y)}}; };
    const auto b = xg::tensor<float, 1>{numbers(n, 3), xg::shape{n}};
    add_matrix("solve", invertible, n, [b](const auto& a) { return xg::solve(a, b); }, whole);
    add_matrix("inverse", invertible, n, xg::inverse, whole);
    add_matrix("cholesky", positive_definite, n, [](const auto& a) { return xg::cholesky(a); }, whole);
    add_matrix("eigh", [](std::size_t size) { return symmetric(size); }, m, [](const auto& a) { return xg::eigh(a); },
               [=](const auto& y) {
        const auto vectors = values_of(y.vectors), values = values_of(y.values);
        return std::vector<piece>{{"values", values}, {"a", reconstructed(vectors, values, transposed(vectors, values.size()))}};
    });
    add_matrix("svd", invertible, m, [](const auto& a) { return xg::svd(a); }, [=](const auto& y) {
        const auto s = values_of(y.s);
        return std::vector<piece>{{"s", s}, {"a", reconstructed(values_of(y.u), s, values_of(y.vh))}};
    });
}

}  // namespace bench
