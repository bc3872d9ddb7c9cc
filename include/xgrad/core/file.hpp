// Files: read to the byte, written whole or not at all. On C streams: they cost a tenth of the compile time
// of the C++ ones.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/shape.hpp>

#include <bit>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace xgrad::inline XGRAD_ABI::detail {

static_assert(std::endian::native == std::endian::little, "the file formats of this library are little-endian");

/// How many elements a shape has that a file's header promises, or most + 1: once there are more than the file can hold, it
/// does not matter how many more, and the product need not fit into a number.
inline std::uint64_t elements_up_to(std::uint64_t most, const shape& sizes) {
    auto count = std::uint64_t{1};
    for (const auto size : sizes) count = size != 0 && count > most / size ? most + 1 : count * size;
    return count;
}

struct close_file {
    void operator()(std::FILE* stream) const noexcept { std::fclose(stream); }
};
using file_handle = std::unique_ptr<std::FILE, close_file>;

/// FOLDER/NAME; of no folder the name alone.
inline std::string path_in(const std::string& folder, const std::string& name) {
    return (folder.empty() || folder.ends_with('/') ? folder : folder + '/') + name;
}

/// A file opened for reading. `where` begins the text of every error.
class input_file {
public:
    XGRAD_COLD input_file(std::string_view where, const std::string& path) : m_where{where}, m_path{path} {
        m_stream.reset(std::fopen(path.c_str(), "rb"));
        // A directory opens like a file on some systems; reading from it shows what it is.
        if (m_stream == nullptr || (std::fgetc(m_stream.get()) == EOF && std::ferror(m_stream.get()) != 0))
            fail("cannot be read: ", std::strerror(errno));
        if (std::fseek(m_stream.get(), 0, SEEK_END) != 0) fail("cannot be read: its size cannot be told");
        const auto end = std::ftell(m_stream.get());
        if (end < 0 || std::fseek(m_stream.get(), 0, SEEK_SET) != 0)
            fail("cannot be read: its size cannot be told");
        m_size = static_cast<std::uint64_t>(end);
    }

    /// Whether there is something of this name that can be opened for reading.
    static bool exists(const std::string& path) {
        return file_handle{std::fopen(path.c_str(), "rb")} != nullptr;
    }

    /// In bytes.
    std::uint64_t size() const noexcept { return m_size; }

    void read(void* to, std::size_t bytes) {
        if (std::fread(to, 1, bytes, m_stream.get()) != bytes) fail("cannot be read to its end");
    }

    /// Goes on reading at a place counted from the file's beginning.
    void seek(std::uint64_t place) {
        if (std::fseek(m_stream.get(), static_cast<long>(place), SEEK_SET) != 0)
            fail("cannot be read at byte ", place);
    }

    template <class Error = io_error, class... Pieces>
    [[noreturn]] void fail(const Pieces&... pieces) const {
        xgrad::fail<Error>(m_where, m_path, ": ", pieces...);
    }

private:
    std::string_view m_where;
    std::string m_path;
    file_handle m_stream;
    std::uint64_t m_size = 0;
};

/// A file that appears under its name, in place of what stood there, when it is complete: `commit` renames it.
/// Until then it is a neighbour, NAME.saving, which is removed should there be no commit; what a process left there that was
/// killed is removed by the next. It has the permissions of what stood there; of a symbolic link, it takes the place of what that
/// points to. A pipe or a device is written to as it is.
class output_file {
public:
    XGRAD_COLD output_file(std::string_view where, const std::string& path) : m_where{where}, m_path{path}, m_target{path} {
        find_target();
        if (m_direct) m_stream.reset(std::fopen(path.c_str(), "wb"));
        else open_neighbour();
        if (m_stream == nullptr) fail("cannot be written", std::strerror(errno));
        keep_permissions();
    }
    ~output_file() {
        if (m_stream == nullptr || m_direct) return;   // nothing is left to do
#if !defined(__unix__) && !defined(__APPLE__)
        m_stream.reset();   // or it cannot be removed
#endif
        std::remove(m_temporary.c_str());   // while it is locked: afterwards another may have the name
    }
    output_file(const output_file&) = delete;
    output_file& operator=(const output_file&) = delete;

