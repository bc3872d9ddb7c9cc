// Parts of data sets, and several as one.
#pragma once

#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/data/dataset.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data {

/// Some samples of a set, in that order; it holds a copy of the set, which shares its tensors. A set of whole tensors
/// stays as fast. Throws `index_error` for a sample that the set has not.
template <dataset D>
class subset {
public:
    subset(D set, std::vector<std::size_t> indices)
        : m_set{std::move(set)}, m_indices{std::make_shared<const std::vector<std::size_t>>(std::move(indices))} {
        for (const auto i : *m_indices) detail::check_sample("subset", i, static_cast<std::size_t>(m_set.size()));
    }

    std::size_t size() const noexcept { return m_indices->size(); }
    auto operator[](std::size_t i) const {
        detail::check_sample("subset", i, size());
        return detail::sample_at(m_set, (*m_indices)[i]);
    }
    auto draw(std::size_t i, generator& numbers) const {
        detail::check_sample("subset", i, size());
        return detail::sample_at(m_set, (*m_indices)[i], numbers);
    }

    /// The whole set, and which of its samples these are.
    const D& base() const noexcept { return m_set; }
    const std::vector<std::size_t>& indices() const noexcept { return *m_indices; }

private:
    D m_set;
    std::shared_ptr<const std::vector<std::size_t>> m_indices;
};

/// One set after the other. Their samples are of one type.
template <dataset First, dataset... Others>
class concat {
public:
    explicit concat(First first, Others... others) : m_sets{std::move(first), std::move(others)...} {}

    std::size_t size() const {
        return std::apply([](const auto&... each) { return (static_cast<std::size_t>(each.size()) + ...); }, m_sets);
    }
    auto operator[](std::size_t i) const {
        auto numbers = generator{i};
        return draw(i, numbers);
    }
    auto draw(std::size_t i, generator& numbers) const {
        detail::check_sample("concat", i, size());
        return from<0>(i, numbers);
    }

private:
    template <std::size_t At>
    auto from(std::size_t i, generator& numbers) const {
        const auto& set = std::get<At>(m_sets);
        if constexpr (At < sizeof...(Others))
            if (const auto own = static_cast<std::size_t>(set.size()); i >= own) return from<At + 1>(i - own, numbers);
        return detail::sample_at(set, i, numbers);
    }

    std::tuple<First, Others...> m_sets;
};

struct split_options {
    bool shuffle = true;
    std::optional<std::uint64_t> seed{};   ///< else drawn from the default generator
};

namespace detail {

XGRAD_ON_DEMAND std::vector<std::size_t> numbers_in_order(std::size_t count, const split_options& options) {
    auto order = std::vector<std::size_t>(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (!options.shuffle) return order;
    if (options.seed) generator{*options.seed}.shuffle(std::span{order});
    else with_default_generator([&](generator& numbers) { numbers.shuffle(std::span{order}); });
    return order;
}

/// Where each part ends, of parts that add up to 1 or are counts that add up to `samples`.
XGRAD_ON_DEMAND XGRAD_COLD std::vector<std::size_t> ends_of_parts(std::span<const double> parts, std::size_t samples) {
    const auto all = static_cast<double>(samples);
    auto sum = 0.0;
    auto whole = true;
    for (const auto part : parts) {
        if (!(part >= 0)) fail<value_error>("random_split", "a part must be at least 0, got ", part);
        sum += part;
        whole = whole && part == std::floor(part);
    }
    const auto are_counts = whole && sum == all;
    if (!are_counts && std::fabs(sum - 1) >= 1e-9)
        fail<value_error>("random_split", "the parts add up to ", sum,
                          "; fractions add up to 1, counts to the number of samples, ", samples);
    auto ends = std::vector<std::size_t>{};
    auto so_far = 0.0;
    for (const auto part : parts) {
        so_far += part;
        ends.push_back(static_cast<std::size_t>(std::min(all, std::round(are_counts ? so_far : so_far * all))));
    }
    ends.back() = samples;
    return ends;
}

}  // namespace detail

/// Parts of a set at random, as fractions or as counts: `auto [train, test] = data::random_split(set, {0.8, 0.2});`.
/// Every sample is in one part. A fraction of the samples is rounded so that the parts add up.
/// Throws `value_error` when the parts add up to neither 1 nor the number of samples, and for a negative one.
template <dataset D, std::size_t Parts>
std::array<subset<D>, Parts> random_split(const D& set, const double (&parts)[Parts], split_options options = {}) {
    const auto samples = static_cast<std::size_t>(set.size());
    const auto ends = detail::ends_of_parts(parts, samples);
    const auto order = detail::numbers_in_order(samples, options);
    const auto part = [&](std::size_t i) {
        const auto begin = i == 0 ? 0 : ends[i - 1];
        return subset<D>{set, {order.data() + begin, order.data() + ends[i]}};
    };
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<subset<D>, Parts>{part(I)...};
    }(std::make_index_sequence<Parts>{});
}

