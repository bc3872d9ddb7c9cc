// The mean of all ranks' gradients, while the backward pass goes on.
//
// Each bucket, as soon as its gradients are complete, is cut into as many parts as there are ranks. Part r goes to rank r,
// which adds what all have sent, from rank 0 on, and sends the result to all. So each rank sends (n - 1) / n of the bucket
// twice, as on a ring, but each number goes over two hops instead of 2 (n - 1); the order of a sum depends on nothing but the
// number of ranks; and all have the same bits, for each part is computed once. (MPI_Allreduce may choose another way, and so
// another order, for every size, machine and release.)
#pragma once

#include <xgrad/autograd/array.hpp>
#include <xgrad/autograd/parameter.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/distributed/bfloat16.hpp>
#include <xgrad/distributed/buckets.hpp>
#include <xgrad/distributed/mpi.hpp>
#include <xgrad/distributed/world.hpp>
#include <xgrad/kernels/update.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::distributed::detail {

template <real T>
class exchange {
public:
    exchange(world& all, const parameter_list<T>& parameters, std::size_t number, std::size_t bucket_bytes, bool bfloat16)
        : m_world{all}, m_first_tag{static_cast<int>(number % (least_tags / tags) * tags)}, m_layout{parameters, bucket_bytes, all.rank(), all.size()}, m_bfloat16{bfloat16},
          m_own{std::make_unique_for_overwrite<T[]>(m_layout.size())}, m_result{std::make_unique_for_overwrite<T[]>(m_layout.size())},
          m_used(parameters.size()) {
        for (const auto& each : parameters) m_shapes.push_back(xgrad::detail::shape_of(each));
        m_received = std::make_unique_for_overwrite<std::byte[]>(m_layout.received_size() * wire_bytes());
        for (auto& each : m_layout.buckets()) {
            each.is_whole = each.parameters.size() == 1 && !bfloat16;
            m_buffers.push_back({nullptr, m_own.get() + each.first, m_result.get() + each.first, {}});
        }
        if (!bfloat16) return;
        m_sent_halves.resize(m_layout.size());
        m_result_halves.resize(m_layout.size());
    }
    ~exchange() {
        for (const auto& each : m_buffers)
            if (each.held != nullptr) each.held->drop_handle();
    }
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;

    std::size_t bucket_count() { return m_layout.buckets().size(); }
    /// Whether MPI may still write to what is kept here.
    bool is_under_way() const { return m_under_way; }
    bool is_used(std::size_t parameter) const { return m_used[parameter]; }

    /// Adds a gradient, of so many rows, to what this rank will send in the end.
    void accumulate(std::size_t parameter, const T* gradient, double rows) {
        if (rows == 0) return;   // the mean over no row is no number
        const auto& place = m_layout.of(parameter);
        auto* const own = m_own.get() + place.first;
        const auto by = simd::batch<T>(static_cast<T>(rows));
        if (m_used[parameter]) kernels::update(place.size, [by](auto& sum, const auto& g) { sum = sum + g * by; }, own, gradient);
        else kernels::update(place.size, [by](auto& sum, const auto& g) { sum = g * by; }, own, gradient);
        m_used[parameter] = true;
        m_accumulated = true;
    }

    /// `rows` are this rank's, those of what was accumulated included.
    void begin(double rows) {
        m_under_way = true;
        m_rows = rows;
        m_requests.clear();
        m_events.clear();
        for (auto b = std::size_t{0}; b < bucket_count(); ++b) {
            auto& each = m_layout.buckets()[b];
            each.pending = each.parameters.size();
            each.sent = each.summed = false;
            each.parts_left = each.results_left = 0;
            if (each.is_whole) {   // the result comes to where it stays
                m_buffers[b].made = xgrad::detail::make_result<T>(m_shapes[each.parameters[0]]);
                m_buffers[b].result = xgrad::detail::access::elements(m_buffers[b].made);
            }
            for (auto r = std::size_t{0}; r < m_world.size(); ++r)
                if (r != m_world.rank()) receive(b, r);
        }
    }

