// The processes that train together: started by mpirun, numbered from 0 on.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/data/sampler.hpp>
#include <xgrad/distributed/agreement.hpp>
#include <xgrad/distributed/ending.hpp>
#include <xgrad/distributed/mpi.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

namespace xgrad::inline XGRAD_ABI::distributed {

struct world_options {
    double timeout = 0;        ///< seconds for which a rank waits for the others before it ends the run; 0: for ever
    bool share_threads = true; ///< divide a machine's processors by the ranks on it, where the environment sets no number
};

namespace detail {

/// A number of any type, as an argument: of rows, for example.
struct number {
    template <class N>
        requires(std::is_arithmetic_v<N> && !std::is_same_v<N, bool>)
    number(N given) : value{static_cast<double>(given)} {}

    double value;
};

}  // namespace detail

/// Starts MPI, and ends it when the scope is left: `auto world = xg::distributed::world{argc, argv};`, first of all in main.
/// There is one in a program. Where MPI was already running, it uses that and leaves it running.
///
/// What one rank throws and nobody catches ends all ranks at once, with its text on stderr and code 1; so does exit(), and
/// an exception that is caught outside of the world's scope, at the latest two seconds afterwards. A process that is killed is
/// noticed by mpirun (by srun with --kill-on-bad-exit), which ends the others.
///
/// Ranks that do different things together (one is in `backward`, one sums a metric) would wait for ever, or take one
/// message for another; here that is a `value_error` on all of them that says which rank does what.
class world {
public:
    world(int& count, char**& arguments, world_options options = {}) : world{&count, &arguments, options} {}
    explicit world(world_options options = {}) : world{nullptr, nullptr, options} {}
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    /// Waits for the others to come to their ends; not when an exception is on its way.
    ~world() {
        per_process::current_world = nullptr;
        if (std::uncaught_exceptions() > m_exceptions) {
            detail::end_all_soon();
            return;
        }
        try {
            agree({.what = detail::deed::end});
        } catch (const std::exception& each) {
            detail::end_all(each.what());
        }
        per_process::in_world = false;
        std::set_terminate(m_terminate);
        m_notes->free();
        m_data->free();
        if (m_started) MPI_Finalize();
    }

    /// The world that there is; null before and after it.
    static world* current() noexcept { return static_cast<world*>(per_process::current_world); }

    std::size_t rank() const noexcept { return m_rank; }
    std::size_t size() const noexcept { return m_size; }
    /// Whether this is rank 0, which prints and saves for all.
    bool is_first() const noexcept { return m_rank == 0; }
    /// stdout on rank 0, none elsewhere: `train::progress{{.out = world.out()}}`.
    std::FILE* out() const noexcept { return is_first() ? stdout : nullptr; }

    /// The sampler that gives each rank its part of every epoch. The loaders must have one seed.
    data::distributed_sampler sampler(bool shuffle = true, bool drop_last = false) const {
        return data::distributed_sampler{{.rank = m_rank, .ranks = m_size, .shuffle = shuffle, .drop_last = drop_last}};
    }

    /// How many bytes this rank has sent so far, and in how many messages.
    std::uint64_t bytes_sent() const noexcept { return m_bytes; }
    std::uint64_t messages_sent() const noexcept { return m_messages; }

    // ---- for what is built on it ----

    MPI_Comm communicator() const noexcept { return m_data->get(); }
    /// Notes what is sent to so many others.
    void count(std::size_t bytes, std::size_t others) noexcept {
        m_bytes += bytes * others;
        m_messages += others;
    }

    /// A number for what is built on it, the same on all ranks where they build the same in the same order.
    std::size_t next_number() noexcept { return m_numbers++; }

    /// Tells the others what this rank is about to do.
    detail::agreement say(const detail::note& own) {
        count(sizeof(detail::note), m_size - 1);
        return detail::agreement{*m_notes, m_size, own};
    }
    /// What each rank is about to do: the same. Throws `value_error` when it is not.
    std::vector<detail::note> agree(const detail::note& own) {
        auto all = say(own);
        wait_until([&] { return all.is_complete(); });
        return all.notes();
    }

    /// For a moment, in which messages that are on their way arrive, the processor is kept; then it is given to whoever needs it to
    /// come here: MPI's own waiting would keep it.
    template <class Ready>
    void wait_until(const Ready& ready) const {
        const auto begin = clock::now();
        while (!ready()) {
            const auto waited = clock::now() - begin;
            if (waited > std::chrono::microseconds{200}) std::this_thread::yield();
            if (m_options.timeout > 0 && waited > std::chrono::duration<double>(m_options.timeout))
                fail<error>("distributed", "rank ", m_rank, " has waited ", m_options.timeout, " s for the others");
        }
    }
    void wait(MPI_Request& request) const {
        wait_until([&] {
            auto done = 0;
            detail::check_mpi("MPI_Test", MPI_Test(&request, &done, MPI_STATUS_IGNORE));
            return done != 0;
        });
    }

private:
    using clock = std::chrono::steady_clock;

    world(int* count, char*** arguments, world_options options) : m_options{options} {
        auto running = 0, over = 0;
        MPI_Initialized(&running);
        MPI_Finalized(&over);
        if (over != 0) fail<value_error>("distributed::world", "MPI has ended, and cannot begin again: one world lives as long as the program");
        if (per_process::in_world.exchange(true)) fail<value_error>("distributed::world", "there is a world already; hand on a reference to it");
        m_started = running == 0;
        // The thread that ends the run (end_all_soon) is another one; never at the same time as this.
        auto given = 0;
        if (m_started) detail::check_mpi("MPI_Init_thread", MPI_Init_thread(count, arguments, MPI_THREAD_SERIALIZED, &given));
        auto rank = 0, size = 1;
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        MPI_Comm_size(MPI_COMM_WORLD, &size);
        m_rank = static_cast<std::size_t>(rank);
        m_size = static_cast<std::size_t>(size);
        m_notes.emplace();
        m_data.emplace();
        per_process::current_world = this;
        m_terminate = std::set_terminate(detail::on_terminate);
        std::atexit(detail::on_exit);
#if !defined(__APPLE__)   // which has no quick_exit
        std::at_quick_exit(detail::on_exit);
#endif
        if (options.share_threads) share_threads();
    }

    /// As many threads as there are processors for each rank of this machine.
    void share_threads() const {
        if (std::getenv("XGRAD_NUM_THREADS") != nullptr || std::getenv("OMP_NUM_THREADS") != nullptr) return;
        auto here = MPI_Comm{};
        auto neighbours = 1;
        detail::check_mpi("MPI_Comm_split_type", MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here));
        MPI_Comm_size(here, &neighbours);
        // Ranks that mpirun has bound to processors of their own see only these.
        auto seen = num_threads(), most = 0;
        MPI_Allreduce(&seen, &most, 1, MPI_INT, MPI_MAX, here);
        MPI_Comm_free(&here);
        const auto online = std::max(most, static_cast<int>(std::thread::hardware_concurrency()));
        set_num_threads(std::max(1, std::min(seen, online / neighbours)));
    }

    world_options m_options;
    bool m_started = false;
    int m_exceptions = std::uncaught_exceptions();
    std::size_t m_rank = 0, m_size = 1;
    std::optional<detail::communicator> m_notes, m_data;
    std::uint64_t m_bytes = 0, m_messages = 0;
    std::size_t m_numbers = 0;
    std::terminate_handler m_terminate = nullptr;
};

}  // namespace xgrad::distributed
