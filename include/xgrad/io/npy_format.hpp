// The format of NumPy's arrays: a header, which is a Python dictionary, and the elements.
//
// Six bytes "\x93NUMPY"; the version, 1.0 to 3.0; the length of the rest of the header, of two bytes in 1.0, else of
// four; {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }; the elements, to the end.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/text.hpp>
#include <xgrad/io/elements.hpp>
#include <xgrad/io/header_text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace xgrad::inline XGRAD_ABI::io::detail {

inline constexpr auto npy_magic = std::string_view{"\x93NUMPY"};

struct npy_type {
    std::string_view dtype, code;   ///< of safetensors, of NumPy
};
inline constexpr auto npy_types = std::to_array<npy_type>(
    {{"BOOL", "b1"}, {"I8", "i1"}, {"I16", "i2"}, {"I32", "i4"}, {"I64", "i8"}, {"U8", "u1"}, {"U16", "u2"}, {"U32", "u4"}, {"U64", "u8"},
     {"F16", "f2"}, {"F32", "f4"}, {"F64", "f8"}});

/// The header of an array in row-major order, of a multiple of 64 bytes.
XGRAD_ON_DEMAND std::string npy_header(std::string_view dtype, const shape& sizes) {
    const auto code = lists::find(npy_types, dtype, &npy_type::dtype)->code;
    auto text = xgrad::detail::joined({"{'descr': '", code.back() == '1' ? "|" : "<", code, "', 'fortran_order': False, 'shape': ", sizes, ", }"});
    constexpr auto before = std::size_t{10};
    text.resize((before + text.size() + 1 + 63) / 64 * 64 - before - 1, ' ');
    text += '\n';
    return std::string{npy_magic} + '\1' + '\0' + static_cast<char>(text.size() % 256) + static_cast<char>(text.size() / 256) + text;
}

/// An array that a file holds, and where it is in the file, for errors.
class npy_array : header_text<npy_array> {
public:
    /// The array that a file of its own holds. Its elements stay there until they are copied.
    XGRAD_ON_DEMAND XGRAD_COLD explicit npy_array(xgrad::detail::input_file& file) : m_file{file}, m_source{&file} {
        auto begin = std::array<std::byte, 12>{};
        const auto known = static_cast<std::size_t>(std::min<std::uint64_t>(begin.size(), file.size()));
        file.read(begin.data(), known);
        const auto place = find_header({begin.data(), known}, file.size());
        auto header = std::string(place.length, ' ');
        file.seek(place.begin);
        file.read(header.data(), header.size());
        parse(header);
        check_size(file.size() - place.begin - place.length);
    }
    /// One of an archive: `bytes` is the whole array, header and all, and `entry` its name.
    XGRAD_ON_DEMAND XGRAD_COLD npy_array(std::span<const std::byte> bytes, const xgrad::detail::input_file& file, std::string_view entry)
        : m_file{file}, m_entry{entry} {
        const auto place = find_header(bytes, bytes.size());
        m_elements = bytes.subspan(place.begin + place.length);
        parse({reinterpret_cast<const char*>(bytes.data()) + place.begin, place.length});
        check_size(m_elements.size());
    }

    const shape& sizes() const noexcept { return m_sizes; }

    bool readable_as(std::string_view dtype) const { return detail::readable_as(m_dtype, dtype); }

    /// Copies the elements, as those of a type which they are `readable_as`, in row-major order.
    XGRAD_ON_DEMAND XGRAD_COLD void copy_to(std::byte* to, std::string_view dtype, std::size_t width) const {
        const auto count = m_sizes.elements(), bytes = count * m_width;
        const auto converts = m_dtype != dtype;
        const auto halves = memory::scratch<std::byte>{converts ? bytes : 0};
        auto* const own = converts ? halves.data() : to;
        const auto turned = memory::scratch<std::byte>{m_fortran_order && m_source != nullptr ? bytes : 0};
        const auto* const from = elements(m_fortran_order ? turned.data() : own, bytes);
        if (m_fortran_order) copy_from_column_major(from, m_sizes, m_width, own);
        else if (from != own && count != 0) std::memcpy(own, from, bytes);
        if (m_big_endian) swap_bytes(own, count, m_width);
        if (converts) copy_halves(own, count, false, to, width);
        if (dtype == "BOOL" && !are_bools({to, count})) fail("is bool and has other bytes than 0 and 1");
    }

    /// Says why the elements are not `readable_as` the type of this name.
    [[noreturn]] XGRAD_COLD void refuse(std::string_view type) const {
        if (m_has_fields) fail<dtype_error>("is an array of records with fields; save each field by itself: x['field']");
        fail<dtype_error>("has elements of NumPy's type ", m_descr, ", not ", type,
                          m_dtype.empty() ? ", and of that type there are no tensors" : "; element types are not converted");
    }

    template <class Error = io_error, class... Pieces>
    [[noreturn]] void fail(const Pieces&... pieces) const {
        if (m_entry.empty()) m_file.fail<Error>(pieces...);
        m_file.fail<Error>("entry ", m_entry, " ", pieces...);
    }

private:
    friend header_text<npy_array>;

    struct header_place {
        std::size_t begin, length;
    };

