// How a rank that cannot go on ends all of them.
//
// A rank that stands in a collective waits for the others, for ever if need be; so one that fails says why and aborts the
// whole run, from wherever it is: nothing that another rank would have to do is waited for.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/text.hpp>
#include <xgrad/distributed/mpi.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <thread>

namespace xgrad::inline XGRAD_SHARED_ABI {
namespace per_process XGRAD_VISIBLE {

// What handlers without arguments have to know of the world there is.
inline constinit std::atomic<bool> in_world{false};
inline constinit std::atomic<bool> world_was_left{false};   // by an exception
inline constinit void* current_world = nullptr;

}  // namespace per_process
}  // namespace xgrad::inline XGRAD_SHARED_ABI

namespace xgrad::inline XGRAD_ABI::distributed::detail {

/// Says so on stderr and ends all ranks, with code 1.
[[noreturn]] XGRAD_COLD inline void end_all(std::string_view why) noexcept {
    if (!per_process::in_world.exchange(false)) {
        std::this_thread::sleep_for(std::chrono::seconds{2});   // another thread is at it
    } else {
        auto rank = 0, ranks = 1;
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        MPI_Comm_size(MPI_COMM_WORLD, &ranks);
        std::fflush(stdout);
        std::fputs(xgrad::detail::joined_text("rank ", rank, " of ", ranks, " ends the run: ", why, "\n").c_str(), stderr);
        std::fflush(stderr);
        // MPICH's mpiexec drops what it has not read when it hears of the end.
        std::this_thread::sleep_for(std::chrono::milliseconds{200});
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    std::_Exit(1);
}

/// What an exception says.
XGRAD_COLD inline std::string text_of(const std::exception_ptr& thrown) {
    if (thrown == nullptr) return "std::terminate was called";
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& each) {
        return each.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

/// For an exception that nobody catches.
[[noreturn]] XGRAD_COLD inline void on_terminate() noexcept { end_all(text_of(std::current_exception())); }

/// For a program that ends while its world lives, by exit(), quick_exit() or after an exception has left the world's scope.
XGRAD_COLD inline void on_exit() noexcept {
    if (!per_process::in_world) return;
    end_all(per_process::world_was_left ? "an exception has left the scope of distributed::world"
                                        : "the program has ended by exit() in the scope of distributed::world");
}

/// An exception leaves the world's scope. Who catches it may say what it was, and end the program; but the others are not
/// kept waiting for longer than this.
XGRAD_COLD inline void end_all_soon() noexcept {
    per_process::world_was_left = true;
    try {
        std::thread{[] {
            std::this_thread::sleep_for(std::chrono::seconds{2});
            on_exit();
        }}.detach();
    } catch (...) {
        on_exit();
    }
}

}  // namespace xgrad::distributed::detail
