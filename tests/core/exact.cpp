// Every pair of types, at and next to the numbers where one ends: against integers wide enough for all.
#include <doctest/doctest.h>

#include <xgrad/core/exact.hpp>

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace xg = xgrad;

namespace {

__extension__ using wide = __int128;

constexpr auto infinite = std::numeric_limits<double>::infinity();
constexpr auto no_number = std::numeric_limits<double>::quiet_NaN();

using integers = std::tuple<bool, std::int8_t, std::uint8_t, std::uint16_t, std::int32_t, std::int64_t, std::uint64_t>;
using real_types = std::tuple<float, double>;
using all_types = decltype(std::tuple_cat(integers{}, real_types{}));

/// Calls `f` with a value of each type.
template <class Types, class F>
void for_each_type(const F& f) {
    std::apply([&](auto... each) { (f(each), ...); }, Types{});
}

/// Twice the largest integer that is at most x, and one more for a fraction: ordered as integers and numbers beside them.
template <class T>
wide place(T x) {
    if constexpr (std::is_integral_v<T>) return 2 * static_cast<wide>(x);
    else {
        if (std::fabs(x) > static_cast<T>(0x1p100)) return static_cast<wide>(x > 0 ? 0x1p101 : -0x1p101);
        return 2 * static_cast<wide>(std::floor(x)) + (std::floor(x) == x ? 0 : 1);
    }
}

template <class T>
std::vector<T> edges() {
    auto result = std::vector<T>{};
    if constexpr (std::is_floating_point_v<T>) {
        for (const auto power : {-1, 0, 1, 7, 8, 15, 16, 23, 24, 25, 31, 32, 52, 53, 54, 62, 63, 64, 65})
            for (const auto sign : {T{1}, T{-1}}) {
                const auto x = sign * std::ldexp(T{1}, power);
                const auto up = std::nextafter(x, T{1000} * x), down = std::nextafter(x, T{0});
                for (const auto each : {x, up, down, x + T{0.5}, x - T{0.5}, x + 1, x - 1}) result.push_back(each);
            }
        for (const auto each : {0.0, -0.0, 0.1, -0.1, 1e30, -1e30, infinite, -infinite, 127.5, 255.5, -128.5})
            result.push_back(static_cast<T>(each));
    } else {
        for (const auto power : {0, 1, 7, 8, 15, 16, 23, 24, 25, 31, 32, 52, 53, 54, 62, 63, 64})
            for (const auto sign : {1, -1})
                for (auto off = -2; off <= 2; ++off) {
                    const auto x = static_cast<wide>(sign) * (static_cast<wide>(1) << power) + off;
                    if (x >= wide{std::numeric_limits<T>::lowest()} && x <= wide{std::numeric_limits<T>::max()})
                        result.push_back(static_cast<T>(x));
                }
    }
    return result;
}

void report(const char* what, std::string_view from, std::string_view to, int wrong, double first) {
    CHECK_MESSAGE(wrong == 0, what, " of ", from, " to ", to, ": ", wrong, " wrong, the first at ", first);
}

/// One line of output for a pair of types, and not a million of assertions.
template <class T, class S, class F>
void check_all(const char* what, const F& is_right) {
    static const auto numbers = edges<S>();
    auto wrong = 0;
    auto first = 0.0;
    for (const S x : numbers)
        if (!is_right(x) && wrong++ == 0) first = static_cast<double>(x);
    report(what, xg::dtype_name<S>(), xg::dtype_name<T>(), wrong, first);
}

template <class T>
T next(T x) {
    if constexpr (std::is_floating_point_v<T>) return std::nextafter(x, std::numeric_limits<T>::infinity());
    else return static_cast<T>(x + 1);
}
template <class T>
T last(T x) {
    if constexpr (std::is_floating_point_v<T>) return std::nextafter(x, -std::numeric_limits<T>::infinity());
    else return static_cast<T>(x - 1);
}

template <class T, class S>
void check_bounds() {
    using limits = std::numeric_limits<T>;
    check_all<T, S>("at_most", [](S x) {
        const auto got = xg::detail::at_most<T>(x);
        if (!got) return place(limits::lowest()) > place(x);
        return place(*got) <= place(x) && (*got == limits::max() || place(next(*got)) > place(x));
    });
    check_all<T, S>("at_least", [](S x) {
        const auto got = xg::detail::at_least<T>(x);
        if (!got) return place(limits::max()) < place(x);
        return place(*got) >= place(x) && (*got == limits::lowest() || place(last(*got)) < place(x));
    });
}

}  // namespace

