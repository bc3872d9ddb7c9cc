// What a module hands to an optimizer: tensors with names.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

/// A tensor with a name: a handle like any other, so what is done to it in place is done to the module that
/// it came from. Use it as the tensor, or take it apart: `for (auto& [name, weight] : parameters)`.
template <real T>
class parameter : public tensor<T> {
public:
    parameter(std::string name, const tensor<T>& value) : tensor<T>{value}, m_name{std::move(name)} {}

    const std::string& name() const noexcept { return m_name; }

    template <std::size_t At>
    auto& get() {
        if constexpr (At == 0) return std::as_const(m_name);
        else return static_cast<tensor<T>&>(*this);
    }
    template <std::size_t At>
    const auto& get() const {
        if constexpr (At == 0) return m_name;
        else return static_cast<const tensor<T>&>(*this);
    }

private:
    std::string m_name;
};

/// The parameters (or buffers) of a module, in the order of its members.
template <real T>
using parameter_list = std::vector<parameter<T>>;

}  // namespace xgrad

template <class T>
struct std::tuple_size<xgrad::parameter<T>> : std::integral_constant<std::size_t, 2> {};
template <class T>
struct std::tuple_element<0, xgrad::parameter<T>> : std::type_identity<const std::string> {};
template <class T>
struct std::tuple_element<1, xgrad::parameter<T>> : std::type_identity<xgrad::tensor<T>> {};
