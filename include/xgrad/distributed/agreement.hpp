// What all ranks do together: each says what it is about to do, and hears what the others do.
//
// Ranks that do different things (one is in `backward`, one sums a metric) would wait for ever, or take one message for another.
// So everything that they do together begins with a note of fixed size from each to all, which is on its way while more is
// done.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/distributed/mpi.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::distributed::detail {

enum class deed : std::uint64_t { backward, average, join, sum, gather, broadcast, check, save, load, statistics, end };
inline constexpr auto deed_names = std::array{"backward", "average", "join", "sum or mean", "gather", "broadcast", "check",
                                              "save_run", "load_run", "batch_norm", "the end of its world"};

struct note {
    deed what;
    std::uint64_t size = 0;      ///< of what follows; of an exchange, which network's it is
    double rows = 0;
    std::uint64_t digest = 0;

    bool is_exchange() const { return what <= deed::join; }
    const char* name() const { return deed_names[static_cast<std::size_t>(what)]; }
};

/// The notes of all ranks, as soon as they are there. Several may be on their way, in the same order on every rank.
class agreement {
public:
    agreement(const communicator& through, std::size_t ranks, const note& own) : m_letters{std::make_unique<letters>(own, ranks)} {
        constexpr auto bytes = static_cast<int>(sizeof(note));
        check_mpi("MPI_Iallgather", MPI_Iallgather(&m_letters->own, bytes, MPI_BYTE, m_letters->heard.data(), bytes, MPI_BYTE, through.get(), &m_round));
    }
    agreement(agreement&& other) noexcept : m_letters{std::move(other.m_letters)}, m_round{std::exchange(other.m_round, MPI_REQUEST_NULL)} {}
    agreement& operator=(agreement&& other) noexcept {
        std::swap(m_letters, other.m_letters);
        std::swap(m_round, other.m_round);
        return *this;
    }
    /// Waits for nobody: notes that are still on their way (an exception was thrown) keep their memory.
    ~agreement() {
        if (m_round != MPI_REQUEST_NULL) static_cast<void>(m_letters.release());
    }

    /// Whether all have said it. Throws `value_error` when they do not do the same.
    bool is_complete() {
        if (m_round == MPI_REQUEST_NULL) return true;
        auto done = 0;
        check_mpi("MPI_Test", MPI_Test(&m_round, &done, MPI_STATUS_IGNORE));
        if (done != 0) check_same();
        return done != 0;
    }
    const std::vector<note>& notes() const noexcept { return m_letters->heard; }

private:
    struct letters {
        letters(const note& own_, std::size_t ranks) : own{own_}, heard(ranks) {}
        note own;
        std::vector<note> heard;
    };

    XGRAD_COLD void check_same() const {
        const auto& all = notes();
        const auto both_exchange = [&](const note& each) { return each.is_exchange() && all[0].is_exchange(); };
        const auto fits = [&](const note& each) { return both_exchange(each) ? each.size == all[0].size : each.what == all[0].what; };
        const auto other = std::find_if_not(all.begin(), all.end(), fits);
        if (other == all.end()) return;
        fail<value_error>("distributed", "the ranks do not do the same: rank 0 is at ", all[0].name(), ", rank ",
                          static_cast<std::size_t>(other - all.begin()), " at ", other->name(),
                          both_exchange(*other) ? " of another network" : "", "; where one has more batches than another, the others join()");
    }

    std::unique_ptr<letters> m_letters;
    MPI_Request m_round = MPI_REQUEST_NULL;
};

}  // namespace xgrad::distributed::detail
