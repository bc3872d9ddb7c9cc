// Text: lines or a whole book, as characters or words, and these as numbers.
#pragma once

#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/file_text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data {

/// A whole file, in UTF-8, without its byte order mark; every line ends with \n. Throws `io_error`.
inline std::string read_text(const std::string& path) {
    const auto bytes = detail::read_text("read_text", path);
    auto text = std::string{};
    text.reserve(bytes.size);
    const auto view = bytes.view();
    for (auto i = std::size_t{0}; i < view.size(); ++i) {
        if (view[i] == '\r' && i + 1 < view.size() && view[i + 1] == '\n') continue;
        text += view[i] == '\r' ? '\n' : view[i];
    }
    return text;
}

/// Its lines, without their ends; the end of the last one begins no other.
inline std::vector<std::string> read_lines(const std::string& path) {
    const auto text = read_text(path);
    auto lines = std::vector<std::string>{};
    for (auto begin = std::size_t{0}; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

/// The characters of a text in UTF-8, one string each; a byte that belongs to none stands alone.
inline std::vector<std::string> characters(std::string_view text) {
    auto all = std::vector<std::string>{};
    while (!text.empty()) {
        const auto lead = static_cast<unsigned char>(text[0]);
        auto length = std::size_t{lead < 0x80 ? 1u : lead >= 0xf0 ? 4u : lead >= 0xe0 ? 3u : lead >= 0xc0 ? 2u : 1u};
        if (length > text.size()) length = 1;
        for (auto i = std::size_t{1}; i < length; ++i)
            if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) length = 1;
        all.emplace_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return all;
}

/// The words of a text: letters, digits, apostrophes within them and whatever is not ASCII; each other sign but blanks
/// is a word of its own. A to Z become small.
inline std::vector<std::string> words(std::string_view text) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               static_cast<unsigned char>(c) >= 0x80;
    };
    auto all = std::vector<std::string>{};
    auto inside = false;
    for (auto i = std::size_t{0}; i < text.size(); ++i) {
        const auto c = text[i];
        const auto apostrophe = c == '\'' && inside && i + 1 < text.size() && is_letter(text[i + 1]);
        const auto letter = is_letter(c) || apostrophe;
        if (c == ' ' || (c >= '\t' && c <= '\r')) {
            inside = false;
            continue;
        }
        if (!letter || !inside) all.emplace_back();
        all.back() += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        inside = letter;
    }
    return all;
}

struct vocabulary_options {
    std::size_t max_size = 0;             ///< the most frequent ones only, special ones included; 0: all
    std::size_t min_count = 1;            ///< leave out what comes less often
    std::vector<std::string> special{};   ///< the first ones, whether they come or not: {"<pad>", "<unknown>"}
    std::string unknown{};                ///< which one stands for all that is left out; none: an error
};

