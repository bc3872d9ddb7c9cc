// NumPy's files of one array, .npy: `np.save` and `np.load`.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/io/named_tensor.hpp>
#include <xgrad/io/npy_format.hpp>

#include <string>

namespace xgrad::inline XGRAD_ABI::io {

namespace detail {

XGRAD_ON_DEMAND XGRAD_COLD void write_npy(const named_tensor& x, const std::string& path) {
    auto file = xgrad::detail::output_file{"save_npy", path};
    const auto header = npy_header(x.dtype, x.data->sizes);
    file.write(header.data(), header.size());
    file.write(x.data->elements, bytes_of(x));
    file.commit();
}

/// The array as a tensor. Throws `dtype_error` for one of another element type.
template <element T>
tensor<T> tensor_from(const npy_array& array) {
    if (!array.readable_as(dtype_of<T>())) array.refuse(dtype_name<T>());
    auto x = xgrad::detail::make_result<T>(array.sizes());
    array.copy_to(xgrad::detail::access::get(x).elements, dtype_of<T>(), sizeof(T));
    return x;
}

}  // namespace detail

/// Writes a tensor as `np.save` does. The file appears under its name when it is complete. Throws `io_error`.
template <element T>
void save_npy(const basic_tensor<T>& x, const std::string& path) {
    detail::write_npy(named_tensor{"", x}, path);
}

/// Reads what `np.save` wrote, in either order of axes and of bytes: `auto x = io::load_npy<double>("x.npy");`. T is
/// the element type of the array, or float or double for one of half precision (float16); others are not converted.
/// Throws `dtype_error` for another type, `io_error` for a broken file.
template <element T>
tensor<T> load_npy(const std::string& path) {
    auto file = xgrad::detail::input_file{"load_npy", path};
    return detail::tensor_from<T>(detail::npy_array{file});
}

}  // namespace xgrad::io

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::io::detail {
XGRAD_COMMON_INSTANCE void write_npy<>(const named_tensor&, const std::string&);
}
#endif
