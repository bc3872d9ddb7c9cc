// The door to MPI: the only header that names its.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>

// Without the C++ bindings that MPI 3 did away with: they would need a library of their own.
#if !defined(OMPI_SKIP_MPICXX)
#define OMPI_SKIP_MPICXX 1
#endif
#if !defined(MPICH_SKIP_MPICXX)
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include <array>
#include <climits>
#include <cstddef>
#include <string_view>

namespace xgrad::inline XGRAD_ABI::distributed::detail {

/// Throws `error` with MPI's own words where a call has failed.
inline void check_mpi(const char* call, int code) {
    if (code == MPI_SUCCESS) return;
    auto text = std::array<char, MPI_MAX_ERROR_STRING>{};
    auto length = 0;
    MPI_Error_string(code, text.data(), &length);
    fail<error>("distributed", call, ": ", std::string_view{text.data(), static_cast<std::size_t>(length)});
}

/// MPI counts by int.
inline int count_of(std::size_t bytes) {
    if (bytes > static_cast<std::size_t>(INT_MAX))
        fail<value_error>("distributed", "a message of ", bytes, " bytes; MPI takes ", INT_MAX, " at most");
    return static_cast<int>(bytes);
}

/// A group of ranks of our own, so that no message meets one of somebody else.
class communicator {
public:
    communicator() {
        check_mpi("MPI_Comm_dup", MPI_Comm_dup(MPI_COMM_WORLD, &m_handle));
        check_mpi("MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(m_handle, MPI_ERRORS_RETURN));
    }
    communicator(const communicator&) = delete;
    communicator& operator=(const communicator&) = delete;

    MPI_Comm get() const noexcept { return m_handle; }
    /// By hand, and not in a destructor: all ranks do it together, or none does.
    void free() { MPI_Comm_free(&m_handle); }

private:
    MPI_Comm m_handle = MPI_COMM_NULL;
};

}  // namespace xgrad::distributed::detail
