#include <doctest/doctest.h>

#include <support/operation_table.hpp>

#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/local_response_norm.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

namespace xg = xgrad;
using namespace operation_tests;

TEST_CASE("local_response_norm: values and derivatives") {
    const auto reference = [](std::ptrdiff_t size, xg::local_response_norm_options by) {
        return [=](const list<double>& x) {
            const auto channels = static_cast<std::ptrdiff_t>(x[0].shape(1));
            const auto inner = x[0].size() / (x[0].shape(0) * x[0].shape(1));
            auto y = xg::empty_like(x[0]);
            for (auto i = std::size_t{0}; i < y.size(); ++i) {
                const auto c = static_cast<std::ptrdiff_t>(i / inner) % channels;
                auto squares = 0.0;
                for (auto at = c - size / 2; at <= c + (size - 1) / 2; ++at)
                    if (at >= 0 && at < channels)
                        squares += std::pow(x[0].data()[static_cast<std::ptrdiff_t>(i) + (at - c) * static_cast<std::ptrdiff_t>(inner)], 2);
                y.data()[i] = x[0].data()[i] / std::pow(by.k + by.alpha * squares / static_cast<double>(size), by.beta);
            }
            return y;
        };
    };
    const auto values = std::vector<double>{0.5, -1, 2, 0.1, -3, 1.5, 0.7};
    const auto row = [&](const char* name, std::ptrdiff_t size, xg::local_response_norm_options by, const xg::shape& sizes) {
        return operation{.name = name, .run = on_lists([=](const auto& x) { return xg::local_response_norm(x[0], size, by); }),
                         .reference = reference(size, by), .points = {{shaped(values, sizes)}}, .epsilons = 16};
    };
    check({
        row("local_response_norm, 3", 3, {.alpha = 0.5}, {2, 4, 3}),
        row("local_response_norm, 4", 4, {.alpha = 1, .beta = 0.5, .k = 2}, {1, 5, 2, 2}),
        row("local_response_norm, wider than x", 9, {}, {2, 3, 2}),
        row("local_response_norm, 1", 1, {}, {2, 2, 2}),
    });
    CHECK_THROWS_AS(xg::local_response_norm(xg::zeros<float>({2, 3, 2}), 0), xg::value_error);
    CHECK_THROWS_AS(xg::local_response_norm(xg::tensor<float>{xg::zeros<float>({2, 3})}, 3), xg::rank_error);
}
