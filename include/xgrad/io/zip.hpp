// Zip archives, as far as NumPy's .npz files go: entries stored as they are or deflated, and archives of any size
// (ZIP64).
//
// An entry is a header of its own and the bytes. Behind all of them stands the central directory, which alone is sure
// to know their sizes: an archive that was written to a pipe has them behind the bytes.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/file.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/io/crc32.hpp>
#include <xgrad/io/inflate.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io::detail {

struct zip_entry {
    std::string name;
    unsigned flags = 0, method = 0;
    std::uint32_t crc = 0;
    std::uint64_t packed = 0, size = 0;    ///< bytes in the archive, and unpacked
    std::uint64_t header = 0, begin = 0;   ///< where the entry's header stands, and its bytes
};

/// A little-endian number of a record.
template <class Number>
Number number_at(std::string_view record, std::size_t at) {
    auto value = Number{};
    std::memcpy(&value, record.data() + at, sizeof value);
    return value;
}

class zip_file {
public:
    XGRAD_ON_DEMAND XGRAD_COLD zip_file(std::string_view where, const std::string& path) : m_file{where, path} {
        find_directory();
        read_directory();
        for (auto& each : m_entries) find_bytes(each);
        check_entries();
    }

    const xgrad::detail::input_file& file() const noexcept { return m_file; }
    const std::vector<zip_entry>& entries() const noexcept { return m_entries; }

    /// Reads an entry into room of its size.
    XGRAD_ON_DEMAND XGRAD_COLD void read(const zip_entry& entry, std::span<std::byte> to) {
        m_file.seek(entry.begin);
        if (entry.method == 0) m_file.read(to.data(), to.size());
        else {
            const auto packed = memory::scratch<std::byte>{static_cast<std::size_t>(entry.packed)};
            m_file.read(packed.data(), packed.size());
            if (!inflate({packed.data(), packed.size()}, to)) m_file.fail("entry ", entry.name, " is broken: it does not decompress to its ", entry.size, " bytes");
        }
        if (crc32(to) != entry.crc) m_file.fail("entry ", entry.name, " is broken: its checksum does not fit");
    }

private:
    XGRAD_ON_DEMAND std::string record(std::uint64_t at, std::size_t bytes) {
        auto text = std::string(bytes, ' ');
        m_file.seek(at);
        m_file.read(text.data(), bytes);
        return text;
    }

    /// The end record is the last thing in the file but for a comment, whose length it has. Before it stands, where 32
    /// bits are too few, the place of a larger one.
    XGRAD_ON_DEMAND void find_directory() {
        constexpr auto record_bytes = std::size_t{22}, longest_comment = std::size_t{0xffff}, place_bytes = std::size_t{20};
        const auto tail_bytes = static_cast<std::size_t>(std::min<std::uint64_t>(m_file.size(), place_bytes + record_bytes + longest_comment));
        const auto tail = record(m_file.size() - tail_bytes, tail_bytes);
        auto at = tail.rfind("PK\5\6");
        while (at != tail.npos && (tail.size() - at < record_bytes || tail.size() - at - record_bytes != number_at<std::uint16_t>(tail, at + 20)))
            at = at == 0 ? tail.npos : tail.rfind("PK\5\6", at - 1);
        if (at == tail.npos) m_file.fail("is no zip archive, or cut short: it has no directory at its end");
        m_count = number_at<std::uint16_t>(tail, at + 10);
        m_directory_bytes = number_at<std::uint32_t>(tail, at + 12);
        m_directory = number_at<std::uint32_t>(tail, at + 16);
        auto end = m_file.size() - tail_bytes + at;
        if (at >= place_bytes && tail.compare(at - place_bytes, 4, "PK\6\7") == 0)
            end = find_large_directory(number_at<std::uint64_t>(tail, at - 12), end - place_bytes);
        if (m_directory > end || m_directory_bytes > end - m_directory || m_count > m_directory_bytes / 46)
            m_file.fail("is a broken zip archive: its directory lies outside the file");
    }
    XGRAD_ON_DEMAND std::uint64_t find_large_directory(std::uint64_t at, std::uint64_t end) {
        constexpr auto record_bytes = std::size_t{56};
        if (end < record_bytes || at > end - record_bytes) m_file.fail("is a broken zip archive: its directory's record lies outside the file");
        const auto text = record(at, record_bytes);
        if (!text.starts_with("PK\6\6")) m_file.fail("is a broken zip archive: it has no record of its directory where it should be");
        m_count = number_at<std::uint64_t>(text, 32);
        m_directory_bytes = number_at<std::uint64_t>(text, 40);
        m_directory = number_at<std::uint64_t>(text, 48);
        return at;
    }

