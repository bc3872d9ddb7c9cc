# Whether the project SOURCE, configured in WORK with ARGUMENTS, is told that it has no build type when it has none.
cmake_minimum_required(VERSION 3.23)

function(configure expected)
    file(REMOVE_RECURSE "${WORK}")
    execute_process(COMMAND "${CMAKE_COMMAND}" -S "${SOURCE}" -B "${WORK}" ${ARGUMENTS} ${ARGN}
                    OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${SOURCE} could not be configured:\n${output}")
    endif()
    string(REGEX MATCHALL "Configure with -DCMAKE_BUILD_TYPE=Release" told "${output}")
    list(LENGTH told told)
    if(NOT told EQUAL expected)
        message(FATAL_ERROR "with \"${ARGN}\" it was told ${told} times of the build type, and not ${expected}:\n${output}")
    endif()
endfunction()

configure(1 -DCMAKE_BUILD_TYPE=)
configure(0 -DCMAKE_BUILD_TYPE=Release)
configure(0 -DCMAKE_BUILD_TYPE=Debug)
configure(0 -DCMAKE_BUILD_TYPE= -DCMAKE_CXX_FLAGS=-O2)
configure(0 -DCMAKE_BUILD_TYPE= -DCHOOSES_LATE=ON)
