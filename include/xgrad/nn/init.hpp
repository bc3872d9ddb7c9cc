// Initialisations: they fill a tensor in place, from the default generator, so that `manual_seed` determines
// them. Nothing is recorded.
//
// fan_in and fan_out are the numbers of inputs and outputs of one unit. The weight of `linear` is (in, out):
// fan_in is its first size, fan_out its second. A weight with more axes is (out, in, ...), as convolutions
// have it, and both count once for each element of the axes behind. Gains: 1 for linear and sigmoid, 5/3 for
// tanh, sqrt(2) for relu.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/distributions.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>

#include <algorithm>
#include <numbers>

namespace xgrad::inline XGRAD_ABI::nn::init {

enum class fan { in, out };

namespace detail {

template <real T, class Next>
void fill(basic_tensor<T>& w, const Next& next) {
    auto& own = xgrad::detail::access::get(w);
    auto* const elements = xgrad::detail::access::elements(w);
    with_default_generator([&](generator& numbers) {
        std::generate_n(elements, own.size, [&] { return next(numbers); });
    });
    own.mark_changed();
}

struct fans {
    double in, out;
};

template <real T>
fans fans_of(const char* where, const basic_tensor<T>& w) {
    const auto& sizes = xgrad::detail::shape_of(w);
    if (sizes.rank() < 2) fail<rank_error>(where, "the weight must have two axes at least, its shape is ", sizes);
    if (w.size() == 0) return {1, 1};
    const auto first = static_cast<double>(sizes[0]), second = static_cast<double>(sizes[1]);
    if (sizes.rank() == 2) return {first, second};
    const auto field = static_cast<double>(w.size()) / (first * second);
    return {second * field, first * field};
}

}  // namespace detail

/// w ~ U[low, high): never `high`, unless it is `low`, both rounded to T.
template <real T>
void uniform(basic_tensor<T>& w, double low = 0, double high = 1) {
    detail::fill(w, xgrad::detail::uniform_between<T>("init::uniform", low, high));
}

/// w ~ N(mean, deviation^2)
template <real T>
void normal(basic_tensor<T>& w, double mean = 0, double deviation = 1) {
    detail::fill(w, xgrad::detail::normal_about<T>("init::normal", mean, deviation));
}

/// w = value
template <real T>
void constant(basic_tensor<T>& w, double value) {
    std::fill_n(xgrad::detail::access::elements(w), w.size(), static_cast<T>(value));
    xgrad::detail::access::get(w).mark_changed();
}

/// w = 0
template <real T>
void zeros(basic_tensor<T>& w) {
    constant(w, 0);
}

/// w ~ U(-a, a), a = gain sqrt(6 / (fan_in + fan_out))
/// X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
template <real T>
void xavier_uniform(basic_tensor<T>& w, double gain = 1) {
    const auto [in, out] = detail::fans_of("init::xavier_uniform", w);
    const auto a = std::fabs(gain) * std::sqrt(6 / (in + out));
    uniform(w, -a, a);
}

/// w ~ N(0, s^2), s = gain sqrt(2 / (fan_in + fan_out)); Glorot and Bengio as above.
template <real T>
void xavier_normal(basic_tensor<T>& w, double gain = 1) {
    const auto [in, out] = detail::fans_of("init::xavier_normal", w);
    normal(w, 0, std::fabs(gain) * std::sqrt(2 / (in + out)));
}

struct kaiming_options {
    double gain = std::numbers::sqrt2;   ///< sqrt(2): for relu
    fan mode = fan::in;                  ///< whose variance is kept: forward (in) or backward (out)
};

/// w ~ U(-a, a), a = gain sqrt(3 / fan)
/// K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", 2015.
template <real T>
void kaiming_uniform(basic_tensor<T>& w, kaiming_options options = {}) {
    const auto [in, out] = detail::fans_of("init::kaiming_uniform", w);
    const auto a = std::fabs(options.gain) * std::sqrt(3 / (options.mode == fan::in ? in : out));
    uniform(w, -a, a);
}

/// w ~ N(0, s^2), s = gain / sqrt(fan); He and others as above.
template <real T>
void kaiming_normal(basic_tensor<T>& w, kaiming_options options = {}) {
    const auto [in, out] = detail::fans_of("init::kaiming_normal", w);
    normal(w, 0, std::fabs(options.gain) / std::sqrt(options.mode == fan::in ? in : out));
}

}  // namespace xgrad::nn::init

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::nn::init {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE void uniform(basic_tensor<T>&, double, double); \
    XGRAD_INSTANCE void normal(basic_tensor<T>&, double, double);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
