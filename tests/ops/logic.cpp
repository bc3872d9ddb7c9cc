#include <doctest/doctest.h>

#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/logic.hpp>

#include <cmath>

namespace xg = xgrad;

namespace {

using integers = xg::tensor<int, 1>;
using truths = xg::tensor<bool, 1>;

}  // namespace

TEST_CASE("logical: what is not 0 is true, whatever the types") {
    const auto a = xg::tensor<float, 1>{0, -0.0f, 0.5f, NAN};
    const auto b = integers{0, 3, 0, -1};
    CHECK(xg::array_equal(xg::logical_and(a, b), truths{false, false, false, true}));
    CHECK(xg::array_equal(xg::logical_or(a, b), truths{false, true, true, true}));
    CHECK(xg::array_equal(xg::logical_xor(a, b), truths{false, true, true, false}));
    CHECK(xg::array_equal(xg::logical_not(a), truths{true, true, false, false}));
    CHECK(xg::array_equal(xg::logical_and(b, 0.5), truths{false, true, false, true}));
    CHECK(xg::array_equal(xg::logical_or(0, b), truths{false, true, false, true}));
    CHECK(xg::array_equal(xg::logical_xor(true, b), truths{true, false, true, false}));
    CHECK(xg::logical_and(xg::tensor<bool, 2>{{true}, {false}}, truths{true, false}).shape() == xg::shape{2, 2});
}
