// Batches of a data set, in order, shuffled, or as a sampler says.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/data/batch.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/prefetch.hpp>
#include <xgrad/data/sampler.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data {

struct loader_options {
    std::size_t batch_size = 1;
    bool shuffle = false;                  ///< a new order every epoch
    bool drop_last = false;                ///< leave out the last batch when it is smaller than the others
    std::optional<std::uint64_t> seed{};   ///< of the orders and transforms; else drawn from the default generator
    data::sampler sampler{};               ///< of the order, instead of `shuffle`
    std::size_t workers = 0;               ///< threads that make batches ahead; 0: made where the loop is
    std::vector<double> pad{};             ///< what fills up shorter samples: one number, or one for each tensor
};

/// Where a loader is: how many epochs are over, and how many batches of the next one were given out.
struct loader_position {
    std::uint64_t seed = 0, epoch = 0, batch = 0;
};

/// The batches of a data set: `for (auto [x, y] : loader)` is one epoch.
///
/// A batch is a copy of its own, in order or shuffled: what is done to it does not change the data set. The order of an
/// epoch is determined by the seed and the epoch's number alone, a sample's random numbers by these and its index. Each
/// `begin()` starts the next epoch, and its iterator has that epoch's order for its own, so that loops over one loader
/// may run within each other; the loader must outlive them. Of a set of whole tensors it holds handles to these, of
/// others a copy. With workers the set is read by several threads at once; what one of them throws arrives at the loop,
/// in place of the batch.
///
/// Throws `value_error` for a batch size of 0, and for `shuffle` beside a sampler; `shape_error` when a tensor's first
/// size is not the set's `size()`, `rank_error` for a scalar, and in the loop `shape_error` for samples of unequal
/// shapes.
template <dataset Dataset>
class loader {
    using source = detail::batch_source<Dataset>;
    using shared_order = std::shared_ptr<const sample_order>;

public:
    /// A tuple of tensors. Of whole tensors, of the ranks that these have; of samples, of one more: numbers become
    /// vectors.
    using value_type = typename source::value_type;

    explicit loader(const Dataset& set, loader_options options = {})
        : m_source{set, options.pad}, m_options{std::move(options)} {
        if (m_options.batch_size == 0) fail<value_error>("loader", "batch_size must be at least 1");
        if (m_options.shuffle && m_options.sampler)
            fail<value_error>("loader", "shuffle beside a sampler: there can be one order only");
        if (m_options.seed) m_at.seed = *m_options.seed;
        else if (m_options.shuffle || m_options.sampler || source::draws)
            m_at.seed = with_default_generator([](generator& numbers) { return numbers(); });
    }

    /// The number of batches in an epoch.
    std::size_t size() const {
        const auto drawn = drawn_samples(), full = drawn / m_options.batch_size;
        return full + (!m_options.drop_last && drawn % m_options.batch_size != 0 ? 1 : 0);
    }
    /// The number of samples in an epoch: what the sampler draws, without what `drop_last` leaves out.
    std::size_t epoch_samples() const {
        const auto drawn = drawn_samples();
        return m_options.drop_last ? drawn - drawn % m_options.batch_size : drawn;
    }
    /// The number of samples in the data set.
    std::size_t samples() const noexcept { return m_source.samples(); }
    /// How many epochs have begun.
    std::uint64_t epoch() const noexcept { return m_epoch; }
    const loader_options& options() const noexcept { return m_options; }

    /// Where the loop is that began last: after its last batch, at the beginning of the next epoch. One that was left
    /// by `break` is where it was left; what goes on there goes on with that epoch, unlike the next `begin()`.
    loader_position position() const { return m_at; }
    /// After a `break` that ends an epoch early on purpose: the position is at the beginning of the next one.
    void end_epoch() { go_to({m_at.seed, m_epoch, 0}); }
    /// Whether an epoch has as many batches.
    bool can_go_to(const loader_position& to) const { return to.batch <= size(); }
    /// Lets the next `begin()` go on there, with what that loader would have given. Throws `value_error` for a batch
    /// beyond the last of an epoch.
    void go_to(const loader_position& to) {
        if (!can_go_to(to))
            fail<value_error>("loader", "batch ", to.batch, " of an epoch of ", size(), "; is it the same data set?");
        m_at = to;
        m_epoch = to.epoch;
        m_begin = static_cast<std::size_t>(to.batch);
    }

    class iterator {
    public:
        using value_type = loader::value_type;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        value_type operator*() const {
            m_loader->note(m_context.epoch, m_index + 1);
            return m_ahead != nullptr ? m_ahead->take(m_index) : m_loader->batch(m_index, *m_order, m_context);
        }
        iterator& operator++() {
            if (++m_index == m_loader->size()) m_loader->note(m_context.epoch + 1, 0);
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator& i, std::default_sentinel_t) {
            return i.m_index >= i.m_loader->size();
        }

    private:
        friend loader;
        iterator(loader& owner, detail::draw_context context, std::size_t index)
            : m_loader{&owner}, m_order{owner.m_order}, m_context{context}, m_index{index} {
            const auto workers = std::min(owner.m_options.workers, owner.size() - std::min(owner.size(), index));
            if (workers == 0) return;
            auto make = [&owner, context, order = m_order](std::size_t i) { return owner.batch(i, *order, context); };
            m_ahead = std::make_shared<detail::prefetch<value_type>>(index, owner.size(), workers, std::move(make));
        }

        loader* m_loader;
        shared_order m_order;
        detail::draw_context m_context;   // a copy: `go_to` within the loop does not change what its workers draw
        std::size_t m_index;
        std::shared_ptr<detail::prefetch<value_type>> m_ahead{};
    };

    iterator begin() {
        // The last epoch's order is written over where no iterator has it any more.
        if (m_order.use_count() != 1) m_order = std::make_shared<sample_order>();
        auto numbers = generator{m_at.seed ^ (m_epoch * detail::epoch_factor)};
        if (m_options.sampler) *m_order = m_options.sampler.order(samples(), numbers);
        else if (m_options.shuffle) {
            m_order->resize(samples());
            std::iota(m_order->begin(), m_order->end(), std::size_t{0});
            numbers.shuffle(std::span{*m_order});
        }
        const auto from = std::exchange(m_begin, 0);
        if (from < size()) note(m_epoch, from);
        else note(m_epoch + 1, 0);
        return iterator{*this, {m_at.seed, m_epoch++}, from};
    }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    std::size_t drawn_samples() const { return m_options.sampler ? m_options.sampler.size(samples()) : samples(); }
    void note(std::uint64_t epoch, std::size_t batch) {
        m_at.epoch = epoch;
        m_at.batch = batch;
    }

    value_type batch(std::size_t index, std::span<const std::size_t> order, detail::draw_context context) const {
        const auto first = index * m_options.batch_size;
        const auto count = std::min(m_options.batch_size, epoch_samples() - first);
        return m_source.make(order, first, count, context);
    }

    source m_source;
    loader_options m_options;
    std::shared_ptr<sample_order> m_order;   // of the epoch that began last; empty when samples come in their own
    std::uint64_t m_epoch = 0;
    std::size_t m_begin = 0;                 // the batch that the next epoch begins with
    loader_position m_at;
};

}  // namespace xgrad::data
