# What no header says: cmake -DROOT= -P words.cmake
#
# - Numbers become text, and text numbers, without the locale: the functions of the standard library that ask it for the
#   decimal point are not used; core/text.hpp has what takes their place. (std::to_string is right for integers alone, which
#   no search can tell: the tests that run under a decimal comma do.)
# - The algorithms of std::ranges have the compiler prove their concepts in every program; core/lists.hpp does without.
cmake_minimum_required(VERSION 3.23)

set(of_the_locale
    "(printf|scanf|strtod|strtof|strtold|stod|stof|stold|atof|setprecision) *\\(|stringstream|<(sstream|iomanip|iostream|locale|clocale)>")
set(of_ranges "std::ranges::|<ranges>")

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
message(STATUS "${count} headers ask no locale, and use no algorithm of std::ranges")
