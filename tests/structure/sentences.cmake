# What the compiler says where the library cannot work: one sentence, whichever header comes first.
# cmake -DROOT= -DCOMPILER= -DFLAGS= -DWORK=<scratch folder> -P sentences.cmake
cmake_minimum_required(VERSION 3.23)

set(standard "xgrad needs C++20: compile with -std=c++20")
set(exceptions "xgrad reports errors by exceptions: compile without -fno-exceptions")
set(arithmetic "xgrad counts on IEEE 754: compile without -ffast-math, -Ofast and the like")

file(GLOB_RECURSE headers RELATIVE "${ROOT}/include" "${ROOT}/include/xgrad/*.hpp")
if(NOT headers)
    message(FATAL_ERROR "no header found below ${ROOT}/include/xgrad: this test has looked at nothing")
endif()

# `compile(HEADER FLAG...)`: the result, and how many errors the compiler found.
function(compile header)
    set(source "-x" "c++" "-include" "${header}" "/dev/null")
    execute_process(COMMAND "${COMPILER}" ${FLAGS} ${ARGN} -fsyntax-only ${source}
                    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    string(REGEX MATCHALL "error: " errors "${output}")
    list(LENGTH errors errors)
    set(result "${result}" PARENT_SCOPE)
    set(output "${output}" PARENT_SCOPE)
    set(errors "${errors}" PARENT_SCOPE)
endfunction()

function(expect sentence header)
    compile(${header} ${ARGN})
    string(FIND "${output}" "${sentence}" position)
    if(result EQUAL 0 OR position EQUAL -1 OR NOT errors EQUAL 1)
        message(FATAL_ERROR "<${header}> with ${ARGN} ends in ${errors} errors, and must in the one \"${sentence}\":\n${output}")
    endif()
endfunction()

foreach(header IN LISTS headers)
    expect("${standard}" ${header} -std=c++17)
endforeach()
expect("${standard}" xgrad/xgrad.hpp -std=c++14)
expect("${exceptions}" xgrad/xgrad.hpp -fno-exceptions)
foreach(flag IN ITEMS -ffast-math -Ofast -ffinite-math-only)
    expect("${arithmetic}" xgrad/xgrad.hpp ${flag})
endforeach()
# These alone, clang does not tell of.
if(COMPILER_ID STREQUAL "GNU")
    foreach(flag IN ITEMS -fno-signed-zeros -funsafe-math-optimizations -freciprocal-math)
        expect("${arithmetic}" xgrad/xgrad.hpp ${flag})
    endforeach()
endif()

file(WRITE "${WORK}/min_and_max.hpp" "#include <vector>\n#define min(a, b) ((a) < (b) ? (a) : (b))\n")
expect("define NOMINMAX before windows.h" xgrad/xgrad.hpp "-include" "${WORK}/min_and_max.hpp")

# What looks like them and does no harm.
foreach(flags IN ITEMS "-fno-math-errno;-fno-trapping-math" "-O3;-ffp-contract=fast" "-Ofast;-fno-fast-math"
                       "-Ofast;-DXGRAD_ALLOW_FAST_MATH" "-std=gnu++20" "-std=c++2b")
    compile(xgrad/core/config.hpp ${flags})
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "<xgrad/core/config.hpp> does not compile with ${flags}:\n${output}")
    endif()
endforeach()

# A unit that was let through has an inline namespace of its own.
file(WRITE "${WORK}/named.hpp"
     "#include <xgrad/core/config.hpp>\n#include <string_view>\n#define TEXT(name) #name\n#define TEXT_OF(name) TEXT(name)\n"
     "static_assert(std::string_view{TEXT_OF(XGRAD_ABI)}.find(\"_fast_math\") != std::string_view::npos);\n")
foreach(flag IN ITEMS -ffast-math -ffinite-math-only)
    compile("${WORK}/named.hpp" ${flag} -DXGRAD_ALLOW_FAST_MATH)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "with ${flag}, XGRAD_ABI does not say so:\n${output}")
    endif()
endforeach()
compile("${WORK}/named.hpp")
if(result EQUAL 0)
    message(FATAL_ERROR "without -ffast-math, XGRAD_ABI speaks of it")
endif()
