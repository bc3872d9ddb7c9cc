// Training on several ranks: each computes the gradients of its part of a batch, all make the same step.
#pragma once

#include <xgrad/autograd/backward.hpp>
#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/distributed/broadcast.hpp>
#include <xgrad/distributed/digest.hpp>
#include <xgrad/distributed/exchange.hpp>
#include <xgrad/distributed/world.hpp>
#include <xgrad/nn/module.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::distributed {

struct data_parallel_options {
    std::size_t bucket_bytes = std::size_t{1} << 18;   ///< of the gradients that travel together: at least one parameter's, and 64 buckets at most
    bool bfloat16 = false;                             ///< gradients travel in 16 bits, and are summed in the parameters' type
    std::size_t check_every = 100;                     ///< exchanges after which the weights are compared; 0: never
};

/// One line turns a loop into a parallel one:
///
///     auto parallel = distributed::data_parallel{world, net};
///     ...
///     parallel.backward(loss, x.shape(0));   // in place of loss.backward()
///
/// Afterwards `grad()` has, on all ranks and to the bit, the gradient of the mean over the rows of all ranks:
///
///     g = sum_r w_r g_r,   w_r = rows_r / sum_s rows_s,   added from rank 0 on
///
/// where `loss` is the mean over this rank's rows. Ranks may have different numbers of rows; one that has none does not count,
/// whatever its gradient. A parameter that no rank's loss came of has no gradient; where some did, the others count as zero.
///
/// At first the model of rank 0, buffers included, is brought to all, and names, types and shapes are compared: `shape_error` on
/// all ranks where they differ. Random numbers stay each rank's own: `manual_seed(1 + world.rank())` before the loop lets dropout
/// hide other elements on each. Keeps the handles of the parameters that there are then. Its buffers are about three times as large as these.
template <real T>
class data_parallel {
public:
    template <class Module>
    data_parallel(world& all, Module& net, data_parallel_options options = {})
        : m_world{all}, m_options{options}, m_number{all.next_number()}, m_parameters{nn::parameters<T>(net)} {
        if (m_parameters.empty()) fail<value_error>(name, "there is no parameter to learn; nn::parameters leaves out what is frozen");
        detail::broadcast_model(all, name, net);
        // A member may be frozen on one rank and not on another, though the tensors are the same.
        compare_descriptions();
        m_exchange = std::make_unique<detail::exchange<T>>(all, m_parameters, m_number, options.bucket_bytes, options.bfloat16);
    }
    /// Waits for nobody: where an exchange is under way, since an exception was thrown, MPI keeps its memory.
    ~data_parallel() {
        if (m_exchange != nullptr && m_exchange->is_under_way()) m_exchange.release();
    }
    data_parallel(const data_parallel&) = delete;
    data_parallel& operator=(const data_parallel&) = delete;

    /// `loss.backward()`, and the mean over all ranks, which is on its way while the pass goes on. `rows` are those over which
    /// `loss` is the mean. What was stored in `grad()` before stays added. Throws what `loss.backward()` throws, and
    /// `value_error` for a number of rows that is negative or no number.
    void backward(const basic_tensor<T>& loss, detail::number rows) {
        const auto one = xgrad::detail::gradient_of_scalar(loss);
        run(detail::deed::backward, rows.value, [&] { pass(loss, one, rows.value, true); });
    }
    /// The same of a rank that has no rows and no loss this time.
    void backward() {
        run(detail::deed::backward, 0, [] {});
    }

    /// A backward pass of which nothing is sent yet: the next `backward` sends the sum, and the mean is over the rows of all.
    /// So a step may be larger than memory, or a network slower than the machines: one exchange for several passes.
    void accumulate(const basic_tensor<T>& loss, detail::number rows) {
        validate(rows.value);
        const auto one = xgrad::detail::gradient_of_scalar(loss);
        m_rows += rows.value;
        pass(loss, one, rows.value, false);
    }

