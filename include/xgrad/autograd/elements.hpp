// The elements of a tensor one after the other: iterators, and what `span()` of a temporary gives.
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/core/config.hpp>

#include <compare>
#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// Goes through the elements in row-major order. They do stand in a row in memory; that the iterator does not say so
/// keeps a `std::span` from being made of a temporary tensor.
template <class T>
class element_iterator {
public:
    using iterator_concept = std::random_access_iterator_tag;
    using iterator_category = std::random_access_iterator_tag;
    using value_type = std::remove_const_t<T>;
    using difference_type = std::ptrdiff_t;
    using pointer = T*;
    using reference = T&;

    element_iterator() = default;
    explicit element_iterator(T* at) noexcept : m_at{at} {}

    operator element_iterator<const T>() const noexcept
        requires(!std::is_const_v<T>)
    {
        return element_iterator<const T>{m_at};
    }

    T& operator*() const { return *m_at; }
    T* operator->() const { return m_at; }
    T& operator[](std::ptrdiff_t i) const { return m_at[i]; }

    element_iterator& operator++() { return *this += 1; }
    element_iterator operator++(int) { return std::exchange(*this, *this + 1); }
    element_iterator& operator--() { return *this -= 1; }
    element_iterator operator--(int) { return std::exchange(*this, *this - 1); }
    element_iterator& operator+=(std::ptrdiff_t by) {
        m_at += by;
        return *this;
    }
    element_iterator& operator-=(std::ptrdiff_t by) { return *this += -by; }
    friend element_iterator operator+(element_iterator from, std::ptrdiff_t by) { return from += by; }
    friend element_iterator operator+(std::ptrdiff_t by, element_iterator from) { return from += by; }
    friend element_iterator operator-(element_iterator from, std::ptrdiff_t by) { return from -= by; }
    friend std::ptrdiff_t operator-(element_iterator a, element_iterator b) { return a.m_at - b.m_at; }
    friend bool operator==(element_iterator, element_iterator) = default;
    friend auto operator<=>(element_iterator, element_iterator) = default;

private:
    T* m_at = nullptr;
};

namespace detail {
template <class>
inline constexpr bool never = false;
}

/// The elements of a tensor that was a temporary, alive for as long as this is. Used like a `std::span`, it turns into
/// none, which would not keep them.
template <class T>
class owning_span {
public:
    using element_type = T;
    using value_type = std::remove_const_t<T>;
    using size_type = std::size_t;
    using iterator = element_iterator<T>;

    explicit owning_span(detail::array& source) : m_array{&source} { m_array->handles.add(); }
    owning_span(const owning_span& other) : owning_span{*other.m_array} {}
    owning_span& operator=(owning_span other) noexcept {
        std::swap(m_array, other.m_array);
        return *this;
    }
    ~owning_span() { m_array->drop_handle(); }

    std::size_t size() const { return m_array->size; }
    bool empty() const { return size() == 0; }
    iterator begin() const { return iterator{data()}; }
    iterator end() const { return iterator{data() + size()}; }
    T& operator[](std::size_t i) const { return data()[i]; }
    T& front() const { return *data(); }
    T& back() const { return data()[size() - 1]; }

    T* data() const& { return reinterpret_cast<T*>(m_array->elements); }
    template <class U = T>
    U* data() const&& {
        static_assert(detail::never<U>, "a pointer to the elements of a temporary would dangle: name the tensor first");
        return nullptr;
    }

private:
    detail::array* m_array;
};

}  // namespace xgrad
