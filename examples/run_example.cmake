# Runs an example and compares what it prints: cmake -DPROGRAM= -DSOURCE= -DEXPECTED= [-DLAUNCHER=] -P this
cmake_minimum_required(VERSION 3.23)

if(NOT EXISTS "${EXPECTED}")
    message(FATAL_ERROR "${SOURCE} has no expected output: write it to ${EXPECTED}")
endif()

# A source with a line "// needs: WHAT" gets what the script prints, the place of it, as its argument.
function(add_argument what script)
    file(STRINGS "${SOURCE}" needs_it REGEX "^// needs: ${what}")
    if(NOT needs_it)
        return()
    endif()
    execute_process(COMMAND sh "${script}"
                    OUTPUT_VARIABLE place OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${SOURCE} needs ${what}, and ${script} could not get it (see above)")
    endif()
    list(APPEND arguments "${place}")
    set(arguments "${arguments}" PARENT_SCOPE)
endfunction()

set(arguments "")
# One with a line "// tested on: FILE" gets that file of this folder, a little one; users give it the real one.
file(STRINGS "${SOURCE}" tested_on REGEX "^// tested on: ")
if(tested_on)
    string(REPLACE "// tested on: " "${CMAKE_CURRENT_LIST_DIR}/" arguments "${tested_on}")
endif()
add_argument(mnist "${CMAKE_CURRENT_LIST_DIR}/mnist/fetch.sh")
add_argument(penguins "${CMAKE_CURRENT_LIST_DIR}/fetch_penguins.sh")

execute_process(COMMAND ${LAUNCHER} "${PROGRAM}" ${arguments} OUTPUT_VARIABLE printed RESULT_VARIABLE result)
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
