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
    for (const auto& r :
         {row{2, 0.5, -16.828796644234319996}, row{2, -1.25, 123.72136678366236037}, row{3, 2.5, 0.22390584881725205126},
          row{3, -0.75, 1557.745106972151359}, row{4, 1e-3, -24000000000000024.765}, row{5, 30.5, 9.8628506179525111937e-7},
          row{10, 0.75, -85926737.208880438653}, row{10, -3.375, 175323787142.44301389}, row{50, 7.25, -4.0404965278181668238e+20},
          row{2, 1e10, -1.0000000001e-20}, row{200, 1000, -4.3508192705971018437e-228},
          row{2, -0.5000001, -0.82881598514343058945}, row{3, -7.9, 60014.248540140088402}, row{2, -33.3, 68.836668586494023104},
          row{3, -1000.1, 60014.251890827477946}, row{2, -4.75, -124.0610655213093007}, row{3, -4.625, 345.71039645359473081},
          row{2, -0.125, 1020.541052766333027}, row{3, -100.4375, 226.56593722019185141}}) {
        CAPTURE(r.n);
        CAPTURE(r.x);
        const auto bound = std::numeric_limits<long double>::digits > std::numeric_limits<double>::digits ? 3e-16 : (r.n + 4) * 2e-16;
        CHECK(std::abs(polygamma(r.n, r.x) / r.wanted - 1) < bound);
        const auto single = static_cast<float>(r.x);
        CHECK(polygamma(r.n, single) == static_cast<float>(polygamma(r.n, static_cast<double>(single))));
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
