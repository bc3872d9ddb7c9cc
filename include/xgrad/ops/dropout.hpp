// Elements, or whole channels, left out by chance while training.
//
// One number from the default generator determines which: it is the same on any number of threads, `checkpoint` draws it again,
// and the gradient needs nothing but it.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/distributions.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/kernels/dropout.hpp>

#include <cstddef>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI {

struct dropout_options {
    double p = 0.5;         ///< the probability that an element, or a channel, is left out
    bool training = true;   ///< else nothing is
};
void say_options(const dropout_options& options, const auto& say) {
    say("p", options.p);
    say("training", options.training);
}

namespace detail {

/// What is made of an element: scale x + shift when it stays, `otherwise` when it is dropped.
struct dropping {
    double scale = 1, shift = 0, otherwise = 0;

    /// What stays has the mean that all had.
    static dropping rest_scaled(double p) { return {p == 1 ? 0 : 1 / (1 - p)}; }

    /// Mean and variance of elements with mean 0 and variance 1 stay: what is dropped becomes -lambda alpha of selu, and all are
    /// scaled by a and shifted by b. G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-normalizing neural networks", 2017.
    static dropping self_normalizing(double p) {
        constexpr auto lowest = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717;
        if (p == 1) return {0, 0, 0};
        const auto a = 1 / std::sqrt((1 - p) * (1 + p * lowest * lowest)), b = -a * p * lowest;
        return {a, b, a * lowest + b};
    }
};

/// y = scale x + shift, or `otherwise` for elements that chance drops, `inner` of them together        dx = scale dy, or 0
template <real T>
tensor<T> drop(const basic_tensor<T>& x, std::uint64_t key, double p, std::size_t inner, dropping by) {
    auto y = make_result<T>(shape_of(x));
    const auto chance = kernels::lots::with_probability(p, key);
    const auto scale = static_cast<T>(by.scale), shift = static_cast<T>(by.shift);
    const auto rows = inner == 0 ? 0 : x.size() / inner;
    const auto run = [&](const auto& f) {
        kernels::drop_rows(chance, x.data(), rows, inner, static_cast<T>(by.otherwise), f, access::elements(y));
    };
    if (shift == 0) run([=](T v) { return v * scale; });
    else run([=](T v) { return v * scale + shift; });
    return record("dropout", std::move(y), {x}, keep(), [=](const auto& dy, gradients& d) {
        d(0, [&] { return drop(dy, key, p, inner, {by.scale}); });
    });
}

/// x with axes from `first` on left out together; x itself where nothing is to be left out.
template <real T>
tensor<T> dropout_value(const char* name, const basic_tensor<T>& x, dropout_options options, std::size_t first, dropping (*by)(double)) {
    check_probability(name, options.p);
    if (!options.training || options.p == 0) return tensor<T>{x};
    const auto& sizes = shape_of(x);
    auto inner = std::size_t{1};
    for (auto axis = first; axis < sizes.rank(); ++axis) inner *= sizes[axis];
    const auto key = with_default_generator([](generator& numbers) { return numbers(); });
    return drop(x, key, options.p, inner, by(options.p));
}
template <real T>
tensor<T> dropout_any(const char* name, const basic_tensor<T>& x, dropout_options options, std::size_t first, dropping (*by)(double)) {
    return call(name, {"x", "options"}, [=](const basic_tensor<T>& v, dropout_options given) {
        return dropout_value(name, v, given, first, by);   // which follow from the name and the rank
    }, x, options);
}

/// Dropout of single elements. `By` says what becomes of them.
template <auto By>
struct element_dropout {
    const char* name;

    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, dropout_options options = {}) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        return with_rank<N>(dropout_any<T>(name, x, options, max_rank, By));
    }
};

/// Dropout of channels: x is (n, c, ...) with `Spatial` more axes, or any number of them if that is 0; with `Lone`, one image (c, ...)
/// will do.
template <auto By, std::size_t Spatial, bool Lone>
struct channel_dropout {
    const char* name;

    template <element T, std::size_t N>
    tensor<T, N> operator()(const tensor<T, N>& x, dropout_options options = {}) const {
        static_assert(real<T>, "an operation on real numbers: convert the operand with astype<float>(x)");
        static_assert(N == dynamic_rank || N >= 2, "channels are the second of two axes at least");
        const auto rank = x.rank();
        const auto lone = Lone && rank == Spatial + 1;
        if (Spatial == 0 ? rank < 2 : rank != Spatial + 2 && !lone)
            fail<rank_error>(name, "x is ", shape_of(x), "; it must be (n, c, ...) with ", Spatial == 0 ? "any number of" : "as many",
                             " axes behind", Spatial == 0 ? "" : " as the name says");
        return with_rank<N>(dropout_any<T>(name, x, options, lone ? 1 : 2, By));
    }
};

}  // namespace detail

/// y = x / (1 - p), but 0 for elements that chance leaves out, each with probability p; for p = 1 all are 0. Without `training`,
/// or with p = 0, x itself, and nothing is drawn.        dx = dy / (1 - p), or 0        Throws `value_error`.
/// N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: a simple way to prevent neural networks
/// from overfitting", 2014.
inline constexpr detail::element_dropout<&detail::dropping::rest_scaled> dropout{"dropout"};

/// The same for whole channels of x: (n, c, ...). J. Tompson, R. Goroshin, A. Jain, Y. LeCun, C. Bregler, "Efficient object
/// localization using convolutional networks", 2015.
inline constexpr detail::channel_dropout<&detail::dropping::rest_scaled, 0, false> feature_dropout{"feature_dropout"};
/// ... of x: (n, c, l) or (c, l)
inline constexpr detail::channel_dropout<&detail::dropping::rest_scaled, 1, true> dropout1d{"dropout1d"};
/// ... of x: (n, c, h, w). One image without n is refused, since PyTorch takes (n, c, l) for it.
inline constexpr detail::channel_dropout<&detail::dropping::rest_scaled, 2, false> dropout2d{"dropout2d"};
/// ... of x: (n, c, d, h, w) or (c, d, h, w)
inline constexpr detail::channel_dropout<&detail::dropping::rest_scaled, 3, true> dropout3d{"dropout3d"};

/// y = a x + b, where chance leaves an element out a value that keeps mean and variance: for networks of selu.
inline constexpr detail::element_dropout<&detail::dropping::self_normalizing> alpha_dropout{"alpha_dropout"};
/// ... for whole channels.
inline constexpr detail::channel_dropout<&detail::dropping::self_normalizing, 0, false> feature_alpha_dropout{"feature_alpha_dropout"};

}  // namespace xgrad

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> dropout_any(const char*, const basic_tensor<T>&, dropout_options, std::size_t, dropping (*)(double));
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
