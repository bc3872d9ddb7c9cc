// Weights in files: the safetensors format, which the Python ecosystem reads and writes.
//
// The tensors of a module go by the names that `nn::named_parameters` and `nn::named_buffers` give them. One that
// several members share is in the file once, by its first name, and found there by any of its names.
#pragma once

#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/io/elements.hpp>
#include <xgrad/io/load_module.hpp>
#include <xgrad/io/module_tensors.hpp>
#include <xgrad/io/named_tensor.hpp>
#include <xgrad/io/safetensors_file.hpp>
#include <xgrad/io/safetensors_options.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io {

namespace detail {

XGRAD_ON_DEMAND XGRAD_COLD void save_module(const module_tensors& module, const save_options& options, const std::string& path) {
    auto list = std::vector<stored_tensor>{};
    auto told = false;   // whether there is anything in which the layouts differ
    auto tensors = std::size_t{0};
    for (const auto& place : module.places) {
        if (place.tensor != tensors) continue;   // another name of one that is in the list
        const auto& tensor = module.tensors[tensors++];
        auto name = options.rename ? options.rename(place.name) : place.name;
        if (name.empty() && options.rename) continue;
        list.push_back({std::move(name), &tensor, module.turned(place)});
        told = told || place.transposed;
    }
    write_safetensors(std::move(list), module.as_pytorch ? "pt" : told ? "xgrad" : "", path);
}

XGRAD_ON_DEMAND XGRAD_COLD void save_list(const std::vector<named_tensor>& list, const std::string& path) {
    auto stored = std::vector<stored_tensor>{};
    for (const auto& each : list) stored.push_back({each.name, &each});
    write_safetensors(std::move(stored), "", path);
}

/// The entries of a file to be read as one type. Throws `dtype_error` with the names of all that cannot.
XGRAD_ON_DEMAND XGRAD_COLD std::vector<const tensor_entry*> entries_of(const safetensors_file& source, std::string_view dtype, bool skip) {
    auto list = std::vector<const tensor_entry*>{};
    auto others = std::string{};
    for (const auto& entry : source.entries()) {
        if (readable_as(entry.dtype, dtype)) list.push_back(&entry);
        else append_item(others, entry.name + " is " + entry.dtype);
    }
    if (!others.empty() && !skip)
        source.file().fail<dtype_error>("tensor ", others, ", not ", dtype, "; {.skip_other_types = true} leaves out what is of another type");
    return list;
}

}  // namespace detail

/// Writes every parameter and buffer of a module to a file:
/// `io::save(net, "net.safetensors", {.layout = io::layout::pytorch})`. It appears under its name when it is complete,
/// and replaces what was there. Throws `io_error`; `value_error` when two tensors are renamed alike.
template <class Module>
void save(const Module& module, const std::string& path, const save_options& options = {}) {
    detail::save_module(detail::tensors_of(module, options.layout == layout::pytorch), options, path);
}

/// Reads every parameter and buffer of a module from a file, in place: optimizers and other handles see it.
///
///     io::load(net, "resnet.safetensors", {.layout = io::layout::pytorch});
///     io::load(net, "backbone.safetensors", {.strict = false, .rename = [](const std::string& name) { return "backbone." + name; }});
///
/// The file must have each tensor, of a shared one any of its names, and nothing else, unless `strict` is false.
/// Numbers of half precision (F16, BF16) are read as float or double; otherwise element types are not converted. In
/// PyTorch's layout, `num_batches_tracked` may be missing or be there in vain. Gives back what was passed over.
///
/// Throws one error that names all that does not fit: `shape_error` and `dtype_error` where it is only that, else
/// `io_error`, for a broken file, too. When it throws, the module is as it was.
template <class Module>
load_report load(Module& module, const std::string& path, const load_options& options = {}) {
    const auto tensors = detail::tensors_of(std::as_const(module), options.layout == layout::pytorch);
    return detail::load_module(tensors, options, path);
}

/// The arguments the other way round: one sentence, instead of all that does not fit.
template <class Path, class Module>
    requires std::is_convertible_v<const Path&, std::string_view>
void save(const Path&, const Module&, const save_options& = {}) {
    static_assert(!std::is_convertible_v<const Path&, std::string_view>, "the network comes first, then the file: io::save(net, path)");
}
template <class Path, class Module>
    requires std::is_convertible_v<const Path&, std::string_view>
load_report load(const Path&, const Module&, const load_options& = {}) {
    static_assert(!std::is_convertible_v<const Path&, std::string_view>, "the network comes first, then the file: io::load(net, path)");
    return {};
}

/// Writes tensors to a file: `save_tensors({{"w", w}, {"b", b}}, path)`. Throws as `save`, and `value_error`
/// when two have one name.
XGRAD_ON_DEMAND void save_tensors(const std::vector<named_tensor>& list, const std::string& path) { detail::save_list(list, path); }

/// The same for a list of parameters: `save_tensors(opt.state(), path)`.
template <real T>
void save_tensors(const parameter_list<T>& list, const std::string& path) {
    detail::save_list(detail::named_tensors(list), path);
}

/// Reads all tensors of a file with their names: `opt.load_state(load_tensors<float>(path))`. They must be of type T,
/// or of half precision where T is float or double; `{.skip_other_types = true}` leaves out the others. Throws as
/// `load`.
template <element T>
std::vector<std::pair<std::string, tensor<T>>> load_tensors(const std::string& path, load_tensors_options options = {}) {
    auto source = detail::safetensors_file{path};
    auto list = std::vector<std::pair<std::string, tensor<T>>>{};
    for (const auto* const entry : detail::entries_of(source, detail::dtype_of<T>(), options.skip_other_types)) {
        auto x = xgrad::detail::make_result<T>(entry->sizes);
        source.read(*entry, detail::dtype_of<T>(), xgrad::detail::access::get(x).elements);
        list.emplace_back(entry->name, std::move(x));
    }
    return list;
}

}  // namespace xgrad::io

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::io::detail {
XGRAD_COMMON_INSTANCE void save_module<>(const module_tensors&, const save_options&, const std::string&);
XGRAD_COMMON_INSTANCE void save_list<>(const std::vector<named_tensor>&, const std::string&);
}
#endif
