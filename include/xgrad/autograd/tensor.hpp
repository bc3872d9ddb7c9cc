// The tensor: a handle to an array, with the rank in its type where it is known.
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/node.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/xtensor.hpp>
#include <xgrad/fwd.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// What `backward` does beside filling in gradients.
struct backward_options {
    bool retain_graph = false;   ///< keep what a further pass through the same graph would need
    bool create_graph = false;   ///< record the pass itself, for derivatives of derivatives; retains the graph
};

namespace detail {

template <class T, std::size_t Depth>
struct nested_braces {
    using type = std::initializer_list<typename nested_braces<T, Depth - 1>::type>;
};
template <class T>
struct nested_braces<T, 0> {
    using type = T;
};
template <class T, std::size_t Depth>
using nested = typename nested_braces<T, Depth>::type;

template <std::size_t Depth, class List>
void measure_braces(const List& list, shape& sizes, std::size_t axis = 0) {
    if constexpr (Depth > 0) {
        if (axis == sizes.rank()) sizes.push_back(list.size());
        if (sizes[axis] != list.size())
            fail<shape_error>("tensor", "braces of unequal length: ", list.size(), " where the first has ",
                              sizes[axis]);
        for (const auto& inner : list) measure_braces<Depth - 1>(inner, sizes, axis + 1);
    }
}

template <std::size_t Depth, class List, class T>
void copy_braces(const List& list, T*& to) {
    if constexpr (Depth == 0) *to++ = list;
    else
        for (const auto& inner : list) copy_braces<Depth - 1>(inner, to);
}

/// What xtensor sees of a tensor: its elements, kept alive for as long as the adaptor lives. Assigning to it
/// writes to the elements.
template <class T>
class shared_elements {
public:
    using value_type = std::remove_const_t<T>;
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using reference = T&;
    using const_reference = const value_type&;
    using pointer = T*;
    using const_pointer = const value_type*;
    using iterator = T*;
    using const_iterator = const value_type*;
    using reverse_iterator = std::reverse_iterator<iterator>;
    using const_reverse_iterator = std::reverse_iterator<const_iterator>;
    using allocator_type = std::allocator<value_type>;

    explicit shared_elements(array& source) : m_array{&source} {
        m_array->handles.add();
        if constexpr (!std::is_const_v<T>) m_array->owner->writers.add();
    }
    shared_elements(const shared_elements& other) : shared_elements{*other.m_array} {}
    shared_elements& operator=(const shared_elements& other) { return assign(other); }
    template <class Container>
        requires std::ranges::sized_range<Container>
    shared_elements& operator=(const Container& values) {
        return assign(values);
    }
    ~shared_elements() {
        if constexpr (!std::is_const_v<T>) m_array->owner->writers.drop();
        m_array->drop_handle();
    }

    T* data() const { return reinterpret_cast<T*>(m_array->elements); }
    size_type size() const { return m_array->size; }
    bool empty() const { return size() == 0; }
    T* begin() const { return data(); }
    T* end() const { return data() + size(); }
    T* cbegin() const { return data(); }
    T* cend() const { return data() + size(); }
    reverse_iterator rbegin() const { return reverse_iterator{end()}; }
    reverse_iterator rend() const { return reverse_iterator{begin()}; }
    T& operator[](size_type i) const { return data()[i]; }
    T& front() const { return *data(); }
    T& back() const { return data()[size() - 1]; }
    void resize(size_type count) {
        if (count != size())
            fail<shape_error>("value", "a tensor of ", size(), " elements cannot be resized to ", count);
    }

private:
    shared_elements& assign(const auto& values) {
        resize(values.size());
        std::copy(values.begin(), values.end(), data());
        return *this;
    }

    array* m_array;
};

struct access;

}  // namespace detail
}  // namespace xgrad

// What xtensor puts the value of an expression into, before it is copied to such elements.
template <class T>
struct xt::temporary_container<xgrad::detail::shared_elements<T>> {
    using type = xt::uvector<std::remove_const_t<T>>;
};

namespace xgrad::inline XGRAD_ABI {

/// What a tensor is without its rank: the handle that the engine, the rules and the kernels work with.
/// Copying it shares the elements.
template <element T>
class basic_tensor {
public:
    using value_type = T;

    /// Whether there is an array behind the handle; false for a default-constructed one.
    bool defined() const noexcept { return m_array != nullptr; }

    std::size_t rank() const { return get().sizes.rank(); }
    std::size_t dimension() const { return rank(); }
    std::size_t size() const { return get().size; }
    bool empty() const { return size() == 0; }
    /// The size along `axis`, counted from the last when it is negative. Throws `index_error`.
    std::size_t shape(std::ptrdiff_t axis) const {
        return get().sizes[normalize_axis("shape", axis, rank())];
    }