/// Tokens and their numbers: the special ones, then by how often they come, then by the alphabet.
class vocabulary {
public:
    /// Counts tokens. Throws `value_error` when `unknown` is none of those that it keeps, and for a special one that is
    /// there twice.
    template <class = void>
    XGRAD_COLD static vocabulary of(const std::vector<std::string>& tokens, const vocabulary_options& options = {}) {
        auto counts = std::unordered_map<std::string, std::int64_t>{};
        for (const auto& each : tokens) ++counts[each];
        for (const auto& each : options.special) counts.erase(each);
        auto order = std::vector<std::pair<std::string, std::int64_t>>{};
        for (const auto& each : counts)
            if (static_cast<std::size_t>(each.second) >= options.min_count) order.push_back(each);
        std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
            return a.second != b.second ? a.second > b.second : a.first < b.first;
        });
        auto list = options.special;
        for (auto& each : order)
            if (options.max_size == 0 || list.size() < options.max_size) list.push_back(std::move(each.first));
        return vocabulary{std::move(list), options.unknown};
    }

    /// A list that was made before. Throws `value_error` for a token that is there twice.
    XGRAD_ON_DEMAND XGRAD_COLD explicit vocabulary(std::vector<std::string> tokens, const std::string& unknown = "")
        : m_tokens{std::move(tokens)} {
        for (auto i = std::size_t{0}; i < m_tokens.size(); ++i)
            if (!m_numbers.emplace(m_tokens[i], static_cast<std::int64_t>(i)).second)
                fail<value_error>("vocabulary", m_tokens[i], " is there twice");
        if (unknown.empty()) return;
        if (!contains(unknown))
            fail<value_error>("vocabulary", unknown, " stands for what is unknown, and is no token itself");
        m_unknown = m_numbers.at(unknown);
    }

    std::size_t size() const noexcept { return m_tokens.size(); }
    const std::vector<std::string>& tokens() const noexcept { return m_tokens; }
    XGRAD_ON_DEMAND bool contains(const std::string& token) const { return m_numbers.contains(token); }

    /// The number of a token. Throws `value_error` for one that is unknown, where none stands for these.
    XGRAD_ON_DEMAND std::int64_t operator()(const std::string& token) const {
        const auto found = m_numbers.find(token);
        if (found != m_numbers.end()) return found->second;
        if (m_unknown < 0)
            fail<value_error>("vocabulary", "\"", token, "\" is unknown, and no token stands for what is");
        return m_unknown;
    }
    XGRAD_ON_DEMAND tensor<std::int64_t, 1> encode(const std::vector<std::string>& tokens) const {
        auto numbers = xgrad::detail::make_result<std::int64_t>({tokens.size()});
        std::transform(tokens.begin(), tokens.end(), xgrad::detail::access::elements(numbers),
                       [this](const auto& each) { return (*this)(each); });
        return xgrad::detail::with_rank<1>(std::move(numbers));
    }

    /// The token of a number. Throws `index_error`.
    XGRAD_ON_DEMAND const std::string& operator[](std::int64_t number) const {
        if (number < 0 || number >= static_cast<std::int64_t>(size()))
            fail<index_error>("vocabulary", number, " is not one of ", size(), " tokens");
        return m_tokens[static_cast<std::size_t>(number)];
    }
    /// All of them, with something between them.
    template <std::size_t N>
    std::string decode(const tensor<std::int64_t, N>& numbers, std::string_view between = "") const {
        auto text = std::string{};
        auto first = true;
        for (const auto each : numbers) {
            if (!std::exchange(first, false)) text += between;
            text += (*this)[each];
        }
        return text;
    }

private:
    std::vector<std::string> m_tokens;
    std::unordered_map<std::string, std::int64_t> m_numbers;
    std::int64_t m_unknown = -1;
};

/// Pieces of a long row, each with what follows: sample i is x = row[i s, i s + length) and y, the same one further on,
/// s being `stride`. For a text, or a series, of which the next is to be told.
template <element T>
class windows {
public:
    /// Throws `value_error` when the row is not longer than `length`, and for a length or stride of 0.
    windows(tensor<T, 1> row, std::size_t length, std::size_t stride = 1)
        : m_row{std::move(row)}, m_length{length}, m_stride{stride} {
        if (length == 0 || stride == 0) fail<value_error>("windows", "length and stride must be at least 1");
        if (m_row.size() <= length)
            fail<value_error>("windows", "a row of ", m_row.size(), " is too short for ", length, " and what follows");
    }

    std::size_t size() const { return (m_row.size() - m_length - 1) / m_stride + 1; }
    std::tuple<tensor<T, 1>, tensor<T, 1>> operator[](std::size_t i) const {
        detail::check_sample("windows", i, size());
        return {piece(i * m_stride), piece(i * m_stride + 1)};
    }

private:
    tensor<T, 1> piece(std::size_t from) const {
        return tensor<T, 1>{m_row.span().subspan(from, m_length), {m_length}};
    }

    tensor<T, 1> m_row;
    std::size_t m_length, m_stride;
};

}  // namespace xgrad::data
