# Makes one object of those that were compiled for one instruction set, in which nothing can be mistaken for code of
# another set. Of what it defines, this stays visible to the linker:
# - the instances, under names with the set behind them: NAME.avx2. They are the functions of the library that are
#   visible although the units are compiled with -fvisibility=hidden;
# - data that there is one of in a process (see "Two inline namespaces" in docs/design.md; the standard library's, too),
#   and names of types.
# All other functions, those of the standard library that were instantiated with the set's flags first of all, become
# local, as do tables of functions. Sections in groups, of which a linker would keep one for the whole program, become
# usual ones.
#
#     cmake -D SET=avx2 -D OBJECTS=a.o,b.o -D OUTPUT=avx2.o -D LINKER=ld -D OBJCOPY=... -D READELF=... -P merge.cmake

string(REPLACE "," ";" OBJECTS "${OBJECTS}")
cmake_path(REMOVE_EXTENSION OUTPUT LAST_ONLY OUTPUT_VARIABLE base)
function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# `found` is what the files define for others, each as "type/visibility/name".
function(read_symbols found)
    execute_process(COMMAND "${READELF}" --symbols --wide ${ARGN} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
    # "  12: 0000000000000000    30 FUNC    WEAK   DEFAULT    9 NAME"
    set(line "(FUNC|OBJECT|NOTYPE|TLS) +(GLOBAL|WEAK|UNIQUE) +(DEFAULT|HIDDEN|PROTECTED) +[0-9]+ +([^\n ]+)")
    string(REGEX MATCHALL "${line}" symbols "${text}")
    list(TRANSFORM symbols REPLACE "${line}" "\\1/\\3/\\4")
    set(${found} "${symbols}" PARENT_SCOPE)
endfunction()

# Before they are merged: what is visible in one object and not in another would be hidden.
read_symbols(symbols ${OBJECTS})
set(instances ${symbols})
list(FILTER instances INCLUDE REGEX "^FUNC/DEFAULT/_ZNK?5xgrad[0-9]+v[0-9_]+compiled")
list(TRANSFORM instances REPLACE "^[^/]*/[^/]*/" "")
list(REMOVE_DUPLICATES instances)
list(LENGTH instances count)
if(count EQUAL 0)
    message(FATAL_ERROR "no instances in ${OBJECTS}")
endif()
set(renamed ${instances})
list(TRANSFORM renamed REPLACE "(.+)" "\\1 \\1.${SET}")

run("${LINKER}" -r --force-group-allocation -o "${base}.merged.o" ${OBJECTS})
read_symbols(local "${base}.merged.o")
list(FILTER local EXCLUDE REGEX "^TLS/")
list(FILTER local EXCLUDE REGEX "^OBJECT/[^/]*/(_ZT[IS]|_ZGVZ*N?K?St|_ZZ*N?K?St|.*11per_process)")
list(TRANSFORM local REPLACE "^[^/]*/[^/]*/" "")
list(REMOVE_ITEM local ${instances})

foreach(kind IN ITEMS instances renamed local)
    list(JOIN ${kind} "\n" text)
    file(WRITE "${base}.${kind}" "${text}\n")
endforeach()
run("${OBJCOPY}" "--localize-symbols=${base}.local" "--redefine-syms=${base}.renamed" "${base}.merged.o" "${OUTPUT}")
file(REMOVE "${base}.merged.o")
