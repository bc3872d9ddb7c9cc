# What must not compile, and with which words: cmake -DSOURCE= -DCOMPILER= -DFLAGS= -P must_not_compile.cmake
#
# The source compiles as it is. For each line `// expect N: TEXT` in it, it must not compile with the macro
# MUST_NOT_COMPILE defined as N, and the compiler's words must hold TEXT. `#if MUST_NOT_COMPILE == N` encloses
# the line that is wrong.
cmake_minimum_required(VERSION 3.23)

function(compile case)
    execute_process(COMMAND ${COMPILER} ${FLAGS} -fsyntax-only -DMUST_NOT_COMPILE=${case} "${SOURCE}"
                    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    set(result "${result}" PARENT_SCOPE)
    set(output "${output}" PARENT_SCOPE)
endfunction()

file(STRINGS "${SOURCE}" expectations REGEX "^// expect [0-9]+: ")
file(STRINGS "${SOURCE}" conditions REGEX "^#if MUST_NOT_COMPILE == [0-9]+$")
list(LENGTH expectations expected_count)
list(LENGTH conditions condition_count)
if(expected_count EQUAL 0 OR NOT expected_count EQUAL condition_count)
    message(FATAL_ERROR
        "${SOURCE} needs one line `// expect N: TEXT` for each `#if MUST_NOT_COMPILE == N`, and at least one; "
        "it has ${expected_count} and ${condition_count}")
endif()

compile(0)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${SOURCE} must compile when its wrong lines are left out; it does not:\n${output}")
endif()

foreach(expectation IN LISTS expectations)
    string(REGEX MATCH "^// expect ([0-9]+): (.*)$" ignored "${expectation}")
    set(case "${CMAKE_MATCH_1}")
    set(text "${CMAKE_MATCH_2}")
    if(NOT "#if MUST_NOT_COMPILE == ${case}" IN_LIST conditions)
        message(FATAL_ERROR "${SOURCE} has no `#if MUST_NOT_COMPILE == ${case}`")
    endif()
    compile(${case})
    if(result EQUAL 0)
        message(FATAL_ERROR "${SOURCE}, case ${case}: compiles, and must not")
    endif()
    string(FIND "${output}" "${text}" position)
    if(position EQUAL -1)
        message(FATAL_ERROR "${SOURCE}, case ${case}: the compiler's words do not hold \"${text}\":\n${output}")
    endif()
endforeach()
