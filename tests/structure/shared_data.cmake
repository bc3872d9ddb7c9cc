# What of the library is shared between instruction sets: cmake -DOBJDUMP= -DPROGRAMS= -DWORK=<scratch folder> -P shared_data.cmake
#
# What there is one of in a process stands in the namespace per_process, which is the same for every instruction set
# and visible between libraries, however these are compiled. A variable elsewhere would be one for each part of a
# program that was built in another way, and each would see only its own. So the linked programs have no others. A
# function, on the other hand, that is the same for every instruction set may be the one that was compiled for a wider
# one than the machine has: there are none but destructors, and what exceptions cannot do without.
cmake_minimum_required(VERSION 3.23)

set(exceptions
    "::detail::dead$"          # nodes: made and destroyed by the code of one instruction set
    "::detail::(reading|watching_rules)$"   # who looks at operations and rules, in tensors of one instruction set
    "::detail::library_ended$" # of each library, as is what ends with it: the threads that run its code
    "::detail::begin_threads\\(.*\\)::at_end$"
    "::num_threads\\(\\)::usual$"   # a constant: what the environment says
    "::detail::cache_sizes\\(\\)::sizes$"   # a constant: what the system says
    "::detail::chosen_vectors\\(\\)::chosen$"   # a constant: what the processor has and the environment allows
    "::nn::detail::example<"   # never written, nor read: its members' addresses tell their names
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

    file(STRINGS "${WORK}/symbols.txt" lines REGEX "^[0-9a-f]+ ....... \\.text[^\t]*\t[0-9a-f]+ +xgrad::v[0-9]+_[0-9]+::[a-z_:~]+\\(")
    foreach(line IN LISTS lines)
        if(NOT line MATCHES "::~[a-z_]+\\(|::([a-z]+_)?error::(([a-z]+_)?error|runtime_error)\\(")
            string(APPEND violations "  a function for every instruction set: ${line}, in ${program}\n")
        endif()
    endforeach()
endforeach()

if(seen EQUAL 0)
    message(FATAL_ERROR "no data of the library in ${PROGRAMS}: this test has looked at nothing")
endif()
if(NOT violations STREQUAL "")
    message(FATAL_ERROR "data that can change stands in xgrad::per_process, which has XGRAD_VISIBLE, and functions stand elsewhere:\n${violations}")
endif()
message(STATUS "${seen} variables in order")
