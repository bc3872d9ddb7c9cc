# One source, one command, no build system: COMPILER FLAGS SOURCE -o program.
cmake_minimum_required(VERSION 3.23)

file(MAKE_DIRECTORY "${WORK}")
execute_process(COMMAND "${COMPILER}" ${FLAGS} "${SOURCE}" -o "${WORK}/program"
                OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
if(NOT result EQUAL 0 OR NOT output STREQUAL "")
    message(FATAL_ERROR "${COMPILER} ${FLAGS} ${SOURCE} does not go without a word:\n${output}")
endif()
execute_process(COMMAND "${WORK}/program" OUTPUT_VARIABLE output RESULT_VARIABLE result)
file(READ "${EXPECTED}" expected)
if(NOT result EQUAL 0 OR NOT output STREQUAL expected)
    message(FATAL_ERROR "the program ended with ${result} and printed\n${output}and not\n${expected}")
endif()
