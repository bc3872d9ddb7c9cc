# xgrad::native: xgrad::xgrad and the instruction set of the machine that compiles. This file is also installed:
# which flags these are depends on the compiler and the machine of the project that uses the library, not on
# those that installed it.

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
endfunction()
