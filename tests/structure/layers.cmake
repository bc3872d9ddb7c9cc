# The order of the layers: cmake -DROOT=<the project's folder> -P layers.cmake
#
# An include points downwards only; two headers alone name those of xtensor, xtl and xsimd; nothing else
# is included but the standard library. What is for several machines stands above all. The umbrella and the headers that gather a folder are for users:
# neither the library nor its tests include them.
cmake_minimum_required(VERSION 3.23)

# What each layer may include.
set(sees_core core)
set(sees_kernels core kernels)
set(sees_autograd core kernels autograd)
set(sees_ops core kernels autograd ops)
set(sees_nn core kernels autograd ops nn)
set(sees_io core kernels autograd ops nn io)
set(sees_optim core kernels autograd ops optim)
set(sees_data core kernels autograd data)
set(sees_train core kernels autograd ops nn io optim data train)
set(sees_distributed core kernels autograd ops nn io optim data train distributed)

# What an operating system or a processor adds to the standard library.
set(system_headers
    "^(immintrin|arm_neon|pthread|sched|unistd|dirent|fcntl|io|windows|sys/[a-z_]+)\\.h$")

# Headers that gather a folder, and the umbrella.
set(gathered "ops|nn|optim|distributed")
set(for_users "^<xgrad/(${gathered}|xgrad)\\.hpp>$")

set(violations "")
macro(violation)
    string(APPEND violations "  ${file}: " ${ARGN} "\n")
endmacro()

# The includes of a file, as <name> or "name", one list element each.
function(read_includes path result)
    set(keyword "^[ \t]*#[ \t]*(include|include_next|import)")
    file(STRINGS "${path}" lines REGEX "${keyword}[^a-z_]")
    list(TRANSFORM lines REPLACE "${keyword}[ \t]*" "")
    list(TRANSFORM lines REPLACE "^(<[^>]*>|\"[^\"]*\").*$" "\\1")
    set(${result} "${lines}" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE headers RELATIVE "${ROOT}/include/xgrad" "${ROOT}/include/xgrad/*")
list(LENGTH headers count)
if(count EQUAL 0)
    message(FATAL_ERROR "no header found below ${ROOT}/include/xgrad: this test has looked at nothing")
endif()

foreach(header IN LISTS headers)
    set(file "include/xgrad/${header}")
    cmake_path(GET header EXTENSION LAST_ONLY extension)
    if(NOT extension STREQUAL ".hpp")
        violation("is not named *.hpp, so that no test sees it")
    endif()

    if(header MATCHES "^([a-z_]+)/[a-z0-9_/]+\\.hpp$")
        set(layer "${CMAKE_MATCH_1}")
        if(NOT DEFINED sees_${layer})
            violation("the folder ${layer} is not one of the layers")
            continue()
        endif()
        set(allowed "${sees_${layer}}")
    elseif(header STREQUAL "xgrad.hpp")
        set(allowed "${sees_train}")
    elseif(header MATCHES "^(${gathered})\\.hpp$")
        set(allowed "${CMAKE_MATCH_1}")
    elseif(header STREQUAL "fwd.hpp")
        set(allowed "${sees_core}")
    else()
        violation("headers stand in a layer's folder, all but fwd.hpp, xgrad.hpp and those that gather a folder")
        continue()
    endif()

    read_includes("${ROOT}/${file}" includes)
    foreach(include IN LISTS includes)
        if(include MATCHES "^<xgrad/([a-z_]+)/.*>$")
            set(included_layer "${CMAKE_MATCH_1}")
            if(NOT included_layer IN_LIST allowed)
                violation("includes ${include}, which is not below it")
            endif()
        elseif(include STREQUAL "<xgrad/fwd.hpp>")
        elseif(include MATCHES "^<(xgrad|xtensor) [^>]+>$" AND header STREQUAL "core/config.hpp")   # a sentence: sentences.cmake
        elseif(include MATCHES "${for_users}")
            if(NOT header STREQUAL "xgrad.hpp" OR include STREQUAL "<xgrad/distributed.hpp>")
                violation("includes ${include}, which is for users")
            endif()
        elseif(include MATCHES "^<(xtensor|xtl)(/.*|\\.hpp)>$")
            if(NOT header STREQUAL "core/xtensor.hpp")
                violation("includes ${include}, which core/xtensor.hpp alone may")
            endif()
        elseif(include MATCHES "^<xsimd/.*>$")
            if(NOT header STREQUAL "core/simd.hpp")
                violation("includes ${include}, which core/simd.hpp alone may")
            endif()
        elseif(include STREQUAL "<mpi.h>" AND header STREQUAL "distributed/mpi.hpp")   # for programs that have one
        elseif(include STREQUAL "<Eigen/Core>" AND header STREQUAL "io/eigen.hpp")   # for programs that have it
        elseif(include STREQUAL "<stb/stb_image.h>" AND header STREQUAL "data/stb.hpp")   # likewise
        elseif(include MATCHES "^<([^>]*)>$")
            set(name "${CMAKE_MATCH_1}")
            if(NOT name MATCHES "^[a-z_]+$" AND NOT name MATCHES "${system_headers}")
                violation("includes ${include}, and the library stands on xtensor, xtl, xsimd and the standard library alone")
            endif()
        else()
            violation("includes ${include}, write #include <xgrad/LAYER/NAME.hpp>")
        endif()
    endforeach()
endforeach()

# Consumers and the tests that this very script is tested with may include the umbrella.
file(GLOB_RECURSE tests RELATIVE "${ROOT}" "${ROOT}/tests/*.cpp" "${ROOT}/tests/*.hpp")
foreach(file IN LISTS tests)
    if(file MATCHES "^tests/consumers/")
        continue()
    endif()
    read_includes("${ROOT}/${file}" includes)
    list(FILTER includes INCLUDE REGEX "${for_users}")
    if(NOT includes STREQUAL "")
        violation("includes ${includes}, and a test includes what it tests")
    endif()
endforeach()

if(NOT violations STREQUAL "")
    message(FATAL_ERROR "the order of the layers is broken:\n${violations}")
endif()
message(STATUS "${count} headers keep the order of the layers")
