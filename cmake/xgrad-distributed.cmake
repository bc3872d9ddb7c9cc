# xgrad::distributed: xgrad::xgrad and MPI, for the headers in xgrad/distributed. This file is also installed: which MPI
# that is depends on the machine of the project that uses the library. `find_package(MPI COMPONENTS CXX)` comes before.

function(xgrad_define_distributed target)
    target_link_libraries(${target} INTERFACE xgrad::xgrad MPI::MPI_CXX)
endfunction()
