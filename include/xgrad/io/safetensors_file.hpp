// Safetensors files, written and read: names and elements, without regard to what they belong to.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/json_text.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/io/elements.hpp>
#include <xgrad/io/named_tensor.hpp>
#include <xgrad/io/safetensors_header.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io::detail {

/// A tensor that goes into a file, under a name of its own there.
struct stored_tensor {
    std::string name;
    const named_tensor* from;
    bool transposed = false;   ///< of two axes; the file has its transpose

    XGRAD_ON_DEMAND shape sizes() const {
        const auto& own = from->data->sizes;
        return transposed ? shape{own[1], own[0]} : own;
    }
};

XGRAD_ON_DEMAND void check_names(const std::vector<stored_tensor>& list, const std::string& path) {
    auto names = std::vector<std::string>{};
    for (const auto& each : list) {
        if (!xgrad::detail::is_utf8(each.name)) fail<value_error>("save", path, ": a tensor's name is no UTF-8, which the format asks for: ", each.name);
        names.push_back(each.name);
    }
    refuse_twice("save", path, std::move(names));
    if (lists::contains(list, "__metadata__", &stored_tensor::name))
        fail<value_error>("save", path, ": the name __metadata__ is reserved");
}

/// The header of a file of these tensors, in this order, padded to whole words.
XGRAD_ON_DEMAND std::string safetensors_header(const std::vector<stored_tensor>& list, std::string_view format) {
    auto header = std::string{"{"};
    if (!format.empty()) {
        header += "\"__metadata__\":{\"format\":";
        xgrad::detail::append_json_string(header, format);
        header += '}';
    }
    auto at = std::size_t{0};
    for (const auto& each : list) {
        if (header.size() > 1) header += ',';
        xgrad::detail::append_json_string(header, each.name);
        ((header += ":{\"dtype\":\"") += each.from->dtype) += "\",\"shape\":[";
        auto separator = "";
        for (const auto size : each.sizes()) {
            (header += separator) += std::to_string(size);
            separator = ",";
        }
        const auto end = at + bytes_of(*each.from);
        header += "],\"data_offsets\":[" + std::to_string(at) + ',' + std::to_string(end) + "]}";
        at = end;
    }
    header += '}';
    header.resize((header.size() + 7) / 8 * 8, ' ');
    return header;
}

/// Writes the tensors to a file; `format` is what its metadata says of their layout, if anything.
XGRAD_ON_DEMAND XGRAD_COLD void write_safetensors(std::vector<stored_tensor> given, std::string_view format, const std::string& path) {
    check_names(given, path);
    auto list = std::vector<stored_tensor>{};
    for (const auto bytes : {8u, 4u, 2u, 1u})   // wide elements first: so each tensor begins at a multiple of its element's size
        for (auto& each : given)
            if (each.from->data->element_bytes == bytes) list.push_back(std::move(each));
    const auto header = safetensors_header(list, format);
    auto file = xgrad::detail::output_file{"save", path};
    const auto length = std::bit_cast<std::array<char, 8>>(std::uint64_t{header.size()});
    file.write(length.data(), length.size());
    file.write(header.data(), header.size());
    for (const auto& each : list) {
        const auto bytes = bytes_of(*each.from);
        if (!each.transposed) file.write(each.from->data->elements, bytes);
        else {
            const auto turned = memory::scratch<std::byte>{bytes};
            copy_from_column_major(each.from->data->elements, each.sizes(), each.from->data->element_bytes, turned.data());
            file.write(turned.data(), bytes);
        }
    }
    file.commit();
}

/// A file whose header was found good.
class safetensors_file {
public:
    XGRAD_ON_DEMAND explicit safetensors_file(const std::string& path) : m_file{"load", path} {
        auto length = std::array<char, 8>{};
        if (m_file.size() < length.size())
            m_file.fail("is no safetensors file: it has ", m_file.size(), " bytes");
        m_file.read(length.data(), length.size());
        const auto header_bytes = std::bit_cast<std::uint64_t>(length);
        if (header_bytes > m_file.size() - length.size() || header_bytes > max_header_bytes)
            m_file.fail("is no safetensors file, or cut short: its header would have ", header_bytes, " bytes");
        auto header = std::string(static_cast<std::size_t>(header_bytes), ' ');
        m_file.read(header.data(), header.size());
        m_header = header_parser{header, m_file}.parse();
        m_begin = length.size() + header_bytes;
        check_entries(m_header.entries, m_file.size() - m_begin, m_file);
    }

    const xgrad::detail::input_file& file() const noexcept { return m_file; }
    const std::vector<tensor_entry>& entries() const noexcept { return m_header.entries; }
    const std::string& format() const noexcept { return m_header.format; }

    /// Reads an entry as elements of type `dtype`, which it is `readable_as`. Where it is `transposed`, `to` has the
    /// shape `sizes`, whose axes are those of the entry the other way round.
    XGRAD_ON_DEMAND XGRAD_COLD void read(const tensor_entry& entry, std::string_view dtype, std::byte* to, bool transposed = false) {
        const auto width = dtype_bits(dtype) / 8;
        if (transposed) {
            const auto turned = memory::scratch<std::byte>{entry.sizes.elements() * width};
            read(entry, dtype, turned.data());
            copy_from_column_major(turned.data(), shape{entry.sizes[1], entry.sizes[0]}, width, to);
        } else if (entry.dtype == dtype) {
            read_bytes(entry, to);
            if (dtype == "BOOL" && !are_bools({to, entry.sizes.elements()}))
                m_file.fail("tensor ", entry.name, " is BOOL and has other bytes than 0 and 1");
        } else {
            const auto halves = memory::scratch<std::byte>{static_cast<std::size_t>(entry.end - entry.begin)};
            read_bytes(entry, halves.data());
            copy_halves(halves.data(), entry.sizes.elements(), entry.dtype == "BF16", to, width);
        }
    }

private:
    XGRAD_ON_DEMAND void read_bytes(const tensor_entry& entry, std::byte* to) {
        m_file.seek(m_begin + entry.begin);
        m_file.read(to, static_cast<std::size_t>(entry.end - entry.begin));
    }

    xgrad::detail::input_file m_file;
    tensor_entries m_header;
    std::uint64_t m_begin = 0;
};

}  // namespace xgrad::inline XGRAD_ABI::io::detail
