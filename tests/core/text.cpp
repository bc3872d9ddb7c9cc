#include <doctest/doctest.h>

#include <xgrad/core/text.hpp>

#include <clocale>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

using namespace xgrad::detail;

TEST_CASE("the fewest digits, and shapes") {
    CHECK(joined_text() == "");
    CHECK(joined_text("x = ", 0.1f, ", ", 1e300, ", ", std::vector{2, 3}) == "x = 0.1, 1e+300, (2, 3)");
}

TEST_CASE("as many decimals as are asked for") {
    CHECK(decimal_text(98.255, 1) == "98.3");
    CHECK(decimal_text(-0.5, 0) == "-0");   // half to even, as printf rounds
    CHECK(decimal_text(1234567.0, 2) == "1234567.00");
    CHECK(decimal_text(98.26, 3, std::chars_format::scientific) == "9.826e+01");
    CHECK(decimal_text(std::numeric_limits<double>::infinity(), 2) == "inf");
    CHECK(decimal_text(-std::numeric_limits<double>::max(), 50).size() == 1 + 309 + 1 + 50);
}

TEST_CASE("the locale that a test was started in is in use") {
    if (const auto* const point = std::getenv("XGRAD_TEST_DECIMAL_POINT"); point != nullptr)
        CHECK(std::string_view{std::localeconv()->decimal_point} == point);
}
