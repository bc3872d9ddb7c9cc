// Weights in files: the safetensors format, which the Python ecosystem reads and writes.
//
// The tensors of a module go by the names that `nn::named_parameters` and `nn::named_buffers` give them. One
// that several members share is in the file once. Note that PyTorch's Linear keeps its weight as (out, in).
#pragma once

#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/io/safetensors_header.hpp>
#include <xgrad/nn/walk.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io {

/// A tensor and its name in a file, of any element type. It is a handle to the tensor, as a copy of the tensor would be.
struct named_tensor {
    std::string name;
    std::string_view dtype;
    std::shared_ptr<xgrad::detail::array> data;

    template <element T>
    named_tensor(std::string name_, const basic_tensor<T>& value)
        : name{std::move(name_)}, dtype{detail::dtype_of<T>()}, data{handle(xgrad::detail::access::get(value))} {}

private:
    static std::shared_ptr<xgrad::detail::array> handle(xgrad::detail::array& of) {
        of.handles.add();
        return {&of, [](xgrad::detail::array* held) { held->drop_handle(); }};
    }
};

namespace detail {

/// Every tensor of a module, each once.
template <class Module>
std::vector<named_tensor> tensors_of(Module& module) {
    auto list = std::vector<named_tensor>{};
    nn::for_each_tensor(
        [&](std::string_view name, const auto& x) {
            const auto same = [&](const auto& other) { return other.data.get() == &xgrad::detail::access::get(x); };
            if (std::ranges::none_of(list, same)) list.push_back(named_tensor{std::string{name}, x});
        },
        module);
    return list;
}

inline void append_json_string(std::string& text, std::string_view value) {
    static constexpr auto digits = std::string_view{"0123456789abcdef"};
    text += '"';
    for (const auto c : value) {
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x20) (text += "\\u00") += {digits[code / 16], digits[code % 16]};
        else {
            if (c == '"' || c == '\\') text += '\\';
            text += c;
        }
    }
    text += '"';
}

XGRAD_COLD inline void write_tensors(const std::vector<named_tensor>& list, const std::string& path) {
    for (auto each = list.begin(); each != list.end(); ++each)
        if (each->name == "__metadata__" || std::ranges::find(list, each->name, &named_tensor::name) != each)
            fail<value_error>("save", path, ": the name ", each->name, " is reserved or given to two tensors");
    // Wide elements first: so each tensor begins at a multiple of its element's size.
    auto ordered = std::vector<const named_tensor*>{};
    for (const auto width : {8u, 4u, 2u, 1u})
        for (const auto& each : list)
            if (each.data->element_bytes == width) ordered.push_back(&each);
    auto header = std::string{"{"};
    auto at = std::size_t{0};
    for (const auto* const of : ordered) {
        const auto& each = *of;
        if (at != 0 || header.size() > 1) header += ',';
        append_json_string(header, each.name);
        ((header += ":{\"dtype\":\"") += each.dtype) += "\",\"shape\":[";
        for (auto axis = std::size_t{0}; axis < each.data->sizes.rank(); ++axis)
            (header += axis == 0 ? "" : ",") += std::to_string(each.data->sizes[axis]);
        const auto end = at + each.data->size * each.data->element_bytes;
        header += "],\"data_offsets\":[" + std::to_string(at) + ',' + std::to_string(end) + "]}";
        at = end;
    }
    header += '}';
    header.resize((header.size() + 7) / 8 * 8, ' ');
    auto file = xgrad::detail::output_file{"save", path};
    const auto length = std::bit_cast<std::array<char, 8>>(std::uint64_t{header.size()});
    file.write(length.data(), length.size());
    file.write(header.data(), header.size());
    for (const auto* const each : ordered) file.write(each->data->elements, each->data->size * each->data->element_bytes);
    file.commit();
}

/// A file whose header was found good.
class safetensors_file {
public:
    explicit safetensors_file(const std::string& path) : m_file{"load", path} {
        auto length = std::array<char, 8>{};
        if (m_file.size() < length.size())
            m_file.fail("is no safetensors file: it has ", m_file.size(), " bytes");
        m_file.read(length.data(), length.size());
        const auto header_bytes = std::bit_cast<std::uint64_t>(length);
        if (header_bytes > m_file.size() - length.size() || header_bytes > max_header_bytes)
            m_file.fail("is no safetensors file, or cut short: its header would have ", header_bytes, " bytes");
        auto header = std::string(static_cast<std::size_t>(header_bytes), ' ');
        m_file.read(header.data(), header.size());
        m_entries = header_parser{header, m_file}.parse();
        m_begin = length.size() + header_bytes;
        check_entries(m_entries, m_file.size() - m_begin, m_file);
    }

    const xgrad::detail::input_file& file() const noexcept { return m_file; }
    const std::vector<tensor_entry>& entries() const noexcept { return m_entries; }

