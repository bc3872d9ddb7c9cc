#include <doctest/doctest.h>

#include <xgrad/autograd/create.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

namespace xg = xgrad;

namespace {

template <class T>
std::vector<T> elements(const xg::tensor<T>& x) {
    return {x.span().begin(), x.span().end()};
}

template <class T>
bool all_are(const xg::tensor<T>& x, std::type_identity_t<T> value) {
    return std::ranges::all_of(x.span(), [=](T each) { return each == value; });
}

}  // namespace

TEST_CASE("the rank comes from braces or an array; from any other range it is dynamic") {
    static_assert(std::is_same_v<decltype(xg::zeros({2, 3})), xg::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(xg::ones<double>(std::array{2, 3})), xg::tensor<double, 2>>);
    static_assert(std::is_same_v<decltype(xg::full<int>(std::vector{2, 3}, 1)), xg::tensor<int>>);
    static_assert(std::is_same_v<decltype(xg::full({2, 3}, 1)), xg::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(xg::rand(xg::shape{2, 3})), xg::tensor<float>>);
    static_assert(std::is_same_v<decltype(xg::randn<double>({2})), xg::tensor<double, 1>>);
    static_assert(std::is_same_v<decltype(xg::randint(0, 2, {2})), xg::tensor<std::int64_t, 1>>);
    const auto n = std::size_t{4};
    const auto m = 5;
    CHECK(xg::zeros({n, m}).shape() == std::array<std::size_t, 2>{4, 5});
    CHECK(xg::empty({n, m}).size() == 20);
    CHECK(xg::empty<double>(std::vector{1, 2}).shape() == xg::shape{1, 2});
    CHECK_THROWS_AS(xg::zeros({2, -1}), xg::shape_error);
    CHECK_THROWS_AS(xg::zeros(std::vector{-1}), xg::shape_error);
}

TEST_CASE("filled") {
    CHECK(all_are<float>(xg::zeros({3, 2}), 0));
    CHECK(all_are<double>(xg::ones<double>({3, 2}), 1));
    CHECK(all_are<float>(xg::full({3, 2}, 2.5f), 2.5f));
    CHECK(all_are<bool>(xg::ones<bool>({3}), true));
    CHECK(xg::zeros({0, 3}).empty());
}

TEST_CASE("of the shape of another") {
    const auto x = xg::tensor<double, 2>{{1, 2, 3}};
    CHECK(all_are<double>(xg::zeros_like(x), 0));
    CHECK(all_are<double>(xg::ones_like(x), 1));
    CHECK(all_are<double>(xg::full_like(x, 4), 4));
    CHECK(xg::empty_like(x).shape() == x.shape());
    CHECK(xg::rand_like(x).shape() == x.shape());
    CHECK(xg::randn_like(x).shape() == x.shape());
    static_assert(std::is_same_v<decltype(xg::zeros_like(x)), xg::tensor<double, 2>>);
    CHECK(xg::zeros_like(xg::tensor<float>(x.value())).shape() == xg::shape{1, 3});
}

TEST_CASE("eye") {
    CHECK(elements<float>(xg::eye(2)) == std::vector<float>{1, 0, 0, 1});
    CHECK(elements<int>(xg::eye<int>(2, 3)) == std::vector{1, 0, 0, 0, 1, 0});
    CHECK(elements<int>(xg::eye<int>(3, 2)) == std::vector{1, 0, 0, 1, 0, 0});
    CHECK(xg::eye(0).empty());
}

TEST_CASE("arange and linspace") {
    CHECK(elements<float>(xg::arange(4)) == std::vector<float>{0, 1, 2, 3});
    CHECK(elements<int>(xg::arange<int>(2, 9, 3)) == std::vector{2, 5, 8});
    CHECK(elements<int>(xg::arange<int>(5, 0, -2)) == std::vector{5, 3, 1});
    CHECK(elements<double>(xg::arange<double>(0, 1, 0.25)) == std::vector{0.0, 0.25, 0.5, 0.75});
    CHECK(xg::arange<int>(3, 3).empty());
    CHECK(xg::arange<int>(3, 0).empty());
    CHECK_THROWS_WITH_AS(xg::arange<int>(0, 3, 0), "[arange] the step must not be 0", xg::value_error);

    CHECK(elements<double>(xg::linspace<double>(0, 1, 5)) == std::vector{0.0, 0.25, 0.5, 0.75, 1.0});
    CHECK(elements<float>(xg::linspace(3, 7, 1)) == std::vector<float>{3});
    CHECK(xg::linspace(0, 1, 0).empty());
    CHECK(xg::linspace(0, 1).size() == 50);
    const auto thirds = xg::linspace<float>(0, 0.7f, 11);
    CHECK(thirds(-1) == 0.7f);
}

