// The gradient that comes down to an operation, as the formula of the operation's rule sees it.
//
// Zero stays zero: an element whose gradient is zero contributes zero, even where the local derivative is infinite or
// NaN. What was not chosen, by a `where` or a maximum, then leaves what was chosen alone. A NaN whose gradient is not
// zero is not hidden.
//
// Gradients enter a rule linearly. So, when a rule is recorded, its derivative by the gradient is the local derivative,
// also where the gradient is zero: `jvp` starts from there. And a derivative by anything else is a product of two
// gradients, dy and that which comes later, and zero where either is. By induction this holds for every order.
#pragma once

#include <xgrad/autograd/broadcast.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/simd.hpp>

#include <type_traits>

namespace xgrad::inline XGRAD_ABI::detail {

/// `formula`, of dy and other operands, with the rule: dy itself where it is zero.
template <class F>
auto zero_stays_zero(const F& formula) {
    return [formula]<class V, class... X>(const V& dy, const X&... x) -> V {
        return simd::select(dy == V(0), dy, V(formula(dy, x...)));
    };
}

/// y = a b, 0 where either is 0        da = dy b,  db = dy a, likewise
template <real T>
tensor<T> weighed(const basic_tensor<T>& a, const basic_tensor<T>& b) {
    const auto product = []<class V>(const V& v, const V& w) -> V {
        return simd::select((v == V(0)) | (w == V(0)), V(0), V(v * w));
    };
    return record("weighed", compute<T>("weighed", product, a, b), {a, b}, keep(a, b),
                  [](const auto& dy, gradients& d, const auto& a_kept, const auto& b_kept) {
                      d(0, [&] { return weighed(dy, b_kept()); });
                      d(1, [&] { return weighed(dy, a_kept()); });
                  });
}

/// y = dy s, 0 where dy is 0        d(dy) = g s, 0 where g is;  ds = g dy, 0 where either is
template <real T>
tensor<T> scaled(const basic_tensor<T>& dy, const basic_tensor<T>& s) {
    const auto product = zero_stays_zero([](const auto& v, const auto& w) { return v * w; });
    return record("scaled", compute<T>("scaled", product, dy, s), {dy, s}, keep(dy, s),
                  [](const auto& g, gradients& d, const auto& dy_kept, const auto& s_kept) {
                      d(0, [&] { return scaled(g, s_kept()); });
                      d(1, [&] { return weighed(g, dy_kept()); });
                  });
}

/// y = dy / q, 0 where dy is 0        d(dy) = g / q, 0 where g is;  dq = -g (dy / q) / q, 0 where either is
template <real T>
tensor<T> divided(const basic_tensor<T>& dy, const basic_tensor<T>& q) {
    const auto quotient = zero_stays_zero([](const auto& v, const auto& w) { return v / w; });
    return record("divided", compute<T>("divided", quotient, dy, q), {dy, q}, keep(dy, q),
                  [](const auto& g, gradients& d, const auto& dy_kept, const auto& q_kept) {
                      d(0, [&] { return divided(g, q_kept()); });
                      d(1, [&] {
                          const auto inner = divided(weighed(g, divided(dy_kept(), q_kept())), q_kept());
                          return scaled(inner, tensor<T>(T{-1}));
                      });
                  });
}

/// The gradient on its way through a formula that is recorded: what the formula's operators make of it is linear in
/// it, and zero where it is zero. A product of two of them, or one plus a number,
/// is not linear and does not compile.
template <real T>
struct upstream {
    tensor<T> value;

    friend upstream operator*(const upstream& dy, const basic_tensor<T>& s) { return {scaled(dy.value, s)}; }
    friend upstream operator*(const basic_tensor<T>& s, const upstream& dy) { return dy * s; }
    friend upstream operator/(const upstream& dy, const basic_tensor<T>& q) { return {divided(dy.value, q)}; }
    friend upstream operator+(const upstream& a, const upstream& b) { return {add_same(a.value, b.value)}; }
    friend upstream operator-(const upstream& dy) { return dy * -1; }

    template <class S>
        requires std::is_arithmetic_v<S>
    friend upstream operator*(const upstream& dy, S number) {
        return dy * tensor<T>(static_cast<T>(number));
    }
    template <class S>
        requires std::is_arithmetic_v<S>
    friend upstream operator*(S number, const upstream& dy) {
        return dy * number;
    }
    template <class S>
        requires std::is_arithmetic_v<S>
    friend upstream operator/(const upstream& dy, S number) {
        return dy / tensor<T>(static_cast<T>(number));
    }
};

}  // namespace xgrad::inline XGRAD_ABI::detail

// Defined by xgrad::compiled.
#if defined(XGRAD_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
#define XGRAD_INSTANCES(T) \
    XGRAD_INSTANCE tensor<T> weighed(const basic_tensor<T>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> scaled(const basic_tensor<T>&, const basic_tensor<T>&); \
    XGRAD_INSTANCE tensor<T> divided(const basic_tensor<T>&, const basic_tensor<T>&);
XGRAD_FOR_REAL_TYPES(XGRAD_INSTANCES)
#undef XGRAD_INSTANCES
}
#endif