/// One of the ways to part a set in training and test: `for (const auto& [train, test] : data::k_fold(set, 5))`.
template <dataset D>
struct fold {
    subset<D> train, test;
};

namespace detail {

/// Each sample in one test part: the `folds` parts of `order` by the numbers in `fold_of`.
template <dataset D>
std::vector<fold<D>> folds_of(const char* where, const D& set, std::size_t folds,
                              std::span<const std::size_t> fold_of) {
    if (folds < 2 || folds > fold_of.size())
        fail<value_error>(where, folds, " folds of ", fold_of.size(), " samples; at least 2, and no more than samples");
    auto list = std::vector<fold<D>>{};
    for (auto f = std::size_t{0}; f < folds; ++f) {
        auto train = std::vector<std::size_t>{}, test = std::vector<std::size_t>{};
        for (auto i = std::size_t{0}; i < fold_of.size(); ++i) (fold_of[i] == f ? test : train).push_back(i);
        list.push_back({subset<D>{set, std::move(train)}, subset<D>{set, std::move(test)}});
    }
    return list;
}

}  // namespace detail

/// `folds` ways to part a set: each sample is in the test part of one of them. The parts differ by one sample at most.
/// Throws `value_error` for fewer than two folds, or more than samples.
template <dataset D>
std::vector<fold<D>> k_fold(const D& set, std::size_t folds, split_options options = {}) {
    const auto samples = static_cast<std::size_t>(set.size());
    const auto order = detail::numbers_in_order(samples, options);
    auto fold_of = std::vector<std::size_t>(samples);
    for (auto i = std::size_t{0}; i < samples; ++i) fold_of[order[i]] = i * std::max<std::size_t>(folds, 1) / samples;
    return detail::folds_of("k_fold", set, folds, fold_of);
}

/// The same with as many of each class in every part, but for one. labels: (n). Throws `value_error` as `k_fold`, and
/// when there is not one label for each sample.
template <dataset D, std::integral Label, std::size_t N>
std::vector<fold<D>> stratified_k_fold(const D& set, const tensor<Label, N>& labels, std::size_t folds,
                                       split_options options = {}) {
    const auto samples = static_cast<std::size_t>(set.size());
    if (labels.size() != samples)
        fail<value_error>("stratified_k_fold", labels.size(), " labels for ", samples, " samples");
    const auto order = detail::numbers_in_order(samples, options);
    const auto* const label = labels.data();
    auto places = std::vector<std::size_t>(samples);
    std::iota(places.begin(), places.end(), std::size_t{0});
    lists::sort_numbers(places, [&](std::size_t a, std::size_t b) { return label[order[a]] < label[order[b]]; });
    // Dealt like cards, class after class.
    auto fold_of = std::vector<std::size_t>(samples);
    for (auto i = std::size_t{0}; i < samples; ++i) fold_of[order[places[i]]] = i % std::max<std::size_t>(folds, 1);
    return detail::folds_of("stratified_k_fold", set, folds, fold_of);
}

}  // namespace xgrad::data
