# Runs an example and compares what it prints: cmake -DPROGRAM= -DSOURCE= -DEXPECTED= -DFETCH= -P this
cmake_minimum_required(VERSION 3.23)

if(NOT EXISTS "${EXPECTED}")
    message(FATAL_ERROR "${SOURCE} has no expected output: write it to ${EXPECTED}")
endif()

set(arguments "")
file(STRINGS "${SOURCE}" needs_mnist REGEX "^// needs: mnist")
if(needs_mnist)
    execute_process(COMMAND sh "${FETCH}"
                    OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${SOURCE} needs the MNIST files, and ${FETCH} could not get them (see above)")
    endif()
    set(arguments "${folder}")
endif()

file(STRINGS "${SOURCE}" needs_penguins REGEX "^// needs: penguins")
if(needs_penguins)
    execute_process(COMMAND sh "${CMAKE_CURRENT_LIST_DIR}/fetch_penguins.sh"
                    OUTPUT_VARIABLE file OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${SOURCE} needs the table of penguins, and fetch_penguins.sh could not get it (see above)")
    endif()
    set(arguments "${file}")
endif()

execute_process(COMMAND "${PROGRAM}" ${arguments} OUTPUT_VARIABLE printed RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ended with ${result} after printing:\n${printed}")
endif()

file(READ "${EXPECTED}" expected)
string(REPLACE "\r\n" "\n" printed "${printed}")
string(REPLACE "\r\n" "\n" expected "${expected}")
if(NOT printed STREQUAL expected)
    message(FATAL_ERROR
        "what ${SOURCE} prints is not what ${EXPECTED} says.\n"
        "--- expected\n${expected}--- printed\n${printed}--- end")
endif()
