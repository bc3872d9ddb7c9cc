// The processors that the system has for this process and its threads.
#pragma once

#include <xgrad/core/config.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace xgrad::inline XGRAD_ABI::detail {

/// The whole number that `text` begins with, if it is at least 1 and nothing but a comma or spaces comes next; else 0.
inline int leading_count(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    auto count = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), count);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    while (text.starts_with(' ')) text.remove_prefix(1);
    return status == std::errc{} && count >= 1 && (text.empty() || text.front() == ',') ? count : 0;
}

/// The first line of a file that begins so, without its end; empty when there is none.
XGRAD_COLD inline std::string first_line_with(std::string_view beginning, const std::string& path) {
    auto* const file = std::fopen(path.c_str(), "r");
    if (file == nullptr) return {};
    char line[4096];
    auto found = std::string{};
    while (found.empty() && std::fgets(line, sizeof line, file) != nullptr)
        if (std::string_view{line}.starts_with(beginning)) found = line;
    std::fclose(file);
    while (found.ends_with('\n')) found.pop_back();
    return found;
}

/// How many processors a line of the file cpu.max grants: "150000 100000" is one and a half, counted as two; "max ..."
/// is no limit. See "Control Group v2" of Linux.
XGRAD_COLD inline int quota_in(const std::string& line) {
    constexpr auto none = std::numeric_limits<int>::max();
    auto quota = 0.0, period = 0.0;
    const auto* const end = line.data() + line.size();
    const auto [rest, bad_quota] = std::from_chars(line.data(), end, quota);
    if (bad_quota != std::errc{} || rest == end) return none;
    if (std::from_chars(rest + 1, end, period).ec != std::errc{} || !(quota > 0) || !(period > 0)) return none;
    return static_cast<int>(std::min(quota / period + 0.999, 1e6));
}

/// The least that the control groups around this process grant, of those mounted where they usually are.
XGRAD_COLD inline int processor_quota() {
    auto least = std::numeric_limits<int>::max();
    auto group = first_line_with("0::", "/proc/self/cgroup");
    for (group.erase(0, 3);; group.erase(group.rfind('/'))) {
        least = std::min(least, quota_in(first_line_with("", "/sys/fs/cgroup" + group + "/cpu.max")));
        if (group.find('/') == std::string::npos) return least;
    }
}

/// Those on which this process may run, as far as its control groups grant them.
inline int usable_processors() {
    auto count = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
    auto allowed = cpu_set_t{};
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) count = CPU_COUNT(&allowed);
    count = std::min(count, processor_quota());
#endif
    return std::max(count, 1);
}

/// On which of them this thread runs, by its number; -1 where the system does not tell.
inline int current_processor() noexcept {
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

/// Moves this thread off the processor on which it runs, to one of which `taken(number)` is false, if it may run on such a one. What
/// it may run on is the same afterwards.
template <class Taken>
XGRAD_COLD void leave_processor([[maybe_unused]] const Taken& taken) noexcept {
#if defined(__linux__)
    auto allowed = cpu_set_t{};
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    auto others = allowed;
    for (auto i = 0; i < CPU_SETSIZE; ++i)
        if (CPU_ISSET(i, &others) && taken(i)) CPU_CLR(i, &others);
    if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others) != 0) return;
    sched_setaffinity(0, sizeof allowed, &allowed);
#endif
}

/// What the environment asks for, XGRAD_NUM_THREADS before OMP_NUM_THREADS; else one for each usable processor.
XGRAD_ON_DEMAND XGRAD_COLD int default_threads() {
    for (const auto* const variable : {"XGRAD_NUM_THREADS", "OMP_NUM_THREADS"})
        if (const auto* const text = std::getenv(variable))
            if (const auto count = leading_count(text); count != 0) return count;
    return usable_processors();
}

}  // namespace xgrad::inline XGRAD_ABI::detail

// Defined by xgrad::compiled.
#if defined(XGRAD_COMMON_INSTANCE)
namespace xgrad::inline XGRAD_ABI::detail {
XGRAD_COMMON_INSTANCE int default_threads<>();
}
#endif
