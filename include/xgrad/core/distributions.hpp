// Distributions with parameters, as functions of a generator: for what fills a tensor, and for what makes one.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/random.hpp>

#include <algorithm>
#include <string_view>

namespace xgrad::inline XGRAD_ABI::detail {

/// U[low, high): never `high`, unless it is `low`, both rounded to T. Throws `value_error` where there is none.
template <real T>
auto uniform_between(std::string_view where, double low, double high) {
    const auto from = static_cast<T>(low), to = static_cast<T>(high);
    if (!is_finite_number(from) || !is_finite_number(to) || low > high)
        fail<value_error>(where, "low is ", low, ", high is ", high, "; low must not be above high, and both must be finite");
    // Only a width may be more than T holds: then half of everything, exactly, is doubled in the end.
    const auto half = static_cast<T>(is_finite_number(static_cast<T>(high - low)) ? 1 : 0.5);
    const auto start = from * half, width = half == 1 ? static_cast<T>(high - low) : to * half - start;
    const auto last = from < to ? std::nextafter(to, from) : from;   // to which the largest are rounded, not to `to`
    return [=](generator& numbers) { return std::min(std::fma(width, numbers.uniform<T>(), start) / half, last); };
}

/// N(mean, deviation^2). Throws `value_error` where there is none.
template <real T>
auto normal_about(std::string_view where, double mean, double deviation) {
    if (!is_finite_number(mean) || !is_finite_number(deviation) || deviation < 0)
        fail<value_error>(where, "the mean is ", mean, ", the standard deviation is ", deviation,
                          "; both must be finite, and the deviation at least 0");
    const auto centre = static_cast<T>(mean), scale = static_cast<T>(deviation);
    return [=](generator& numbers) { return std::fma(scale, numbers.normal<T>(), centre); };
}

/// Throws `value_error` unless p is a probability.
inline void check_probability(std::string_view where, double p) {
    if (!(p >= 0 && p <= 1)) fail<value_error>(where, "a probability is between 0 and 1, got ", p);
}

}  // namespace xgrad::inline XGRAD_ABI::detail
