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

run("${LINKER}" -r --force-group-allocation -o "${base}.merged.o" ${OBJECTS})
execute_process(COMMAND "${READELF}" --symbols --wide "${base}.merged.o" OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)

# "  12: 0000000000000000    30 FUNC    WEAK   DEFAULT    9 NAME"
set(column "[ \t]+")
string(REGEX MATCHALL "(FUNC|OBJECT|NOTYPE|TLS)${column}(GLOBAL|WEAK|UNIQUE)${column}(DEFAULT|HIDDEN|PROTECTED)${column}[0-9]+${column}[^\n ]+"
       defined "${symbols}")
set(instances "")
set(renamed "")
set(local "")
foreach(symbol IN LISTS defined)
    string(REGEX MATCH "^(FUNC|OBJECT|NOTYPE|TLS)${column}(GLOBAL|WEAK|UNIQUE)${column}(DEFAULT|HIDDEN|PROTECTED)${column}[0-9]+${column}(.*)$" _ "${symbol}")
    set(type "${CMAKE_MATCH_1}")
    set(visibility "${CMAKE_MATCH_3}")
    set(name "${CMAKE_MATCH_4}")
    if(type STREQUAL "FUNC" AND visibility STREQUAL "DEFAULT" AND name MATCHES "^_ZNK?5xgrad[0-9]+v[0-9_]+compiled")
        string(APPEND instances "${name}\n")
        string(APPEND renamed "${name} ${name}.${SET}\n")
    elseif(type STREQUAL "TLS" OR (type STREQUAL "OBJECT" AND name MATCHES "per_process|^_ZT[IS]|^_Z(GV)?(Z*)NK?St|^_ZG?V?St"))
        continue()
    else()
        string(APPEND local "${name}\n")
    endif()
endforeach()
if(instances STREQUAL "")
    message(FATAL_ERROR "no instances in ${OBJECTS}")
endif()

file(WRITE "${base}.renamed" "${renamed}")
file(WRITE "${base}.local" "${local}")
file(WRITE "${base}.instances" "${instances}")
run("${OBJCOPY}" "--localize-symbols=${base}.local" "--redefine-syms=${base}.renamed" "${base}.merged.o" "${OUTPUT}")
file(REMOVE "${base}.merged.o")
