// Tensors to and from other libraries by DLPack (https://dmlc.github.io/dlpack/latest/c_api.html): without a copy, and
// without their headers. The structs below are laid out as those of DLPack's C interface, version 0; a library's own
// `DLManagedTensor` works as well.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/from_memory.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io {

struct dl_device {
    std::int32_t device_type;   ///< 1: memory of the processor, 3: the same, pinned for a GPU
    std::int32_t device_id;
};
struct dl_data_type {
    std::uint8_t code;   ///< 0: integer, 1: without a sign, 2: floating point, 6: truth value
    std::uint8_t bits;
    std::uint16_t lanes;
};
struct dl_tensor {
    void* data;
    dl_device device;
    std::int32_t ndim;
    dl_data_type dtype;
    std::int64_t* shape;
    std::int64_t* strides;   ///< in elements; null: row-major without gaps
    std::uint64_t byte_offset;
};
struct dl_managed_tensor {
    struct dl_tensor dl_tensor;
    void* manager_ctx;
    void (*deleter)(dl_managed_tensor* self);
};

namespace detail {

template <element T>
constexpr std::uint8_t dl_code() {
    return std::is_same_v<T, bool> ? 6 : real<T> ? 2 : std::is_signed_v<T> ? 0 : 1;
}

/// What an exported tensor stands on: the handle, and the arrays that it points to.
template <class Managed>
struct exported {
    Managed managed{};
    any_tensor held{};
    std::vector<std::int64_t> sizes{}, strides{};
};

template <class Managed>
void check_dlpack(const Managed& given) {
    const auto& x = given.dl_tensor;
    const auto device = static_cast<int>(x.device.device_type);
    if (device != 1 && device != 3)
        fail<value_error>("from_dlpack", "the tensor is on device type ", device,
                          ", not in the processor's memory: copy it there");
    if (x.dtype.lanes != 1) fail<dtype_error>("from_dlpack", "elements of ", x.dtype.lanes, " lanes have no type here");
    if (x.ndim < 0 || static_cast<std::size_t>(x.ndim) > max_rank)
        fail<rank_error>("from_dlpack", "the tensor has ", x.ndim, " axes; there are at most ", max_rank);
}

/// The shape, once it is seen that the elements stand in row-major order without gaps.
template <class Managed>
shape dlpack_shape(const Managed& given) {
    const auto& x = given.dl_tensor;
    auto sizes = shape{};
    for (auto axis = 0; axis < x.ndim; ++axis) {
        if (x.shape[axis] < 0) fail<shape_error>("from_dlpack", "axis ", axis, " has the size ", x.shape[axis]);
        sizes.push_back(static_cast<std::size_t>(x.shape[axis]));
    }
    auto step = std::int64_t{1};
    for (auto axis = x.ndim; x.strides != nullptr && sizes.elements() != 0 && axis-- > 0; step *= x.shape[axis])
        if (x.shape[axis] != 1 && x.strides[axis] != step)
            fail<value_error>("from_dlpack", "axis ", axis, " of ", sizes, " has the stride ", x.strides[axis],
                              ", where row-major "
                              "order without gaps has ",
                              step,
                              ": give a contiguous copy (in PyTorch and NumPy, x.contiguous(), "
                              "np.ascontiguousarray(x))");
    return sizes;
}

}  // namespace detail

/// Takes over a DLPack tensor of type T in the processor's memory: the elements are shared, and its deleter is called
/// when they are used no more. Throws `dtype_error` for another element type, `value_error` for strides that are not
/// row-major without gaps and for another device; the tensor is then the caller's as before.
template <element T, class Managed>
tensor<T> from_dlpack(Managed* given) {
    detail::check_dlpack(*given);
    const auto& x = given->dl_tensor;
    if (static_cast<int>(x.dtype.code) != detail::dl_code<T>() || x.dtype.bits != 8 * sizeof(T))
        fail<dtype_error>("from_dlpack", "the elements have code ", static_cast<int>(x.dtype.code), " and ",
                          static_cast<int>(x.dtype.bits), " bits, ", dtype_name<T>(), " has code ",
                          static_cast<int>(detail::dl_code<T>()), " and ", 8 * sizeof(T));
    const auto sizes = detail::dlpack_shape(*given);
    auto* const elements = reinterpret_cast<T*>(static_cast<std::byte*>(x.data) + x.byte_offset);
    if (reinterpret_cast<std::uintptr_t>(elements) % alignof(T) != 0)
        fail<value_error>("from_dlpack", "the elements are not aligned to ", alignof(T), " bytes: give a copy");
    return xgrad::from_memory(elements, sizes, [given](T*) {
        if (given->deleter != nullptr) given->deleter(given);
    });
}

/// The tensor for another library, which shares the elements and calls the deleter when it is done with them. It is
/// detached: no gradient comes from there.
template <class Managed = dl_managed_tensor, element T, std::size_t N>
Managed* to_dlpack(const tensor<T, N>& x) {
    auto made = std::make_unique<detail::exported<Managed>>();
    auto own = tensor<T, N>{x.detach()};
    made->held = own;
    for (const auto size : xgrad::detail::shape_of(own)) made->sizes.push_back(static_cast<std::int64_t>(size));
    made->strides.resize(made->sizes.size());
    for (auto axis = made->sizes.size(), next = axis; axis-- > 0; next = axis)
        made->strides[axis] = next == made->sizes.size() ? 1 : made->strides[next] * made->sizes[next];
    auto& to = made->managed.dl_tensor;
    to.data = own.data();
    to.device.device_type = static_cast<decltype(to.device.device_type)>(1);
    to.device.device_id = 0;
    to.ndim = static_cast<std::int32_t>(made->sizes.size());
    to.dtype.code = detail::dl_code<T>();
    to.dtype.bits = static_cast<std::uint8_t>(8 * sizeof(T));
    to.dtype.lanes = 1;
    to.shape = made->sizes.data();
    to.strides = made->strides.data();
    to.byte_offset = 0;
    made->managed.manager_ctx = made.get();
    made->managed.deleter = [](Managed* self) { delete static_cast<detail::exported<Managed>*>(self->manager_ctx); };
    return &made.release()->managed;
}

}  // namespace xgrad::io
