// Whole files as text.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/file.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace xgrad::inline XGRAD_ABI::data::detail {

/// The bytes of a whole file; eight more behind them may be read, of no meaning.
struct file_text {
    std::shared_ptr<const char[]> bytes;
    std::size_t size = 0;

    std::string_view view() const { return {bytes.get(), size}; }
};

XGRAD_ON_DEMAND XGRAD_COLD file_text read_text(std::string_view where, const std::string& path) {
    auto file = xgrad::detail::input_file{where, path};
    const auto size = static_cast<std::size_t>(file.size());
    auto* const text = new char[size + 8];
    const auto bytes = std::shared_ptr<const char[]>{text};
    std::memset(text + size, 0, 8);
    file.read(text, size);
    const auto begins_with = [&](std::string_view mark) {
        return std::string_view{text, size}.starts_with(mark);
    };
    if (begins_with("\xff\xfe") || begins_with("\xfe\xff")) file.fail("is UTF-16; convert it to UTF-8 first");
    const auto mark = begins_with("\xef\xbb\xbf") ? std::size_t{3} : std::size_t{0};
    return {std::shared_ptr<const char[]>{bytes, text + mark}, size - mark};
}

}  // namespace xgrad::data::detail
