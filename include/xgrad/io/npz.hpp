// NumPy's files of several arrays, .npz: `np.savez`, `np.savez_compressed` and `np.load`. A zip archive of .npy files.
#pragma once

#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/io/named_tensor.hpp>
#include <xgrad/io/npy.hpp>
#include <xgrad/io/npy_format.hpp>
#include <xgrad/io/safetensors_options.hpp>
#include <xgrad/io/zip.hpp>
#include <xgrad/io/zip_writer.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io {

namespace detail {

XGRAD_ON_DEMAND XGRAD_COLD void write_npz(const std::vector<named_tensor>& list, const std::string& path) {
    auto names = std::vector<std::string>{};
    for (const auto& each : list) {
        if (each.name.empty() || each.name.size() > 65000)
            fail<value_error>("save_npz", path, ": a name has ", each.name.size(),
                              " characters, and must have 1 to 65000");
        names.push_back(each.name);
    }
    refuse_twice("save_npz", path, std::move(names));
    auto archive = zip_writer{"save_npz", path};
    for (const auto& each : list)
        archive.add(each.name + ".npy", npy_header(each.dtype, each.data->sizes),
                    {each.data->elements, bytes_of(each)});
    archive.commit();
}

/// The name of the array that an entry holds.
inline std::string_view npz_name(const zip_entry& entry) {
    auto name = std::string_view{entry.name};
    if (name.ends_with(".npy")) name.remove_suffix(4);
    return name;
}

/// Calls f(array) with an entry of the archive.
template <class F>
void with_npz_entry(zip_file& archive, const zip_entry& entry, const F& f) {
    const auto bytes = memory::scratch<std::byte>{static_cast<std::size_t>(entry.size)};
    archive.read(entry, {bytes.data(), bytes.size()});
    f(npy_array{{bytes.data(), bytes.size()}, archive.file(), npz_name(entry)});
}

XGRAD_ON_DEMAND XGRAD_COLD const zip_entry& find_npz_entry(const zip_file& archive, std::string_view name) {
    const auto found = lists::find(archive.entries(), name, npz_name);
    if (found != archive.entries().end()) return *found;
    auto names = std::string{};
    for (const auto& each : archive.entries()) append_item(names, npz_name(each));
    archive.file().fail("has no entry ", name, "; it has ", names.empty() ? std::string{"none"} : names);
}

}  // namespace detail

/// Writes tensors as `np.savez` does: `io::save_npz({{"x", x}, {"labels", labels}}, "some.npz")`. The file appears
/// under its name when it is complete. Throws `io_error`, and `value_error` when two tensors have one name.
XGRAD_ON_DEMAND void save_npz(const std::vector<named_tensor>& list, const std::string& path) { detail::write_npz(list, path); }

/// The same for a list of parameters: `io::save_npz(nn::parameters(net), "net.npz")`.
template <real T>
void save_npz(const parameter_list<T>& list, const std::string& path) {
    detail::write_npz(detail::named_tensors(list), path);
}

/// The names of the arrays in a file.
inline std::vector<std::string> npz_names(const std::string& path) {
    const auto archive = detail::zip_file{"npz_names", path};
    auto names = std::vector<std::string>{};
    for (const auto& each : archive.entries()) names.emplace_back(detail::npz_name(each));
    return names;
}

/// Reads one array of a file that `np.savez` or `np.savez_compressed` wrote:
/// `auto x = io::load_npz<float>("some.npz", "x");`. Types, and what is thrown, as with `load_npy`; errors name the
/// entry. A checksum that does not fit is an `io_error`.
template <element T>
tensor<T> load_npz(const std::string& path, std::string_view name) {
    auto archive = detail::zip_file{"load_npz", path};
    auto x = tensor<T>{};
    detail::with_npz_entry(archive, detail::find_npz_entry(archive, name),
                           [&](const auto& array) { x = detail::tensor_from<T>(array); });
    return x;
}

/// Reads all arrays of a file, with their names. They must be of type T, or `{.skip_other_types = true}` leaves out the
/// others.
template <element T>
std::vector<std::pair<std::string, tensor<T>>> load_npz(const std::string& path, load_tensors_options options = {}) {
    auto archive = detail::zip_file{"load_npz", path};
    auto list = std::vector<std::pair<std::string, tensor<T>>>{};
    for (const auto& entry : archive.entries())
        detail::with_npz_entry(archive, entry, [&](const auto& array) {
            if (options.skip_other_types && !array.readable_as(detail::dtype_of<T>())) return;
            list.emplace_back(detail::npz_name(entry), detail::tensor_from<T>(array));
        });
    return list;
}

}  // namespace xgrad::io

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::io::detail {
XGRAD_COMMON_INSTANCE void write_npz<>(const std::vector<named_tensor>&, const std::string&);
}
#endif
