// The elements of a tensor as xtensor sees them.
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/sequence.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/xtensor.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <type_traits>

namespace xgrad::inline XGRAD_ABI::detail {

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
        requires sequence<Container>
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
    const_reverse_iterator crbegin() const { return const_reverse_iterator{end()}; }
    const_reverse_iterator crend() const { return const_reverse_iterator{begin()}; }
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

}  // namespace xgrad::inline XGRAD_ABI::detail

// What xtensor puts the value of an expression into, before it is copied to such elements.
template <class T>
struct xt::temporary_container<xgrad::detail::shared_elements<T>> {
    using type = xt::uvector<std::remove_const_t<T>>;
};

// And the shape of a tensor for what xtensor makes in its image.
template <std::size_t N>
struct xt::detail::is_array<xgrad::static_shape<N>> : std::true_type {};
template <std::size_t N>
struct xt::detail::array_size_impl<xgrad::static_shape<N>> : std::integral_constant<std::size_t, N> {};
template <class T, std::size_t N>
struct xt::rebind_container<T, xgrad::static_shape<N>> : std::type_identity<std::array<T, N>> {};
