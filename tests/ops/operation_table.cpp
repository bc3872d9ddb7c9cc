// The checks behind the table of operation tests, and tests of them: a check that never fails tests nothing.
#include <doctest/doctest.h>

#include <support/accuracy.hpp>
#include <support/operation_table.hpp>

#include <xgrad/autograd/capture.hpp>
#include <xgrad/autograd/custom.hpp>
#include <xgrad/autograd/gradcheck.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/compare.hpp>
#include <xgrad/ops/join.hpp>
#include <xgrad/ops/math.hpp>
#include <xgrad/ops/reduce.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace operation_tests {

namespace {

using values = std::vector<double>;

// Every way in which NumPy broadcasts two shapes: scalars, single elements, axes in front, axes of size 1 at
// either side and in the middle; empty ones; and rows longer than a vector register.
const auto shape_pairs = std::vector<std::pair<xg::shape, xg::shape>>{
    {{}, {}},           {{}, {3}},          {{3}, {}},             {{1}, {3}},          {{3}, {1}},
    {{3}, {3}},         {{1}, {}},          {{}, {1}},             {{2, 3}, {3}},       {{3}, {2, 3}},
    {{2, 3}, {2, 1}},   {{2, 1}, {2, 3}},   {{2, 1}, {1, 3}},      {{1, 3}, {2, 1}},    {{2, 3}, {1, 3}},
    {{2, 3}, {}},       {{1, 1}, {2, 3}},   {{2, 3, 2}, {3, 1}},   {{2, 1, 2}, {3, 1}}, {{2, 1, 2}, {2, 3, 2}},
    {{2, 3, 2}, {2}},   {{3, 2}, {2, 1, 1}}, {{2, 1, 3, 1}, {1, 2, 1, 2}}, {{3, 1, 1}, {2, 1, 2, 1}},
    {{1, 1, 1, 1}, {}}, {{2}, {2, 1, 2, 2}}, {{2, 2, 1, 2}, {2, 1, 2, 1}},
    {{0}, {0}},         {{0}, {1}},         {{}, {0}},             {{2, 0}, {1}},       {{2, 0}, {2, 1}},
    {{0, 3}, {1, 3}},   {{3, 0}, {1, 1}},   {{1, 0}, {3, 1}},      {{0, 1}, {1, 0}},    {{2, 1, 0}, {3, 1}},
    {{37}, {37}},       {{37}, {1}},        {{1}, {37}},           {{3, 37}, {37}},     {{3, 37}, {3, 1}},
    {{3, 1}, {37}},     {{2, 1, 19}, {3, 1}}, {{2, 3, 19}, {3, 1}},
};

template <class T>
list<T> converted(const list<double>& x) {
    auto result = list<T>{};
    for (const auto& each : x) result.emplace_back(xg::astype<T>(each));
    return result;
}

std::string shapes_of(const list<double>& x) {
    auto text = std::string{};
    for (const auto& each : x) text += (text.empty() ? "" : ", ") + xg::to_string(each.shape());
    return text;
}

/// What is wrong with the value, if anything is.
template <class T>
std::optional<std::string> wrong_value(const operation& row, const xg::tensor<T>& got, const xg::tensor<double>& wanted) {
    if (got.shape() != wanted.shape())
        return "shape " + xg::to_string(got.shape()) + ", wanted " + xg::to_string(wanted.shape());
    for (auto i = std::size_t{0}; i < got.size(); ++i) {
        const auto y = static_cast<double>(std::as_const(got).data()[i]), r = wanted.data()[i];
        const auto allowed = row.epsilons * static_cast<double>(std::numeric_limits<T>::epsilon()) * (std::fabs(r) + row.scale) +
                             static_cast<double>(std::numeric_limits<T>::min());
        const auto equal = std::isnan(r) ? std::isnan(y) : y == r || std::fabs(y - r) <= allowed;
        if (!equal)
            return "element " + std::to_string(i) + " is " + std::to_string(y) + ", wanted " + std::to_string(r) +
                   ", difference " + std::to_string((y - r) / std::fabs(r) / static_cast<double>(std::numeric_limits<T>::epsilon())) +
                   " epsilons";
    }
    return std::nullopt;
}

/// The check of one derivative for any number of operands up to three.
template <class Check>
std::optional<std::string> wrong_derivative(const operation& row, const list<double>& x, const Check& checked_by) {
    const auto f = [&row](const auto&... each) { return row.run.in_double({each...}); };
    const auto result = x.size() == 1   ? checked_by(f, std::tuple{x[0]})
                        : x.size() == 2 ? checked_by(f, std::tuple{x[0], x[1]})
                                        : checked_by(f, std::tuple{x[0], x[1], x[2]});
    return result ? std::nullopt : std::optional{result.report};
}

std::optional<std::string> wrong_gradient(const operation& row, const list<double>& x) {
    return wrong_derivative(row, x, [](const auto& f, const auto& at) { return xg::gradcheck(f, at); });
}

// A quotient of differences of analytic first derivatives: as exact as that of the function itself.
std::optional<std::string> wrong_second_derivative(const operation& row, const list<double>& x) {
    return wrong_derivative(row, x, [](const auto& f, const auto& at) { return xg::gradgradcheck(f, at); });
}

/// The derivative of sum(f) by operand k, as an operation of its own: its second derivatives are third ones of f.
operation slope_of(const operation& row, std::size_t k) {
    auto slope = operation{};
    slope.run.in_double = [&row, k](const list<double>& x) {
        const auto f = [&](const xg::tensor<double>& operand) {
            auto all = x;
            all[k] = operand;
            return xg::tensor<double>{xg::sum(row.run.in_double(all))};
        };
        return xg::tensor<double>{xg::grad(f)(x[k])};
    };
    return slope;
}

/// Of each element by itself: beside one with a large derivative the difference quotient of another has no digits left.
std::optional<std::string> wrong_third_derivative(const operation& row) {
    auto count = std::size_t{0};
    for (const auto& each : row.points[0]) count = std::max(count, each.size());
    for (auto i = std::size_t{0}; i < count; ++i) {
        auto x = list<double>{};
        for (const auto& each : row.points[0]) x.push_back(shaped({std::as_const(each).data()[i % each.size()]}, {1}));
        for (auto k = std::size_t{0}; k < x.size(); ++k)
            if (auto wrong = wrong_second_derivative(slope_of(row, k), x))
                return "third derivative, of operand " + std::to_string(k) + "'s at place " + std::to_string(i) + ": " + *wrong;
    }
    return std::nullopt;
}

std::optional<std::string> wrong_in(const operation& row, const list<double>& x) {
    // What float sees are operands rounded to float; so the reference gets these.
    const auto in_float = converted<float>(x);
    auto rounded = list<double>{};
    for (const auto& each : in_float) rounded.emplace_back(xg::astype<double>(each));
    if (auto wrong = wrong_value(row, row.run.in_double(x), row.reference(x))) return "in double: " + *wrong;
    if (auto wrong = wrong_value(row, row.run.in_float(in_float), row.reference(rounded))) return "in float: " + *wrong;
    if (auto wrong = wrong_gradient(row, x)) return "first derivative: " + *wrong;
    if (row.second_derivative)
        if (auto wrong = wrong_second_derivative(row, x)) return "second derivative: " + *wrong;
    return std::nullopt;
}

// Where an operation or its derivative may not be finite.
const auto poisons = [] {
    using number = std::numeric_limits<float>;
    return values{0.0, -0.0, -1.0, 1.0, number::infinity(), -number::infinity(), number::quiet_NaN(), number::max(),
                  number::lowest(), number::denorm_min()};
}();

template <class T>
bool all_zero(const xg::tensor<T>& x) {
    return std::ranges::all_of(x.span(), [](T value) { return value == 0; });
}

template <class T>
const auto& run_in(const operation& row) {
    if constexpr (std::is_same_v<T, double>) return row.run.in_double;
    else return row.run.in_float;
}

/// The operation as a function of operand k alone, its result passed on where `chosen` holds.
template <class T>
auto where_chosen(const operation& row, const list<T>& x, std::size_t k, const xg::tensor<bool>& chosen) {
    return [&row, x, k, chosen](const xg::tensor<T>& operand) {
        auto all = x;
        all[k] = operand;
        return xg::tensor<T>{xg::sum(xg::where(chosen, run_in<T>(row)(all), 0))};
    };
}

/// Whether the operation takes such operands at all: a `value_error` says that it does not.
template <class T>
std::optional<xg::tensor<T>> result_if_defined(const operation& row, const list<T>& x) {
    try {
        return run_in<T>(row)(x);
    } catch (const xg::value_error&) {
        return std::nullopt;
    }
}

/// Zero stays zero: whatever the operands are, a result that is not chosen contributes nothing, to derivatives of the
/// first and of the second order.
template <class T>
std::optional<std::string> wrong_where_nothing_is_chosen(const operation& row, const list<double>& points) {
    for (const auto poison : poisons)
        for (auto poisoned = std::size_t{0}; poisoned <= points.size(); ++poisoned) {   // one operand, or all
            auto x = converted<T>(points);
            for (auto k = std::size_t{0}; k < x.size(); ++k)
                if (poisoned == k || poisoned == points.size()) x[k] = xg::full_like(x[k], static_cast<T>(poison));
            const auto y = result_if_defined(row, x);
            if (!y) continue;
            const auto chosen = xg::zeros<bool>(y->shape());
            for (auto k = std::size_t{0}; k < x.size(); ++k) {
                const auto f = where_chosen(row, x, k, chosen);
                const auto what = [&](const char* order) {
                    return "where it is not chosen, at " + std::to_string(poison) + " in operand " + std::to_string(poisoned) +
                           ", the " + order + " derivative by operand " + std::to_string(k) + " is not zero";
                };
                if (!all_zero(xg::grad(f)(x[k]))) return what("first");
                const auto slope = [&](const auto& v) { return xg::tensor<T>{xg::sum(xg::grad(f)(v))}; };
                if (row.second_derivative && !all_zero(xg::grad(slope)(x[k]))) return what("second");
            }
        }
    return std::nullopt;
}

/// And what is chosen is as it would be without the rest.
template <class T>
std::optional<std::string> wrong_beside_what_is_not_chosen(const operation& row) {
    const auto points = converted<T>(row.points[0]);
    const auto rest = xg::astype<T>(shaped(poisons, {poisons.size()}));
    for (auto k = std::size_t{0}; k < points.size(); ++k) {
        auto x = points;
        const auto usual = xg::grad(where_chosen(row, x, k, xg::tensor<bool>{xg::full<bool>({x[k].size()}, true)}))(x[k]);
        for (auto other = std::size_t{0}; other < x.size(); ++other)
            x[other] = xg::concat({x[other], other == k ? rest : xg::full_like(rest, points[other].data()[0])});
        const auto chosen = xg::tensor<bool>{xg::arange<int>(static_cast<int>(x[k].size())) < points[k].size()};
        const auto wanted = xg::concat({usual, xg::zeros_like(rest)});
        if (!xg::allclose(xg::grad(where_chosen(row, x, k, chosen))(x[k]), wanted, 1e-6, 0))
            return "what is not chosen changes the derivative by operand " + std::to_string(k) + " of what is";
    }
    return std::nullopt;
}

/// <w, J v> = <J^T w, v>: `jvp` starts from gradients of zero.
std::optional<std::string> wrong_forward_derivative(const operation& row, const list<double>& x) {
    for (auto k = std::size_t{0}; k < x.size(); ++k) {
        const auto f = [&](const xg::tensor<double>& operand) {
            auto all = x;
            all[k] = operand;
            return run_in<double>(row)(all);
        };
        const auto v = xg::astype<double>(xg::full_like(x[k], 1.0) + 0.5 * xg::square(x[k]));
        const auto [y, along] = xg::jvp(f, x[k], v);
        const auto w = xg::tensor<double>{1 + 0.25 * xg::square(y)};
        const auto forward = xg::sum(w * along).item(), backward = xg::sum(xg::vjp(f, x[k]).second(w) * v).item();
        if (!(std::fabs(forward - backward) <= 1e-10 * (1 + std::fabs(backward))))
            return "jvp gives " + std::to_string(forward) + ", vjp " + std::to_string(backward);
    }
    return std::nullopt;
}

/// Operand k at a place of its own in its values, so that broadcasting combines different ones.
list<double> operands(const operation& row, const std::vector<xg::shape>& sizes) {
    auto result = list<double>{};
    for (auto k = std::size_t{0}; k < sizes.size(); ++k) {
        const auto& at = row.points[0][k];
        auto numbers = values(at.data(), at.data() + at.size());
        std::rotate(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(k % numbers.size()), numbers.end());
        result.push_back(shaped(numbers, sizes[k]));
    }
    return result;
}

std::optional<std::string> wrong_over_shapes(const operation& row) {
    const auto operand_count = row.points[0].size();
    for (const auto& [a, b] : shape_pairs) {
        const auto x = operands(row, operand_count == 1 ? std::vector{a} : operand_count == 2 ? std::vector{a, b} : std::vector{a, b, a});
        const auto large = a.elements() > 20 || b.elements() > 20;
        auto once = row;
        once.second_derivative = row.second_derivative && a.rank() + b.rank() <= 3;
        const auto at_shapes = [&](const std::string& what) { return "at shapes " + shapes_of(x) + ": " + what; };
        if (large) {   // the loops differ, the derivative's formula does not
            if (auto wrong = wrong_value(row, row.run.in_double(x), row.reference(x))) return at_shapes(*wrong);
        } else if (auto wrong = wrong_in(once, x)) {
            return at_shapes(*wrong);
        }
    }
    return std::nullopt;
}

/// Zeros, infinities, NaN, the ends of the normal and of the subnormal numbers of T, and some of every few binades, with both
/// signs. `step` is that between the binades.
template <class T>
values everywhere(int step) {
    using limits = std::numeric_limits<T>;
    auto x = values{0, limits::infinity(), limits::quiet_NaN(), 1, limits::max(), limits::min(), limits::denorm_min()};
    for (auto exponent = limits::min_exponent - limits::digits; exponent < limits::max_exponent; exponent += step)
        for (const auto significand : {1.0, 1.3183594, 1.8764648}) x.push_back(static_cast<T>(std::ldexp(significand, exponent)));
    if (step == 1)
        for (auto i = 1; i < 120; ++i) x.insert(x.end(), {static_cast<double>(static_cast<T>(i * 0.0913)), static_cast<double>(i)});
    for (auto i = x.size(); i-- > 0;) x.push_back(-x[i]);
    return x;
}

/// All these numbers, for two operands all pairs of fewer; no whole number of vectors.
template <class T>
list<double> points_everywhere(std::size_t operand_count) {
    const auto x = everywhere<T>(operand_count == 1 ? 1 : std::numeric_limits<T>::max_exponent / 5);
    if (operand_count == 1) return {shaped(x, {x.size() | 1})};
    auto a = values{}, b = values{};
    for (const auto first : x)
        for (const auto second : x) a.push_back(first), b.push_back(second);
    return {shaped(a, {a.size() | 1}), shaped(b, {b.size() | 1})};
}

std::string at_place(const list<double>& x, std::size_t i) {
    auto text = std::string{" at "};
    for (const auto& each : x) {
        char number[32];
        std::snprintf(number, sizeof number, "%.17g ", each.data()[i]);
        text += number;
    }
    return text;
}

/// The value is within a few units in the last place of the reference wherever T has a number.
template <class T>
std::optional<std::string> wrong_value_anywhere(const operation& row) {
    const auto points = points_everywhere<T>(row.points[0].size());
    const auto y = run_in<T>(row)(converted<T>(points));
    const auto wanted = row.reference(points);
    for (auto i = std::size_t{0}; i < y.size(); ++i) {
        const auto got = std::as_const(y).data()[i];
        const auto right = wanted.data()[i];
        const auto at_zero = std::ranges::any_of(points, [&](const auto& each) { return each.data()[i] == 0; });
        const auto other_zero = at_zero && got == 0 && right == 0 && std::signbit(got) != std::signbit(right);
        const auto apart = accuracy::units_apart<T>(got, right, row.everywhere.value_term);
        if (!(apart <= row.everywhere.units) || other_zero)
            return (other_zero ? "the other zero" : std::to_string(apart) + " units in the last place off") + at_place(points, i) +
                   ": " + std::to_string(got) + ", wanted " + std::to_string(right);
    }
    return std::nullopt;
}

/// And the first derivative in float is that in double, where nothing overflows and few digits cancel. A few units in the
/// last place of the derivative, or of what a rounding of x changes in it. Where the result itself leaves the range, no
/// derivative that follows from it can be right.
std::optional<std::string> wrong_slope_anywhere(const operation& row) {
    const auto points = points_everywhere<float>(row.points[0].size());
    const auto x = converted<float>(points);
    const auto y = row.run.in_float(x);
    for (auto k = std::size_t{0}; k < x.size(); ++k) {
        const auto chosen = xg::tensor<bool>{xg::full<bool>(y.shape(), true)};
        const auto slope = xg::tensor<float>{xg::grad(where_chosen(row, x, k, chosen))(x[k])};
        const auto exact = where_chosen(row, points, k, chosen);
        const auto wanted = xg::tensor<double>{xg::grad(exact)(points[k])};
        const auto sum_of_slopes = [&](const auto& v) { return xg::tensor<double>{xg::sum(xg::grad(exact)(v))}; };
        const auto bend = xg::tensor<double>{xg::grad(sum_of_slopes)(points[k])};
        for (auto i = std::size_t{0}; i < y.size(); ++i) {
            const auto is_finite = std::ranges::all_of(points, [&](const auto& each) { return std::isfinite(each.data()[i]); });
            const auto value = std::as_const(y).data()[i];
            if (std::isnan(value) || (is_finite && std::isinf(value))) continue;
            const auto of_rounding = std::fabs(bend.data()[i] * points[k].data()[i]);
            const auto right = wanted.data()[i];
            const auto term = std::max(std::isfinite(of_rounding) ? of_rounding : 0, row.everywhere.slope_term);
            const auto apart = accuracy::units_apart<float>(std::as_const(slope).data()[i], right, term);
            if (!(apart <= row.everywhere.units + 2))
                return "derivative by operand " + std::to_string(k) + ", " + std::to_string(apart) + " units in the last place off" +
                       at_place(points, i) + ": " + std::to_string(std::as_const(slope).data()[i]) + ", wanted " + std::to_string(right);
        }
    }
    return std::nullopt;
}

/// What several roundings do to three operands says nothing about an operation; of two and of one all is looked at.
std::optional<std::string> wrong_over_range(const operation& row) {
    if (!row.everywhere.is_operation || row.points[0].size() > 2) return std::nullopt;
    if (auto wrong = wrong_value_anywhere<float>(row)) return "float, " + *wrong;
    if (auto wrong = wrong_value_anywhere<double>(row)) return "double, " + *wrong;
    return row.everywhere.has_slope ? wrong_slope_anywhere(row) : std::nullopt;
}

/// The operations that the rows of this run are made of. At its end they are written into the file that the environment names,
/// XGRAD_OPERATIONS_IN_ROWS: scripts/operations.py asks for a row of each.
struct names_in_rows {
    std::set<std::string> all;

