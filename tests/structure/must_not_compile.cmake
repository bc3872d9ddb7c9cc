# What must not compile, and with which words:
# cmake -DSOURCE= -DCOMPILER= -DCOMPILER_ID= -DFLAGS= -DWORK=<scratch folder> -P must_not_compile.cmake
#
# In the source, `#if MUST_NOT_COMPILE == N` encloses statements that are wrong, in a function. Without all of these it
# compiles. With one of them it does not, and the compiler's words hold the TEXT of the line `// expect N: TEXT`.
#
# Nearly all of a compiler's time goes into the headers. So they are read once, into a precompiled header, and many
# cases are compiled together: each is a block, which `#line` gives the name "case N", and an error is its own where it
# stands there or in what was instantiated from there. What two cases instantiate alike is told of once; those whose
# TEXT is in no error of their own are compiled again without the others. In the end those are left that are not wrong
# in this way, and some of which clang does not say where they were instantiated: each is compiled alone.
cmake_minimum_required(VERSION 3.23)

set(every_error -ftemplate-backtrace-limit=0)
if(COMPILER_ID STREQUAL "GNU")
    list(APPEND every_error -fmax-errors=0 -fno-diagnostics-show-caret)
else()
    list(APPEND every_error -ferror-limit=0 -fno-caret-diagnostics)
endif()

# ---- the source ----------------------------------------------------------------------------------------

file(STRINGS "${SOURCE}" expectations REGEX "^// expect [0-9]+: ")
file(STRINGS "${SOURCE}" conditions REGEX "^#if MUST_NOT_COMPILE == [0-9]+$")
file(STRINGS "${SOURCE}" includes REGEX "^#include <")
list(LENGTH expectations expected_count)
list(LENGTH conditions condition_count)
if(expected_count EQUAL 0 OR NOT expected_count EQUAL condition_count)
    message(FATAL_ERROR
        "${SOURCE} needs one line `// expect N: TEXT` for each `#if MUST_NOT_COMPILE == N`, and at least one; "
        "it has ${expected_count} and ${condition_count}")
endif()

set(cases "")
foreach(expectation IN LISTS expectations)
    string(REGEX MATCH "^// expect ([0-9]+): (.*)$" ignored "${expectation}")
    set(case "${CMAKE_MATCH_1}")
    set(text_of_${case} "${CMAKE_MATCH_2}")
    if(case IN_LIST cases OR NOT "#if MUST_NOT_COMPILE == ${case}" IN_LIST conditions)
        message(FATAL_ERROR "${SOURCE}: case ${case} needs one line `// expect` and one `#if MUST_NOT_COMPILE ==`")
    endif()
    list(APPEND cases ${case})
endforeach()

file(READ "${SOURCE}" text)
string(REGEX REPLACE "#if MUST_NOT_COMPILE == ([0-9]+)\n([^#]*)\n#endif\n"
                     "#ifdef CASE_\\1\n{\n#line 1 \"case \\1\"\n\\2\n}\n#endif\n" text "${text}")
if(text MATCHES "MUST_NOT_COMPILE")
    message(FATAL_ERROR "${SOURCE}: between `#if MUST_NOT_COMPILE == N` and `#endif` are only statements")
endif()
file(WRITE "${WORK}/cases.cpp" "${text}")
list(JOIN includes "\n" includes)
file(WRITE "${WORK}/headers.hpp" "#pragma once\n${includes}\n")

# ---- compiling and reading -----------------------------------------------------------------------------

# `compile(CASE...)`: the result and the words, with these cases in the source.
function(compile)
    list(TRANSFORM ARGN PREPEND "-DCASE_")
    execute_process(COMMAND "${COMPILER}" ${FLAGS} ${every_error} -fsyntax-only -include "${WORK}/headers.hpp"
                            ${ARGN} "${WORK}/cases.cpp"
                    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    set(result "${result}" PARENT_SCOPE)
    set(output "${output}" PARENT_SCOPE)
endfunction()

# Without the characters that structure a list.
function(flatten text result)
    string(REPLACE ";" "," text "${text}")
    string(REPLACE "\\" "/" text "${text}")
    string(REPLACE "[" "(" text "${text}")
    string(REPLACE "]" ")" text "${text}")
    set(${result} "${text}" PARENT_SCOPE)
endfunction()

# The cases whose text is in an error that names them: in its line, in g++'s lines before it, which say what it was
# instantiated from (its notes have such lines, too), or in the notes after it.
function(find_cases output result)
    set(whence "^In file included from |^ +from |: In |: At global scope:$|:   [a-z ]*required |:   in 'constexpr'")
    flatten("${output}" output)
    string(REPLACE "\n" ";" output "${output}")
    set(errors "")
    set(before "")
    foreach(line IN LISTS output)
        if(line MATCHES ": (fatal )?error: ")
            list(APPEND errors "${before}\n${line}")
            set(before "")
        elseif(line MATCHES "${whence}" OR NOT errors)
            string(APPEND before "\n${line}")
        else()
            list(POP_BACK errors error)
            list(APPEND errors "${error}${before}\n${line}")
            set(before "")
        endif()
    endforeach()

    set(found "")
    foreach(error IN LISTS errors)
        string(REGEX MATCHALL "\ncase [0-9]+:" named "${error}")
        list(TRANSFORM named REPLACE "[^0-9]" "")
        foreach(case IN LISTS named)
            flatten("${text_of_${case}}" text)
            string(FIND "${error}" "${text}" position)
            if(NOT position EQUAL -1)
                list(APPEND found ${case})
            endif()
        endforeach()
    endforeach()
    set(${result} "${found}" PARENT_SCOPE)
endfunction()

# ---- the cases -----------------------------------------------------------------------------------------

# Only saves time: where it cannot be made, or used, the compiler reads the header itself.
execute_process(COMMAND "${COMPILER}" ${FLAGS} -x c++-header "${WORK}/headers.hpp" -o "${WORK}/headers.hpp.gch"
                OUTPUT_QUIET ERROR_QUIET)

set(failures "")
compile()
if(NOT result EQUAL 0)
    string(APPEND failures "it must compile when its wrong lines are left out, and does not:\n${output}\n")
endif()

set(left "${cases}")
set(rounds 0)
while(left)
    compile(${left})
    find_cases("${output}" found)
    if(NOT found)
        break()
    endif()
    list(REMOVE_ITEM left ${found})
    math(EXPR rounds "${rounds} + 1")
endwhile()

foreach(case IN LISTS left)
    compile(${case})
    string(FIND "${output}" "${text_of_${case}}" position)
    if(result EQUAL 0)
        string(APPEND failures "case ${case} compiles, and must not\n")
    elseif(position EQUAL -1)
        string(APPEND failures "case ${case}: the compiler's words do not hold \"${text_of_${case}}\":\n${output}\n")
    endif()
endforeach()

file(REMOVE "${WORK}/headers.hpp.gch")   # some 100 MB
if(NOT failures STREQUAL "")
    message(FATAL_ERROR "${SOURCE}:\n${failures}")
endif()
list(LENGTH left alone)
message(STATUS "${expected_count} cases: ${rounds} times together, ${alone} alone")