    /// The elements in row-major order. Through a pointer to mutable elements they may be written; a rule
    /// that kept them finds out. The pointer is meant for use before the next operation on the tensor.
    const T* data() const { return reinterpret_cast<const T*>(get().elements); }
    T* data() {
        get().expose();
        return reinterpret_cast<T*>(m_array->elements);
    }
    std::span<const T> span() const { return {data(), size()}; }
    std::span<T> span() { return {data(), size()}; }

    /// The only element. Throws `shape_error` when there are more, or none.
    T item() const {
        if (size() != 1) fail<shape_error>("item", "one element wanted, the shape is ", get().sizes);
        return *data();
    }

    /// The element at an index for each axis. Throws `rank_error` and `index_error`.
    template <std::integral... Indices>
    T operator()(Indices... indices) const {
        return data()[offset(indices...)];
    }
    template <std::integral... Indices>
    T& operator()(Indices... indices) {
        const auto at = offset(indices...);
        return data()[at];
    }

    /// Whether operations on this tensor are recorded: a leaf that asked for it, or what came of one.
    bool requires_grad() const { return defined() && m_array->graph != nullptr; }
    /// Whether it is no operation's recorded result.
    bool is_leaf() const { return get().graph == nullptr || m_array->graph->is_leaf(); }
    /// Whether `backward` has brought a gradient since the last `zero_grad`.
    bool has_grad() const;
    /// Sets the gradient back to none.
    void zero_grad();

    /// Differentiates this scalar with respect to every leaf that it came from, and adds to their gradients.
    /// Throws `autograd_error` when it is no scalar, has no graph, or its graph was used before.
    void backward(backward_options options = {}) const;
    /// The same for a tensor of any shape, weighted by `gradient`: of the same shape.
    void backward(const basic_tensor& gradient, backward_options options = {}) const;

protected:
    basic_tensor() noexcept = default;
    explicit basic_tensor(detail::array* owned) noexcept : m_array{owned} {}
    basic_tensor(const basic_tensor& other) noexcept : m_array{other.m_array} {
        if (m_array != nullptr) m_array->handles.add();
    }
    basic_tensor(basic_tensor&& other) noexcept : m_array{std::exchange(other.m_array, nullptr)} {}
    basic_tensor& operator=(const basic_tensor& other) noexcept {
        if (other.m_array != nullptr) other.m_array->handles.add();
        if (auto* const before = std::exchange(m_array, other.m_array)) before->drop_handle();
        return *this;
    }
    basic_tensor& operator=(basic_tensor&& other) noexcept {
        if (this != &other)
            if (auto* const before = std::exchange(m_array, std::exchange(other.m_array, nullptr)))
                before->drop_handle();
        return *this;
    }
    ~basic_tensor() {
        if (m_array != nullptr) m_array->drop_handle();
    }

    detail::array& get() const {
        if (m_array == nullptr) fail<error>("tensor", "used before it was given a value");
        return *m_array;
    }

    void set_requires_grad(bool wanted);
    detail::array* gradient_array() const;

private:
    friend struct detail::access;

    template <class... Indices>
    std::size_t offset(Indices... indices) const {
        const auto& sizes = get().sizes;
        if (sizeof...(indices) != sizes.rank())
            fail<rank_error>("tensor", sizeof...(indices), " indices for ", sizes.rank(), " axes");
        auto at = std::size_t{0}, axis = std::size_t{0};
        [[maybe_unused]] const auto add = [&](std::ptrdiff_t index) {
            const auto size = static_cast<std::ptrdiff_t>(sizes[axis++]);
            if (index < -size || index >= size)
                fail<index_error>("tensor", "index ", index, " is out of range for axis ", axis - 1, " of size ",
                                  size);
            at = at * static_cast<std::size_t>(size) + static_cast<std::size_t>(index < 0 ? index + size : index);
        };
        (add(static_cast<std::ptrdiff_t>(indices)), ...);
        return at;
    }