    /// The gradient of a parameter, with a handle on it, of the pass that is the last; of so many rows.
    void add(std::size_t parameter, xgrad::detail::array* gradient, double rows) {
        const auto b = m_layout.of(parameter).bucket;
        const auto* const elements = reinterpret_cast<const T*>(gradient->elements);
        if (m_accumulated || rows == 0) {
            accumulate(parameter, elements, rows);
            gradient->drop_handle();
        } else if (m_layout.buckets()[b].is_whole) {   // sent from where it is
            m_buffers[b].held = gradient;
            m_buffers[b].own = elements;
            m_used[parameter] = true;
        } else {
            std::copy_n(elements, m_layout.of(parameter).size, m_own.get() + m_layout.of(parameter).first);
            gradient->drop_handle();
            m_used[parameter] = true;
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

    /// Takes what has come in, and answers it. `rows` are those of each rank; what is received before they are known is kept.
    /// Tells whether all is done.
    bool progress(const std::vector<double>* rows) {
        if (m_open != 0) take_in();
        auto done = true;
        for (auto b = std::size_t{0}; b < bucket_count(); ++b) {
            auto& each = m_layout.buckets()[b];
            if (rows != nullptr && each.sent && each.parts_left == 0 && !each.summed) sum(b, *rows);
            done = done && each.is_done();
        }
        return done && m_open == 0;
    }

    /// The mean of a parameter's gradients, once all is done.
    tensor<T> take_result(std::size_t parameter) {
        const auto& place = m_layout.of(parameter);
        auto& buffer = m_buffers[place.bucket];
        if (buffer.made.defined()) return std::move(buffer.made);
        auto mean = xgrad::detail::make_result<T>(m_shapes[parameter]);
        std::copy_n(m_result.get() + place.first, place.size, xgrad::detail::access::elements(mean));
        return mean;
    }

    /// Forgets what was exchanged.
    void end() {
        m_under_way = m_accumulated = false;
        m_used.assign(m_used.size(), false);
        for (auto b = std::size_t{0}; b < bucket_count(); ++b) {
            auto& each = m_buffers[b];
            if (each.held != nullptr) std::exchange(each.held, nullptr)->drop_handle();
            each.own = m_own.get() + m_layout.buckets()[b].first;
            each.made = tensor<T>{};
        }
    }

private:
    enum class kind : unsigned char { part, result, out };
    struct event {
        std::size_t bucket, rank;
        kind what;
    };

    std::size_t wire_bytes() const { return m_bfloat16 ? sizeof(std::uint16_t) : sizeof(T); }

    /// Where the elements of a bucket are.
    struct buffers {
        xgrad::detail::array* held;   ///< a gradient that is sent from where it is
        const T* own;
        T* result;
        tensor<T> made;               ///< the result, where it is a parameter's whole gradient
    };

    /// What travels, from element i of bucket b on.
    const void* outgoing(std::size_t b, std::size_t i) {
        return m_bfloat16 ? static_cast<const void*>(m_sent_halves.data() + m_layout.buckets()[b].first + i) : m_buffers[b].own + i;
    }
    void* results(std::size_t b, std::size_t i) {
        return m_bfloat16 ? static_cast<void*>(m_result_halves.data() + m_layout.buckets()[b].first + i) : m_buffers[b].result + i;
    }
    /// Where the part that rank r sends of this bucket is kept.
    std::byte* kept(const bucket& of, std::size_t r) {
        const auto slot = r < m_world.rank() ? r : r - 1;
        return m_received.get() + (of.received + slot * of.part_size(m_world.rank(), m_world.size())) * wire_bytes();
    }

    MPI_Request& request(std::size_t b, std::size_t r, kind what) {
        m_events.push_back({b, r, what});
        ++m_open;
        return m_requests.emplace_back(MPI_REQUEST_NULL);
    }
    /// Exchanges of several networks may be under way at a time.
    static constexpr auto tags = 4 * layout::most_buckets, least_tags = std::size_t{32768};   // as many as any MPI has
    int tag_of(std::size_t b, bool result) const { return m_first_tag + static_cast<int>(2 * b + (result ? 1 : 0)); }
    void receive_from(std::size_t b, std::size_t r, kind what, void* to, std::size_t count) {
        const auto tag = tag_of(b, what == kind::result);
        check_mpi("MPI_Irecv", MPI_Irecv(to, count_of(count * wire_bytes()), MPI_BYTE, static_cast<int>(r), tag, m_world.communicator(), &request(b, r, what)));
    }
    void send_to(std::size_t b, std::size_t r, bool result, const void* from, std::size_t count) {
        const auto tag = tag_of(b, result);
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
            receive_from(b, r, kind::result, results(b, each.part(r, ranks)), theirs);
            ++each.results_left;
        }
    }

    void send(std::size_t b) {
        auto& each = m_layout.buckets()[b];
        each.sent = true;
        for (const auto i : each.parameters)
            if (!m_used[i]) std::fill_n(m_own.get() + m_layout.of(i).first, m_layout.of(i).size, T{0});
        if (m_accumulated) {
            const auto by = simd::batch<T>(static_cast<T>(m_rows));
            auto* const own = m_own.get() + each.first;
            kernels::update(each.size, [by](auto& mean, const auto&) { mean = mean / by; }, own, static_cast<const T*>(own));
        }
        if (m_bfloat16) to_bfloats(m_own.get() + each.first, each.size, m_sent_halves.data() + each.first);
        for (auto r = std::size_t{0}; r < m_world.size(); ++r)
            if (const auto count = each.part_size(r, m_world.size()); r != m_world.rank() && count != 0)
                send_to(b, r, false, outgoing(b, each.part(r, m_world.size())), count);
    }

    /// This rank's part of sum_r (rows_r / rows) g_r, from rank 0 on. What a rank without rows has sent does not count.
    void sum(std::size_t b, const std::vector<double>& rows) {
        auto& each = m_layout.buckets()[b];
        each.summed = true;
        auto& buffer = m_buffers[b];
        if (m_world.size() == 1 && buffer.held != nullptr && buffer.held->graph == nullptr) {   // is the mean already
            buffer.made = xgrad::detail::access::adopt<T>(std::exchange(buffer.held, nullptr));
            return;
        }
        const auto rank = m_world.rank();
        const auto first = each.part(rank, m_world.size()), count = each.part_size(rank, m_world.size());
        const auto pieces = (count + piece_size - 1) / piece_size;
        parallel_for(pieces, light_grain / piece_size, [&](std::size_t begin, std::size_t end) {
            for (auto i = begin; i != end; ++i) sum_piece(b, rows, i * piece_size, std::min(piece_size, count - i * piece_size));
        });
        for (auto r = std::size_t{0}; r < m_world.size(); ++r)
            if (r != rank && count != 0) send_to(b, r, true, results(b, first), count);
    }

    /// Stays in a first-level cache from one rank's numbers to the next one's.
    static constexpr auto piece_size = std::size_t{2048};

    /// `count` elements from the `from`-th of this rank's part on.
    void sum_piece(std::size_t b, const std::vector<double>& rows, std::size_t from, std::size_t count) {
        const auto& each = m_layout.buckets()[b];
        const auto rank = m_world.rank();
        const auto first = each.part(rank, m_world.size()) + from;
        const auto all = std::accumulate(rows.begin(), rows.end(), 0.0);
        auto* const to = m_buffers[b].result + first;
        std::array<T, piece_size> widened;   // set where it is read
        auto is_first = true;
        for (auto r = std::size_t{0}; r < m_world.size(); ++r) {
            if (rows[r] == 0) continue;
            const auto* part = m_buffers[b].own + first;
            if (r != rank && m_bfloat16) {
                from_bfloats(reinterpret_cast<const std::uint16_t*>(kept(each, r)) + from, count, widened.data());
                part = widened.data();
            } else if (r != rank) {
                part = reinterpret_cast<const T*>(kept(each, r)) + from;
            }
            const auto weight = simd::batch<T>(static_cast<T>(rows[r] / all));
            if (std::exchange(is_first, false)) kernels::update(count, [weight](auto& sum, const auto& g) { sum = weight * g; }, to, part);
            else kernels::update(count, [weight](auto& sum, const auto& g) { sum = sum + weight * g; }, to, part);
        }
        if (is_first) std::fill_n(to, count, T{0});
        if (!m_bfloat16) return;
        auto* const halves = m_result_halves.data() + each.first + first;
        to_bfloats(to, count, halves);
        from_bfloats(halves, count, to);
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
            if (what == kind::result) take_part(of, rank);
        }
    }
    void take_part(bucket& of, std::size_t r) {
        --of.results_left;
        const auto first = of.first + of.part(r, m_world.size());
        if (m_bfloat16) from_bfloats(m_result_halves.data() + first, of.part_size(r, m_world.size()), m_result.get() + first);
    }

    world& m_world;
    int m_first_tag;
    layout m_layout;
    bool m_bfloat16, m_under_way = false, m_accumulated = false;
    double m_rows = 0;
    std::unique_ptr<T[]> m_own, m_result;
    std::unique_ptr<std::byte[]> m_received;
    std::vector<buffers> m_buffers;   // of each bucket
    std::vector<shape> m_shapes;      // of each parameter
    std::vector<std::uint16_t> m_sent_halves, m_result_halves;
    std::vector<bool> m_used;
    std::vector<MPI_Request> m_requests;
    std::vector<event> m_events;
    std::vector<int> m_done;
    std::size_t m_open = 0;   // requests
};

}  // namespace xgrad::distributed::detail