TEST_CASE("random tensors: from the seed alone") {
    xg::manual_seed(1);
    const auto u = xg::rand<float>({4});
    CHECK(elements<float>(u) == std::vector{0.8116121292114258f, 0.7471047043800354f, 0.10015088319778442f, 0.7462168335914612f});
    xg::manual_seed(1);
    const auto n = xg::randn<double>({2});
    CHECK(elements<double>(n) == std::vector{0x1.c4885a81cd3efp-1, 0x1.54b0271b64ae6p-1});
    xg::manual_seed(7);
    CHECK(elements<std::int64_t>(xg::randint(0, 10, {6})) == std::vector<std::int64_t>{1, 6, 8, 6, 2, 5});
    xg::manual_seed(3);
    CHECK(elements<std::int64_t>(xg::randperm(10)) == std::vector<std::int64_t>{0, 5, 6, 1, 8, 2, 4, 9, 3, 7});
    CHECK(xg::randperm(0).empty());
}

TEST_CASE("random integers of any range") {
    const auto dice = xg::randint<std::uint8_t>(1, 7, {1000});
    CHECK(*std::ranges::min_element(dice.span()) == 1);
    CHECK(*std::ranges::max_element(dice.span()) == 6);
    const auto below_zero = xg::randint(-5, -3, {100});
    CHECK(std::ranges::all_of(below_zero.span(), [](auto x) { return x == -5 || x == -4; }));
    using limits = std::numeric_limits<std::int64_t>;
    const auto wide = xg::randint(limits::min(), limits::max(), {100});
    CHECK(std::ranges::any_of(wide.span(), [](auto x) { return x < 0; }));
    CHECK(std::ranges::any_of(wide.span(), [](auto x) { return x > 0; }));
    CHECK_THROWS_WITH_AS(xg::randint(3, 3, {1}), "[randint] low must be below high, got 3 and 3", xg::value_error);
}

namespace {

constexpr auto infinite = std::numeric_limits<double>::infinity();
constexpr auto most = std::numeric_limits<std::int64_t>::max(), least = std::numeric_limits<std::int64_t>::min();
constexpr auto most_unsigned = std::numeric_limits<std::uint64_t>::max();

/// arange of integers, written out with numbers that are wide enough for anything.
__extension__ using wide = __int128;
template <class T>
bool counts_right(wide start, wide stop, wide step) {
    auto wanted = std::vector<wide>{};
    for (auto at = start; step > 0 ? at < stop : at > stop; at += step) wanted.push_back(at);
    const auto given = [](wide number) {
        return number < 0 ? xg::whole{static_cast<std::int64_t>(number)} : xg::whole{static_cast<std::uint64_t>(number)};
    };
    using limits = std::numeric_limits<T>;
    const auto fits = [](wide number) { return number >= wide{limits::lowest()} && number <= wide{limits::max()}; };
    try {
        const auto got = xg::arange<T>(given(start), given(stop), given(step));
        return std::ranges::equal(got.span(), wanted, [](T a, wide b) { return wide{a} == b; }) && fits(start);
    } catch (const xg::value_error&) {
        return !fits(start) || !std::ranges::all_of(wanted, fits);
    }
}

/// Bounds at and next to what T and the 64-bit integers hold.
template <class T>
void check_arange() {
    using limits = std::numeric_limits<T>;
    for (const auto edge : {wide{0}, wide{limits::lowest()}, wide{limits::max()}, wide{least}, wide{most}, wide{most_unsigned}})
        for (const auto to_start : {-7, -1, 0, 1, 6})
            for (const auto to_stop : {-8, -1, 0, 1, 2, 9})
                for (const auto step : {wide{1}, wide{2}, wide{5}, wide{300}, wide{most}, wide{-1}, wide{-3}, wide{-200}, wide{least}}) {
                    const auto start = edge + to_start, stop = edge + to_stop;
                    const auto given = [](wide number) { return number >= wide{least} && number <= wide{most_unsigned}; };
                    if (!given(start) || !given(stop)) continue;
                    const auto right = counts_right<T>(start, stop, step);
                    CHECK_MESSAGE(right, xg::dtype_name<T>(), ": ", static_cast<double>(start), ", ", static_cast<double>(stop), ", ",
                                  static_cast<double>(step));
                }
}

}  // namespace

