// The matrices of the cases of linear algebra, and what of the results is compared.
#pragma once

#include "side.hpp"

#include <cstddef>
#include <vector>

namespace bench {

inline constexpr std::size_t solved_size = 256, spectral_size = 64;

/// Far from singular, with its rows out of order, so that elimination must exchange them.
inline std::vector<float> invertible(std::size_t n) {
    auto a = numbers(n * n, 1);
    for (auto i = std::size_t{0}; i < n; ++i) a[i * n + i * 37 % n] += static_cast<float>(n) / 8;
    return a;
}
inline std::vector<float> symmetric(std::size_t n, float diagonal = 0) {
    auto a = numbers(n * n, 2);
    for (auto i = std::size_t{0}; i < n; ++i) {
        for (auto j = std::size_t{0}; j < i; ++j) a[j * n + i] = a[i * n + j];
        a[i * n + i] += diagonal;
    }
    return a;
}
/// By its diagonal, which is larger than the largest eigenvalue of the rest.
inline std::vector<float> positive_definite(std::size_t n) { return symmetric(n, static_cast<float>(n) / 4); }

/// u diag(s) vh of square, row-major matrices: vectors are determined but for their signs, this is.
inline std::vector<float> reconstructed(const std::vector<float>& u, const std::vector<float>& s, const std::vector<float>& vh) {
    const auto n = s.size();
    auto a = std::vector<float>(n * n);
    for (auto i = std::size_t{0}; i < n; ++i)
        for (auto k = std::size_t{0}; k < n; ++k)
            for (auto j = std::size_t{0}; j < n; ++j) a[i * n + j] += u[i * n + k] * s[k] * vh[k * n + j];
    return a;
}
inline std::vector<float> transposed(const std::vector<float>& a, std::size_t n) {
    auto t = std::vector<float>(n * n);
    for (auto i = std::size_t{0}; i < n; ++i)
        for (auto j = std::size_t{0}; j < n; ++j) t[j * n + i] = a[i * n + j];
    return t;
}

}  // namespace bench
