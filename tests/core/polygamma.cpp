#include <doctest/doctest.h>

#include <xgrad/core/polygamma.hpp>

#include <cmath>
#include <limits>

using xgrad::polygamma;

TEST_CASE("polygamma: values of mpmath") {
    struct row {
        int n;
        double x, wanted;
    };
    for (const auto& [n, x, wanted] :
         {row{2, 0.5, -16.828796644234319996}, row{2, -1.25, 123.72136678366236037}, row{3, 2.5, 0.22390584881725205126},
          row{3, -0.75, 1557.745106972151359}, row{4, 1e-3, -24000000000000024.765}, row{5, 30.5, 9.8628506179525111937e-7},
          row{10, 0.75, -85926737.208880438653}, row{10, -3.375, 175323787142.44301389}, row{50, 7.25, -4.0404965278181668238e+20},
          row{2, 1e10, -1.0000000001e-20}, row{200, 1000, -4.3508192705971018437e-228}}) {
        CAPTURE(n);
        CAPTURE(x);
        CHECK(std::abs(polygamma(n, x) / wanted - 1) < (n + 4) * 1.2e-16);
        const auto single = static_cast<float>(x);
        CHECK(polygamma(n, single) == static_cast<float>(polygamma(n, static_cast<double>(single))));
    }
}

TEST_CASE("polygamma: the first two are digamma and trigamma") {
    for (const auto x : {0.3, 1.4, 5.0, -0.7}) {
        CHECK(polygamma(0, x) == xgrad::simd::digamma(x));
        CHECK(polygamma(1, x) == xgrad::simd::trigamma(x));
    }
}

TEST_CASE_TEMPLATE("polygamma: poles, infinities, NaN", T, float, double) {
    constexpr auto inf = std::numeric_limits<T>::infinity();
    CHECK(polygamma(2, T{0}) == -inf);
    CHECK(polygamma(2, T(-0.0)) == inf);
    CHECK(polygamma(3, T{0}) == inf);
    CHECK(polygamma(3, T{-2}) == inf);
    CHECK(std::isnan(polygamma(2, T{-2})));
    CHECK(polygamma(2, inf) == 0);
    CHECK(std::isnan(polygamma(2, -inf)));
    CHECK(std::isnan(polygamma(3, std::numeric_limits<T>::quiet_NaN())));
}
