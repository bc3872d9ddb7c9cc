// Gradients cut down to size, between `backward` and `step`.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/parameter.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/dot.hpp>
#include <xgrad/kernels/update.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace xgrad::inline XGRAD_ABI::optim {

namespace detail {

/// One parameter's gradient.
template <real T>
struct gradient_part {
    const std::string* name;
    xgrad::detail::array* elements;

    T* data() const { return reinterpret_cast<T*>(elements->elements); }
    std::size_t size() const { return elements->size; }
};

/// The gradients that there are; of a tensor that several parameters share, once. Throws `value_error` where there is
/// none left, since an optimizer has made its step in the backward pass.
template <real T>
std::vector<gradient_part<T>> gradients_of(const char* where, const parameter_list<T>& parameters) {
    auto list = std::vector<gradient_part<T>>{};
    const std::string* taken = nullptr;
    for (const auto& each : parameters) {
        if (!each.has_grad()) {
            const auto* const stored = xgrad::detail::find_stored(each);
            if (taken == nullptr && stored != nullptr && stored->was_taken()) taken = &each.name();
            continue;
        }
        auto* const elements = xgrad::detail::stored_of(where, each).total();
        const auto same = [&](const auto& other) { return other.elements == elements; };
        if (std::none_of(list.begin(), list.end(), same)) list.push_back({&each.name(), elements});
    }
    if (list.empty() && taken != nullptr)
        fail<value_error>(where, "the gradient of ", *taken, " is gone: step_in_backward has made the step with it; to ",
                          "clip, call backward, then ", where, ", then step");
    return list;
}

/// Changes x in place, by vectors.
template <real T, class F>
void change(const gradient_part<T>& x, const F& f) {
    const auto rule = [f](simd::batch<T>& v, const simd::batch<T>&) { v = f(v); };
    kernels::update(x.size(), rule, x.data(), static_cast<const T*>(x.data()));
    x.elements->mark_changed();
}

template <real T>
double norm_of(const std::vector<gradient_part<T>>& list, double p) {
    auto norms = std::vector<double>{};
    for (const auto& each : list) {
        norms.push_back(kernels::norm<T>(each.size(), each.data(), p));
        if (!is_finite_number(norms.back()))
            fail<value_error>("clip_grad_norm", "the gradient of ", *each.name, " has the norm ", norms.back(),
                              ": it holds infinite elements, or NaN; nothing was clipped");
    }
    return kernels::norm<double>(norms.size(), norms.data(), p);
}

template <real T>
double clip_norm(const parameter_list<T>& parameters, double max_norm, double p) {
    if (!(max_norm >= 0)) fail<value_error>("clip_grad_norm", "max_norm must not be negative, got ", max_norm);
    if (!(p > 0)) fail<value_error>("clip_grad_norm", "p must be above 0, got ", p);
    const auto list = gradients_of<T>("clip_grad_norm", parameters);
    const auto total = norm_of(list, p);
    if (!is_finite_number(total))
        fail<value_error>("clip_grad_norm", "the norm of all gradients is ", total, "; nothing was clipped");
    const auto factor = max_norm / (total + 1e-6);
    const auto by = simd::batch<T>(static_cast<T>(factor));
    if (factor < 1)
        for (const auto& each : list) change<T>(each, [by](const auto& v) { return v * by; });
    return total;
}

template <real T>
void clip_value(const parameter_list<T>& parameters, double most) {
    if (!(most >= 0)) fail<value_error>("clip_grad_value", "the largest value must not be negative, got ", most);
    constexpr auto infinity = static_cast<double>(std::numeric_limits<T>::infinity());
    const auto bound = simd::batch<T>(static_cast<T>(std::min(most, infinity)));
    for (const auto& each : gradients_of<T>("clip_grad_value", parameters))
        change<T>(each, [=](const auto& v) { return simd::at_most(simd::at_least(v, -bound), bound); });
}

}  // namespace detail

struct clip_options {
    double p = 2;   ///< of the norm (sum |g|^p)^(1/p); infinity for the largest element
};

/// Scales all gradients by one factor, so that their norm, taken as one vector, is at most `max_norm`:
///
///     n = |g|,  g = g max_norm / (n + 1e-6)  if that is less
///
/// Gives back n, the norm before. In place: `clip_grad_norm(opt.parameters(), 1.0)` between `backward` and `step`.
/// Gradients that are small enough stay as they are, to the bit. A tensor that is listed twice counts once. The norm is
/// computed in double precision and overflows only where an element is infinite. Throws `value_error`, before anything
/// has changed, when the norm is infinite or NaN, which by the formula would make every gradient zero or NaN; for a
/// negative `max_norm`; and where no parameter has a gradient, but `step_in_backward` has made a step with one.
/// R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
struct clip_grad_norm_fn {
    template <real T>
    double operator()(const parameter_list<T>& parameters, double max_norm, clip_options options = {}) const {
        return detail::clip_norm<T>(parameters, max_norm, options.p);
    }
};
inline constexpr clip_grad_norm_fn clip_grad_norm{};

/// Brings every element of every gradient between -most and most, in place. NaN stays. Throws `value_error` for a
/// negative bound, and where no parameter has a gradient, but `step_in_backward` has made a step with one.
struct clip_grad_value_fn {
    template <real T>
    void operator()(const parameter_list<T>& parameters, double most) const {
        detail::clip_value<T>(parameters, most);
    }
};
inline constexpr clip_grad_value_fn clip_grad_value{};

}  // namespace xgrad::optim

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::optim::detail {
#define XGRAD_INSTANCES(T)                                                            \
    XGRAD_INSTANCE double clip_norm(const parameter_list<T>&, double, double);        \
    XGRAD_INSTANCE void clip_value(const parameter_list<T>&, double);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
