# Installs the build tree BUILD, then moves what was installed to PREFIX: nothing in it may depend on where
# it was installed first.
cmake_minimum_required(VERSION 3.23)

file(REMOVE_RECURSE "${PREFIX}" "${PREFIX}.first")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}.first"
                OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "the library could not be installed:\n${output}")
endif()
file(RENAME "${PREFIX}.first" "${PREFIX}")