TEST_CASE("arange of integers: exact at every edge of every type") {
    check_arange<std::int8_t>();
    check_arange<std::uint8_t>();
    check_arange<std::uint16_t>();
    check_arange<std::int32_t>();
    check_arange<std::int64_t>();
    check_arange<std::uint64_t>();
    CHECK(xg::arange<std::int64_t>(9007199254740993, 9007199254740996).size() == 3);
    CHECK(elements<std::int64_t>(xg::arange<std::int64_t>(least, most, most)) == std::vector<std::int64_t>{least, -1, most - 1});
    CHECK(elements<std::uint64_t>(xg::arange<std::uint64_t>(0, most_unsigned, std::uint64_t{1} << 63)) ==
          std::vector<std::uint64_t>{0, std::uint64_t{1} << 63});
    CHECK(elements<std::uint8_t>(xg::arange<std::uint8_t>(5, 0, -2)) == std::vector<std::uint8_t>{5, 3, 1});
    CHECK(elements<std::uint8_t>(xg::arange<std::uint8_t>(2, -1, -1)) == std::vector<std::uint8_t>{2, 1, 0});
    CHECK(xg::arange<std::uint8_t>(256).size() == 256);
    CHECK_THROWS_WITH_AS(xg::arange<std::uint8_t>(257),
                         "[arange] from 0 to 257 in steps of 1 there are numbers that do not fit uint8", xg::value_error);
    CHECK_THROWS_WITH_AS(xg::arange<std::int8_t>(200, 201), "[arange] 200 does not fit int8, whose numbers are -128 to 127",
                         xg::value_error);
    CHECK_THROWS_AS(xg::arange<std::int64_t>(least, most), xg::shape_error);
    CHECK_THROWS_AS(xg::arange<std::uint64_t>(0, most_unsigned), xg::shape_error);
}

TEST_CASE("arange of real numbers: bounds as they are written, each element rounded once") {
    CHECK(elements<float>(xg::arange<float>(0, 0.3, 0.1)) == std::vector{0.0f, 0.1f, 0.2f});
    CHECK(xg::arange<float>(16777217).size() == 16777217);
    CHECK(elements<double>(xg::arange<double>(1, 2, 0.25)) == std::vector{1.0, 1.25, 1.5, 1.75});
    CHECK(elements<double>(xg::arange<double>(2, 1, -0.5)) == std::vector{2.0, 1.5});
    const auto tenths = xg::arange<float>(0, 1000, 0.1);
    CHECK(tenths.size() == 10000);
    for (auto i = std::size_t{0}; i < tenths.size(); ++i) CHECK(tenths(i) == static_cast<float>(static_cast<double>(i) * 0.1));
    CHECK(elements<double>(xg::arange<double>(-1.5e308, 1.5e308, 1e308)) == std::vector{-1.5e308, -1.5e308 + 1e308, 0.5e308});
    constexpr auto tiny = std::numeric_limits<double>::denorm_min();
    CHECK(elements<double>(xg::arange<double>(0, 3 * tiny, tiny)) == std::vector{0.0, tiny, 2 * tiny});
    CHECK_THROWS_WITH_AS(xg::arange<float>(0, infinite), "[arange] from 0 to inf in steps of 1; all three must be finite", xg::value_error);
    CHECK_THROWS_AS(xg::arange<float>(0, 1, infinite), xg::value_error);
    CHECK_THROWS_AS(xg::arange<double>(std::numeric_limits<double>::quiet_NaN()), xg::value_error);
    CHECK_THROWS_AS(xg::arange<double>(-infinite, 0), xg::value_error);
    CHECK_THROWS_AS(xg::arange<float>(0, 1, -0.0), xg::value_error);
    CHECK_THROWS_AS(xg::arange<float>(0, 1, tiny), xg::shape_error);
    CHECK_THROWS_AS(xg::arange<double>(1e300), xg::shape_error);
    CHECK_THROWS_WITH_AS(xg::arange<float>(0, 1e39, 5e38), "[arange] from 0 to 1e+39 there are numbers that do not fit float32", xg::value_error);
}

