// Which gradients travel together, and which rank sums which part of them.
#pragma once

#include <xgrad/autograd/parameter.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace xgrad::inline XGRAD_ABI::distributed::detail {

/// Gradients that travel together.
struct bucket {
    std::size_t first = 0, size = 0;           ///< elements, of all
    std::vector<std::size_t> parameters;
    std::size_t received = 0;                  ///< where what comes in is kept, in elements

    // In a pass.
    std::size_t pending = 0;                   ///< gradients that are not complete
    std::size_t parts_left = 0, results_left = 0;
    bool sent = false, summed = false;

    /// The part that rank r of so many sums: elements [part(r), part(r + 1)) of the bucket.
    std::size_t part(std::size_t r, std::size_t ranks) const { return size / ranks * r + std::min(r, size % ranks); }
    std::size_t part_size(std::size_t r, std::size_t ranks) const { return part(r + 1, ranks) - part(r, ranks); }
    bool is_done() const { return summed && results_left == 0; }
};

/// All gradients one after the other, the last parameter's first: they are complete in about that order.
class layout {
public:
    /// So that the messages under way, which are looked at again and again, stay few: each bucket has four for each other rank.
    static constexpr auto most_buckets = std::size_t{64};

    template <real T>
    layout(const parameter_list<T>& parameters, std::size_t bytes, std::size_t rank, std::size_t ranks) : m_places(parameters.size()) {
        if (bytes == 0) fail<value_error>("data_parallel", "a bucket has at least one byte");
        for (const auto& each : parameters) m_size += each.size();
        const auto room = std::max(bytes / sizeof(T), 2 * m_size / most_buckets + 1);
        for (auto i = parameters.size(), at = std::size_t{0}; i-- > 0;) {
            const auto size = parameters[i].size();
            if (m_buckets.empty() || m_buckets.back().size + size > room) m_buckets.push_back({.first = at, .parameters = {}});
            m_buckets.back().parameters.push_back(i);
            m_buckets.back().size += size;
            m_places[i] = {at, size, m_buckets.size() - 1};
            at += size;
        }
        for (auto& each : m_buckets) {
            each.received = m_received;
            m_received += each.part_size(rank, ranks) * (ranks - 1);
        }
    }

    struct place {
        std::size_t first, size, bucket;
    };
    std::size_t size() const noexcept { return m_size; }
    std::size_t received_size() const noexcept { return m_received; }
    const place& of(std::size_t parameter) const { return m_places[parameter]; }
    std::vector<bucket>& buckets() noexcept { return m_buckets; }

private:
    std::vector<place> m_places;
    std::vector<bucket> m_buckets;
    std::size_t m_size = 0, m_received = 0;
};

}  // namespace xgrad::distributed::detail
