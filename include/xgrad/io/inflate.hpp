// Decompression of deflate, in which `np.savez_compressed` writes. P. Deutsch, RFC 1951, 1996.
#pragma once

#include <xgrad/core/config.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace xgrad::inline XGRAD_ABI::io::detail {

/// The symbols of a prefix code, by the bits that come next, as many as the longest code word has.
class prefix_code {
public:
    /// From the lengths of the code words, 0 for a symbol that has none. False for lengths that are those of no code.
    /// One that leaves bits without a meaning is a code only if it has at most one word.
    XGRAD_ON_DEMAND bool assign(const std::uint8_t* lengths, std::size_t symbols) {
        auto counts = std::array<std::uint32_t, 16>{};
        for (auto symbol = std::size_t{0}; symbol < symbols; ++symbol) ++counts[lengths[symbol]];
        counts[0] = 0;
        m_bits = 15;
        while (m_bits > 1 && counts[m_bits] == 0) --m_bits;
        auto next = std::array<std::uint32_t, 17>{};
        auto code = std::uint32_t{0}, words = std::uint32_t{0};
        for (auto length = 1u; length <= 15; ++length) {
            code = (code + counts[length - 1]) << 1;
            next[length] = code;
            words += counts[length];
            if (code + counts[length] > 1u << length) return false;
        }
        if (words > 1 && next[m_bits] + counts[m_bits] != 1u << m_bits) return false;
        m_symbols.assign(std::size_t{1} << m_bits, 0);
        for (auto symbol = std::size_t{0}; symbol < symbols; ++symbol) {
            const auto length = lengths[symbol];
            if (length == 0) continue;
            auto word = next[length]++, turned = 0u;   // the first bit of a word comes first, and is the lowest of what comes
            for (auto bit = 0u; bit < length; ++bit, word >>= 1) turned = turned << 1 | (word & 1);
            for (auto at = std::size_t{turned}; at < m_symbols.size(); at += std::size_t{1} << length)
                m_symbols[at] = static_cast<std::uint16_t>(symbol << 4 | length);
        }
        return true;
    }

    /// The symbol times 16, and the length of its word; 0 for bits without a meaning.
    unsigned find(std::uint64_t next) const { return m_symbols[next & ((std::uint64_t{1} << m_bits) - 1)]; }

private:
    std::vector<std::uint16_t> m_symbols;
    unsigned m_bits = 0;
};

class inflater {
public:
    inflater(std::span<const std::byte> from, std::span<std::byte> to) : m_from{from}, m_to{to} {}

    /// False where the input is broken, or is not as long, decompressed, as the room for it.
    XGRAD_ON_DEMAND bool run() {
        for (auto last = false; !last;) {
            last = take(1) != 0;
            const auto kind = take(2);
            if (m_broken) return false;
            const auto good = kind == 0 ? stored() : kind == 1 ? fixed_codes() && block() : kind == 2 && read_codes() && block();
            if (!good) return false;
        }
        return m_at == m_to.size();
    }

private:
    XGRAD_ON_DEMAND void fill() {
        while (m_count <= 56 && m_next < m_from.size()) {
            m_bits |= std::to_integer<std::uint64_t>(m_from[m_next++]) << m_count;
            m_count += 8;
        }
    }
    XGRAD_ON_DEMAND void drop(unsigned count) {
        if (count > m_count) m_broken = true;   // behind the end
        else m_bits >>= count, m_count -= count;
    }
    XGRAD_ON_DEMAND unsigned take(unsigned count) {
        fill();
        const auto value = static_cast<unsigned>(m_bits & ((std::uint64_t{1} << count) - 1));
        drop(count);
        return value;
    }
    XGRAD_ON_DEMAND unsigned symbol(const prefix_code& code) {
        fill();
        const auto found = code.find(m_bits);
        if (found == 0) m_broken = true;
        drop(found & 15);
        return found >> 4;
    }

    XGRAD_ON_DEMAND bool stored() {
        drop(m_count % 8);
        const auto length = take(16), check = take(16);
        if (m_broken || (length ^ 0xffff) != check) return false;
        m_next -= m_count / 8;   // what was looked at ahead
        m_bits = m_count = 0;
        if (length > m_from.size() - m_next || length > m_to.size() - m_at) return false;
        if (length != 0) std::memcpy(m_to.data() + m_at, m_from.data() + m_next, length);
        m_next += length;
        m_at += length;
        return true;
    }

