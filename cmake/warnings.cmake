# The warnings under which the project's own code, headers included, compiles without a word.

function(xgrad_add_warnings target)
    if(CMAKE_CXX_COMPILER_FRONTEND_VARIANT STREQUAL "MSVC" OR MSVC)
        target_compile_options(${target} INTERFACE /W4 /permissive- $<$<BOOL:${XGRAD_WERROR}>:/WX>)
    else()
        target_compile_options(${target} INTERFACE
            -Wall -Wextra -Wpedantic -Wshadow -Wconversion $<$<BOOL:${XGRAD_WERROR}>:-Werror>)
    endif()
endfunction()
