# xtl, xtensor and xsimd: targets that the including project already has, or what find_package finds.
# An imported target's headers are system headers, so that no warning of theirs reaches our users.

foreach(XGRAD_PACKAGE IN ITEMS xtl xtensor xsimd)
    if(TARGET ${XGRAD_PACKAGE})
        continue()
    endif()
    find_package(${XGRAD_PACKAGE} CONFIG QUIET)
    if(NOT ${XGRAD_PACKAGE}_FOUND)
        message(FATAL_ERROR
            "xgrad needs ${XGRAD_PACKAGE}, which CMake cannot find. Install xtensor, xtl and xsimd:\n"
            "  Debian, Ubuntu:  apt install libxtensor-dev xtl-dev libxsimd-dev\n"
            "  Homebrew:        brew install xtensor xsimd\n"
            "  conda:           conda install -c conda-forge xtensor xtl xsimd\n"
            "  vcpkg:           the file vcpkg.json of this project names them\n"
            "If they are installed in a folder of their own, name it: -DCMAKE_PREFIX_PATH=FOLDER")
    endif()
endforeach()

# Their version files differ in what they call compatible, so the oldest that works is asked for here.
if(DEFINED xtensor_VERSION AND xtensor_VERSION VERSION_LESS 0.24)
    message(FATAL_ERROR "xgrad needs xtensor 0.24 or newer; CMake found ${xtensor_VERSION} in ${xtensor_DIR}")
endif()
if(DEFINED xsimd_VERSION AND xsimd_VERSION VERSION_LESS 8.1)
    message(FATAL_ERROR "xgrad needs xsimd 8.1 or newer; CMake found ${xsimd_VERSION} in ${xsimd_DIR}")
endif()