    /// Of one that is "seeded", what is seeded in it.
    void add(const std::vector<xg::program::operation>& operations) {
        for (const auto& each : operations)
            if (each.name == "seeded") add(each.made_of);
            else all.insert(each.name);
    }
    ~names_in_rows() {
        if (const auto* const path = std::getenv("XGRAD_OPERATIONS_IN_ROWS"); path != nullptr)
            for (auto file = std::ofstream{path}; const auto& name : all) file << name << '\n';
    }
} in_rows;

/// Every operation says what it is: the program of the row is made of operations, names all that determines the result,
/// and gives the same bits when it runs, on new arguments too.
template <class T>
std::optional<std::string> wrong_when_captured(const operation& row, const list<double>& points) {
    auto x = converted<T>(points);
    const auto program = xg::capture(run_in<T>(row), x);
    in_rows.add(program.operations);
    if (program.operations.empty() || program.values[program.results[0]].from != xg::program::origin::result)
        return "captured, its result is no operation's:\n" + to_string(program);
    const auto differs = [&] {
        const auto wanted = run_in<T>(row)(x), got = program(x);
        return got.shape() != wanted.shape() || std::memcmp(got.data(), wanted.data(), got.size() * sizeof(T)) != 0;
    };
    if (differs()) return "captured, it gives other bits:\n" + to_string(program);
    for (auto& each : x) std::reverse(each.data(), each.data() + each.size());
    if (differs()) return "captured, it gives other bits for other arguments:\n" + to_string(program);
    return std::nullopt;
}

std::optional<std::string> wrong_anywhere(const operation& row) {
    for (const auto& x : row.points) {
        auto wrong = wrong_in(row, x);
        if (!wrong) wrong = wrong_when_captured<double>(row, x);
        if (!wrong) wrong = wrong_when_captured<float>(row, x);
        if (!wrong && !row.is_product) wrong = wrong_where_nothing_is_chosen<double>(row, x);
        if (!wrong && !row.is_product) wrong = wrong_where_nothing_is_chosen<float>(row, x);
        if (!wrong && row.second_derivative) wrong = wrong_forward_derivative(row, x);
        if (wrong) return "at shapes " + shapes_of(x) + ": " + *wrong;
    }
    if (!row.is_elementwise) return std::nullopt;
    if (row.second_derivative)
        if (auto wrong = wrong_third_derivative(row)) return wrong;
    if (auto wrong = wrong_beside_what_is_not_chosen<double>(row)) return wrong;
    if (auto wrong = wrong_beside_what_is_not_chosen<float>(row)) return wrong;
    if (auto wrong = wrong_over_range(row)) return wrong;
    return wrong_over_shapes(row);
}

}  // namespace

