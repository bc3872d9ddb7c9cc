#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace xg = xgrad;

namespace {

template <class... Pieces>
std::string text_of(const Pieces&... pieces) {
    try {
        xg::fail<xg::error>("where", pieces...);
    } catch (const xg::error& caught) {
        return caught.what();
    }
}

}  // namespace

TEST_CASE("an error says where and what") {
    CHECK(text_of("plain") == "[where] plain");
    CHECK(text_of("sizes ", std::vector{2, 3}, " and ", std::vector<int>{}, std::string{"!"}) == "[where] sizes (2, 3) and ()!");
    CHECK(text_of(-3, " ", std::uint64_t{18446744073709551615u}) == "[where] -3 18446744073709551615");
}

TEST_CASE("numbers in an error are as short as can be, and never rounded to nothing") {
    CHECK(text_of(0.5) == "[where] 0.5");
    CHECK(text_of(-1.0) == "[where] -1");
    CHECK(text_of(100.0) == "[where] 100");
    CHECK(text_of(0.1f) == "[where] 0.1");
    CHECK(text_of(-1e-9) == "[where] -1e-09");
    CHECK(text_of(std::numeric_limits<double>::infinity()) == "[where] inf");
}

TEST_CASE("every error is an xgrad::error, which is a std::runtime_error") {
    static_assert(std::is_base_of_v<std::runtime_error, xg::error>);
    static_assert(std::is_base_of_v<xg::error, xg::shape_error>);
    static_assert(std::is_base_of_v<xg::error, xg::rank_error>);
    static_assert(std::is_base_of_v<xg::error, xg::index_error>);
    static_assert(std::is_base_of_v<xg::error, xg::dtype_error>);
    static_assert(std::is_base_of_v<xg::error, xg::autograd_error>);
    static_assert(std::is_base_of_v<xg::error, xg::io_error>);
    static_assert(std::is_base_of_v<xg::error, xg::value_error>);
    CHECK_THROWS_AS(xg::fail<xg::io_error>("file", "missing"), std::runtime_error);
}
