# How the project's own programs are built. Tests, examples and benchmarks link xgrad_developer, which no
# user of the library ever sees.

option(XGRAD_NATIVE "Build tests, examples and benchmarks for this machine's instruction set" OFF)
option(XGRAD_WERROR "Treat warnings in the project's own code as errors" OFF)
set(XGRAD_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize: \"address,undefined\" or \"thread\"")

if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
   OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14))
    message(FATAL_ERROR
        "xgrad needs g++ 12 or clang 14 or newer; this is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} "
        "(${CMAKE_CXX_COMPILER}). Set the environment variable CXX to another.")
endif()

include(warnings)
include(sanitizers)

set(CMAKE_CXX_EXTENSIONS OFF)

add_library(xgrad_developer INTERFACE)
xgrad_add_warnings(xgrad_developer)
xgrad_add_sanitizers(xgrad_developer)
if(XGRAD_NATIVE)
    target_link_libraries(xgrad_developer INTERFACE xgrad::native)
elseif(TARGET xgrad_compiled)
    target_link_libraries(xgrad_developer INTERFACE xgrad::compiled)
else()
    target_link_libraries(xgrad_developer INTERFACE xgrad::xgrad)
endif()

# Clang 19 and later match template template parameters by the rule of C++17, which the releases of xtensor
# before 0.26 cannot stand.
set(XGRAD_COMPILER_WORKAROUNDS "")
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 19
   AND DEFINED xtensor_VERSION AND xtensor_VERSION VERSION_LESS 0.26)
    set(XGRAD_COMPILER_WORKAROUNDS
        -fno-relaxed-template-template-args -Wno-deprecated-no-relaxed-template-template-args)
    target_compile_options(xgrad_developer INTERFACE ${XGRAD_COMPILER_WORKAROUNDS})
endif()

if(PROJECT_IS_TOP_LEVEL)
    find_program(XGRAD_CCACHE ccache)
    if(XGRAD_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
        set(CMAKE_CXX_COMPILER_LAUNCHER "${XGRAD_CCACHE}")
    endif()
    if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
        set(CMAKE_BUILD_TYPE Release CACHE STRING "The kind of build" FORCE)
    endif()
endif()

message(STATUS "xgrad ${PROJECT_VERSION}: ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}, "
    "xtensor ${xtensor_VERSION}, xtl ${xtl_VERSION}, xsimd ${xsimd_VERSION}")
if(TARGET xgrad::distributed)
    message(STATUS "xgrad::distributed: ${MPI_CXX_LIBRARIES}, started by ${MPIEXEC_EXECUTABLE}")
endif()

# How ranks are started where the one user is root, as in a container, and there are fewer processors than ranks.
set(XGRAD_MPI_ENVIRONMENT
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_ALLOW_RUN_AS_ROOT=1
    PRTE_ALLOW_RUN_AS_ROOT_CONFIRM=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe)
if(XGRAD_SANITIZE MATCHES "address")
    list(APPEND XGRAD_MPI_ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)   # an MPI keeps what it has for the whole process
endif()