TEST_CASE("the nearest bounds: for integers beside every type, for real numbers beside integers") {
    for_each_type<integers>([]<class T>(T) {
        for_each_type<all_types>([]<class S>(S) { check_bounds<T, S>(); });
        for_each_type<real_types>([]<class S>(S) { check_bounds<S, T>(); });
    });
    // A fraction beside floats is the float nearest to it.
    CHECK(xg::detail::at_most<float>(0.1) == 0.1f);
    CHECK(xg::detail::at_least<float>(0.1) == 0.1f);
    CHECK(xg::detail::at_least<float>(infinite) == std::numeric_limits<float>::infinity());
}

TEST_CASE("nearest_cast: to the nearest without the fraction") {
    for_each_type<integers>([]<class T>(T) {
        for_each_type<all_types>([]<class S>(S) {
            check_all<T, S>("nearest_cast", [](S x) {
                const auto got = xg::detail::nearest_cast<T>(x);
                if constexpr (std::is_same_v<T, bool>) return got == (x != S{0});
                else {
                    const auto at = place(x), whole = at >= 0 ? at / 2 : -(-at / 2);
                    const auto wanted = std::clamp(whole, wide{std::numeric_limits<T>::lowest()}, wide{std::numeric_limits<T>::max()});
                    return wide{got} == wanted;
                }
            });
        });
        CHECK(xg::detail::nearest_cast<T>(no_number) == (std::is_same_v<T, bool> ? T{1} : T{0}));
        CHECK(xg::detail::nearest_cast<T>(static_cast<float>(no_number)) == (std::is_same_v<T, bool> ? T{1} : T{0}));
    });
    static_assert(xg::detail::nearest_cast<std::uint8_t>(-1.0f) == 0);
    static_assert(xg::detail::nearest_cast<std::uint8_t>(300.0f) == 255);
}

TEST_CASE("whole: ordered and converted as what it is") {
    for_each_type<integers>([]<class A>(A) {
        for_each_type<integers>([]<class B>(B) {
            check_all<B, A>("whole", [](A a) {
                for (const B b : edges<B>()) {
                    const auto order = wide{a} < wide{b} ? std::strong_ordering::less
                                       : wide{a} > wide{b} ? std::strong_ordering::greater : std::strong_ordering::equal;
                    if ((xg::whole{a} <=> xg::whole{b}) != order || (xg::whole{a} == b) != (order == 0)) return false;
                    if (xg::detail::is_less(a, b) != (order < 0)) return false;
                }
                const auto fits = wide{a} >= wide{std::numeric_limits<B>::lowest()} && wide{a} <= wide{std::numeric_limits<B>::max()};
                try {
                    return wide{xg::whole{a}.as<B>("test")} == wide{a} && fits;
                } catch (const xg::value_error&) {
                    return !fits;
                }
            });
        });
    });
    CHECK_THROWS_WITH_AS(xg::whole{-1}.as<std::uint64_t>("test"), "[test] -1 does not fit uint64, whose numbers are 0 to 18446744073709551615",
                         xg::value_error);
    CHECK_THROWS_WITH_AS(xg::whole{~std::uint64_t{0}}.as<bool>("test"), "[test] 18446744073709551615 does not fit bool, whose numbers are 0 to 1",
                         xg::value_error);
}

TEST_CASE("wrapping: modulo two to the number of bits") {
    for_each_type<integers>([]<class T>(T) {
        if constexpr (!std::is_same_v<T, bool>)
            check_all<T, T>("arithmetic", [](T a) {
                for (const T b : edges<T>())
                    if (xg::detail::wrapping(std::plus<>{}, a, b) != static_cast<T>(wide{a} + b) ||
                        xg::detail::wrapping(std::minus<>{}, a, b) != static_cast<T>(wide{a} - b) ||
                        xg::detail::wrapping(std::multiplies<>{}, a, b) != static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b)))
                        return false;
                return true;
            });
    });
}
