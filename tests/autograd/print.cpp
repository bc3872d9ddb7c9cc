#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/print.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>

namespace xg = xgrad;

TEST_CASE("tensors as text") {
    CHECK(to_string(xg::tensor<float, 0>(1.5f)) == "1.5");
    CHECK(to_string(xg::tensor<float, 1>{1, 2, 3}) == "[1., 2., 3.]");
    CHECK(to_string(xg::tensor<float, 2>{{1, 2}, {3.5, -4}}) == "[[ 1. ,  2. ],\n [ 3.5, -4. ]]");
    CHECK(to_string(xg::tensor<int, 3>{{{1}, {20}}, {{3}, {4}}}) == "[[[ 1],\n  [20]],\n\n [[ 3],\n  [ 4]]]");
    CHECK(to_string(xg::tensor<bool, 1>{true, false}) == "[ true, false]");
    CHECK(to_string(xg::tensor<std::uint8_t, 1>{65, 7}) == "[65,  7]");
    CHECK(to_string(xg::zeros({0})) == "[]");
    CHECK(to_string(xg::zeros({2, 0})) == "[[],\n []]");
    CHECK(to_string(xg::tensor<float>{}) == "undefined");
}

TEST_CASE("numbers beyond four digits, and no numbers") {
    constexpr auto inf = std::numeric_limits<double>::infinity();
    CHECK(to_string(xg::tensor<double, 1>{inf, -inf, std::nan("")}) == "[ inf, -inf,  nan]");
    CHECK(to_string(xg::tensor<double, 1>{1e-6, 1}) == "[1.0000e-06, 1.0000e+00]");
    CHECK(to_string(xg::tensor<double, 1>{1e9}) == "[1.0000e+09]");
    CHECK(to_string(xg::tensor<double, 1>{1.0 / 3}) == "[0.3333]");
}

TEST_CASE("long tensors show their ends") {
    CHECK(to_string(xg::arange<int>(2000)) == "[   0,    1,    2, ..., 1997, 1998, 1999]");
    const auto wide = to_string(xg::zeros<int>({2, 1000}));
    CHECK(wide == "[[0, 0, 0, ..., 0, 0, 0],\n [0, 0, 0, ..., 0, 0, 0]]");
}

TEST_CASE("on a stream") {
    auto out = std::ostringstream{};
    out << xg::tensor<int, 1>{1, 2};
    CHECK(out.str() == "[1, 2]");
}
