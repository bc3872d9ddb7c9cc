# cmake -D READELF=readelf -D SETS=sse2,avx2,avx512 -D FOLDER=... -D PROGRAM_OBJECTS=a.o,b.o -P symbols.cmake
#
# What the object of a set defines for others is named for the set, or is data that there is one of in a process; so no
# linker can take a function that needs AVX-512 for one of the standard library, or of the program. And a program has no
# kernel of its own left.
cmake_minimum_required(VERSION 3.23)
string(REPLACE "," ";" SETS "${SETS}")
string(REPLACE "," ";" PROGRAM_OBJECTS "${PROGRAM_OBJECTS}")

# What the objects define for others, each as "type name".
function(read_symbols result)
    execute_process(COMMAND "${READELF}" --symbols --wide ${ARGN} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
    set(line "(FUNC|OBJECT|NOTYPE|TLS|IFUNC) +(GLOBAL|WEAK|UNIQUE) +[A-Z]+ +([0-9]+|ABS|COM) +([^\n ]+)")
    string(REGEX MATCHALL "${line}" symbols "${text}")
    list(TRANSFORM symbols REPLACE "${line}" "\\1 \\4")
    list(LENGTH symbols count)
    if(count EQUAL 0)
        message(FATAL_ERROR "no symbols in ${ARGN}")
    endif()
    set(${result} "${symbols}" PARENT_SCOPE)
endfunction()

foreach(set IN LISTS SETS)
    read_symbols(symbols "${FOLDER}/${set}.o")
    set(instances ${symbols})
    list(FILTER instances INCLUDE REGEX "^FUNC .*\\.${set}$")
    list(LENGTH instances count)
    if(count LESS 100)
        message(FATAL_ERROR "${set}.o has but ${count} instances")
    endif()
    list(FILTER symbols EXCLUDE REGEX "^FUNC .*\\.${set}$")
    list(FILTER symbols EXCLUDE REGEX "^TLS ")
    list(FILTER symbols EXCLUDE REGEX "^OBJECT .*11per_process")
    list(FILTER symbols EXCLUDE REGEX "^OBJECT (_ZT[IS]|_ZZ?N?K?St)")   # names of types; the standard library's data
    if(symbols)
        list(JOIN symbols "\n" symbols)
        message(FATAL_ERROR "${set}.o defines what is not named for it:\n${symbols}")
    endif()
endforeach()

read_symbols(symbols ${PROGRAM_OBJECTS})
list(FILTER symbols INCLUDE REGEX "7kernels.*(4tileI|7run_rowI|9fold_nest|11softmax_row|11update_part|8multiplyI)")
list(FILTER symbols EXCLUDE REGEX "map_any")   # its formula is the program's own
if(symbols)
    list(JOIN symbols "\n" symbols)
    message(FATAL_ERROR "the program has kernels of its own, for lack of an instance:\n${symbols}")
endif()