    /// Puts the mean over all ranks in the place of the gradients that are stored, of an ordinary `loss.backward()`. Not while
    /// they are computed, so slower than `backward(loss, rows)`.
    void average(detail::number rows) {
        run(detail::deed::average, rows.value, [&] {
            for (auto i = std::size_t{0}; i < m_parameters.size(); ++i) {
                if (!m_parameters[i].has_grad()) continue;
                auto& stored = xgrad::detail::stored_of(name, m_parameters[i]);
                stored.total()->handles.add();
                m_exchange->add(i, stored.total(), rows.value);
                stored.clear();
            }
        });
    }

    /// At the end of an epoch, where ranks may have different numbers of batches: takes part in what the others still do, with
    /// no rows, and calls `step` after each (`[&] { opt.step(); }`), until all are here. Gives back how often.
    template <class Step>
    std::size_t join(const Step& step) {
        for (auto count = std::size_t{0};; ++count) {
            validate(0);
            say(detail::deed::join, m_rows);
            m_world.wait_until([&] { return m_agreement->is_complete(); });
            const auto is_join = [](const detail::note& each) { return each.what == detail::deed::join; };
            if (lists::all_of(m_agreement->notes(), is_join)) {
                --m_exchanges;
                return count;
            }
            for (auto& each : m_parameters) each.zero_grad();
            exchange_all([] {});
            step();
        }
    }

    /// Compares the weights of all ranks now. Throws `value_error`, on all of them, that says where they differ.
    void check() { detail::compare_weights(m_world, m_parameters); }

    const parameter_list<T>& parameters() const noexcept { return m_parameters; }
    std::size_t bucket_count() const { return m_exchange->bucket_count(); }

private:
    static constexpr auto name = "data_parallel";

    /// Adds the gradients of parameters to what is sent, each as soon as it is complete.
    class taker final : public xgrad::detail::leaf_taker {
    public:
        taker(data_parallel& own, double rows, bool sends) : m_own{own}, m_rows{rows}, m_sends{sends} {}

        bool take(xgrad::detail::node& leaf) override {
            const auto found = std::lower_bound(m_own.m_leaves.begin(), m_own.m_leaves.end(), &leaf,
                                                [](const auto& each, const auto* place) { return std::less<>{}(each.first, place); });
            if (found == m_own.m_leaves.end() || found->first != &leaf) return false;
            auto* const gradient = std::exchange(leaf.gradient, nullptr);
            if (m_sends) {
                m_own.m_exchange->add(found->second, gradient, m_rows);
                m_own.m_exchange->complete(found->second);
            } else {
                m_own.m_exchange->accumulate(found->second, reinterpret_cast<const T*>(gradient->elements), m_rows);
                gradient->drop_handle();
            }
            return true;
        }

    private:
        data_parallel& m_own;
        double m_rows;
        bool m_sends;
    };

    /// Lets messages go on between two rules: MPI moves them within its calls only.
    class mover final : public xgrad::detail::rule_watcher {
    public:
        explicit mover(data_parallel& own) : m_own{own}, m_before{std::exchange(xgrad::detail::watching_rules, this)} {}
        ~mover() { xgrad::detail::watching_rules = m_before; }

        void run(xgrad::detail::node& at) override {
            if (m_before != nullptr) m_before->run(at);
            else at.differentiate();
            m_own.progress();
        }

    private:
        data_parallel& m_own;
        xgrad::detail::rule_watcher* m_before;
    };

    void validate(double rows) const {
        if (!is_finite_number(rows) || rows < 0) fail<value_error>(name, "the number of rows must be at least 0, got ", rows);
        if (m_exchange->is_under_way()) fail<autograd_error>(name, "an earlier pass was left by an exception, in the middle of what all ranks do together; end the program");
    }

    void compare_descriptions() const {
        auto own = std::vector<detail::description>{};
        for (const auto& each : m_parameters) own.push_back({each.name(), "that requires a gradient", xgrad::detail::shape_of(each)});
        detail::compare_descriptions(m_world, name, own);
    }

    void pass(const basic_tensor<T>& loss, const tensor<T>& one, double rows, bool sends) {
        m_leaves.clear();
        for (auto i = std::size_t{0}; i < m_parameters.size(); ++i)
            if (const auto* const leaf = xgrad::detail::access::graph(m_parameters[i])) m_leaves.emplace_back(leaf, i);
        std::sort(m_leaves.begin(), m_leaves.end());
        auto to = taker{*this, rows, sends};
        if (!sends) return xgrad::detail::run_backward<T>(loss, one, {}, &to);
        const auto moving = mover{*this};
        xgrad::detail::run_backward<T>(loss, one, {}, &to);
    }

