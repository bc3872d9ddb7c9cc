// The header of a safetensors file: which tensors it holds, and where.
//
// The format: eight bytes, little-endian, with the length of the header; the header, a JSON object that maps
// each name to {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, and "__metadata__", if it is
// there, to an object of strings; then the elements, little-endian, to which the offsets refer. The tensors
// fill that part without gaps or overlaps. https://huggingface.co/docs/safetensors
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/json_text.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/io/header_text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io::detail {

/// A header longer than this is taken for a broken file, as the reference implementation does.
inline constexpr std::uint64_t max_header_bytes = 100'000'000;

struct tensor_entry {
    std::string name;
    std::string dtype;   ///< "F32", "F64", "I64", ...
    shape sizes;
    std::uint64_t begin = 0, end = 0;
};

/// What a header says.
struct tensor_entries {
    std::vector<tensor_entry> entries;
    std::string format;   ///< of "__metadata__": "pt", where PyTorch's tools wrote the file; mostly empty
};

/// The size of an element in bits, 0 for a type that the format does not know. There are tensors of fewer types than
/// that.
constexpr std::size_t dtype_bits(std::string_view dtype) {
    if (dtype == "F4") return 4;
    if (dtype.starts_with("F6_")) return 6;
    if (dtype == "BOOL" || dtype == "U8" || dtype == "I8" || dtype.starts_with("F8_")) return 8;
    if (dtype == "U16" || dtype == "I16" || dtype == "F16" || dtype == "BF16") return 16;
    if (dtype == "U32" || dtype == "I32" || dtype == "F32") return 32;
    if (dtype == "U64" || dtype == "I64" || dtype == "F64" || dtype == "C64") return 64;
    return 0;
}

/// Reads exactly the JSON that a header may consist of.
class header_parser : header_text<header_parser> {
public:
    header_parser(std::string_view text, const xgrad::detail::input_file& file) : header_text{text}, m_file{file} {}

    XGRAD_ON_DEMAND tensor_entries parse() {
        auto made = tensor_entries{};
        auto has_metadata = false;
        object([&](std::string name) {
            if (name == "__metadata__") {
                if (std::exchange(has_metadata, true)) fail_here("__metadata__ twice");
                object([&](const std::string& key) {
                    auto value = string();
                    if (key == "format") made.format = std::move(value);
                });
            } else {
                m_entry = std::move(name);
                made.entries.push_back(entry());
                m_entry.clear();
            }
        });
        space();
        if (!at_end()) fail_here("something after the header's last brace");
        return made;
    }

private:
    friend header_text<header_parser>;

    XGRAD_ON_DEMAND tensor_entry entry() {
        auto made = tensor_entry{};
        made.name = m_entry;
        auto seen = std::array{false, false, false};
        const auto once = [&](std::size_t key) {
            if (std::exchange(seen[key], true)) fail_here("a key twice");
        };
        object([&](const std::string& key) {
            if (key == "dtype") {
                once(0);
                made.dtype = string();
            } else if (key == "shape") {
                once(1);
                array([&] {
                    if (made.sizes.rank() == max_rank) fail_here("more axes than are supported");
                    made.sizes.push_back(static_cast<std::size_t>(number()));
                });
            } else if (key == "data_offsets") {
                once(2);
                auto count = 0;
                array([&] { (++count == 1 ? made.begin : made.end) = number(); });
                if (count != 2) fail_here("other than two data_offsets");
            } else {
                fail_here("an unknown key");
            }
        });
        if (!seen[0] || !seen[1] || !seen[2]) fail_here("no dtype, shape or data_offsets");
        return made;
    }

    /// { "key": value, ... }; `value` is called with the key where the value begins.
    template <class Value>
    void object(const Value& value) {
        list('{', '}', [&] {
            auto key = string();
            expect(':');
            value(std::move(key));
        });
    }
    template <class Value>
    void array(const Value& value) {
        list('[', ']', value);
    }
    template <class Item>
    void list(char open, char close, const Item& item) {
        expect(open);
        if (accept(close)) return;
        do item();
        while (accept(','));
        expect(close);
    }

    XGRAD_ON_DEMAND std::string string() {
        expect('"');
        auto text = std::string{};
        for (;;) {
            const auto c = next();
            if (c == '"') {
                if (!xgrad::detail::is_utf8(text)) fail_here("a string that is no UTF-8");
                return text;
            }
            if (static_cast<unsigned char>(c) < 0x20) fail_here("a control character in a string");
            if (c != '\\') text += c;
            else escape(text);
        }
    }

    XGRAD_ON_DEMAND void escape(std::string& text) {
        static constexpr auto plain = std::string_view{"\"\\/bfnrt"},
                              meaning = std::string_view{"\"\\/\b\f\n\r\t"};
        const auto c = next();
        if (const auto which = plain.find(c); which != std::string_view::npos) text += meaning[which];
        else if (c != 'u') fail_here("an unknown escape in a string");
        else append_code_point(text, code_point());
    }

    XGRAD_ON_DEMAND std::uint32_t code_point() {
        const auto first = four_digits();
        if (first < 0xd800 || first > 0xdfff) return first;
        if (first > 0xdbff || next() != '\\' || next() != 'u') fail_here("half a surrogate pair in a string");
        const auto second = four_digits();
        if (second < 0xdc00 || second > 0xdfff) fail_here("half a surrogate pair in a string");
        return 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    }

    XGRAD_ON_DEMAND std::uint32_t four_digits() {
        static constexpr auto digits = std::string_view{"0123456789abcdef0123456789ABCDEF"};
        auto value = std::uint32_t{0};
        for (auto i = 0; i < 4; ++i) {
            const auto digit = digits.find(next());
            if (digit == std::string_view::npos) fail_here("a bad \\u in a string");
            value = value * 16 + static_cast<std::uint32_t>(digit % 16);
        }
        return value;
    }

    static void append_code_point(std::string& text, std::uint32_t code) {
        const auto tail = [&](int shift) { text += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
        if (code < 0x80) text += static_cast<char>(code);
        else if (code < 0x800) text += static_cast<char>(0xc0 | code >> 6), tail(0);
        else if (code < 0x10000) text += static_cast<char>(0xe0 | code >> 12), tail(6), tail(0);
        else text += static_cast<char>(0xf0 | code >> 18), tail(12), tail(6), tail(0);
    }

    XGRAD_ON_DEMAND char next() {
        if (at_end()) fail_here("the end within a string");
        return m_text[m_at++];
    }

    [[noreturn]] void fail_here(const std::string& what) const {
        m_file.fail("the header has ", what, m_entry.empty() ? "" : " for " + m_entry, ", at its byte ", m_at);
    }

    const xgrad::detail::input_file& m_file;
    std::string m_entry;   // the name of the tensor whose entry is being read
};

using entry_order = bool (*)(const tensor_entry&, const tensor_entry&);

XGRAD_ON_DEMAND void sort_entries(std::vector<tensor_entry>& entries, entry_order before) {
    std::sort(entries.begin(), entries.end(), before);
}

/// Checks that the entries fill `bytes` bytes of elements exactly, and sorts them by their place there.
XGRAD_ON_DEMAND XGRAD_COLD void check_entries(std::vector<tensor_entry>& entries, std::uint64_t bytes,
                          const xgrad::detail::input_file& file) {
    for (const auto& each : entries) {
        const auto bits = std::uint64_t{dtype_bits(each.dtype)};
        if (bits == 0) file.fail("tensor ", each.name, " has the unknown dtype ", each.dtype);
        if (each.begin > each.end) file.fail("tensor ", each.name, " ends before it begins");
        if (each.end > bytes) file.fail("tensor ", each.name, " lies outside the file");
        const auto most = bytes * 8 / bits;
        const auto count = xgrad::detail::elements_up_to(most, each.sizes);
        if (count > most || count * bits != (each.end - each.begin) * 8)
            file.fail("tensor ", each.name, " of shape ", each.sizes, " and dtype ", each.dtype, " cannot have ",
                      each.end - each.begin, " bytes");
    }
    sort_entries(entries, [](const tensor_entry& a, const tensor_entry& b) { return a.name < b.name; });
    for (auto i = std::size_t{1}; i < entries.size(); ++i)
        if (entries[i - 1].name == entries[i].name) file.fail("tensor ", entries[i].name, " is listed twice");
    sort_entries(entries, [](const tensor_entry& a, const tensor_entry& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
    });
    auto at = std::uint64_t{0};
    for (const auto& each : entries) {
        if (each.begin != at)
            file.fail("tensor ", each.name,
                      each.begin < at ? " overlaps the one before it" : " leaves a gap before it");
        at = each.end;
    }
    if (at != bytes) file.fail("goes on behind its last tensor", entries.empty() ? "" : ", " + entries.back().name);
}

}  // namespace xgrad::inline XGRAD_ABI::io::detail
