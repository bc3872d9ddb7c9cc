#include <doctest/doctest.h>

#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/update.hpp>

#include <cstddef>
#include <vector>

namespace kernels = xgrad::kernels;

TEST_CASE_TEMPLATE("update: every element once, whatever the length", T, float, double) {
    for (const auto count : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{64},
                             std::size_t{1003}, std::size_t{70001}}) {
        auto w = std::vector<T>(count + 1, 5), s = std::vector<T>(count + 1, 2), g = std::vector<T>(count);
        for (auto i = std::size_t{0}; i < count; ++i) g[i] = static_cast<T>(i % 100);
        const auto rule = [](auto& weight, const auto& gradient, auto& state) {
            state = state + gradient;
            weight = weight - state;
        };
        kernels::update(count, rule, w.data(), g.data(), s.data());
        auto right = true;
        for (auto i = std::size_t{0}; i < count; ++i) right = right && s[i] == 2 + g[i] && w[i] == 3 - g[i];
        CHECK(right);
        CHECK(w[count] == 5);
        CHECK(s[count] == 2);
    }
}
