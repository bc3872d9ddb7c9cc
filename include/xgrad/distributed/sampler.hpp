// The part of a data set that a rank looks at where each sample counts once.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/data/sampler.hpp>
#include <xgrad/distributed/world.hpp>

#include <cstddef>

namespace xgrad::inline XGRAD_ABI::distributed {

/// Every n-th sample, from the rank on, in order: of all ranks together each sample once, so that some ranks may have one more
/// than others. For evaluation; `data::distributed_sampler`, for training, gives every rank as many and some samples twice.
///
///     data::loader{test, {.batch_size = 100, .sampler = distributed::each_once{world}}}
class each_once {
public:
    explicit each_once(const world& all) : m_rank{all.rank()}, m_ranks{all.size()} {}

    std::size_t size(std::size_t samples) const { return samples / m_ranks + (m_rank < samples % m_ranks ? 1 : 0); }
    data::sample_order order(std::size_t samples, generator&) const {
        auto own = data::sample_order(size(samples));
        for (auto i = std::size_t{0}; i < own.size(); ++i) own[i] = m_rank + i * m_ranks;
        return own;
    }

private:
    std::size_t m_rank, m_ranks;
};

}  // namespace xgrad::distributed
