// A tensor whose element type is known at run time only: what a list of tensors of several types is made of.
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/autograd/basic_tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/fwd.hpp>

#include <algorithm>
#include <utility>

namespace xgrad::inline XGRAD_ABI {

/// A handle to a tensor's array, whatever its element type. A copy shares the array, its place in the graph included.
class any_tensor {
public:
    any_tensor() = default;
    template <element T>
    any_tensor(const basic_tensor<T>& x) : m_type{dtype_of<T>()} {
        if (!x.defined()) return;
        m_array = &detail::access::get(x);
        m_array->handles.add();
    }
    any_tensor(const any_tensor& other) : m_array{other.m_array}, m_type{other.m_type} {
        if (m_array != nullptr) m_array->handles.add();
    }
    any_tensor(any_tensor&& other) noexcept : m_array{std::exchange(other.m_array, nullptr)}, m_type{other.m_type} {}
    any_tensor& operator=(any_tensor other) noexcept {
        std::swap(m_array, other.m_array);
        std::swap(m_type, other.m_type);
        return *this;
    }
    ~any_tensor() {
        if (m_array != nullptr) m_array->drop_handle();
    }

    bool defined() const noexcept { return m_array != nullptr; }
    dtype type() const noexcept { return m_type; }
    const xgrad::shape& shape() const { return get().sizes; }

    /// The tensor, sharing the array; an undefined one if there is none. Throws `dtype_error` when T is not its type.
    template <element T>
    tensor<T> as() const {
        if (m_array == nullptr) return {};
        if (m_type != dtype_of<T>())
            fail<dtype_error>("any_tensor", "asked for ", dtype_name<T>(), ", holds ", dtype_name(m_type));
        m_array->handles.add();
        return detail::access::adopt<T>(m_array);
    }

    /// The same elements in an array of its own, outside the graph.
    any_tensor clone() const {
        const auto& own = get();
        auto result = any_tensor{};
        result.m_type = m_type;
        result.m_array = detail::array::make(own.sizes, own.element_bytes);
        std::copy_n(own.elements, own.size * own.element_bytes, result.m_array->elements);
        return result;
    }

    /// The array, for the library's own use.
    detail::array& get() const {
        if (m_array == nullptr) fail<error>("any_tensor", "used before it was given a value");
        return *m_array;
    }

private:
    detail::array* m_array = nullptr;
    dtype m_type = dtype::float32;
};

}  // namespace xgrad
