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

/// A new array of the `rows` of `source`, in their order.
inline xgrad::detail::array* gather_rows(const xgrad::detail::array& source, std::span<const std::size_t> rows) {
    auto sizes = source.sizes;
    sizes[0] = rows.size();
    auto* const batch = xgrad::detail::array::make(sizes, source.element_bytes);
    const auto row_bytes = source.size / source.sizes[0] * source.element_bytes;
    if (row_bytes == 0) return batch;
    constexpr auto grain = std::size_t{256} << 10;   // bytes; less is copied before a second thread has started
    parallel_for(rows.size(), grain / row_bytes + 1, [&](std::size_t begin, std::size_t end) {
        for (auto i = begin; i < end; ++i)
            std::memcpy(batch->elements + i * row_bytes, source.elements + rows[i] * row_bytes, row_bytes);
    });
    return batch;
}

/// The rows from `begin` on, sharing the elements of `source`.
inline xgrad::detail::array* view_rows(xgrad::detail::array& source, std::size_t begin, std::size_t count) {
    auto sizes = source.sizes;
    sizes[0] = count;
    return xgrad::detail::array::make_view(source, sizes, begin * (source.size / source.sizes[0]));
}

}  // namespace detail

/// The batches of a data set: `for (auto [x, y] : loader)` is one epoch.
///
/// In order, a batch is a range of the set's rows and shares them: to change one, `clone()` it. Shuffled, it
/// is a copy. The order of an epoch is determined by the seed and the epoch's number alone. A loader is in one
/// epoch at a time: `begin()` starts the next. It holds handles to the tensors, not to the data set.
///
/// Throws `value_error` for a batch size of 0.
template <dataset Dataset>
class loader {
public:
    /// A tuple of tensors, of the ranks that the data set's have.
    using value_type = std::remove_cvref_t<decltype(std::declval<const Dataset&>().tensors())>;

    explicit loader(const Dataset& set, loader_options options = {})
        : m_tensors{set.tensors()}, m_samples{set.size()}, m_options{options} {
        if (options.batch_size == 0) fail<value_error>("loader", "batch_size must be at least 1");
        if (!options.shuffle) return;
        m_order.resize(m_samples);
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

        value_type operator*() const { return m_loader->batch(m_index); }
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
        explicit iterator(const loader& owner) : m_loader{&owner} {}

        const loader* m_loader;
        std::size_t m_index = 0;
    };

    iterator begin() {
        if (m_options.shuffle) {
            std::iota(m_order.begin(), m_order.end(), std::size_t{0});
            // Multiplied by an odd number, no two epochs give the same.
            generator{m_seed ^ (m_epoch * 0xd1342543de82ef95u)}.shuffle(std::span{m_order});
        }
        ++m_epoch;
        return iterator{*this};
    }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    value_type batch(std::size_t index) const {
        const auto begin = index * m_options.batch_size;
        const auto count = std::min(m_options.batch_size, m_samples - begin);
        return std::apply([&](const auto&... each) { return value_type{rows(each, begin, count)...}; },
                          m_tensors);
    }

    template <class Tensor>
    Tensor rows(const Tensor& source, std::size_t begin, std::size_t count) const {
        using xgrad::detail::access;
        auto& array = access::get(source);
        auto* const batch = m_options.shuffle
                                ? detail::gather_rows(array, std::span{m_order}.subspan(begin, count))
                                : detail::view_rows(array, begin, count);
        return access::adopt<typename Tensor::value_type, Tensor::static_rank>(batch);
    }

    value_type m_tensors;
    std::size_t m_samples;
    loader_options m_options;
    std::vector<std::size_t> m_order;
    std::uint64_t m_seed = 0;
    std::uint64_t m_epoch = 0;
};

}  // namespace xgrad::data
