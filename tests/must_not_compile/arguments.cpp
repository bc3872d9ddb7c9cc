// Arguments that mean something else than was meant, or nothing: in an axis's place, beside integers, of two types.
//
// expect 1: maximum(a, b) is the larger of two
// expect 2: minimum(a, b) is the smaller of two
// expect 3: maximum(a, b) is the larger of two
// expect 4: axes are integers, sum(x, 1), or in braces, sum(x, {0, 1})
// expect 5: sizes, axes and indices are integers, neither truth values nor fractions
// expect 6: sizes, axes and indices are integers, neither truth values nor fractions
// expect 7: sizes, axes and indices are integers, neither truth values nor fractions
// expect 8: several axes are in braces: sum(x, {0, 1}); keep_dims keeps them
// expect 9: several axes are in braces: sum(x, {0, 1}); keep_dims keeps them
// expect 10: several axes are in braces: sum(x, {0, 1}); keep_dims keeps them
// expect 11: sizes, axes and indices are integers, neither truth values nor fractions
// expect 12: several axes are in braces: sum(x, {0, 1}); keep_dims keeps them
// expect 13: sizes, axes and indices are integers, neither truth values nor fractions
// expect 14: sizes, axes and indices are integers, neither truth values nor fractions
// expect 15: sizes, axes and indices are integers, neither truth values nor fractions
// expect 16: sizes, axes and indices are integers, neither truth values nor fractions
// expect 17: sizes, axes and indices are integers, neither truth values nor fractions
// expect 18: sizes, axes and indices are integers, neither truth values nor fractions
// expect 19: sizes, axes and indices are integers, neither truth values nor fractions
// expect 20: sizes, axes and indices are integers, neither truth values nor fractions
// expect 21: sizes, axes and indices are integers, neither truth values nor fractions
// expect 22: sizes, axes and indices are integers, neither truth values nor fractions
// expect 23: sizes, axes and indices are integers, neither truth values nor fractions
// expect 24: sizes, axes and indices are integers, neither truth values nor fractions
// expect 25: sizes, axes and indices are integers, neither truth values nor fractions
// expect 26: sizes, axes and indices are integers, neither truth values nor fractions
// expect 27: sizes, axes and indices are integers, neither truth values nor fractions
// expect 28: a fraction beside integers: convert the tensor with astype<float>(x)
// expect 29: a fraction beside integers: convert the tensor with astype<float>(x)
// expect 30: a fraction beside integers: convert the tensor with astype<float>(x)
// expect 31: a fraction beside integers: convert the tensor with astype<float>(x)
// expect 32: integers do not divide by /: floor_divide(a, b), or astype<float>(a) / astype<float>(b)
// expect 33: integers do not divide by /: floor_divide(a, b), or astype<float>(a) / astype<float>(b)
// expect 34: integers do not divide by /: floor_divide(a, b), or astype<float>(a) / astype<float>(b)
// expect 35: integers do not divide by /: floor_divide(a, b), or astype<float>(a) / astype<float>(b)
// expect 36: the element types differ: convert one operand with astype<T>(x)
// expect 37: the element types differ: convert one operand with astype<T>(x)
// expect 38: the parts have different ranks in their types: give all as tensor<T>
// expect 39: the element types differ: convert one operand with astype<T>(x)
// expect 40: the element types differ: convert one operand with astype<T>(x)
#include <xgrad/autograd/create.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/ops/softmax.hpp>
#include <xgrad/ops/take.hpp>
#include <xgrad/ops/view.hpp>

namespace xg = xgrad;

