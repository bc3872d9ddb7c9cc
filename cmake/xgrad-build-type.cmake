# A word to who has chosen no build type: CMake then gives no flag at all, and without optimisation a step of training
# takes hundreds of times as long. Said when the whole project is configured, for it may choose until then.

function(xgrad_warn_of_no_build_type)
    get_property(several GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
    if(NOT several AND NOT CMAKE_BUILD_TYPE AND NOT "${CMAKE_CXX_FLAGS}" MATCHES "(^| )[-/]O")
        message(WARNING
            "This project uses xgrad and has no CMAKE_BUILD_TYPE, so that nothing is optimised: a step of training "
            "takes hundreds of times as long as it could. Configure with -DCMAKE_BUILD_TYPE=Release.")
    endif()
endfunction()

cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" ID xgrad_build_type CALL xgrad_warn_of_no_build_type)