    XGRAD_ON_DEMAND bool fixed_codes() {
        auto lengths = std::array<std::uint8_t, 288>{};
        for (auto i = std::size_t{0}; i < lengths.size(); ++i) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
        auto distances = std::array<std::uint8_t, 32>{};
        distances.fill(5);
        return m_literals.assign(lengths.data(), lengths.size()) && m_distances.assign(distances.data(), distances.size());
    }

    XGRAD_ON_DEMAND bool read_codes() {
        const auto literals = take(5) + 257, distances = take(5) + 1, given = take(4) + 4;
        if (literals > 286 || distances > 30) return false;
        static constexpr std::uint8_t order[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
        auto of_lengths = std::array<std::uint8_t, 19>{};
        for (auto i = 0u; i < given; ++i) of_lengths[order[i]] = static_cast<std::uint8_t>(take(3));
        auto code = prefix_code{};
        if (!code.assign(of_lengths.data(), of_lengths.size())) return false;
        auto lengths = std::array<std::uint8_t, 286 + 30>{};
        for (auto i = std::size_t{0}; i < literals + distances;) {
            const auto what = symbol(code);
            if (m_broken || (what == 16 && i == 0)) return false;
            const auto repeats = what < 16 ? 1 : what == 16 ? 3 + take(2) : what == 17 ? 3 + take(3) : 11 + take(7);
            if (repeats > literals + distances - i) return false;
            std::fill_n(lengths.begin() + static_cast<std::ptrdiff_t>(i), repeats, what < 16 ? static_cast<std::uint8_t>(what) : what == 16 ? lengths[i - 1] : std::uint8_t{0});
            i += repeats;
        }
        return !m_broken && lengths[256] != 0 && m_literals.assign(lengths.data(), literals) &&
               m_distances.assign(lengths.data() + literals, distances);
    }

    XGRAD_ON_DEMAND bool block() {
        for (;;) {
            const auto what = symbol(m_literals);
            if (m_broken) return false;
            if (what == 256) return true;
            if (what < 256) {
                if (m_at == m_to.size()) return false;
                m_to[m_at++] = static_cast<std::byte>(what);
            } else if (!copy(what)) return false;
        }
    }

    /// Repeats what stands some way back, of a length by its symbol.
    XGRAD_ON_DEMAND bool copy(unsigned of_length) {
        if (of_length > 285) return false;
        const auto length = of_length == 285 ? 258 : base_of(of_length - 257, 4, 3) + take(extra_of(of_length - 257, 4));
        const auto of_distance = symbol(m_distances);
        if (m_broken || of_distance > 29) return false;
        const auto distance = std::size_t{base_of(of_distance, 2, 1)} + take(extra_of(of_distance, 2));
        if (m_broken || distance > m_at || length > m_to.size() - m_at) return false;
        for (auto i = 0u; i < length; ++i, ++m_at) m_to[m_at] = m_to[m_at - distance];
        return true;
    }
    /// Lengths and distances come in ranges, so many (`of`) of each size, each size twice the one before.
    static unsigned extra_of(unsigned range, unsigned of) { return range < 2 * of ? 0 : range / of - 1; }
    static unsigned base_of(unsigned range, unsigned of, unsigned first) {
        return range < 2 * of ? range + first : ((of + range % of) << extra_of(range, of)) + first;
    }

    std::span<const std::byte> m_from;
    std::span<std::byte> m_to;
    std::size_t m_next = 0, m_at = 0;
    std::uint64_t m_bits = 0;
    unsigned m_count = 0;   ///< how many of these bits there are
    bool m_broken = false;
    prefix_code m_literals, m_distances;
};

/// Decompresses `from` into `to`, which it fills. False where it does not, or is broken.
XGRAD_ON_DEMAND XGRAD_COLD bool inflate(std::span<const std::byte> from, std::span<std::byte> to) { return inflater{from, to}.run(); }

}  // namespace xgrad::inline XGRAD_ABI::io::detail
