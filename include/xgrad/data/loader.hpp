// Batches of a data set, in order or shuffled.
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/data/dataset.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data {

struct loader_options {
    std::size_t batch_size = 1;
    bool shuffle = false;                  ///< a new order every epoch
    bool drop_last = false;                ///< leave out the last batch when it is smaller than the others
    std::optional<std::uint64_t> seed{};   ///< of the orders; else drawn from the default generator
};

namespace detail {

/// A new array of `count` rows of `source`: those numbered order[begin], order[begin + 1], ...; without an order
/// the rows from `begin` on.
inline xgrad::detail::array* copy_rows(const xgrad::detail::array& source, std::span<const std::size_t> order,
                                       std::size_t begin, std::size_t count) {
    auto sizes = source.sizes;
    sizes[0] = count;
    auto* const batch = xgrad::detail::array::make(sizes, source.element_bytes);
    const auto row_bytes = source.size / source.sizes[0] * source.element_bytes;
    if (row_bytes == 0) return batch;
    constexpr auto grain = std::size_t{256} << 10;   // bytes; less is copied before a second thread has started
    parallel_for(count, grain / row_bytes + 1, [&](std::size_t first, std::size_t last) {
        auto* const to = batch->elements + first * row_bytes;
        if (order.empty()) {
            std::memcpy(to, source.elements + (begin + first) * row_bytes, (last - first) * row_bytes);
            return;
        }
        for (auto i = first; i < last; ++i)
            std::memcpy(to + (i - first) * row_bytes, source.elements + order[begin + i] * row_bytes, row_bytes);
    });
    return batch;
}

/// A tuple of handles, out of whatever a data set gives: a tuple of tensors or of references, a pair, an array.
inline constexpr auto tuple_of_handles = [](const auto& tensors) {
    return std::apply([](const auto&... each) { return std::tuple<std::remove_cvref_t<decltype(each)>...>{each...}; },
                      tensors);
};

/// Throws unless every tensor has the samples that the set says it has.
template <class... Tensors>
void check_samples(const std::tuple<Tensors...>& tensors, std::size_t samples) {
    static_assert(sizeof...(Tensors) != 0, "a data set has at least one tensor");
    static_assert((requires { Tensors::static_rank; } && ...), "tensors() of a data set gives a tuple of tensors");
    auto compare = [&, number = 0](const auto& each) mutable {
        if (each.rank() == 0)
            fail<rank_error>("loader", "tensor ", number, " of the data set is a scalar; the first axis counts the samples");
        if (each.shape(0) != samples)
            fail<shape_error>("loader", "the data set has ", samples, " samples, its tensor ", number, " has shape ",
                              each.shape(), "; the first size of each must be the number of samples");
        ++number;
    };
    std::apply([&](const auto&... each) { (compare(each), ...); }, tensors);
}

}  // namespace detail

/// The batches of a data set: `for (auto [x, y] : loader)` is one epoch.
///
/// A batch is a copy of its own, in order or shuffled: what is done to it does not change the data set. The order of an
/// epoch is determined by the seed and the epoch's number alone. Each `begin()` starts the next epoch, and its iterator
/// has that epoch's order for its own, so that loops over one loader may run within each other; the loader must
/// outlive them. It holds handles to the tensors, not to the data set.
///
/// Throws `value_error` for a batch size of 0; `shape_error` when a tensor's first size is not the set's `size()`,
/// `rank_error` for a scalar.
template <dataset Dataset>
class loader {
public:
    /// A tuple of tensors, of the ranks that the data set's have.
    using value_type = decltype(detail::tuple_of_handles(std::declval<const Dataset&>().tensors()));

    explicit loader(const Dataset& set, loader_options options = {})
        : m_tensors{detail::tuple_of_handles(set.tensors())}, m_samples{static_cast<std::size_t>(set.size())},
          m_options{options} {
        if (options.batch_size == 0) fail<value_error>("loader", "batch_size must be at least 1");
        detail::check_samples(m_tensors, m_samples);
        if (!options.shuffle) return;
        m_seed = options.seed ? *options.seed
                              : with_default_generator([](generator& numbers) { return numbers(); });
    }

    /// The number of batches in an epoch.
    std::size_t size() const noexcept {
        const auto full = m_samples / m_options.batch_size;
        return full + (!m_options.drop_last && m_samples % m_options.batch_size != 0 ? 1 : 0);
    }
    /// The number of samples in the data set.
    std::size_t samples() const noexcept { return m_samples; }
    /// How many epochs have begun.
    std::uint64_t epoch() const noexcept { return m_epoch; }
    const loader_options& options() const noexcept { return m_options; }

    class iterator {
    public:
        using value_type = loader::value_type;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        value_type operator*() const { return m_loader->batch(m_index, *m_order); }
        iterator& operator++() {
            ++m_index;
            return *this;
        }
        void operator++(int) { ++m_index; }
        friend bool operator==(const iterator& i, std::default_sentinel_t) {
            return i.m_index >= i.m_loader->size();
        }

    private:
        friend loader;
        explicit iterator(const loader& owner) : m_loader{&owner}, m_order{owner.m_order} {}

        const loader* m_loader;
        std::shared_ptr<const std::vector<std::size_t>> m_order;
        std::size_t m_index = 0;
    };

    iterator begin() {
        // The last epoch's order is written over where no iterator has it any more.
        if (m_order.use_count() != 1) m_order = std::make_shared<std::vector<std::size_t>>();
        if (m_options.shuffle) {
            m_order->resize(m_samples);
            std::iota(m_order->begin(), m_order->end(), std::size_t{0});
            // Multiplied by an odd number, no two epochs give the same.
            generator{m_seed ^ (m_epoch * 0xd1342543de82ef95u)}.shuffle(std::span{*m_order});
        }
        ++m_epoch;
        return iterator{*this};
    }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    value_type batch(std::size_t index, std::span<const std::size_t> order) const {
        using xgrad::detail::access;
        const auto begin = index * m_options.batch_size;
        const auto count = std::min(m_options.batch_size, m_samples - begin);
        const auto rows = [&]<class T, std::size_t N>(const tensor<T, N>& source) {
            return access::adopt<T, N>(detail::copy_rows(access::get(source), order, begin, count));
        };
        return std::apply([&](const auto&... each) { return value_type{rows(each)...}; }, m_tensors);
    }

    value_type m_tensors;
    std::size_t m_samples;
    loader_options m_options;
    std::shared_ptr<std::vector<std::size_t>> m_order;   // of the epoch that began last; empty when not shuffled
    std::uint64_t m_seed = 0;
    std::uint64_t m_epoch = 0;
};

}  // namespace xgrad::data
