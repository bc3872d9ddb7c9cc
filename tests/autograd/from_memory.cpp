#include <doctest/doctest.h>

#include <xgrad/autograd/from_memory.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace xg = xgrad;

TEST_CASE("memory of others is shared, and given back once") {
    auto numbers = std::vector<float>{1, 2, 3, 4, 5, 6};
    auto given_back = 0;
    {
        auto x = xg::from_memory(numbers.data(), {2, 3}, [&](float* p) {
            CHECK(p == numbers.data());
            ++given_back;
        });
        static_assert(std::is_same_v<decltype(x), xg::tensor<float, 2>>);
        CHECK(std::as_const(x).data() == numbers.data());
        numbers[4] = 50;
        CHECK(x(1, 1) == 50);
        x(0, 0) = 7;
        CHECK(numbers[0] == 7);
        auto row = xg::tensor<float>{xg::reshape(x, {6})};
        x = xg::tensor<float, 2>{};
        CHECK(given_back == 0);   // a view holds it
        CHECK(row.size() == 6);
    }
    CHECK(given_back == 1);
}

TEST_CASE("a graph holds it, too") {
    auto given_back = false;
    auto loss = xg::tensor<double, 0>{};
    auto w = xg::ones<double>({3}).requires_grad(true);
    {
        auto* const numbers = new double[3]{1, 2, 3};
        const auto x = xg::from_memory(numbers, std::vector<std::size_t>{3}, [&](double* p) {
            delete[] p;
            given_back = true;
        });
        loss = xg::sum(w * x);
    }
    CHECK(!given_back);
    loss.backward();
    CHECK(xg::array_equal(w.grad(), xg::tensor<double, 1>{1, 2, 3}));
    CHECK(given_back);
}

TEST_CASE("a pointer that cannot be") {
    auto given_back = 0;
    const auto count = [&](const auto*) { ++given_back; };
    CHECK_THROWS_WITH_AS(xg::from_memory(static_cast<float*>(nullptr), {2}, count), "[from_memory] the pointer is null, the shape (2,) has elements",
                         xg::value_error);
    alignas(8) char bytes[16] = {};
    CHECK_THROWS_AS(xg::from_memory(reinterpret_cast<float*>(bytes + 1), {2}, count), xg::value_error);
    CHECK(given_back == 2);
    CHECK(xg::from_memory(static_cast<float*>(nullptr), {0, 3}).size() == 0);
}