TEST_CASE("linspace: ends exact, symmetric, without overflow") {
    const auto check = []<class T>(T start, T stop, std::size_t count) {
        const auto x = xg::linspace<T>(start, stop, count), mirrored = xg::linspace<T>(stop, start, count);
        CHECK(x(0) == start);
        CHECK(x(-1) == stop);
        for (auto i = std::size_t{0}; i < count; ++i) {
            const auto share = static_cast<long double>(i) / static_cast<long double>(count - 1);
            const auto wanted = static_cast<long double>(start) * (1 - share) + static_cast<long double>(stop) * share;
            const auto unit = std::numeric_limits<T>::epsilon() * std::max(std::fabs(start), std::fabs(stop));
            CHECK(std::fabs(static_cast<long double>(x(i)) - wanted) <= static_cast<long double>(unit));
            CHECK(x(i) == mirrored(count - 1 - i));
            if (start == -stop) CHECK(x(i) == -x(count - 1 - i));
        }
    };
    for (const auto count : {2u, 3u, 7u, 50u, 101u}) {
        check(-3e38f, 3e38f, count);
        check(std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest(), count);
        check(-1.7e308, 1.7e308, count);
        check(1e-300, 1.5e308, count);
        check(-1.0, 1.0, count);
        check(0.1f, 0.7f, count);
        check(-5.0, 3.0, count);
    }
    CHECK(elements<float>(xg::linspace<float>(-3e38f, 3e38f, 3)) == std::vector{-3e38f, 0.0f, 3e38f});
    CHECK(xg::linspace<double>(0, 1, 11)(3) == 0.3);
    CHECK_THROWS_WITH_AS(xg::linspace<float>(0, infinite, 3), "[linspace] from 0 to inf; both must be finite as float32", xg::value_error);
    CHECK_THROWS_AS(xg::linspace<float>(0, 1e39, 3), xg::value_error);
    CHECK_THROWS_AS(xg::linspace(0, 1, static_cast<std::size_t>(-1)), xg::shape_error);
}

TEST_CASE("numbers that the elements cannot be are refused") {
    CHECK_THROWS_WITH_AS(xg::full<std::uint8_t>({2}, 300), "[full] 300 does not fit uint8, whose numbers are 0 to 255", xg::value_error);
    CHECK_THROWS_AS(xg::full<std::uint8_t>(std::vector{2}, -1), xg::value_error);
    CHECK_THROWS_AS(xg::full<bool>({2}, 2), xg::value_error);
    CHECK_THROWS_AS(xg::full<std::int64_t>({2}, most_unsigned), xg::value_error);
    CHECK_THROWS_AS(xg::full_like(xg::zeros<std::int8_t>({2}), 128), xg::value_error);
    CHECK(all_are<std::uint64_t>(xg::full<std::uint64_t>({2}, most_unsigned), most_unsigned));
    CHECK(all_are<std::int8_t>(xg::full<std::int8_t>({2}, -128L), -128));
    CHECK(all_are<bool>(xg::full<bool>({2}, 1), true));
    CHECK_THROWS_AS(xg::zeros({most_unsigned}), xg::shape_error);
    CHECK_THROWS_AS(xg::zeros(std::vector<std::uint64_t>{most_unsigned}), xg::shape_error);
    CHECK_THROWS_AS(xg::eye(static_cast<std::size_t>(-1)), xg::shape_error);
    CHECK_THROWS_AS(xg::randperm(static_cast<std::size_t>(-1)), xg::shape_error);
}

TEST_CASE("randint: every type's whole range, and nothing beyond it") {
    CHECK_THROWS_WITH_AS(xg::randint<std::int8_t>(200, 201, {4}),
                         "[randint] low is 200, high is 201; the numbers between must be among the integers of int8, -128 to 127", xg::value_error);
    CHECK_THROWS_AS(xg::randint<std::int8_t>(-129, 0, {4}), xg::value_error);
    CHECK_THROWS_AS(xg::randint<std::int8_t>(0, 129, {4}), xg::value_error);
    CHECK_THROWS_AS(xg::randint<std::uint64_t>(-1, 5, {4}), xg::value_error);
    CHECK_THROWS_AS(xg::randint<float>(0, (1 << 24) + 2, {4}), xg::value_error);
    CHECK_THROWS_AS(xg::randint<bool>(0, 3, {4}), xg::value_error);
    CHECK_THROWS_AS(xg::randint<std::int64_t>(0, most_unsigned, {4}), xg::value_error);
    const auto bytes = xg::randint<std::int8_t>(-128, 128, {5000});
    CHECK(*std::ranges::min_element(bytes.span()) == -128);
    CHECK(*std::ranges::max_element(bytes.span()) == 127);
    const auto all = xg::randint<std::int64_t>(least, std::uint64_t{1} << 63, {100});
    CHECK(std::ranges::any_of(all.span(), [](auto x) { return x < least / 2; }));
    CHECK(std::ranges::any_of(all.span(), [](auto x) { return x > most / 2; }));
    const auto high = xg::randint<std::uint64_t>(std::uint64_t{1} << 63, most_unsigned, {100});
    CHECK(std::ranges::all_of(high.span(), [](auto x) { return x >= std::uint64_t{1} << 63; }));
    CHECK(std::ranges::any_of(xg::randint<bool>(0, 2, std::vector{64}).span(), [](bool x) { return x; }));
    CHECK(all_are<float>(xg::randint<float>((1 << 24) - 1, 1 << 24, {4}), 16777215.0f));
}
