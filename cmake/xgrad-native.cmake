# xgrad::native: xgrad::xgrad, the instruction set of the machine that compiles, and OpenMP where there is
# any. This file is also installed: which flags these are depends on the compiler and the machine of the
# project that uses the library, not on those that installed it.

function(xgrad_define_native target)
    target_link_libraries(${target} INTERFACE xgrad::xgrad)

    # On ARM, -mcpu=native is the flag that sets both the instructions and their scheduling.
    include(CheckCXXCompilerFlag)
    check_cxx_compiler_flag(-march=native XGRAD_COMPILER_HAS_MARCH_NATIVE)
    check_cxx_compiler_flag(-mcpu=native XGRAD_COMPILER_HAS_MCPU_NATIVE)
    if(XGRAD_COMPILER_HAS_MCPU_NATIVE AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(arm|aarch64|ARM)")
        target_compile_options(${target} INTERFACE -mcpu=native)
    elseif(XGRAD_COMPILER_HAS_MARCH_NATIVE)
        target_compile_options(${target} INTERFACE -march=native)
    endif()

    if(NOT DEFINED XGRAD_OPENMP OR XGRAD_OPENMP)
        find_package(OpenMP QUIET COMPONENTS CXX)
        if(OpenMP_CXX_FOUND)
            target_link_libraries(${target} INTERFACE OpenMP::OpenMP_CXX)
        endif()
    endif()
endfunction()
