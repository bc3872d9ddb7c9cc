// The handle to an array: what a tensor is without its rank.
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/autograd/elements.hpp>
#include <xgrad/autograd/node.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/fwd.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// What `backward` does beside filling in gradients.
struct backward_options {
    bool retain_graph = false;   ///< keep what a further pass through the same graph would need
    bool create_graph = false;   ///< record the pass itself, for derivatives of derivatives; retains the graph
};

namespace detail {
struct access;
}

/// What a tensor is without its rank: the handle that the engine, the rules and the kernels work with.
/// Copying it shares the elements.
template <element T>
class basic_tensor : public standard_names::base {
public:
    using value_type = T;

    /// Whether there is an array behind the handle; false for a default-constructed one.
    bool defined() const noexcept { return m_array != nullptr; }

    std::size_t rank() const { return get().sizes.rank(); }
    std::size_t dimension() const { return rank(); }
    std::size_t size() const { return get().size; }
    bool empty() const { return size() == 0; }
    /// The size along `axis`, counted from the last when it is negative. Throws `index_error`.
    std::size_t shape(extent axis) const {
        return get().sizes[normalize_axis("shape", axis, rank())];
    }

    /// The elements in row-major order. Through a pointer to mutable elements they may be written; a rule
    /// that kept them finds out. The pointer is meant for use before the next operation on the tensor. A temporary
    /// gives none; its span keeps the elements.
    const T* data() const& {
        get().note_read(real<T>);
        return reinterpret_cast<const T*>(get().elements);
    }
    T* data() & {
        get().expose();
        return reinterpret_cast<T*>(m_array->elements);
    }
    template <class U = T>
    const U* data() const&& {
        return dangling<U>();
    }
    template <class U = T>
    U* data() && {
        return dangling<U>();
    }
    std::span<const T> span() const& { return {data(), size()}; }
    std::span<T> span() & { return {data(), size()}; }
    owning_span<const T> span() const&& { return owning_span<const T>{get()}; }
    owning_span<T> span() && {
        get().expose();
        return owning_span<T>{get()};
    }

    /// All elements, in row-major order, whatever the rank: `for (auto value : x)`.
    element_iterator<const T> begin() const& { return element_iterator<const T>{data()}; }
    element_iterator<T> begin() & { return element_iterator<T>{data()}; }
    element_iterator<const T> end() const& { return element_iterator<const T>{data() + size()}; }
    element_iterator<T> end() & { return element_iterator<T>{data() + size()}; }

    /// The only element. Throws `shape_error` when there are more, or none.
    T item() const {
        if (size() != 1) fail<shape_error>("item", "one element wanted, the shape is ", get().sizes);
        get().note_number();
        return *data();
    }

    /// The element at an index for each axis. Throws `rank_error` and `index_error`.
    template <std::integral... Indices>
    T operator()(Indices... indices) const {
        get().note_number();
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
    /// Keeps the gradient of a tensor that is no leaf, so that `grad()` shows it after `backward`; leaves do so anyway.
    /// Throws `autograd_error` when the tensor requires no gradient.
    void retain_grad() const;

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

    template <class U>
    static U* dangling() {
        static_assert(detail::never<U>, "a pointer to the elements of a temporary would dangle: name the tensor first, or take "
                                        "its span(), which keeps them");
        return nullptr;
    }

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
        (add(extent{indices}), ...);
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

}  // namespace xgrad
