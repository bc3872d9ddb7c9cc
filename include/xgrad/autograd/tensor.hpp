// The tensor: a handle to an array, with the rank in its type where it is known.
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/autograd/basic_tensor.hpp>
#include <xgrad/autograd/braces.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/shared_elements.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/exact.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/xtensor.hpp>
#include <xgrad/fwd.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

class hook;

namespace detail {
/// A base of each tensor, empty. An overload that takes a tensor by it loses to one that takes the tensor itself: axes in
/// braces to options in braces, `norm(x, {.p = 1})`, which g++ would also take for an array.
template <element T, std::size_t N>
struct ranked {};
}  // namespace detail

/// An n-dimensional array of `T` with `N` axes, or any number of them, that differentiates itself.
///
/// A tensor is a handle: a copy shares the elements, `clone()` copies them. The elements are in row-major
/// order. A tensor of static rank converts to a dynamic one silently; the other way is checked and throws
/// `rank_error`.
template <element T, std::size_t N>
class tensor : public basic_tensor<T>, public detail::ranked<T, N> {
    static_assert(N == dynamic_rank || N <= max_rank, "a tensor has at most xgrad::max_rank axes");
    static constexpr bool is_dynamic = N == dynamic_rank;

public:
    static constexpr std::size_t static_rank = N;
    using shape_type = std::conditional_t<is_dynamic, xgrad::shape, static_shape<is_dynamic ? 0 : N>>;

    tensor() noexcept = default;
    tensor(const tensor&) noexcept = default;
    tensor(tensor&&) noexcept = default;
    tensor& operator=(const tensor&) & noexcept = default;
    tensor& operator=(tensor&&) & noexcept = default;
    template <std::size_t M>
        requires(M != N && !is_dynamic && M != dynamic_rank)
    void operator=(const tensor<T, M>&) & {
        static_assert(M == N, "the tensors have different ranks: reshape one, or use a tensor of dynamic rank");
    }
    void operator=(const tensor&) && { assigned<T>(); }   // also from braces
    template <class Value>
    void operator=(const Value&) && {
        assigned<Value>();
    }

    /// A scalar. Throws `value_error` for an integer that the integers of type T cannot be.
    template <class Number>
        requires(std::is_arithmetic_v<Number> && (is_dynamic || N == 0))
    explicit tensor(Number value) : tensor(adopt{}, detail::array::make({}, sizeof(T))) {
        *elements() = detail::as_element<T>("tensor", value);
    }

    /// From nested braces: `tensor<float, 2> x{{1, 2}, {3, 4}}`. Throws `shape_error` when they are ragged.
    tensor(std::initializer_list<std::type_identity_t<T>> values)   // T by the guides below alone, which know the rank
        requires(is_dynamic || N == 1)
    {
        from_braces<1>(values);
    }
    tensor(detail::nested<T, is_dynamic ? 2 : N> values)
        requires(is_dynamic || N >= 2)
    {
        from_braces<is_dynamic ? 2 : N>(values);
    }
    tensor(detail::nested<T, 3> values)
        requires is_dynamic
    {
        from_braces<3>(values);
    }
    tensor(detail::nested<T, 4> values)
        requires is_dynamic
    {
        from_braces<4>(values);
    }

    /// A copy of `values` in row-major order, with a shape. Throws `shape_error` when the counts differ.
    tensor(std::span<const T> values, const xgrad::shape& sizes) : tensor(adopt{}, make(sizes)) {
        if (values.size() != this->size())
            fail<shape_error>("tensor", values.size(), " values for the shape ", sizes, ", which has ",
                              this->size());
        std::copy(values.begin(), values.end(), elements());
        this->get().expose();
    }

    /// A copy of a range of numbers as a vector, of a range of ranges as a matrix, and so on; the inner ones are equally
    /// long. Numbers beside real elements are rounded to them. Integers must fit, or `value_error` is thrown; real
    /// numbers do not become integers here, see `astype`.
    template <detail::number_range Range>
    explicit tensor(const Range& values) {
        constexpr auto depth = detail::range_depth<Range>;
        static_assert(is_dynamic || depth == N, "a range of numbers is a vector, a range of ranges a matrix; for another shape "
                                                "say which: tensor<float, 2>(values, {2, 3})");
        if constexpr (is_dynamic || depth == N) from_nested<depth>(values, "ranges");
        this->get().expose();
    }

    /// A copy of any xtensor expression or container.
    template <class Expression>
        requires xt::is_xexpression<Expression>::value
    tensor(const Expression& expression) : tensor(adopt{}, make(xgrad::shape(expression.shape()))) {
        std::transform(expression.template cbegin<xt::layout_type::row_major>(),
                       expression.template cend<xt::layout_type::row_major>(), elements(),
                       [](const auto& value) { return detail::nearest_cast<T>(value); });
        this->get().expose();
    }

    /// Another rank's handle to the same array.
    template <std::size_t M>
        requires(M != N && (is_dynamic || M == dynamic_rank))
    tensor(const tensor<T, M>& other) : basic_tensor<T>{other} {
        check_rank(other);
    }
    template <std::size_t M>
        requires(M != N && (is_dynamic || M == dynamic_rank))
    tensor(tensor<T, M>&& other) {
        check_rank(other);   // before the move, so that one that throws has moved nothing
        basic_tensor<T>::operator=(std::move(other));
    }
    /// The engine's handle with its rank restored.
    explicit tensor(const basic_tensor<T>& other)
        requires is_dynamic
        : basic_tensor<T>{other} {}