    XGRAD_ON_DEMAND void read_directory() {
        const auto text = record(m_directory, static_cast<std::size_t>(m_directory_bytes));
        auto rest = std::string_view{text};
        for (auto i = std::uint64_t{0}; i < m_count; ++i) {
            if (rest.size() < 46 || !rest.starts_with("PK\1\2")) m_file.fail("is a broken zip archive: entry ", i, " of its directory is none");
            const auto name = std::size_t{number_at<std::uint16_t>(rest, 28)}, extra = std::size_t{number_at<std::uint16_t>(rest, 30)},
                       comment = std::size_t{number_at<std::uint16_t>(rest, 32)};
            if (name + extra + comment > rest.size() - 46) m_file.fail("is a broken zip archive: entry ", i, " of its directory is cut short");
            auto each = zip_entry{.name = std::string{rest.substr(46, name)},
                                  .flags = number_at<std::uint16_t>(rest, 8),
                                  .method = number_at<std::uint16_t>(rest, 10),
                                  .crc = number_at<std::uint32_t>(rest, 16),
                                  .packed = number_at<std::uint32_t>(rest, 20),
                                  .size = number_at<std::uint32_t>(rest, 24),
                                  .header = number_at<std::uint32_t>(rest, 42)};
            take_large_numbers(each, rest.substr(46 + name, extra));
            m_entries.push_back(std::move(each));
            rest.remove_prefix(46 + name + extra + comment);
        }
    }

    /// What is too large for 32 bits stands in an extra field, in this order.
    XGRAD_ON_DEMAND void take_large_numbers(zip_entry& entry, std::string_view extra) const {
        auto large = std::string_view{};
        while (extra.size() >= 4) {
            const auto bytes = std::min<std::size_t>(number_at<std::uint16_t>(extra, 2), extra.size() - 4);
            if (number_at<std::uint16_t>(extra, 0) == 1) large = extra.substr(4, bytes);
            extra.remove_prefix(4 + bytes);
        }
        for (auto* const number : {&entry.size, &entry.packed, &entry.header}) {
            if (*number != 0xffffffff) continue;
            if (large.size() < 8) m_file.fail("entry ", entry.name, " has no sizes");
            *number = number_at<std::uint64_t>(large, 0);
            large.remove_prefix(8);
        }
    }

    /// Finds out where the entry's bytes stand, and whether they can be what they are said to be.
    XGRAD_ON_DEMAND void find_bytes(zip_entry& entry) {
        constexpr auto header_bytes = std::size_t{30};
        if (entry.header > m_directory || m_directory - entry.header < header_bytes) m_file.fail("entry ", entry.name, " lies outside the file");
        const auto text = record(entry.header, header_bytes);
        if (!text.starts_with("PK\3\4")) m_file.fail("entry ", entry.name, " is not where the directory says");
        entry.begin = entry.header + header_bytes + number_at<std::uint16_t>(text, 26) + number_at<std::uint16_t>(text, 28);
        if (entry.begin > m_directory || entry.packed > m_directory - entry.begin) m_file.fail("entry ", entry.name, " lies outside the file");
        if ((entry.flags & 1) != 0) m_file.fail("entry ", entry.name, " is encrypted");
        if (entry.method != 0 && entry.method != 8)
            m_file.fail("entry ", entry.name, " is compressed by method ", entry.method, "; what is read is stored or deflated (np.savez, np.savez_compressed)");
        if (entry.method == 0 && entry.packed != entry.size)
            m_file.fail("entry ", entry.name, " is stored, and cannot have ", entry.size, " bytes, of ", entry.packed);
        // The shortest that deflate gets is 258 bytes in 2 bits.
        if (entry.method == 8 && entry.size / 1032 > entry.packed)
            m_file.fail("entry ", entry.name, " cannot have ", entry.size, " bytes, from ", entry.packed);
    }

    /// By pointers to functions, so that there is one sort for both orders.
    using order = bool (*)(const zip_entry*, const zip_entry*);
    XGRAD_ON_DEMAND void check_entries() {
        auto sorted = std::vector<const zip_entry*>{};
        for (const auto& each : m_entries) sorted.push_back(&each);
        const auto sort_by = [&](order before) { std::sort(sorted.begin(), sorted.end(), before); };
        sort_by([](const auto* a, const auto* b) { return a->name < b->name; });
        for (auto i = std::size_t{1}; i < sorted.size(); ++i)
            if (sorted[i - 1]->name == sorted[i]->name) m_file.fail("entry ", sorted[i]->name, " is there twice");
        sort_by([](const auto* a, const auto* b) { return a->header < b->header; });
        for (auto i = std::size_t{1}; i < sorted.size(); ++i)
            if (sorted[i]->header < sorted[i - 1]->begin + sorted[i - 1]->packed) m_file.fail("entry ", sorted[i]->name, " overlaps the one before it");
    }

    xgrad::detail::input_file m_file;
    std::vector<zip_entry> m_entries;
    std::uint64_t m_count = 0, m_directory = 0, m_directory_bytes = 0;
};

}  // namespace xgrad::inline XGRAD_ABI::io::detail
