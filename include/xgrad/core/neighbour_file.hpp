// The files next to a file in which its next contents are written, and what killed programs have left of them.
#pragma once

#include <xgrad/core/config.hpp>

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

#if defined(__unix__) || defined(__APPLE__)
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace xgrad::inline XGRAD_ABI::detail {

/// A neighbour of FILE is FILE.xgrad-part and a number.
inline constexpr auto neighbour_ending = std::string_view{".xgrad-part"};

inline bool is_neighbour(std::string_view name, std::string_view of) {
    if (!name.starts_with(of) || !name.substr(of.size()).starts_with(neighbour_ending)) return false;
    const auto number = name.substr(of.size() + neighbour_ending.size());
    return !number.empty() && number.find_first_not_of("0123456789") == number.npos;
}

#if defined(__unix__) || defined(__APPLE__)

/// Locks a neighbour that was just made, for as long as it is open: what is not locked has nobody who writes to it. False
/// where it was taken for such a one before it was locked; where the file system has no locks, nothing ever is.
XGRAD_COLD inline bool lock_neighbour(std::FILE* stream) {
    const auto file = ::fileno(stream);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
    struct stat there;
    return ::fstat(file, &there) != 0 || there.st_nlink != 0;
}

/// Removes the neighbours that programs left which were killed while they wrote.
XGRAD_COLD inline void remove_abandoned_neighbours(const std::string& of) {
    const auto slash = of.rfind('/');
    const auto folder = slash == of.npos ? std::string{"./"} : of.substr(0, slash + 1);
    const auto name = std::string_view{of}.substr(slash == of.npos ? 0 : slash + 1);
    auto* const listed = ::opendir(folder.c_str());
    if (listed == nullptr) return;
    while (const auto* const each = ::readdir(listed)) {
        if (!is_neighbour(each->d_name, name)) continue;
        const auto path = folder + each->d_name;
        const auto file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (file < 0) continue;
        if (::flock(file, LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
        ::close(file);
    }
    ::closedir(listed);
}

#else

inline bool lock_neighbour(std::FILE*) { return true; }
inline void remove_abandoned_neighbours(const std::string&) {}

#endif

}  // namespace xgrad::inline XGRAD_ABI::detail
