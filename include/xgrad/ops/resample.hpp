// Resampling along one axis, of which resizing and adaptive averages are made.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/create.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/kernels/resample.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::detail {

struct resample_options {
    kernels::resampling how;
    std::size_t axis, in, out;
    bool align_corners = false;
    double scale = 0;

    template <class T>
    kernels::resample_table<T> table() const {
        return kernels::make_resample_table<T>(how, in, out, align_corners, scale);
    }
};
void say_options(const resample_options& options, const auto& say) {
    using kernels::resampling;
    say("mode", options.how == resampling::by_nearest ? "nearest" : options.how == resampling::by_lines ? "linear" : options.how == resampling::by_cubics ? "cubic" : "average");
    say("axis", options.axis);
    say("in", options.in);
    say("out", options.out);
    say("align_corners", options.align_corners);
    say("scale", options.scale);
}

/// y = w x along the axis        dx = w^T dy
template <real T>
tensor<T> resample_back(const basic_tensor<T>& y, const resample_options& options);
template <real T>
tensor<T> resample_along(const basic_tensor<T>& x, const resample_options& options) {
    return call("resample", {"x", "options"}, [](const basic_tensor<T>& v, const resample_options& how) {
        auto sizes = shape_of(v);
        sizes[how.axis] = how.out;
        auto y = make_result<T>(sizes);
        kernels::resample(how.table<T>(), kernels::axis_view{shape_of(v), how.axis}, v.data(), access::elements(y));
        return record("resample", std::move(y), {v}, keep(), [how](const auto& dy, gradients& d) { d(0, [&] { return resample_back<T>(dy, how); }); });
    }, x, options);
}
template <real T>
tensor<T> resample_back(const basic_tensor<T>& y, const resample_options& options) {
    return call("resample_back", {"x", "options"}, [](const basic_tensor<T>& v, const resample_options& how) {
        auto sizes = shape_of(v);
        sizes[how.axis] = how.in;
        auto x = filled<dynamic_rank>(sizes, T{0});
        kernels::add_resampled(how.table<T>(), kernels::axis_view{sizes, how.axis}, v.data(), access::elements(x));
        return record("resample_back", std::move(x), {v}, keep(), [how](const auto& dx, gradients& d) { d(0, [&] { return resample_along<T>(dx, how); }); });
    }, y, options);
}

}  // namespace xgrad::detail

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> resample_along(const basic_tensor<T>&, const resample_options&); \
    XGRAD_INSTANCE tensor<T> resample_back(const basic_tensor<T>&, const resample_options&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
