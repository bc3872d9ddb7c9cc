#include <doctest/doctest.h>

#include <xgrad/ops/bitwise.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/shift.hpp>

#include <cstdint>
#include <limits>

namespace xg = xgrad;

namespace {

using bytes = xg::tensor<std::uint8_t, 1>;
using integers = xg::tensor<int, 1>;
using truths = xg::tensor<bool, 1>;

}  // namespace

TEST_CASE("bitwise: bits, and truth values") {
    CHECK(xg::array_equal(xg::bitwise_and(integers{12, -1}, integers{10, 7}), integers{8, 7}));
    CHECK(xg::array_equal(xg::bitwise_or(integers{12, -8}, 3), integers{15, -5}));
    CHECK(xg::array_equal(xg::bitwise_xor(255, bytes{1, 128}), bytes{254, 127}));
    CHECK(xg::array_equal(xg::bitwise_not(integers{0, -1, 5}), integers{-1, 0, -6}));
    CHECK(xg::array_equal(xg::bitwise_not(bytes{0, 255}), bytes{255, 0}));
    CHECK(xg::array_equal(xg::bitwise_not(truths{true, false}), truths{false, true}));
    CHECK(xg::array_equal(xg::bitwise_xor(truths{true, true}, truths{true, false}), truths{false, true}));
    CHECK_THROWS_AS(xg::bitwise_and(bytes{1}, 256), xg::value_error);
}

TEST_CASE("shifts: by any number of bits") {
    CHECK(xg::array_equal(xg::left_shift(integers{1, 1, 1, -1, 3}, integers{0, 31, 32, 4, 1000}),
                          integers{1, std::numeric_limits<int>::min(), 0, -16, 0}));
    CHECK(xg::array_equal(xg::right_shift(integers{8, -8, -1, 5, -5}, integers{2, 2, 31, 32, 1000}), integers{2, -2, -1, 0, -1}));
    CHECK(xg::array_equal(xg::left_shift(bytes{255, 1}, 7), bytes{128, 128}));
    CHECK(xg::array_equal(xg::right_shift(bytes{255, 128}, 7), bytes{1, 1}));
    CHECK(xg::array_equal(xg::right_shift(bytes{255}, 8), bytes{0}));
    CHECK(xg::array_equal(xg::left_shift(xg::tensor<std::int64_t, 1>{1, 1}, xg::tensor<std::int64_t, 1>{63, 64}),
                          xg::tensor<std::int64_t, 1>{std::numeric_limits<std::int64_t>::min(), 0}));
    CHECK(xg::array_equal(xg::right_shift(xg::tensor<std::uint64_t, 1>{~std::uint64_t{0}}, 63), xg::tensor<std::uint64_t, 1>{1}));
    CHECK_THROWS_WITH_AS(xg::left_shift(integers{1}, -1), "[left_shift] by a negative number of bits: shift the other way", xg::value_error);
    CHECK_THROWS_AS(xg::right_shift(1, integers{-2}), xg::value_error);
}
