// Files that grow while the program runs.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/file.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace xgrad::inline XGRAD_ABI::train::detail {

/// What was appended is in the file, should the program end. `where` begins the text of every error.
class append_file {
public:
    explicit append_file(std::string_view where) : m_where{where} {}

    /// Opens a file as `std::fopen` does, and says whether that could be.
    XGRAD_ON_DEMAND bool open(const std::string& path, const char* mode) {
        m_path = path;
        m_stream.reset(std::fopen(path.c_str(), mode));
        return m_stream != nullptr;
    }
    const std::string& path() const noexcept { return m_path; }

    XGRAD_ON_DEMAND void append(std::string_view bytes) {
        if (std::fwrite(bytes.data(), 1, bytes.size(), m_stream.get()) != bytes.size() || std::fflush(m_stream.get()) != 0) fail();
    }

    /// Throws `io_error` with the reason that `errno` has.
    [[noreturn]] XGRAD_COLD void fail() const { xgrad::fail<io_error>(m_where, m_path, ": cannot be written: ", std::strerror(errno)); }

private:
    std::string_view m_where;
    std::string m_path;
    xgrad::detail::file_handle m_stream;
};

}  // namespace xgrad::train::detail