    /// Where the text of the header stands, from the first 12 bytes of `total`, or what there are of them.
    XGRAD_ON_DEMAND header_place find_header(std::span<const std::byte> bytes, std::uint64_t total) const {
        if (bytes.size() < 10 || std::memcmp(bytes.data(), npy_magic.data(), npy_magic.size()) != 0) fail("is no array of NumPy: it does not begin as one");
        const auto at = [&](std::size_t i) { return std::to_integer<std::size_t>(bytes[i]); };
        const auto version = at(6);
        if (version < 1 || version > 3 || at(7) != 0) fail("has version ", version, ".", at(7), " of the format; 1.0, 2.0 and 3.0 are known");
        const auto begin = std::size_t{version == 1 ? 10u : 12u};
        if (bytes.size() < begin) fail("is cut short");
        const auto length = at(8) + at(9) * 256 + (version == 1 ? 0 : (at(10) + at(11) * 256) * 65536);
        if (length > total - begin) fail("is cut short, or broken: its header would have ", length, " bytes");
        return {begin, length};
    }

    /// The elements as the file has them: where they are in memory, or read into `room`.
    XGRAD_ON_DEMAND const std::byte* elements(std::byte* room, std::size_t bytes) const {
        if (m_source == nullptr) return m_elements.data();
        m_source->seek(m_source->size() - bytes);
        m_source->read(room, bytes);
        return room;
    }

    XGRAD_ON_DEMAND void parse(std::string_view header) {
        m_text = header;
        auto seen = std::array{false, false, false};
        const auto once = [&](std::size_t key) {
            if (std::exchange(seen[key], true)) fail("has a key twice in its header");
        };
        expect('{');
        while (!accept('}')) {
            const auto key = quoted();
            expect(':');
            if (key == "descr") once(0), parse_type();
            else if (key == "fortran_order") once(1), m_fortran_order = truth();
            else if (key == "shape") once(2), parse_shape();
            else fail("has an unknown key in its header: ", key);
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        if (space(); !at_end()) fail("has something behind its header's last brace");
        if (!seen[0] || !seen[1] || !seen[2]) fail("has no descr, fortran_order or shape in its header");
        m_text = {};
    }

    XGRAD_ON_DEMAND void parse_type() {
        if (accept('[')) return pass_fields();
        m_descr = quoted();
        const auto order = m_descr.empty() ? ' ' : m_descr[0];
        const auto named = order == '<' || order == '>' || order == '|' || order == '=';
        const auto code = std::string_view{m_descr}.substr(named ? 1 : 0);
        const auto known = lists::find(npy_types, code, &npy_type::code);
        m_big_endian = order == '>';
        if (known == npy_types.end()) return;
        m_dtype = known->dtype;
        m_width = static_cast<std::size_t>(code[1] - '0');
    }

    /// Behind the list of a record's fields: [('a', '<f4'), ('b', [('c', '|u1')], (2,))].
    XGRAD_ON_DEMAND void pass_fields() {
        m_has_fields = true;
        for (auto open = std::size_t{1}; open != 0;) {
            space();
            const auto c = at_end() ? '\0' : m_text[m_at];
            if (c == '\0') fail("has a list of fields without an end in its header");
            if (c == '\'' || c == '"') quoted();
            else ++m_at, open += c == '[', open -= c == ']';
        }
    }

    XGRAD_ON_DEMAND void parse_shape() {
        expect('(');
        while (!accept(')')) {
            if (m_sizes.rank() == max_rank) fail("has more axes than are supported");
            m_sizes.push_back(static_cast<std::size_t>(number()));
            if (!at_end() && m_text[m_at] == 'L') ++m_at;   // as Python 2 wrote a long number
            if (!accept(',')) {
                expect(')');
                break;
            }
        }
    }

    /// That the elements are there, and nothing else, before there is a tensor for them. Of what cannot be read nothing
    /// is known.
    XGRAD_ON_DEMAND void check_size(std::uint64_t bytes) const {
        if (m_dtype.empty()) return;
        const auto most = bytes / m_width;
        const auto count = xgrad::detail::elements_up_to(most, m_sizes);
        if (count > most) fail("is cut short: shape ", m_sizes, " of ", m_descr, " does not fit into ", bytes, " bytes");
        if (count * m_width != bytes)
            fail("goes on behind its elements: shape ", m_sizes, " of ", m_descr, " has ", count * m_width, " bytes, of ", bytes);
    }

    XGRAD_ON_DEMAND bool truth() {
        space();
        for (const auto value : {true, false}) {
            const auto word = std::string_view{value ? "True" : "False"};
            if (m_text.substr(m_at).starts_with(word)) return m_at += word.size(), value;
        }
        fail("has a fortran_order that is neither True nor False");
    }
    XGRAD_ON_DEMAND std::string quoted() {
        space();
        const auto quote = at_end() ? ' ' : m_text[m_at];
        const auto end = quote == '\'' || quote == '"' ? m_text.find(quote, m_at + 1) : m_text.npos;
        if (end == m_text.npos) fail_here("no text where one must be");
        const auto begin = std::exchange(m_at, end + 1) + 1;
        return std::string{m_text.substr(begin, end - begin)};
    }
    [[noreturn]] void fail_here(const std::string& what) const { fail("has ", what, ", at byte ", m_at, " of its header"); }

    const xgrad::detail::input_file& m_file;
    std::string_view m_entry;                              ///< empty for an array with a file of its own
    xgrad::detail::input_file* const m_source = nullptr;   ///< that file, at whose end the elements are
    std::span<const std::byte> m_elements;                 ///< those of an entry
    std::string m_descr;
    std::string_view m_dtype;   ///< empty for what there are no tensors of
    std::size_t m_width = 0;
    bool m_big_endian = false, m_fortran_order = false, m_has_fields = false;
    shape m_sizes;
};

}  // namespace xgrad::inline XGRAD_ABI::io::detail