xg::tensor<double> shaped(const std::vector<double>& numbers, const xg::shape& sizes) {
    auto y = xg::empty<double>(sizes);
    for (auto i = std::size_t{0}; i < y.size(); ++i) y.data()[i] = numbers[i % numbers.size()];
    return y;
}

xg::tensor<double> apply_elementwise(const std::function<double(const std::vector<double>&)>& f, const list<double>& x) {
    auto sizes = xg::shape{};
    for (const auto& each : x) sizes = xg::broadcast_shapes("reference", sizes, each.shape());
    auto y = xg::empty<double>(sizes);
    for (auto i = std::size_t{0}; i < y.size(); ++i) {
        auto operands = values{};
        for (const auto& each : x) {
            const auto own = each.shape();
            auto rest = i, at = std::size_t{0}, step = std::size_t{1};
            for (auto from_last = std::size_t{1}; from_last <= sizes.rank(); ++from_last) {
                const auto index = rest % sizes[sizes.rank() - from_last];
                rest /= sizes[sizes.rank() - from_last];
                if (from_last > own.rank()) continue;
                const auto size = own[own.rank() - from_last];
                at += (size == 1 ? 0 : index) * step;
                step *= size;
            }
            operands.push_back(each.data()[at]);
        }
        y.data()[i] = f(operands);
    }
    return y;
}

