#include <doctest/doctest.h>

#include <xgrad/core/finite.hpp>

#include <initializer_list>
#include <limits>

TEST_CASE("what a finite number is") {
    using limits = std::numeric_limits<double>;
    static_assert(xgrad::is_finite_number(0));
    for (const auto number : {0.0, -0.0, 1.0, limits::max(), limits::lowest(), limits::min(), limits::denorm_min()})
        CHECK(xgrad::is_finite_number(number));
    for (const auto none : {limits::infinity(), -limits::infinity(), limits::quiet_NaN(), -limits::quiet_NaN()})
        CHECK_FALSE(xgrad::is_finite_number(none));
}
