// The table of operation tests. An operation is one row:
//
//     const auto rows = std::vector{
//         elementwise("exp", xg::exp, [](double x) { return std::exp(x); }, {{-2, -0.5, 0, 1, 3}}),
//         operation{"sum(x, 0)", on_lists([](const auto& x) { return xg::sum(x[0], 0); }), reference, {{points}}},
//     };
//     check(rows);
//
// A row has the operation, what it must give (written out: plain loops and the functions of std), and where it
// is tried: at least a step of the difference quotient away from kinks, where the quotient is no derivative.
// `check` compares the value in double and in float, and the first and the second derivative by `gradcheck`; of what goes
// element by element the third, too, and the value and the first derivative over the whole range of the type. And where the
// operation or its derivative is not finite, it looks that what is not chosen contributes nothing.
//
// The checks are compiled once, in ops/operation_table.cpp, and see operations as functions on lists of
// tensors whose rank is dynamic; static ranks share all their code but the types.
#pragma once

#include <xgrad/autograd/tensor.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace operation_tests {

namespace xg = xgrad;

template <class T>
using list = std::vector<xg::tensor<T>>;
template <class T>
using function = std::function<xg::tensor<T>(const list<T>&)>;

/// An operation for lists of tensors of either real type.
struct operation_pair {
    function<double> in_double;
    function<float> in_float;
};

/// From a generic callable on such a list: `on_lists([](const auto& x) { return xg::matmul(x[0], x[1]); })`.
template <class F>
operation_pair on_lists(F f) {
    return {[f](const list<double>& x) { return xg::tensor<double>{f(x)}; },
            [f](const list<float>& x) { return xg::tensor<float>{f(x)}; }};
}

struct operation {
    std::string name;
    operation_pair run;
    function<double> reference;
    std::vector<list<double>> points;   ///< lists of operands
    /// What may be between value and reference, in units of the type's epsilon times (|reference| + `scale`).
    double epsilons = 4;
    double scale = 0;
    bool second_derivative = true;
    /// A product of matrices, or made of such: an infinity in an operand meets every zero of its row, as IEEE 754 has it.
    bool is_product = false;
    /// Element by element: tried at all pairs of shapes that broadcast, too, with operands out of `points`; and the third
    /// derivative is.
    bool is_elementwise = false;
    /// And, of one operand or two, at every number there is: see `everywhere`.
    struct range {
        double units = 4;               ///< of the value, in the last place
        double value_term = 0;          ///< where a value is a difference: the largest term, of whose units the error is
        double slope_term = 0;          ///< likewise of the derivative, or where that follows from the result
        bool has_slope = true;          ///< false: the row says why its derivative is not compared
        bool is_operation = true;       ///< false: made of several, whose roundings add up and may leave the range
    };
    range everywhere{};
};

void check(const operation& row);
void check(const std::vector<operation>& rows);

/// y[i...] = f(x[0][i...], x[1][i...], ...) with NumPy's broadcasting, written out.
xg::tensor<double> apply_elementwise(const std::function<double(const std::vector<double>&)>& f, const list<double>& x);

/// The same elements under a shape of `sizes`; they begin again when there are too few.
xg::tensor<double> shaped(const std::vector<double>& values, const xg::shape& sizes);

namespace detail {
operation elementwise(std::string name, operation_pair run, std::function<double(const std::vector<double>&)> f,
                      const std::vector<std::vector<double>>& values, double epsilons, const operation::range& everywhere);

template <std::size_t... I, class F>
auto spread(const F& f, std::index_sequence<I...>) {
    return [f](const auto& x) { return f(x[I]...); };
}
}  // namespace detail

/// The row of an operation element by element of K operands: `values[k]` holds values of operand k, which are
/// combined as they stand beside each other and, over broadcast shapes, with one another. The reference is right for every
/// number, infinities and NaN as well.
template <class F, class Reference, std::size_t K>
operation elementwise(std::string name, const F& f, const Reference& reference, const std::vector<double> (&values)[K],
                      double epsilons = 4, const operation::range& everywhere = {}) {
    constexpr auto all = std::make_index_sequence<K>{};
    return detail::elementwise(std::move(name), on_lists(detail::spread(f, all)), detail::spread(reference, all),
                               {values, values + K}, epsilons, everywhere);
}

}  // namespace operation_tests