    const tensor_entry* find(std::string_view name) const {
        const auto found = std::ranges::find(m_entries, name, &tensor_entry::name);
        return found == m_entries.end() ? nullptr : &*found;
    }

    void read(const tensor_entry& entry, std::byte* to) {
        m_file.seek(m_begin + entry.begin);
        m_file.read(to, static_cast<std::size_t>(entry.end - entry.begin));
        if (entry.dtype == "BOOL" &&
            std::any_of(to, to + (entry.end - entry.begin), [](auto b) { return b > std::byte{1}; }))
            m_file.fail("tensor ", entry.name, " is BOOL and has other bytes than 0 and 1");
    }

private:
    xgrad::detail::input_file m_file;
    std::vector<tensor_entry> m_entries;
    std::uint64_t m_begin = 0;
};

/// Fills the tensors of the list from the file: all of them, or none.
XGRAD_COLD inline void read_tensors(std::span<const named_tensor> list, const std::string& path) {
    auto source = safetensors_file{path};
    const auto& file = source.file();
    auto bytes = std::size_t{0};
    for (const auto& each : list) {
        const auto* const entry = source.find(each.name);
        if (entry == nullptr) file.fail("has no tensor ", each.name);
        if (entry->dtype != each.dtype)
            file.fail<dtype_error>("tensor ", each.name, " is ", entry->dtype, ", to be loaded into ", each.dtype,
                                   "; element types are not converted");
        const auto& sizes = each.data->sizes;
        if (entry->sizes != sizes)
            file.fail<shape_error>("tensor ", each.name, " is ", entry->sizes, ", to be loaded into ", sizes,
                                   sizes.rank() == 2 && entry->sizes == shape{sizes[1], sizes[0]}
                                       ? "; transpose it first: some libraries keep a weight as (out, in)"
                                       : "");
        bytes += static_cast<std::size_t>(entry->end - entry->begin);
    }
    for (const auto& entry : source.entries())
        if (std::ranges::find(list, entry.name, &named_tensor::name) == list.end())
            file.fail("holds a tensor ", entry.name, " that there is no place for");
    const auto staging = memory::scratch<std::byte>{bytes};
    auto* at = staging.data();
    for (const auto& each : list) {
        source.read(*source.find(each.name), at);
        at += each.data->size * each.data->element_bytes;
    }
    at = staging.data();
    for (const auto& each : list) {
        const auto own = each.data->size * each.data->element_bytes;
        if (own != 0) std::memcpy(each.data->elements, at, own);
        each.data->mark_changed();
        at += own;
    }
}

}  // namespace detail

/// Writes every parameter and buffer of a module to a file. It appears under its name when it is complete, and
/// replaces what was there. Throws `io_error`.
template <class Module>
void save(const Module& module, const std::string& path) {
    detail::write_tensors(detail::tensors_of(module), path);
}

/// Reads every parameter and buffer of a module from a file, in place: optimizers and other handles see it.
/// The file must have each of them and nothing else. Throws `io_error` for a file that does not, or is broken;
/// `shape_error` and `dtype_error` where a tensor differs. When it throws, the module is as it was.
template <class Module>
void load(Module& module, const std::string& path) {
    detail::read_tensors(detail::tensors_of(module), path);
}

/// Writes tensors to a file: `save_tensors({{"w", w}, {"b", b}}, path)`. Throws as `save`, and `value_error`
/// when two have one name.
inline void save_tensors(const std::vector<named_tensor>& list, const std::string& path) {
    detail::write_tensors(list, path);
}

/// The same for a list of parameters: `save_tensors(opt.state(), path)`.
template <real T>
void save_tensors(const parameter_list<T>& list, const std::string& path) {
    auto named = std::vector<named_tensor>{};
    for (const auto& each : list) named.emplace_back(each.name(), static_cast<const tensor<T>&>(each));
    detail::write_tensors(named, path);
}

/// Reads all tensors of a file, which must be of type T, with their names: `opt.load_state(load_tensors<float>(path))`. Throws as `load`.
template <element T>
std::vector<std::pair<std::string, tensor<T>>> load_tensors(const std::string& path) {
    auto source = detail::safetensors_file{path};
    auto list = std::vector<std::pair<std::string, tensor<T>>>{};
    for (const auto& entry : source.entries()) {
        if (entry.dtype != detail::dtype_of<T>())
            source.file().template fail<dtype_error>("tensor ", entry.name, " is ", entry.dtype, ", not ",
                                                     detail::dtype_of<T>());
        auto x = xgrad::detail::make_result<T>(entry.sizes);
        source.read(entry, xgrad::detail::access::get(x).elements);
        list.emplace_back(entry.name, std::move(x));
    }
    return list;
}

}  // namespace xgrad::io
