# XGRAD_SANITIZE=address,undefined or =thread: the first finding ends the program.

function(xgrad_add_sanitizers target)
    if(XGRAD_SANITIZE STREQUAL "")
        return()
    endif()
    if(XGRAD_SANITIZE MATCHES "thread" AND XGRAD_OPENMP)
        message(FATAL_ERROR
            "ThreadSanitizer cannot see the synchronisation inside the OpenMP runtime and reports races that "
            "are none: add -DXGRAD_OPENMP=OFF, or use the preset tsan")
    endif()
    target_compile_options(${target} INTERFACE
        -fsanitize=${XGRAD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} INTERFACE -fsanitize=${XGRAD_SANITIZE})
endfunction()