    using basic_tensor<T>::shape;
    /// The sizes, outermost axis first: a `std::array` for a static rank, `xgrad::shape` for a dynamic one.
    shape_type shape() const {
        const auto& sizes = this->get().sizes;
        if constexpr (is_dynamic) return sizes;
        else {
            auto result = shape_type{};
            for (auto axis = std::size_t{0}; axis < N; ++axis) result[axis] = sizes[axis];
            return result;
        }
    }

    /// The elements as an xtensor adaptor, on which the whole of xtensor works. It keeps them alive, and
    /// writing through it changes the tensor.
    auto value() const {
        this->get().note_read(real<T>);
        return adapt<const T>();
    }
    auto value() {
        this->get().expose();
        return adapt<T>();
    }

    /// A copy of the elements, without graph.
    tensor clone() const {
        return detail::call("clone", {"x"}, [](const tensor& x) {
            auto copy = tensor(adopt{}, make(x.get().sizes));
            std::copy_n(std::as_const(x).data(), x.size(), copy.elements());
            return copy;
        }, *this);
    }
    /// The same elements outside the graph.
    tensor detach() const {
        return detail::call("detach", {"x"}, [](const tensor& x) {
            if (x.requires_grad()) detail::watch_result(*x.get().graph, x.get());   // who writes to them is seen
            return tensor(adopt{}, detail::array::make_view(x.get(), x.get().sizes));
        }, *this);
    }

    /// Calls f(dy) in every backward pass, when the gradient of this tensor is complete and before it goes any further. What
    /// f returns, if it returns something, takes the gradient's place, and must have its shape. Hooks are called in the
    /// order of their registration; `retain_grad` keeps what those registered before it have made of the gradient. Under
    /// `create_graph` what f does is recorded. Derivatives of functions (`grad(f)` and its like) call the hooks of tensors
    /// on the way, not those of the arguments. Throws `autograd_error` when the tensor requires no gradient.
    template <class F>
        requires real<T>
    hook register_hook(F f) const;

    using basic_tensor<T>::requires_grad;
    /// Asks for a gradient (or no more), and gives the tensor back. Throws `autograd_error` when the tensor
    /// is the recorded result of an operation.
    tensor& requires_grad(bool wanted) &
        requires real<T>
    {
        this->set_requires_grad(wanted);
        return *this;
    }
    tensor requires_grad(bool wanted) &&
        requires real<T>
    {
        this->set_requires_grad(wanted);
        return std::move(*this);
    }

    /// The gradient that `backward` brought to this leaf; zeros if it brought none. Throws `autograd_error`
    /// for a tensor that does not require one, or is an operation's result.
    gradient<T, N> grad() const
        requires real<T>
    {
        return gradient<T, N>(tensor(adopt{}, this->gradient_array()));
    }

private:
    friend struct detail::access;

    struct adopt {};
    tensor(adopt, detail::array* owned) noexcept : basic_tensor<T>{owned} {}

    static detail::array* make(const xgrad::shape& sizes) {
        if (!is_dynamic && sizes.rank() != N)
            fail<rank_error>("tensor", "a tensor with ", N, " axes cannot have the shape ", sizes);
        return detail::array::make(sizes, sizeof(T));
    }

    template <std::size_t Depth>
    void from_braces(const detail::nested<T, Depth>& values) {
        from_nested<Depth>(values, "braces");
    }
    template <std::size_t Depth>
    void from_nested(const auto& values, const char* what) {
        auto sizes = xgrad::shape{};
        detail::measure_nested<Depth>(values, sizes, what);
        while (sizes.rank() < Depth) sizes.push_back(0);
        *this = tensor(adopt{}, make(sizes));
        auto* to = elements();
        detail::copy_nested<Depth>(values, to);
    }

    template <class Value>
    static void assigned() {
        static_assert(detail::never<Value>, "an assignment to a temporary tensor would change nothing: assign to one that has a "
                                            "name, or to elements, x(i, j) = ... or xt::view(x.value(), ...) = ...");
    }

    static void check_rank(const basic_tensor<T>& x) {
        if (!is_dynamic && x.defined() && x.rank() != N)
            fail<rank_error>("tensor", "a tensor with ", N, " axes cannot hold the shape ", detail::shape_of(x));
    }

    T* elements() const { return detail::access::elements(*this); }

    auto adaptor_shape() const {
        if constexpr (is_dynamic) {
            const auto& sizes = this->get().sizes;
            return xt::dynamic_shape<std::size_t>(sizes.begin(), sizes.end());
        } else {
            return shape();
        }
    }

    template <class U>
    auto adapt() const {
        using elements_type = detail::shared_elements<U>;
        constexpr auto rows = xt::layout_type::row_major;   // whatever XTENSOR_DEFAULT_LAYOUT says
        if constexpr (is_dynamic) return xt::xarray_adaptor<elements_type, rows>(elements_type{this->get()}, adaptor_shape());
        else return xt::xtensor_adaptor<elements_type, N, rows>(elements_type{this->get()}, adaptor_shape());
    }
};

template <class T>
    requires element<T>
tensor(T) -> tensor<T, 0>;
template <class T>
tensor(std::initializer_list<T>) -> tensor<T, 1>;
template <class T>
tensor(std::initializer_list<std::initializer_list<T>>) -> tensor<T, 2>;
template <class T>
tensor(std::initializer_list<std::initializer_list<std::initializer_list<T>>>) -> tensor<T, 3>;
template <class T>
tensor(std::initializer_list<std::initializer_list<std::initializer_list<std::initializer_list<T>>>>) -> tensor<T, 4>;
template <detail::number_range Range>
tensor(const Range&) -> tensor<detail::range_number<Range>, detail::range_depth<Range>>;
template <class Expression>
    requires xt::is_xexpression<Expression>::value
tensor(const Expression&) -> tensor<typename Expression::value_type>;

}  // namespace xgrad
