# Configures and builds the project SOURCE in WORK with ARGUMENTS, and runs every program it put there into
# the folder bin: each prints what the file EXPECTED holds.
cmake_minimum_required(VERSION 3.23)

function(step what)
    execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${SOURCE} ${what}:\n${output}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${WORK}")
step("could not be configured"
     "${CMAKE_COMMAND}" -S "${SOURCE}" -B "${WORK}" "-DCMAKE_RUNTIME_OUTPUT_DIRECTORY=${WORK}/bin" ${ARGUMENTS})
step("could not be built" "${CMAKE_COMMAND}" --build "${WORK}")

file(GLOB programs "${WORK}/bin/*")
if(NOT programs)
    message(FATAL_ERROR "${SOURCE} built no program")
endif()
file(READ "${EXPECTED}" expected)
foreach(program IN LISTS programs)
    step("built ${program}, which failed" "${program}")
    if(NOT output STREQUAL expected)
        message(FATAL_ERROR "${program} prints\n${output}and not what ${EXPECTED} says:\n${expected}")
    endif()
endforeach()
