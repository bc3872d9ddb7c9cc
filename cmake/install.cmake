# What `cmake --install` puts where, so that find_package(xgrad) gives xgrad::xgrad and xgrad::native, and
# find_package(xgrad COMPONENTS compiled) also xgrad::compiled, if that was built, and COMPONENTS distributed xgrad::distributed,
# where there is an MPI.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(XGRAD_INSTALL_CMAKEDIR "${CMAKE_INSTALL_DATADIR}/cmake/xgrad")

install(TARGETS xgrad EXPORT xgrad-targets FILE_SET HEADERS)
install(EXPORT xgrad-targets NAMESPACE xgrad:: DESTINATION "${XGRAD_INSTALL_CMAKEDIR}")

if(TARGET xgrad_compiled)
    install(TARGETS xgrad_compiled EXPORT xgrad-compiled-targets)
    install(EXPORT xgrad-compiled-targets NAMESPACE xgrad:: DESTINATION "${XGRAD_INSTALL_CMAKEDIR}")
endif()

configure_package_config_file(cmake/xgrad-config.cmake.in "${PROJECT_BINARY_DIR}/xgrad-config.cmake"
    INSTALL_DESTINATION "${XGRAD_INSTALL_CMAKEDIR}")
# Before 1.0 a new minor version may change what exists.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/xgrad-config-version.cmake"
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/xgrad-config.cmake" "${PROJECT_BINARY_DIR}/xgrad-config-version.cmake"
              cmake/xgrad-native.cmake cmake/xgrad-distributed.cmake cmake/xgrad-build-type.cmake
        DESTINATION "${XGRAD_INSTALL_CMAKEDIR}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
