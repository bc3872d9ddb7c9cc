# Where the library keeps data that can change: cmake -DOBJDUMP= -DPROGRAMS= -DWORK=<scratch folder> -P shared_data.cmake
#
# What there is one of in a process stands in the namespace per_process, which is the same for every instruction set
# and visible between libraries, however these are compiled. A variable elsewhere would be one for each part of a
# program that was built in another way, and each would see only its own. So the linked programs have no others.
cmake_minimum_required(VERSION 3.23)

set(exceptions
    "::detail::dead$"                             # nodes: made and destroyed by the code of one instruction set
    "::memory::detail::watch_this_thread\\(\\)::watch$")   # empty: its destructor is all there is to it

set(seen 0)
set(violations "")
foreach(program IN LISTS PROGRAMS)
    execute_process(COMMAND "${OBJDUMP}" -tC "${program}" OUTPUT_FILE "${WORK}/symbols.txt" RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${OBJDUMP} cannot read ${program}")
    endif()
    # Address, seven flags, section, size, name. The flag l is a symbol that nothing outside can see.
    file(STRINGS "${WORK}/symbols.txt" lines REGEX "^[0-9a-f]+ ....... \\.t?(bss|data)\t[0-9a-f]+ +([^(]* )?xgrad::v[0-9]")
    foreach(line IN LISTS lines)
        string(REGEX MATCH "^[0-9a-f]+ (.)...... [^\t]*\t[0-9a-f]+ +(.*)$" ignored "${line}")
        set(flag "${CMAKE_MATCH_1}")
        set(name "${CMAKE_MATCH_2}")
        math(EXPR seen "${seen} + 1")
        if(name MATCHES "^(guard variable for )?xgrad::v[0-9]+_[0-9]+::per_process::[a-z_]+$")
            if(flag STREQUAL "l")
                string(APPEND violations "  ${name} cannot be seen from outside ${program}\n")
            endif()
            continue()
        endif()
        set(allowed no)
        foreach(exception IN LISTS exceptions)
            if(name MATCHES "${exception}")
                set(allowed yes)
            endif()
        endforeach()
        if(NOT allowed)
            string(APPEND violations "  ${name}, in ${program}\n")
        endif()
    endforeach()
endforeach()

if(seen EQUAL 0)
    message(FATAL_ERROR "no data of the library in ${PROGRAMS}: this test has looked at nothing")
endif()
if(NOT violations STREQUAL "")
    message(FATAL_ERROR "data that can change stands in xgrad::per_process, which has XGRAD_VISIBLE:\n${violations}")
endif()
message(STATUS "${seen} variables in order")
