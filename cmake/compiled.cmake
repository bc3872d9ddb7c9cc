# xgrad::compiled: the operations for float and double, compiled once for each instruction set of the processor family;
# a program chooses among them when it begins. docs/design.md, "One binary for every machine", says how it is made.

set(XGRAD_COMPILED_FOLDER "${CMAKE_CURRENT_SOURCE_DIR}/compiled")
set(XGRAD_COMPILED_SETS "")
if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
    set(XGRAD_COMPILED_SETS sse2 avx2 avx512)
endif()
set(XGRAD_FLAGS_sse2 "")
set(XGRAD_FLAGS_avx2 -mavx2 -mfma)
set(XGRAD_FLAGS_avx512 -mavx2 -mfma -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd)

# What the units of the library have in common, whatever the program's own are compiled with.
function(xgrad_set_compiled_options target)
    target_link_libraries(${target} PRIVATE xgrad)
    target_compile_options(${target} PRIVATE -O3)
    set_target_properties(${target} PROPERTIES
        POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF
        CXX_VISIBILITY_PRESET hidden INTERPROCEDURAL_OPTIMIZATION OFF)
endfunction()

add_library(xgrad_compiled "${XGRAD_COMPILED_FOLDER}/choose.cpp" "${XGRAD_COMPILED_FOLDER}/common.cpp")
add_library(xgrad::compiled ALIAS xgrad_compiled)
xgrad_set_compiled_options(xgrad_compiled)
target_link_libraries(xgrad_compiled PUBLIC xgrad)
target_compile_definitions(xgrad_compiled PUBLIC XGRAD_COMPILED)
set_target_properties(xgrad_compiled PROPERTIES EXPORT_NAME compiled
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

if(NOT XGRAD_COMPILED_SETS)   # one set, which every machine of the family has
    target_sources(xgrad_compiled PRIVATE "${XGRAD_COMPILED_FOLDER}/float.cpp" "${XGRAD_COMPILED_FOLDER}/double.cpp")
    return()
endif()

set(folder "${CMAKE_CURRENT_BINARY_DIR}/compiled")
file(MAKE_DIRECTORY "${folder}")
foreach(set IN LISTS XGRAD_COMPILED_SETS)
    add_library(xgrad_compiled_${set} OBJECT "${XGRAD_COMPILED_FOLDER}/float.cpp" "${XGRAD_COMPILED_FOLDER}/double.cpp")
    xgrad_set_compiled_options(xgrad_compiled_${set})
    # Unique symbols (GNU) cannot stand outside a group more than once; weak ones can.
    target_compile_options(xgrad_compiled_${set} PRIVATE ${XGRAD_FLAGS_${set}}
        $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
    add_custom_command(OUTPUT "${folder}/${set}.o" BYPRODUCTS "${folder}/${set}.instances"
        COMMAND "${CMAKE_COMMAND}" -D "SET=${set}" -D "OBJECTS=$<JOIN:$<TARGET_OBJECTS:xgrad_compiled_${set}>,,>"
                -D "OUTPUT=${folder}/${set}.o" -D "LINKER=${CMAKE_LINKER}" -D "OBJCOPY=${CMAKE_OBJCOPY}"
                -D "READELF=${CMAKE_READELF}" -P "${XGRAD_COMPILED_FOLDER}/merge.cmake"
        DEPENDS xgrad_compiled_${set} $<TARGET_OBJECTS:xgrad_compiled_${set}> "${XGRAD_COMPILED_FOLDER}/merge.cmake"
        COMMENT "Making one object for ${set}" VERBATIM)
    list(APPEND objects "${folder}/${set}.o")
endforeach()
list(JOIN XGRAD_COMPILED_SETS "," sets)
add_custom_command(OUTPUT "${folder}/dispatch.hpp"
    COMMAND "${CMAKE_COMMAND}" -D "SETS=${sets}" -D "FOLDER=${folder}" -D "OUTPUT=${folder}/dispatch.hpp"
            -P "${XGRAD_COMPILED_FOLDER}/dispatch.cmake"
    DEPENDS ${objects} "${XGRAD_COMPILED_FOLDER}/dispatch.cmake" VERBATIM)
set_source_files_properties(${objects} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
target_sources(xgrad_compiled PRIVATE ${objects} "${folder}/dispatch.hpp")
target_include_directories(xgrad_compiled PRIVATE "${folder}")
target_compile_definitions(xgrad_compiled PRIVATE XGRAD_COMPILED_SETS)
