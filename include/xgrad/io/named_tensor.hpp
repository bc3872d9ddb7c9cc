// A tensor and its name, of any element type: what files of several tensors are written from.
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io {

namespace detail {

/// The name of an element type in safetensors.
template <element T>
constexpr std::string_view dtype_of() {
    if constexpr (std::is_same_v<T, bool>) return "BOOL";
    else if constexpr (real<T>) return sizeof(T) == 4 ? "F32" : "F64";
    else if constexpr (std::is_signed_v<T>)
        return sizeof(T) == 1 ? "I8" : sizeof(T) == 2 ? "I16" : sizeof(T) == 4 ? "I32" : "I64";
    else return sizeof(T) == 1 ? "U8" : sizeof(T) == 2 ? "U16" : sizeof(T) == 4 ? "U32" : "U64";
}

/// The owner of an array of which the caller has a handle.
XGRAD_ON_DEMAND std::shared_ptr<xgrad::detail::array> owner_of(xgrad::detail::array* held) {
    return {held, [](xgrad::detail::array* each) { each->drop_handle(); }};
}

}  // namespace detail

/// A tensor and its name in a file, of any element type. It is a handle to the tensor, as a copy of the tensor would
/// be.
struct named_tensor {
    std::string name;
    std::string_view dtype;   ///< "F32", "I64", ...
    std::shared_ptr<xgrad::detail::array> data;

    template <element T>
    named_tensor(std::string name_, const basic_tensor<T>& value)
        : name{std::move(name_)}, dtype{detail::dtype_of<T>()}, data{handle(xgrad::detail::access::get(value))} {}

private:
    template <class = void>
    static std::shared_ptr<xgrad::detail::array> handle(xgrad::detail::array& of) {
        of.handles.add();
        return detail::owner_of(&of);
    }
};

namespace detail {

XGRAD_ON_DEMAND std::size_t bytes_of(const named_tensor& x) { return x.data->size * x.data->element_bytes; }

/// Elements of its own, under the same name.
XGRAD_ON_DEMAND named_tensor clone(named_tensor x) {
    auto own = owner_of(xgrad::detail::array::make(x.data->sizes, x.data->element_bytes));
    if (const auto bytes = bytes_of(x); bytes != 0) std::memcpy(own->elements, x.data->elements, bytes);
    x.data = std::move(own);
    return x;
}

template <real T>
std::vector<named_tensor> named_tensors(const parameter_list<T>& list) {
    auto named = std::vector<named_tensor>{};
    for (const auto& each : list) named.emplace_back(each.name(), static_cast<const tensor<T>&>(each));
    return named;
}

/// Throws `value_error` when two tensors that go into one file have one name.
XGRAD_ON_DEMAND XGRAD_COLD void refuse_twice(std::string_view where, const std::string& path, std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) fail<value_error>(where, path, ": the name ", *twice, " is given to two tensors");
}

/// Adds an item to a list as text: "a", "a, b", ...
XGRAD_ON_DEMAND void append_item(std::string& list, std::string_view item, std::string_view separator = ", ") {
    if (!list.empty()) list += separator;
    list += item;
}

}  // namespace detail

}  // namespace xgrad::io
