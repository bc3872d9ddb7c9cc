// Writing zip archives: entries stored as they are, as `np.savez` does.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/little_endian.hpp>
#include <xgrad/io/crc32.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io::detail {

using xgrad::detail::append_little_endian;

class zip_writer {
public:
    zip_writer(std::string_view where, const std::string& path) : m_file{where, path} {}

    /// An entry of two pieces.
    XGRAD_ON_DEMAND XGRAD_COLD void add(std::string name, std::string_view head, std::span<const std::byte> bytes) {
        auto each = stored{std::move(name), crc32(bytes, crc32({reinterpret_cast<const std::byte*>(head.data()), head.size()})),
                           head.size() + bytes.size(), m_at};
        auto extra = std::string{};
        if (each.size >= unknown) append_large(extra, {each.size, each.size});
        auto header = std::string{"PK\3\4"};
        append_common(header, each, extra.size());
        write(header + each.name + extra);
        write(head);
        m_file.write(bytes.data(), bytes.size());
        m_at += bytes.size();
        m_entries.push_back(std::move(each));
    }

    XGRAD_ON_DEMAND XGRAD_COLD void commit() {
        const auto begin = m_at;
        for (const auto& each : m_entries) write(directory_entry(each));
        const auto bytes = m_at - begin, count = std::uint64_t{m_entries.size()};
        const auto large = count >= 0xffff || bytes >= unknown || begin >= unknown;
        if (large) write_large_end(count, bytes, begin);
        auto end = std::string{"PK\5\6"};
        append_little_endian(end, 0, 4);
        for (auto i = 0; i < 2; ++i) append_little_endian(end, large ? 0xffff : count, 2);
        append_little_endian(end, large ? unknown : bytes, 4);
        append_little_endian(end, large ? unknown : begin, 4);
        append_little_endian(end, 0, 2);
        write(end);
        m_file.commit();
    }

private:
    static constexpr auto unknown = std::uint64_t{0xffffffff};   ///< for a number that stands elsewhere, in 64 bits

    struct stored {
        std::string name;
        std::uint32_t crc;
        std::uint64_t size, header;
    };

    static void append_large(std::string& extra, std::initializer_list<std::uint64_t> numbers) {
        append_little_endian(extra, 1, 2);
        append_little_endian(extra, 8 * numbers.size(), 2);
        for (const auto number : numbers) append_little_endian(extra, number, 8);
    }

    /// The part that both headers of an entry have: of version 4.5, names in UTF-8, stored, on 1 January 1980.
    template <class = void>
    static void append_common(std::string& header, const stored& each, std::size_t extra_bytes) {
        for (const auto number : {45, 0x800, 0, 0, 0x21})
            append_little_endian(header, static_cast<std::uint64_t>(number), 2);
        append_little_endian(header, each.crc, 4);
        for (auto i = 0; i < 2; ++i) append_little_endian(header, each.size >= unknown ? unknown : each.size, 4);
        append_little_endian(header, each.name.size(), 2);
        append_little_endian(header, extra_bytes, 2);
    }

    template <class = void>
    static std::string directory_entry(const stored& each) {
        auto extra = std::string{};
        if (each.size >= unknown) append_large(extra, {each.size, each.size, each.header});
        else if (each.header >= unknown) append_large(extra, {each.header});
        auto entry = std::string{"PK\1\2"};
        append_little_endian(entry, 45, 2);
        append_common(entry, each, extra.size());
        append_little_endian(entry, 0, 10);   // no comment, on the first disk, no attributes
        append_little_endian(entry, each.size >= unknown || each.header >= unknown ? unknown : each.header, 4);
        return entry + each.name + extra;
    }

    XGRAD_ON_DEMAND void write_large_end(std::uint64_t count, std::uint64_t bytes, std::uint64_t begin) {
        const auto at = m_at;
        auto end = std::string{"PK\6\6"};
        append_little_endian(end, 44, 8);   // the size of what follows
        append_little_endian(end, 45, 2);
        append_little_endian(end, 45, 2);
        append_little_endian(end, 0, 8);
        for (const auto number : {count, count, bytes, begin}) append_little_endian(end, number, 8);
        end += "PK\6\7";
        append_little_endian(end, 0, 4);
        append_little_endian(end, at, 8);
        append_little_endian(end, 1, 4);
        write(end);
    }

    void write(std::string_view text) {
        m_file.write(text.data(), text.size());
        m_at += text.size();
    }

    xgrad::detail::output_file m_file;
    std::vector<stored> m_entries;
    std::uint64_t m_at = 0;
};

}  // namespace xgrad::inline XGRAD_ABI::io::detail