void wrong(xg::tensor<float, 0> zero, xg::tensor<float, 2> two, xg::tensor<double, 2> doubles, xg::tensor<int, 1> integers,
           xg::tensor<bool, 2> mask) {
    static_cast<void>(zero), static_cast<void>(two), static_cast<void>(doubles), static_cast<void>(integers), static_cast<void>(mask);
#if MUST_NOT_COMPILE == 1
    xg::max(two, 0.f);
#endif
#if MUST_NOT_COMPILE == 2
    xg::min(zero, 1.0);
#endif
#if MUST_NOT_COMPILE == 3
    xg::max(two, two);
#endif
#if MUST_NOT_COMPILE == 4
    xg::mean(two, integers);
#endif
#if MUST_NOT_COMPILE == 5
    xg::sum(two, true);
#endif
#if MUST_NOT_COMPILE == 6
    xg::sum(two, {true});
#endif
#if MUST_NOT_COMPILE == 7
    xg::sum(two, 1.0, xg::keep_dims);
#endif
#if MUST_NOT_COMPILE == 8
    xg::sum(two, 0, 1);
#endif
#if MUST_NOT_COMPILE == 9
    xg::mean(two, 1, 2);
#endif
#if MUST_NOT_COMPILE == 10
    xg::sum(two, 0, 1, 2);
#endif
#if MUST_NOT_COMPILE == 11
    xg::argmax(two, true);
#endif
#if MUST_NOT_COMPILE == 12
    xg::argmin(two, 0, 1);
#endif
#if MUST_NOT_COMPILE == 13
    xg::squeeze(two, false);
#endif
#if MUST_NOT_COMPILE == 14
    xg::transpose(two, 0, 1.5);
#endif
#if MUST_NOT_COMPILE == 15
    xg::permute(two, {1, false});
#endif
#if MUST_NOT_COMPILE == 16
    xg::flatten(two, 0.f);
#endif
#if MUST_NOT_COMPILE == 17
    xg::expand_dims(two, true);
#endif
#if MUST_NOT_COMPILE == 18
    xg::reshape(two, {2.0, 3.0});
#endif
#if MUST_NOT_COMPILE == 19
    xg::concat({two, two}, true);
#endif
#if MUST_NOT_COMPILE == 20
    xg::stack({two, two}, 1.f);
#endif
#if MUST_NOT_COMPILE == 21
    xg::softmax(two, 1.0);
#endif
#if MUST_NOT_COMPILE == 22
    xg::take(two, integers, true);
#endif
#if MUST_NOT_COMPILE == 23
    two.shape(1.5);
#endif
#if MUST_NOT_COMPILE == 24
    two(true, 0);
#endif
#if MUST_NOT_COMPILE == 25
    xg::view(two, true);
#endif
#if MUST_NOT_COMPILE == 26
    xg::view(two, xt::range(0.5, 2));
#endif
#if MUST_NOT_COMPILE == 27
    xg::zeros({2, true});
#endif
#if MUST_NOT_COMPILE == 28
    xg::full<int>({2}, 0.5);
#endif
#if MUST_NOT_COMPILE == 29
    xg::arange<int>(0, 2.5);
#endif
#if MUST_NOT_COMPILE == 30
    xg::randint(0.5, 2, {3});
#endif
#if MUST_NOT_COMPILE == 31
    xg::tensor<int>(2.5);
#endif
#if MUST_NOT_COMPILE == 32
    integers / integers;
#endif
#if MUST_NOT_COMPILE == 33
    integers / 2;
#endif
#if MUST_NOT_COMPILE == 34
    7 / integers;
#endif
#if MUST_NOT_COMPILE == 35
    integers /= 2;
#endif
#if MUST_NOT_COMPILE == 36
    xg::where(mask, two, doubles);
#endif
#if MUST_NOT_COMPILE == 37
    xg::concat({two, doubles});
#endif
#if MUST_NOT_COMPILE == 38
    xg::stack({zero, two});
#endif
#if MUST_NOT_COMPILE == 39
    xg::allclose(two, doubles);
#endif
#if MUST_NOT_COMPILE == 40
    xg::pow(two, doubles);
#endif

    // What is like them and right.
    enum { rows, columns };
    xg::sum(two, columns), xg::sum(two, {rows}), xg::sum(two, 0, true), xg::sum(two, {0, 1}, xg::keep_dims), xg::max(two, 0);
    xg::argmax(two, 1u, false), xg::squeeze(two, std::size_t{1}), xg::floor_divide(integers, 2), xg::full({2}, 0.5f), two.shape(-1);
}