    void write(const void* from, std::size_t bytes) {
        if (std::fwrite(from, 1, bytes, m_stream.get()) != bytes) fail("cannot be written", std::strerror(errno));
    }

    XGRAD_COLD void commit() {
        auto good = std::fflush(m_stream.get()) == 0;
#if defined(__unix__) || defined(__APPLE__)
        // On the disk first, or a power cut may leave the name and not the bytes; and renamed while it is locked.
        good = good && (m_direct || ::fsync(::fileno(m_stream.get())) == 0) && take_name();
        if (!good) fail("cannot be written", std::strerror(errno));
        good = std::fclose(m_stream.release()) == 0;
#else
        good = std::fclose(m_stream.release()) == 0 && good && take_name();
        const auto reason = errno;
        if (!good) std::remove(m_temporary.c_str());
        errno = reason;
#endif
        if (!good) fail("cannot be written", std::strerror(errno));
    }

private:
    bool take_name() const { return m_direct || std::rename(m_temporary.c_str(), m_target.c_str()) == 0; }

    /// The first name is always the same, so that the next process finds what one left there that was killed.
    void open_neighbour() {
        auto number = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
        m_temporary = m_target + ".saving";
        for (auto attempt = 0; m_stream == nullptr && attempt < 100; ++attempt) {
            if (attempt != 0) m_temporary = m_target + ".saving" + std::to_string(number++ % 1000000);
            remove_abandoned(m_temporary);
            m_stream.reset(std::fopen(m_temporary.c_str(), "wbx"));
            if (m_stream == nullptr && errno != EEXIST) return;
            if (m_stream != nullptr && !is_kept(m_stream.get(), m_temporary)) m_stream.reset();
        }
    }

#if defined(__unix__) || defined(__APPLE__)
    /// Whoever writes holds a lock on the file, which goes with the process; only who holds it removes or renames the file.
    static bool is_locked(int file) { return ::flock(file, LOCK_EX | LOCK_NB) == 0; }
    static bool has_name(int file, const std::string& path) {
        struct stat own, named;
        return ::fstat(file, &own) == 0 && ::lstat(path.c_str(), &named) == 0 && S_ISREG(named.st_mode) && own.st_ino == named.st_ino &&
               own.st_dev == named.st_dev;
    }
    /// Some file systems have no locks: there, no file is taken for an abandoned one.
    static bool is_kept(std::FILE* stream, const std::string& path) {
        const auto file = ::fileno(stream);
        return (is_locked(file) || errno != EWOULDBLOCK) && has_name(file, path);
    }
    static void remove_abandoned(const std::string& path) {
        const auto file = ::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (file < 0) return;
        if (is_locked(file) && has_name(file, path)) ::unlink(path.c_str());
        ::close(file);
    }
#else
    static bool is_kept(std::FILE*, const std::string&) { return true; }
    static void remove_abandoned(const std::string&) {}
#endif

    void find_target() {
#if defined(__unix__) || defined(__APPLE__)
        struct stat there;
        if (::stat(m_path.c_str(), &there) != 0) return;
        m_direct = !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode);
        m_mode = static_cast<unsigned>(there.st_mode & 07777);
        if (auto* const real = ::realpath(m_path.c_str(), nullptr)) {
            m_target = real;
            std::free(real);
        }
#endif
    }
    void keep_permissions() {
#if defined(__unix__) || defined(__APPLE__)
        if (!m_direct && m_mode != 0) static_cast<void>(::fchmod(::fileno(m_stream.get()), static_cast<mode_t>(m_mode)));
#endif
    }

    [[noreturn]] void fail(const char* what, const char* reason) const {
        xgrad::fail<io_error>(m_where, m_path, ": ", what, ": ", reason);
    }

    std::string_view m_where;
    std::string m_path;
    std::string m_target;    ///< what the name stands for, behind symbolic links
    std::string m_temporary;
    file_handle m_stream;
    unsigned m_mode = 0;     ///< of what stood there; 0: nothing did
    bool m_direct = false;
};

}  // namespace xgrad::inline XGRAD_ABI::detail
