// A data set whose samples are changed on their way.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/data/dataset.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace xgrad::inline XGRAD_ABI::data {

/// What `transform` makes.
template <dataset D, class F>
class transformed_dataset {
public:
    transformed_dataset(D set, F f) : m_set{std::move(set)}, m_f{std::move(f)} {}

    std::size_t size() const { return static_cast<std::size_t>(m_set.size()); }

    /// Sample i, its random numbers determined by i alone; a loader draws others in every epoch.
    auto operator[](std::size_t i) const {
        auto numbers = generator{i};
        return draw(i, numbers);
    }

    auto draw(std::size_t i, generator& numbers) const {
        return std::apply(
            [&](auto&&... parts) {
                if constexpr (std::is_invocable_v<const F&, decltype(parts)..., generator&>)
                    return m_f(std::forward<decltype(parts)>(parts)..., numbers);
                else return m_f(std::forward<decltype(parts)>(parts)...);
            },
            detail::as_tuple(detail::sample_at(m_set, i, numbers)));
    }

private:
    D m_set;
    F m_f;
};

/// The set with f called on each sample: f(x, y), or f(x, y, numbers) with a generator, gives the new sample.
///
///     auto bent = data::transform(train, [](auto x, auto y, xg::generator& numbers) {
///         return std::tuple{data::random_flip(x, numbers), y};
///     });
///
/// In a loader the numbers are determined by its seed, the epoch and the sample's index: they are the same with any
/// number of workers. f may be called by several threads at once.
template <dataset D, class F>
transformed_dataset<D, F> transform(D set, F f) {
    return {std::move(set), std::move(f)};
}

}  // namespace xgrad::data
