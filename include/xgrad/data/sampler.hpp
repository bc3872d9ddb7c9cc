// In which order an epoch goes through its samples, where that is neither from the first to the last nor shuffled.
//
// A sampler is anything with `size(samples)`, how many an epoch has, and `order(samples, numbers)`, which they are; the
// generator is determined by the loader's seed and the epoch.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/random.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <numeric>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data {

using sample_order = std::vector<std::size_t>;

/// Any sampler, its type left behind; or none.
class sampler {
public:
    sampler() = default;
    template <class S>
        requires(!std::is_same_v<std::remove_cvref_t<S>, sampler>)
    sampler(S with)
        : m_size{[with](std::size_t samples) { return static_cast<std::size_t>(with.size(samples)); }},
          m_order{
              [with](std::size_t samples, generator& numbers) { return sample_order(with.order(samples, numbers)); }} {}

    explicit operator bool() const { return m_order != nullptr; }
    std::size_t size(std::size_t samples) const { return m_size(samples); }

    /// Throws `index_error` when the sampler names a sample that there is not, `value_error` when they are more or
    /// fewer than its size.
    XGRAD_ON_DEMAND sample_order order(std::size_t samples, generator& numbers) const {
        auto chosen = m_order(samples, numbers);
        if (chosen.size() != size(samples))
            fail<value_error>("sampler", "an epoch has ", size(samples), " samples, the order names ", chosen.size());
        for (const auto i : chosen)
            if (i >= samples) fail<index_error>("sampler", "sample ", i, " is not one of ", samples);
        return chosen;
    }

private:
    std::function<std::size_t(std::size_t)> m_size;
    std::function<sample_order(std::size_t, generator&)> m_order;
};

struct weighted_sampler_options {
    std::size_t count = 0;      ///< samples in an epoch; 0: as many as there are weights
    bool replacement = true;    ///< whether a sample may come more than once in an epoch
};

/// Draws sample i with a probability proportional to weights[i]; one of weight 0 never. Without replacement, in the
/// order of keys log(u_i) / w_i, the largest first: P. S. Efraimidis and P. G. Spirakis, "Weighted random sampling with
/// a reservoir", 2006.
/// Throws `value_error` for a weight that is negative or no number, when none is above 0, and when more are to be drawn
/// without replacement than have a weight above 0.
class weighted_sampler {
public:
    explicit weighted_sampler(std::vector<double> weights, weighted_sampler_options options = {})
        : m_weights{std::move(weights)}, m_count{options.count == 0 ? m_weights.size() : options.count},
          m_replacement{options.replacement} {
        for (const auto each : m_weights)
            if (!is_finite_number(each) || each < 0)
                fail<value_error>(name, "a weight must be a number not below 0, got ", each);
        const auto possible = static_cast<std::size_t>(lists::count_if(m_weights, [](double w) { return w > 0; }));
        if (possible == 0) fail<value_error>(name, "no weight is above 0");
        // By the largest, so that the sum is finite; what was above 0 stays so.
        const auto largest = *std::max_element(m_weights.begin(), m_weights.end());
        for (auto& each : m_weights)
            if (each > 0) each = std::max(each / largest, std::numeric_limits<double>::denorm_min());
        if (!m_replacement && m_count > possible)
            fail<value_error>(name, m_count, " samples without replacement, of ", possible, " whose weight is above 0");
    }

    std::size_t size(std::size_t) const { return m_count; }

    XGRAD_ON_DEMAND sample_order order(std::size_t samples, generator& numbers) const {
        if (samples != m_weights.size())
            fail<value_error>(name, m_weights.size(), " weights for ", samples, " samples");
        return m_replacement ? with_replacement(numbers) : without_replacement(numbers);
    }

private:
    static constexpr auto name = "weighted_sampler";

    XGRAD_ON_DEMAND sample_order with_replacement(generator& numbers) const {
        auto sums = std::vector<double>(m_weights.size());
        std::partial_sum(m_weights.begin(), m_weights.end(), sums.begin());
        // The first sum above a number belongs to a weight that is not 0; so does the first that is the total.
        const auto last = std::lower_bound(sums.begin(), sums.end(), sums.back());
        auto chosen = sample_order(m_count);
        for (auto& each : chosen) {
            const auto place =
                std::min(std::upper_bound(sums.begin(), sums.end(), numbers.uniform<double>() * sums.back()), last);
            each = static_cast<std::size_t>(place - sums.begin());
        }
        return chosen;
    }

    XGRAD_ON_DEMAND sample_order without_replacement(generator& numbers) const {
        auto keys = std::vector<std::pair<double, std::size_t>>{};
        for (auto i = std::size_t{0}; i < m_weights.size(); ++i) {
            const auto u = 1 - numbers.uniform<double>();   // in (0, 1]
            if (m_weights[i] > 0) keys.emplace_back(-xgrad::detail::exact_log(u) / m_weights[i], i);
        }
        std::sort(keys.begin(), keys.end());
        auto chosen = sample_order(m_count);
        for (auto i = std::size_t{0}; i < m_count; ++i) chosen[i] = keys[i].second;
        return chosen;
    }

    std::vector<double> m_weights;
    std::size_t m_count;
    bool m_replacement;
};

struct distributed_sampler_options {
    std::size_t rank = 0;    ///< which of the processes this is
    std::size_t ranks = 1;   ///< how many there are
    bool shuffle = true;
    bool drop_last = false;  ///< leave out samples that do not go round, instead of giving the first ones twice
};

/// The part of an epoch that is this process's: every `ranks`-th sample of one order, from its rank on, as many for
/// each. The processes must have loaders with the same seed. Throws `value_error` for a rank that there is not.
class distributed_sampler {
public:
    explicit distributed_sampler(distributed_sampler_options options) : m_options{options} {
        if (options.rank >= options.ranks)
            fail<value_error>("distributed_sampler", "rank ", options.rank, " is not one of ", options.ranks);
    }

    XGRAD_ON_DEMAND std::size_t size(std::size_t samples) const {
        return samples / m_options.ranks + (!m_options.drop_last && samples % m_options.ranks != 0 ? 1 : 0);
    }

    XGRAD_ON_DEMAND sample_order order(std::size_t samples, generator& numbers) const {
        auto all = sample_order(samples);
        std::iota(all.begin(), all.end(), std::size_t{0});
        if (m_options.shuffle) numbers.shuffle(std::span{all});
        auto own = sample_order(size(samples));
        for (auto i = std::size_t{0}; i < own.size(); ++i)
            own[i] = all[(m_options.rank + i * m_options.ranks) % samples];
        return own;
    }

private:
    distributed_sampler_options m_options;
};

}  // namespace xgrad::data
