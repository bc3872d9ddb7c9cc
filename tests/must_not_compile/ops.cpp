// Ranks and types that no operation takes.
//
// expect 1: a scalar has no matrix product
// expect 2: output and target must have the same rank
// expect 3: more axes to reduce than the tensor has
// expect 4: the tensors have different ranks: reshape one, or use a tensor of dynamic rank
// expect 5: the element types differ: convert one operand with astype<T>(x)
// expect 6: labels are integers: astype<int>(labels); real numbers are probabilities, of the logits' shape
// expect 7: more slices than the tensor has axes
// expect 8: constraints not satisfied
// expect 9: the element types differ: convert one operand with astype<T>(x)
// expect 10: a fraction beside integers: convert the tensor with astype<float>(x)
// expect 11: a tensor without axes has none to reduce
// expect 12: logits are (rows, classes, ...), labels (rows, ...)
// expect 13: permute names every axis once
// expect 14: an operation on real numbers: convert the operand with astype<float>(x)
// expect 15: labels are integers
// expect 16: weight is (in, out), bias is (out)
// expect 17: a const tensor is not changed in place
// expect 18: the element types differ: convert one operand with astype<T>(x)
// expect 19: a tensor without axes has none to reduce
// expect 20: an operation on real numbers: convert the operand with astype<float>(x)
// expect 21: indices and labels are integers
// expect 22: a tensor without axes has none to drop
// expect 23: a tensor without axes has none to sum over
// expect 24: the element types differ: convert one operand with astype<T>(x)
// expect 25: the element types differ: convert one operand with astype<T>(x)
// expect 26: the element types differ: convert one operand with astype<T>(x)
// expect 27: the element types differ: convert one operand with astype<T>(x)
// expect 28: the element types differ: convert one operand with astype<T>(x)
// expect 29: an operation on real numbers: convert the operand with astype<float>(x)
#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/activation.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/linalg.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/view.hpp>

namespace xg = xgrad;

void wrong(xg::tensor<float, 0> zero, xg::tensor<float, 1> one, xg::tensor<float, 2> two, xg::tensor<double, 2> doubles,
           xg::tensor<int, 1> integers, const xg::tensor<float, 2>& constant) {
    static_cast<void>(zero), static_cast<void>(one), static_cast<void>(two), static_cast<void>(doubles);
    static_cast<void>(integers), static_cast<void>(constant);
#if MUST_NOT_COMPILE == 1
    xg::matmul(zero, two);
#endif
#if MUST_NOT_COMPILE == 2
    xg::mse_loss(two, one);
#endif
#if MUST_NOT_COMPILE == 3
    xg::sum(two, {0, 1, 2});
#endif
#if MUST_NOT_COMPILE == 4
    one = two;
#endif
#if MUST_NOT_COMPILE == 5
    two + doubles;
#endif
#if MUST_NOT_COMPILE == 6
    xg::cross_entropy(two, one);
#endif
#if MUST_NOT_COMPILE == 7
    xg::view(two, 0, 1, 2);
#endif
#if MUST_NOT_COMPILE == 8
    integers.requires_grad(true);
#endif
#if MUST_NOT_COMPILE == 9
    two < doubles;
#endif
#if MUST_NOT_COMPILE == 10
    integers + 0.5;
#endif
#if MUST_NOT_COMPILE == 11
    xg::sum(zero, 0);
#endif
#if MUST_NOT_COMPILE == 12
    xg::cross_entropy(one, integers);
#endif
#if MUST_NOT_COMPILE == 13
    xg::permute(two, {0, 1, 2});
#endif
#if MUST_NOT_COMPILE == 14
    xg::exp(integers);
#endif
#if MUST_NOT_COMPILE == 15
    xg::one_hot(one, 3);
#endif
#if MUST_NOT_COMPILE == 16
    xg::linear(two, one, two);
#endif
#if MUST_NOT_COMPILE == 17
    constant += 1;
#endif
#if MUST_NOT_COMPILE == 18
    two += doubles;
#endif
#if MUST_NOT_COMPILE == 19
    xg::argmax(zero, 0);
#endif
#if MUST_NOT_COMPILE == 20
    xg::softmax(integers);
#endif
#if MUST_NOT_COMPILE == 21
    xg::take(two, one);
#endif
#if MUST_NOT_COMPILE == 22
    xg::squeeze(zero, 0);
#endif
#if MUST_NOT_COMPILE == 23
    xg::softmax(zero);
#endif
#if MUST_NOT_COMPILE == 24
    xg::matmul(two, doubles);
#endif
#if MUST_NOT_COMPILE == 25
    xg::mse_loss(two, doubles);
#endif
#if MUST_NOT_COMPILE == 26
    xg::linear(two, doubles, one);
#endif
#if MUST_NOT_COMPILE == 27
    xg::binary_cross_entropy_with_logits(two, doubles);
#endif
#if MUST_NOT_COMPILE == 28
    xg::map([](const auto& a, const auto& b) { return a + b; }, two, doubles);
#endif
#if MUST_NOT_COMPILE == 29
    xg::matmul(integers, integers);
#endif
}