    detail::array* m_array = nullptr;
};

namespace detail {

/// The way from a tensor to its array, for the library's own use.
struct access {
    template <element T>
    static array& get(const basic_tensor<T>& x) {
        return x.get();
    }
    template <element T>
    static const xgrad::shape& sizes(const basic_tensor<T>& x) {
        return x.get().sizes;
    }
    /// The elements, to be filled in by the operation that made the tensor.
    template <element T>
    static T* elements(const basic_tensor<T>& x) {
        return reinterpret_cast<T*>(x.get().elements);
    }
    template <element T>
    static node* graph(const basic_tensor<T>& x) {
        return x.m_array == nullptr ? nullptr : x.m_array->graph;
    }
    template <element T>
    static array* take(basic_tensor<T>&& x) {
        return std::exchange(x.m_array, nullptr);
    }
    /// The tensor to which a handle that was counted, or never yet given out, belongs from here on.
    template <element T, std::size_t N = dynamic_rank>
    static tensor<T, N> adopt(array* owned) {
        return tensor<T, N>(typename tensor<T, N>::adopt{}, owned);
    }
};

/// The shape of a tensor, for error texts and shape rules.
template <element T>
const shape& shape_of(const basic_tensor<T>& x) {
    return access::sizes(x);
}

}  // namespace detail

/// An n-dimensional array of `T` with `N` axes, or any number of them, that differentiates itself.
///
/// A tensor is a handle: a copy shares the elements, `clone()` copies them. The elements are in row-major
/// order. A tensor of static rank converts to a dynamic one silently; the other way is checked and throws
/// `rank_error`.
template <element T, std::size_t N>
class tensor : public basic_tensor<T> {
    static_assert(N == dynamic_rank || N <= max_rank, "a tensor has at most xgrad::max_rank axes");
    static constexpr bool is_dynamic = N == dynamic_rank;

public:
    static constexpr std::size_t static_rank = N;
    using shape_type = std::conditional_t<is_dynamic, xgrad::shape, std::array<std::size_t, is_dynamic ? 0 : N>>;

    tensor() noexcept = default;
    tensor(const tensor&) noexcept = default;
    tensor(tensor&&) noexcept = default;
    tensor& operator=(const tensor&) noexcept = default;
    tensor& operator=(tensor&&) noexcept = default;

    /// A scalar.
    explicit tensor(T value)
        requires(is_dynamic || N == 0)
        : tensor(adopt{}, detail::array::make({}, sizeof(T))) {
        *elements() = value;
    }

    /// From nested braces: `tensor<float, 2> x{{1, 2}, {3, 4}}`. Throws `shape_error` when they are ragged.
    tensor(std::initializer_list<T> values)
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
        std::ranges::copy(values, elements());
    }

    /// A copy of any xtensor expression or container.
    template <class Expression>
        requires xt::is_xexpression<Expression>::value
    tensor(const Expression& expression) : tensor(adopt{}, make(xgrad::shape(expression.shape()))) {
        std::transform(expression.template cbegin<xt::layout_type::row_major>(),
                       expression.template cend<xt::layout_type::row_major>(), elements(),
                       [](const auto& value) { return static_cast<T>(value); });
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
    /// The sizes, outermost axis first: `std::array` for a static rank, `xgrad::shape` for a dynamic one.
    shape_type shape() const {
        const auto& sizes = this->get().sizes;
        if constexpr (is_dynamic) return sizes;
        else {
            auto result = shape_type{};
            std::ranges::copy(sizes, result.begin());
            return result;
        }
    }

    /// The elements as an xtensor adaptor, on which the whole of xtensor works. It keeps them alive, and
    /// writing through it changes the tensor.
    auto value() const { return adapt<const T>(); }
    auto value() {
        this->get().expose();
        return adapt<T>();
    }

    /// A copy of the elements, without graph.
    tensor clone() const {
        auto copy = tensor(adopt{}, make(this->get().sizes));
        std::copy_n(std::as_const(*this).data(), this->size(), copy.elements());
        return copy;
    }
    /// The same elements outside the graph.
    tensor detach() const {
        return tensor(adopt{}, detail::array::make_view(this->get(), this->get().sizes));
    }

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
    tensor grad() const
        requires real<T>
    {
        return tensor(adopt{}, this->gradient_array());
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
        auto sizes = xgrad::shape{};
        detail::measure_braces<Depth>(values, sizes);
        while (sizes.rank() < Depth) sizes.push_back(0);
        *this = tensor(adopt{}, make(sizes));
        auto* to = elements();
        detail::copy_braces<Depth>(values, to);
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
        if constexpr (is_dynamic)
            return xt::xarray_adaptor<elements_type>(elements_type{this->get()}, adaptor_shape());
        else
            return xt::xtensor_adaptor<elements_type, N>(elements_type{this->get()}, adaptor_shape());
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
template <class Expression>
    requires xt::is_xexpression<Expression>::value
tensor(const Expression&) -> tensor<typename Expression::value_type>;

}  // namespace xgrad