    void say(detail::deed what, double rows) {
        m_own_rows = rows;
        const auto looks = m_options.check_every != 0 && m_exchanges % m_options.check_every == 0;
        ++m_exchanges;
        m_all_rows.clear();
        m_agreement = m_world.say({.what = what, .size = m_number, .rows = rows, .digest = looks ? detail::digest_of(m_parameters) : 0});
    }

    template <class Local>
    void run(detail::deed what, double rows, const Local& local) {
        validate(rows);
        say(what, m_rows + rows);
        exchange_all(local);
    }

    template <class Local>
    void exchange_all(const Local& local) {
        m_exchange->begin(m_own_rows);
        local();
        m_exchange->complete_all();
        auto used = used_by_any();
        m_world.wait_until([&] { return progress(); });
        m_rows = 0;
        // One for all ranks, who have all heard the same.
        const auto& heard = m_agreement->notes();
        const auto differs = [&](const detail::note& each) { return each.digest != heard[0].digest; };
        if (lists::any_of(heard, differs)) detail::compare_weights(m_world, m_parameters);
        for (auto i = std::size_t{0}; i < m_parameters.size(); ++i)
            if (used[i]) store(i);
        m_exchange->end();
    }

    bool progress() {
        if (m_all_rows.empty() && m_agreement->is_complete())
            for (const auto& each : m_agreement->notes()) m_all_rows.push_back(each.rows);
        return m_exchange->progress(m_all_rows.empty() ? nullptr : &m_all_rows);
    }

    /// Which parameters some rank has a gradient of. Meanwhile the last buckets are under way.
    std::vector<bool> used_by_any() {
        const auto words = (m_parameters.size() + 63) / 64;
        auto own = std::vector<std::uint64_t>(words), all = std::vector<std::uint64_t>(words * m_world.size());
        for (auto i = std::size_t{0}; i < m_parameters.size(); ++i)
            if (m_exchange->is_used(i)) own[i / 64] |= std::uint64_t{1} << i % 64;
        const auto bytes = detail::count_of(words * sizeof(std::uint64_t));
        auto request = MPI_Request{};
        m_world.count(words * sizeof(std::uint64_t), m_world.size() - 1);
        detail::check_mpi("MPI_Iallgather", MPI_Iallgather(own.data(), bytes, MPI_BYTE, all.data(), bytes, MPI_BYTE, m_world.communicator(), &request));
        auto here = 0;
        m_world.wait_until([&] {
            progress();
            detail::check_mpi("MPI_Test", MPI_Test(&request, &here, MPI_STATUS_IGNORE));
            return here != 0;
        });
        auto used = std::vector<bool>(m_parameters.size());
        for (auto r = std::size_t{0}; r < m_world.size(); ++r)
            for (auto i = std::size_t{0}; i < used.size(); ++i) used[i] = used[i] || (all[r * words + i / 64] >> i % 64 & 1) != 0;
        return used;
    }

    void store(std::size_t i) {
        auto& to = m_parameters[i];
        if (!to.requires_grad()) return;   // frozen meanwhile
        xgrad::detail::stored_of(name, to).add(m_exchange->take_result(i));
    }

    world& m_world;
    data_parallel_options m_options;
    std::size_t m_number;   // among those of its world: each has messages of its own
    parameter_list<T> m_parameters;
    std::unique_ptr<detail::exchange<T>> m_exchange;
    std::vector<std::pair<const xgrad::detail::node*, std::size_t>> m_leaves;   // by their addresses
    std::optional<detail::agreement> m_agreement;   // of the exchange that is under way, or was last
    double m_rows = 0;                  // of what was accumulated
    double m_own_rows = 0;              // in the exchange that is under way
    std::vector<double> m_all_rows;     // of each rank, once they are known
    std::size_t m_exchanges = 0;
};

template <class Module>
data_parallel(world&, Module&, data_parallel_options = {}) -> data_parallel<nn::detail::real_type<void, Module>>;

}  // namespace xgrad::distributed
