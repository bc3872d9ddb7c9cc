// What the headers of files that are text have in common: spaces, marks, whole numbers.
#pragma once

#include <xgrad/core/config.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace xgrad::inline XGRAD_ABI::io::detail {

/// The base class of what reads such a header: `Parser` has a `fail_here(what)`, which throws.
template <class Parser>
class header_text {
protected:
    header_text() = default;
    explicit header_text(std::string_view text) : m_text{text} {}

    bool at_end() const noexcept { return m_at == m_text.size(); }
    void space() { m_at = std::min(m_text.find_first_not_of(" \t\r\n", m_at), m_text.size()); }
    bool accept(char wanted) {
        space();
        if (at_end() || m_text[m_at] != wanted) return false;
        ++m_at;
        return true;
    }
    void expect(char wanted) {
        if (!accept(wanted)) fail(std::string{"no "} + wanted + " where one must be");
    }

    std::uint64_t number() {
        space();
        const auto begin = m_at;
        auto value = std::uint64_t{0};
        for (; !at_end() && m_text[m_at] >= '0' && m_text[m_at] <= '9'; ++m_at) {
            if (value > (std::uint64_t{1} << 59)) fail("a number that is too large");
            value = value * 10 + static_cast<std::uint64_t>(m_text[m_at] - '0');
        }
        if (m_at == begin || (m_text[begin] == '0' && m_at != begin + 1)) fail("no whole number where one must be");
        return value;
    }

    std::string_view m_text;
    std::size_t m_at = 0;

private:
    [[noreturn]] void fail(const std::string& what) const { static_cast<const Parser*>(this)->fail_here(what); }
};

}  // namespace xgrad::inline XGRAD_ABI::io::detail
