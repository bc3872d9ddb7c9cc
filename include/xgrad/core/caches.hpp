// How large the caches of a core are, as far as the system tells.
#pragma once

#include <xgrad/core/config.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>

#if defined(__unix__)
#include <unistd.h>
#endif

namespace xgrad::inline XGRAD_ABI::detail {

/// A cache that takes the place for a line from the lower bits of its address: `way` bytes, `ways` times.
struct cache {
    std::size_t way, ways;

    std::size_t bytes() const { return way * ways; }
    /// How many lines that begin `stride` bytes apart it holds at once.
    std::size_t holds_at(std::size_t stride) const { return way / std::gcd(way, std::max<std::size_t>(stride, 64)) * ways; }
};

/// Where the system does not tell: what nearly every processor of the last ten years has at least.
struct caches {
    cache first{4 * 1024, 8};
    cache second{64 * 1024, 4};
};

inline caches find_caches() {
    auto found = caches{};
#if defined(_SC_LEVEL1_DCACHE_SIZE) && defined(_SC_LEVEL2_CACHE_SIZE)
    const auto ask = [](cache& of, int size, int ways) {
        const auto bytes = sysconf(size), count = sysconf(ways);
        if (bytes >= 4096 && count > 0 && bytes % count == 0)
            of = {static_cast<std::size_t>(bytes / count), static_cast<std::size_t>(count)};
    };
    ask(found.first, _SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL1_DCACHE_ASSOC);
    ask(found.second, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL2_CACHE_ASSOC);
#endif
    return found;
}

/// Those of the core on which this is first asked.
inline const caches& cache_sizes() {
    static const auto sizes = find_caches();
    return sizes;
}

}  // namespace xgrad::inline XGRAD_ABI::detail
