# What no header says: cmake -DROOT= -P words.cmake
#
# - Numbers become text, and text numbers, without the locale: the functions of the standard library that ask it for the
#   decimal point are not used; core/text.hpp has what takes their place. (std::to_string is right for integers alone, which
#   no search can tell: the tests that run under a decimal comma do.)
# - The algorithms of std::ranges have the compiler prove their concepts in every program; core/lists.hpp does without.
# - std::stable_sort and its like take memory that no allocator of ours gives, and clang 19 refuses what libstdc++ takes it by,
#   in the program of whoever has warnings as errors; core/lists.hpp has what takes their place.
# - libstdc++'s <cmath> is read again wherever it is included; core/cmath.hpp includes it once.
cmake_minimum_required(VERSION 3.23)

set(of_the_locale
    "(printf|scanf|strtod|strtof|strtold|stod|stof|stold|atof|setprecision) *\\(|stringstream|<(sstream|iomanip|iostream|locale|clocale)>")
set(of_ranges "std::ranges::|<ranges>")
set(of_buffers "std::(stable_sort|stable_partition|inplace_merge) *\\(")

file(GLOB_RECURSE headers RELATIVE "${ROOT}" "${ROOT}/include/xgrad/*.hpp")
list(LENGTH headers count)
if(count EQUAL 0)
    message(FATAL_ERROR "no header found below ${ROOT}/include/xgrad: this test has looked at nothing")
endif()

# `refuse(REGEX SENTENCE)`
function(refuse words sentence)
    set(violations "")
    foreach(header IN LISTS headers)
        file(STRINGS "${ROOT}/${header}" lines REGEX "${words}")
        foreach(line IN LISTS lines)
            if(NOT line MATCHES "^ *//")
                string(APPEND violations "  ${header}: ${line}\n")
            endif()
        endforeach()
    endforeach()
    if(NOT violations STREQUAL "")
        message(FATAL_ERROR "${sentence}:\n${violations}")
    endif()
endfunction()

refuse("${of_the_locale}" "this depends on the locale; core/text.hpp does not")
refuse("${of_ranges}" "this costs every program time to compile; core/lists.hpp does not")
list(REMOVE_ITEM headers include/xgrad/core/cmath.hpp)
refuse("# *include *<(cmath|math.h)>" "this is read again at each place; core/cmath.hpp is not")
refuse("${of_buffers}" "this takes memory by what is deprecated; lists::sort_numbers does not")
message(STATUS "${count} headers ask no locale, take no buffers to sort, and use no algorithm of std::ranges")
