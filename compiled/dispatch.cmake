# Writes what has each instance under its one name: a jump through a slot, which choose.cpp fills. That includes it, so
# that no linker takes the one and leaves the other.
#
#     cmake -D SETS=sse2,avx2,avx512 -D FOLDER=where/merge.cmake/wrote -D OUTPUT=dispatch.hpp -P dispatch.cmake

string(REPLACE "," ";" SETS "${SETS}")
foreach(set IN LISTS SETS)
    file(STRINGS "${FOLDER}/${set}.instances" names)
    list(SORT names)
    if(NOT DEFINED instances)
        set(instances "${names}")
    elseif(NOT names STREQUAL instances)
        message(FATAL_ERROR "${set} has other instances than the sets before it")
    endif()
endforeach()

set(jumps "")
set(slot 0)
foreach(name IN LISTS instances)
    math(EXPR offset "8 * ${slot}")
    math(EXPR slot "${slot} + 1")
    string(APPEND jumps ".globl ${name}\n.type ${name}, @function\n.p2align 4\n${name}:\nendbr64\n"
                        "jmp *xgrad_compiled_slots+${offset}(%rip)\n.size ${name}, .-${name}\n")
endforeach()

function(add_table label set section)
    set(table ".section ${section}\n.globl ${label}\n.hidden ${label}\n.p2align 3\n${label}:\n")
    foreach(name IN LISTS instances)
        string(APPEND table ".hidden ${name}.${set}\n.quad ${name}.${set}\n")
    endforeach()
    set(tables "${tables}${table}" PARENT_SCOPE)
endfunction()
set(tables "")
list(GET SETS 0 least)
add_table(xgrad_compiled_slots ${least} ".data,\"aw\"")
foreach(set IN LISTS SETS)
    add_table(xgrad_compiled_${set} ${set} ".data.rel.ro,\"aw\"")
endforeach()
list(LENGTH instances count)

file(WRITE "${OUTPUT}"
"// Written by compiled/dispatch.cmake.
#pragma once
#include <cstddef>
extern \"C\" __attribute__((visibility(\"hidden\"))) const std::size_t xgrad_compiled_entries = ${count};
asm(R\"(.text
${jumps}${tables}.text
)\");
")
