// Threads that make batches before they are asked for.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/parallel.hpp>

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::data::detail {

/// Makes the batches numbered first, first + 1, ... by the function `make`, at most two for each thread ahead of the
/// one that was taken last. Threads end with it, after the batch that each is at.
template <class Batch>
class prefetch {
public:
    prefetch(std::size_t first, std::size_t count, std::size_t workers, std::function<Batch(std::size_t)> make)
        : m_make{std::move(make)}, m_count{count}, m_next{first}, m_wanted{first}, m_made(2 * workers) {
        m_threads.reserve(workers);   // or what cannot be kept would end the program
        try {
            for (auto i = std::size_t{0}; i < workers; ++i) m_threads.emplace_back([this] { work(); });
        } catch (const std::system_error&) {
            // With fewer threads it takes longer; without any, `take` makes the batches.
        }
    }
    ~prefetch() {
        {
            const auto lock = std::lock_guard{m_mutex};
            m_ending = true;
        }
        m_room.notify_all();
        for (auto& each : m_threads) each.join();
    }
    prefetch(const prefetch&) = delete;
    prefetch& operator=(const prefetch&) = delete;

    /// Batch `index`, each once; what lies before it is given up. Throws what making it has thrown.
    Batch take(std::size_t index) {
        auto lock = std::unique_lock{m_mutex};
        if (index < m_wanted || m_threads.empty()) {
            lock.unlock();
            return m_make(index);
        }
        want(index);
        auto& place = m_made[index % m_made.size()];
        m_ready.wait(lock, [&] { return place.index == index; });
        auto batch = std::exchange(place.batch, std::nullopt);
        const auto failure = std::exchange(place.failure, nullptr);
        want(index + 1);
        lock.unlock();
        if (failure != nullptr) std::rethrow_exception(failure);
        return *std::move(batch);
    }

private:
    struct made {
        std::size_t index = std::numeric_limits<std::size_t>::max();
        std::optional<Batch> batch{};
        std::exception_ptr failure{};
    };

    void want(std::size_t index) {
        m_wanted = index;
        if (m_next < index) m_next = index;
        m_room.notify_all();
    }

    void work() {
        const auto guard = single_thread{true};   // the pool of threads is the training's
        auto lock = std::unique_lock{m_mutex};
        while (true) {
            m_room.wait(lock, [&] { return m_ending || m_next >= m_count || m_next < m_wanted + m_made.size(); });
            if (m_ending || m_next >= m_count) return;
            auto one = made{.index = m_next++};
            lock.unlock();
            try {
                one.batch.emplace(m_make(one.index));
            } catch (...) {
                one.failure = std::current_exception();
            }
            lock.lock();
            if (one.index < m_wanted) continue;
            m_made[one.index % m_made.size()] = std::move(one);
            m_ready.notify_all();
        }
    }

    std::function<Batch(std::size_t)> m_make;
    std::size_t m_count, m_next, m_wanted;
    std::vector<made> m_made;
    std::mutex m_mutex;
    std::condition_variable m_room, m_ready;
    bool m_ending = false;
    std::vector<std::thread> m_threads;
};

}  // namespace xgrad::data::detail
