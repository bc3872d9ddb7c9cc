# Numbers become text, and text numbers, without the locale: cmake -DROOT= -P text.cmake
#
# The functions of the standard library that ask the locale for the decimal point are not used; core/text.hpp has what
# takes their place. (std::to_string is right for integers alone, which no search can tell: the tests that run under a
# decimal comma do.)
cmake_minimum_required(VERSION 3.23)

set(of_the_locale
    "(printf|scanf|strtod|strtof|strtold|stod|stof|stold|atof|setprecision) *\\(|stringstream|<(sstream|iomanip|iostream|locale|clocale)>")

set(violations "")
file(GLOB_RECURSE headers RELATIVE "${ROOT}" "${ROOT}/include/xgrad/*.hpp")
foreach(header IN LISTS headers)
    file(STRINGS "${ROOT}/${header}" lines REGEX "${of_the_locale}")
    foreach(line IN LISTS lines)
        string(APPEND violations "  ${header}: ${line}\n")
    endforeach()
endforeach()

list(LENGTH headers count)
if(count EQUAL 0)
    message(FATAL_ERROR "no header found below ${ROOT}/include/xgrad: this test has looked at nothing")
endif()
if(NOT violations STREQUAL "")
    message(FATAL_ERROR "this depends on the locale; core/text.hpp does not:\n${violations}")
endif()
message(STATUS "${count} headers ask no locale")