operation detail::elementwise(std::string name, operation_pair run, std::function<double(const std::vector<double>&)> f,
                              const std::vector<std::vector<double>>& numbers, double epsilons, const operation::range& everywhere) {
    auto x = list<double>{};
    for (const auto& each : numbers) x.push_back(shaped(each, {each.size()}));
    return {.name = std::move(name), .run = std::move(run),
            .reference = [f = std::move(f)](const list<double>& operands) { return apply_elementwise(f, operands); },
            .points = {std::move(x)}, .epsilons = epsilons, .is_elementwise = true, .everywhere = everywhere};
}

void check(const operation& row) {
    CAPTURE(row.name);
    const auto wrong = wrong_anywhere(row);
    CHECK_MESSAGE(!wrong, row.name, ": ", wrong.value_or(""));
}

void check(const std::vector<operation>& rows) {
    REQUIRE(!rows.empty());
    for (const auto& row : rows) check(row);
}

}  // namespace operation_tests

namespace {

using namespace operation_tests;

std::string complaint(const operation& row) { return wrong_anywhere(row).value_or(""); }

bool begins(const std::string& text, const char* with) { return text.starts_with(with); }

}  // namespace

TEST_CASE("the table finds what is wrong with a row") {
    const auto cube = [](const auto& x) { return x * x * x; };
    const auto cube_reference = [](double x) { return x * x * x; };
    CHECK(complaint(elementwise("right", cube, cube_reference, {{0.5, 1.5, -2}})) == "");

    const auto wrong_reference = [](double x) { return x * x; };
    CHECK(begins(complaint(elementwise("value", cube, wrong_reference, {{0.5, 1.5}})), "at shapes (2,): in double: element 0"));

    constexpr auto first = xg::custom(
        "first", [](const auto& x) { return x * x * x; }, [](const auto& dy, const auto&, const auto& x) { return dy * x * x; });
    CHECK(begins(complaint(elementwise("first", first, cube_reference, {{0.5, 1.5}})), "at shapes (2,): first derivative: input 0"));

    constexpr auto second = xg::custom(
        "second", [](const auto& x) { return x * x * x; },
        [](const auto& dy, const auto&, const auto& x) { return dy * 3 * (x * x).detach(); });
    CHECK(begins(complaint(elementwise("second", second, cube_reference, {{0.5, 1.5}})), "at shapes (2,): second derivative: input 0"));

    constexpr auto third = xg::custom(
        "third", [](const auto& x) { return x * x * x; },
        [](const auto& dy, const auto&, const auto& x) { return dy * (6 * x.detach() * x - 3 * xg::square(x.detach())); });
    CHECK(begins(complaint(elementwise("third", third, cube_reference, {{0.5, 1.5}})), "third derivative, of operand 0's at place 0: input 0"));

    constexpr auto root = xg::custom(
        "root", [](const auto& x) { return xg::sqrt(x); }, [](const auto& dy, const auto& y, const auto&) { return dy / (y + y); });
    const auto root_reference = [](double x) { return std::sqrt(x); };
    CHECK(complaint(elementwise("root", root, root_reference, {{0.5, 1.5}})).find("not chosen") != std::string::npos);

    const auto by_hand = [](const auto& x) {
        auto y = x[0].clone();
        for (auto i = std::size_t{0}; i < y.size(); ++i) y.data()[i] *= 2;
        return y;
    };
    const auto twice = [](const list<double>& x) { return xg::tensor<double>{x[0] * 2}; };
    const auto point = list<double>{shaped({1, 2}, {2})};
    const auto loop = operation{.name = "loop", .run = on_lists(by_hand), .reference = twice, .points = {point}};
    CHECK_THROWS_WITH_AS(wrong_when_captured<double>(loop, point), doctest::Contains("reads the elements"), xg::autograd_error);
    const auto constant = operation{.name = "constant", .run = on_lists([](const auto& x) { return xg::ones_like(x[0]); }),
                                    .reference = twice, .points = {point}};
    CHECK(wrong_when_captured<double>(constant, point).value_or("").find("no operation's") != std::string::npos);

    // Right where both operands have one shape.
    const auto product = [](double a, double b) { return a * b; };
    const auto last_row = [](const auto& a, const auto& b) { return a.size() < b.size() ? a * b + 1 : a * b; };
    CHECK(begins(complaint(elementwise("broadcast", last_row, product, {{1.0, 2.0}, {0.5, 3.0}})), "at shapes (), (3,): in double"));

    const auto sum = operation{.name = "shape", .run = on_lists([](const auto& x) { return xg::sum(x[0]); }),
                               .reference = [](const list<double>& x) { return x[0]; }, .points = {{shaped({1, 2}, {2})}}};
    CHECK(complaint(sum) == "at shapes (2,): in double: shape (), wanted (2,)");
}
