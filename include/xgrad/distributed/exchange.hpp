// The mean of all ranks' gradients, while the backward pass goes on.
//
// Each bucket, as soon as its gradients are complete, is cut into as many parts as there are ranks. Part r goes to rank r,
// which adds what all have sent, from rank 0 on, and sends the result to all. So each rank sends (n - 1) / n of the bucket
// twice, as on a ring, but each number goes over two hops instead of 2 (n - 1); the order of a sum depends on nothing but the
// number of ranks; and all have the same bits, for each part is computed once. (MPI_Allreduce may choose another way, and so
// another order, for every size, machine and release.)
#pragma once

#include <xgrad/autograd/parameter.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/distributed/bfloat16.hpp>
#include <xgrad/distributed/buckets.hpp>
#include <xgrad/distributed/mpi.hpp>
#include <xgrad/distributed/world.hpp>
#include <xgrad/kernels/update.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xgrad::inline XGRAD_ABI::distributed::detail {

template <real T>
class exchange {
public:
    exchange(world& all, const parameter_list<T>& parameters, std::size_t bucket_bytes, bool bfloat16)
        : m_world{all}, m_layout{parameters, bucket_bytes, all.rank(), all.size()}, m_bfloat16{bfloat16}, m_own(m_layout.size()),
          m_result(m_layout.size()), m_used(parameters.size()) {
        const auto bytes = wire_bytes();
        m_received.resize(m_layout.received_size() * bytes);
        if (!bfloat16) return;
        m_sent_halves.resize(m_layout.size());
        m_result_halves.resize(m_layout.size());
    }
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;

    std::size_t bucket_count() { return m_layout.buckets().size(); }
    /// Whether MPI may still write to what is kept here.
    bool is_under_way() const { return m_under_way; }
    bool is_used(std::size_t parameter) const { return m_used[parameter]; }
    const T* result(std::size_t parameter) const { return m_result.data() + m_layout.of(parameter).first; }

    /// Adds a gradient, of so many rows, to what this rank will send.
    void add(std::size_t parameter, const T* gradient, double rows) {
        if (rows == 0) return;   // the mean over no row is no number
        const auto& place = m_layout.of(parameter);
        auto* const own = m_own.data() + place.first;
        const auto by = simd::batch<T>(static_cast<T>(rows));
        if (m_used[parameter]) kernels::update(place.size, [by](auto& sum, const auto& g) { sum = sum + g * by; }, own, gradient);
        else kernels::update(place.size, [by](auto& sum, const auto& g) { sum = g * by; }, own, gradient);
        m_used[parameter] = true;
    }

    void begin() {
        m_under_way = true;
        m_requests.clear();
        m_events.clear();
        for (auto b = std::size_t{0}; b < bucket_count(); ++b) {
            auto& each = m_layout.buckets()[b];
            each.pending = each.parameters.size();
            each.sent = each.summed = false;
            each.parts_left = each.results_left = 0;
            for (auto r = std::size_t{0}; r < m_world.size(); ++r)
                if (r != m_world.rank()) receive(b, r);
        }
    }

    /// Nothing is added to this parameter's gradient any more.
    void complete(std::size_t parameter) {
        const auto b = m_layout.of(parameter).bucket;
        if (--m_layout.buckets()[b].pending == 0) send(b);
    }
    void complete_all() {
        for (auto b = std::size_t{0}; b < bucket_count(); ++b)
            if (!m_layout.buckets()[b].sent) send(b);
    }

    /// Takes what has come in, and answers it. `rows` are those of all ranks; what is received before they are known is kept.
    /// Tells whether all is done.
    bool progress(const double* rows) {
        if (!m_requests.empty()) take_in();
        auto done = true;
        for (auto b = std::size_t{0}; b < bucket_count(); ++b) {
            auto& each = m_layout.buckets()[b];
            if (rows != nullptr && each.sent && each.parts_left == 0 && !each.summed) sum(b, *rows);
            done = done && each.is_done();
        }
        return done && m_open == 0;
    }

    /// Forgets what was exchanged.
    void end() {
        m_under_way = false;
        m_used.assign(m_used.size(), false);
    }

private:
    enum class kind : unsigned char { part, result, out };
    struct event {
        std::size_t bucket, rank;
        kind what;
    };

    std::size_t wire_bytes() const { return m_bfloat16 ? sizeof(std::uint16_t) : sizeof(T); }

    /// What travels of element i.
    void* outgoing(std::size_t i) { return m_bfloat16 ? static_cast<void*>(m_sent_halves.data() + i) : m_own.data() + i; }
    void* results(std::size_t i) { return m_bfloat16 ? static_cast<void*>(m_result_halves.data() + i) : m_result.data() + i; }
    /// Where the part that rank r sends of this bucket is kept.
    std::byte* kept(const bucket& of, std::size_t r) {
        const auto slot = r < m_world.rank() ? r : r - 1;
        return m_received.data() + (of.received + slot * of.part_size(m_world.rank(), m_world.size())) * wire_bytes();
    }

    MPI_Request& request(std::size_t b, std::size_t r, kind what) {
        m_events.push_back({b, r, what});
        ++m_open;
        return m_requests.emplace_back(MPI_REQUEST_NULL);
    }
    void receive_from(std::size_t b, std::size_t r, kind what, void* to, std::size_t count) {
        const auto tag = static_cast<int>(2 * b + (what == kind::result ? 1 : 0));
        check_mpi("MPI_Irecv", MPI_Irecv(to, count_of(count * wire_bytes()), MPI_BYTE, static_cast<int>(r), tag, m_world.communicator(), &request(b, r, what)));
    }
    void send_to(std::size_t b, std::size_t r, bool result, const void* from, std::size_t count) {
        const auto tag = static_cast<int>(2 * b + (result ? 1 : 0));
        m_world.count(count * wire_bytes(), 1);
        check_mpi("MPI_Isend", MPI_Isend(from, count_of(count * wire_bytes()), MPI_BYTE, static_cast<int>(r), tag, m_world.communicator(), &request(b, r, kind::out)));
    }

    void receive(std::size_t b, std::size_t r) {
        auto& each = m_layout.buckets()[b];
        const auto ranks = m_world.size();
        if (const auto own = each.part_size(m_world.rank(), ranks); own != 0) {
            receive_from(b, r, kind::part, kept(each, r), own);
            ++each.parts_left;
        }
        if (const auto theirs = each.part_size(r, ranks); theirs != 0) {
            receive_from(b, r, kind::result, results(each.first + each.part(r, ranks)), theirs);
            ++each.results_left;
        }
    }

    void send(std::size_t b) {
        auto& each = m_layout.buckets()[b];
        each.sent = true;
        for (const auto i : each.parameters)
            if (!m_used[i]) std::fill_n(m_own.data() + m_layout.of(i).first, m_layout.of(i).size, T{0});
        if (m_bfloat16) to_bfloats(m_own.data() + each.first, each.size, m_sent_halves.data() + each.first);
        for (auto r = std::size_t{0}; r < m_world.size(); ++r)
            if (const auto count = each.part_size(r, m_world.size()); r != m_world.rank() && count != 0)
                send_to(b, r, false, outgoing(each.first + each.part(r, m_world.size())), count);
    }

    /// The sum of this rank's part, divided by all rows.
    void sum(std::size_t b, double rows) {
        auto& each = m_layout.buckets()[b];
        each.summed = true;
        const auto rank = m_world.rank();
        const auto first = each.first + each.part(rank, m_world.size()), count = each.part_size(rank, m_world.size());
        auto* const to = m_result.data() + first;
        const auto by = simd::batch<T>(rows == 0 ? T{1} : static_cast<T>(rows));
        for (auto r = std::size_t{0}; r < m_world.size(); ++r) {
            const auto* const part = r == rank ? m_own.data() + first : part_of(each, r, count);
            const auto is_last = r + 1 == m_world.size();
            if (r == 0) std::copy_n(part, count, to);
            if (r == 0 && is_last) kernels::update(count, [by](auto& sum, const auto&) { sum = sum / by; }, to, part);
            else if (is_last) kernels::update(count, [by](auto& sum, const auto& own) { sum = (sum + own) / by; }, to, part);
            else if (r != 0) kernels::update(count, [](auto& sum, const auto& own) { sum = sum + own; }, to, part);
        }
        if (m_bfloat16) {
            to_bfloats(to, count, m_result_halves.data() + first);
            from_bfloats(m_result_halves.data() + first, count, to);
        }
        for (auto r = std::size_t{0}; r < m_world.size(); ++r)
            if (r != rank && count != 0) send_to(b, r, true, results(first), count);
    }
    const T* part_of(const bucket& of, std::size_t r, std::size_t count) {
        if (!m_bfloat16) return reinterpret_cast<const T*>(kept(of, r));
        m_widened.resize(std::max(m_widened.size(), count));
        from_bfloats(reinterpret_cast<const std::uint16_t*>(kept(of, r)), count, m_widened.data());
        return m_widened.data();
    }

    void take_in() {
        auto count = 0;
        m_done.resize(m_requests.size());
        check_mpi("MPI_Testsome", MPI_Testsome(static_cast<int>(m_requests.size()), m_requests.data(), &count, m_done.data(), MPI_STATUSES_IGNORE));
        for (auto i = 0; count != MPI_UNDEFINED && i < count; ++i) {
            const auto& [b, rank, what] = m_events[static_cast<std::size_t>(m_done[static_cast<std::size_t>(i)])];
            --m_open;
            auto& of = m_layout.buckets()[b];
            if (what == kind::part) --of.parts_left;
            if (what == kind::result) take_result(of, rank);
        }
    }
    void take_result(bucket& of, std::size_t r) {
        --of.results_left;
        const auto first = of.first + of.part(r, m_world.size());
        if (m_bfloat16) from_bfloats(m_result_halves.data() + first, of.part_size(r, m_world.size()), m_result.data() + first);
    }

    world& m_world;
    layout m_layout;
    bool m_bfloat16, m_under_way = false;
    std::vector<T> m_own, m_result, m_widened;
    std::vector<std::uint16_t> m_sent_halves, m_result_halves;
    std::vector<std::byte> m_received;
    std::vector<bool> m_used;
    std::vector<MPI_Request> m_requests;
    std::vector<event> m_events;
    std::vector<int> m_done;
    std::size_t m_open = 0;   // requests
};

}  // namespace xgrad::distributed::detail
